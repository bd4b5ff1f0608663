"""The camera in the page with everything real: published files, runtime, and the network as it ships."""

import pytest
from browser_steps import settled, take_until_accepted
from device_steps import NOW, nothing_waits, start, wait_for
from playwright.sync_api import expect

from core.browser.publish import published
from core.browser.runtime import BINARIES, kept_as
from core.guidance.preset import load_preset
from core.load.line import line
from scripts import drive

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def on_device(tmp_path_factory):
    assert published() is not None, "the runtime is not there: run python -m core.browser.runtime"
    folder = tmp_path_factory.mktemp("server")
    environment = {"RETAKE_DATA": str(folder / "data"), "RETAKE_LIVE": "", "OMP_NUM_THREADS": "1"}
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


def large(asked):
    """Which of the checker's large files were asked for, in order."""
    names = [path.rsplit("/", 1)[1] for path in asked if "/retake/" in path]
    return [name for name in names if name.endswith((".gz", ".json"))]


OPEN = "() => performance.getEntriesByName('retake open imageqx').length > 0"


def opened(page):
    """Wait until the checker is open, which nobody asked for."""
    for _look in range(1000):
        if any(worker.evaluate(OPEN) for worker in page.workers if worker.url.endswith("/worker.js")):
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not open")


def test_the_checker_comes_and_opens_before_it_is_asked_for_and_comes_once(browse, films, on_device):
    film, conditions = films("imageqx")
    with line(int(on_device.url.rsplit(":", 1)[1])) as way:
        page = browse(url=way.url, size=drive.PHONE, camera=film)
        opened(page)
        wanted = {"imageqx.json", "imageqx.onnx.gz", kept_as(BINARIES["wasm"])}
        assert set(large(way.asked)) == wanted
        assert len(large(way.asked)) == len(wanted), "nothing is fetched twice"
        start(page)
        judged(page, conditions)
        way.asked.clear()
        with page.expect_event("worker", lambda worker: "/retake/" in worker.url):
            page.reload()
        start(page)
        judged(page, conditions)
        assert not large(way.asked), "a second visit asks for nothing large"


SAVING = 'Object.defineProperty(Navigator.prototype, "connection", { get: () => ({ saveData: true }) })'


@pytest.mark.parametrize(
    ("path", "saving"), [("", True), ("check", False), ("?live=server", False)], ids=["saver", "page", "way"]
)
def test_nothing_large_comes_unasked_to_who_saves_data_or_does_without_it(
    browse, films, on_device, path, saving
):
    with line(int(on_device.url.rsplit(":", 1)[1])) as way:
        page = browse(url="about:blank", camera=films("imageqx")[0])
        if saving:
            page.add_init_script(SAVING)
        page.goto(f"{way.url}/{path}")
        expect(page.get_by_role("link", name="Practise")).to_be_visible()
        settled(page)
        page.evaluate("() => new Promise((done) => requestIdleCallback(done))")
        page.wait_for_timeout(2000)  # longer than a busy page is waited for
        assert not large(way.asked)
        assert not page.workers
