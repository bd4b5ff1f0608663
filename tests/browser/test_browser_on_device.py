"""The camera in the page with everything real: published files, runtime, and the network as it ships."""

import pytest
from browser_steps import take_until_accepted
from device_steps import NOW, nothing_waits, start, wait_for
from playwright.sync_api import expect

from core.browser.publish import published
from core.guidance.preset import load_preset
from scripts import drive

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def on_device(tmp_path_factory):
    assert published() is not None, "the runtime is not there: run python -m core.browser.runtime"
    folder = tmp_path_factory.mktemp("server")
    environment = {"RETAKE_DATA": str(folder / "data"), "RETAKE_LIVE": "device", "OMP_NUM_THREADS": "1"}
    with drive.serve(folder / "log", environment) as server:
        yield server
        assert "Traceback" not in server.printed(), server.printed()


def test_the_network_in_the_browser_coaches_to_a_photo_that_passes(browse, films, on_device):
    film, conditions = films("imageqx")
    page = browse(url=on_device.url, size=drive.PHONE, camera=film)
    start(page)
    preset = load_preset()
    for fault in [key for key in conditions if key is not None]:
        assert preset.prompt(fault).text in wait_for(page, fault, locked=True)
    wait_for(page, "ready", locked=False)

    take_until_accepted(page)
    nothing_waits(page)


def test_show_me_where_comes_from_the_network(browse, films, on_device):
    film, conditions = films("imageqx")
    page = browse(url=on_device.url, size=drive.PHONE, camera=film)
    start(page)
    fault = next(key for key in conditions if key is not None)
    page.get_by_role("switch", name="Show me where").check()
    wait_for(page, fault, locked=True)
    said = page.get_by_text("Coloured where the network looks").or_(
        page.get_by_text("stands out for this point")
    )
    expect(said).to_be_visible()


def judged(page, conditions):
    """Wait until something is said that only the network can know."""
    keys = [key or "ready" for key in conditions]
    page.wait_for_function(f"(keys) => keys.includes(({NOW})()?.key)", arg=keys)


def test_a_second_visit_opens_what_is_kept_before_it_is_asked_for(browse, films, on_device):
    film, conditions = films("imageqx")
    page = browse(url=on_device.url, size=drive.PHONE, camera=film)
    started = []
    page.on("worker", lambda worker: started.append(worker.url))
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    assert not started, "nothing is fetched that nobody asked for"
    start(page)
    judged(page, conditions)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_event("worker", lambda worker: "/retake/" in worker.url):
        page.reload()
    start(page)
    judged(page, conditions)
    assert not [url for url in asked if url.endswith((".gz", ".json")) and "/retake/" in url]
