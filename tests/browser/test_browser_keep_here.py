"""“Keep everything on this device” in a real Chromium: photo, result, heat map, and no photo sent."""

import gzip
import re

import numpy as np
import pytest
from axe_steps import in_each_theme
from device_steps import start, take_photo, touch, wait_for
from playwright.sync_api import expect

from core.browser.publish import published
from scripts import drive, fake_camera

pytestmark = pytest.mark.browser
# No message that a page sends without a photo comes near this many bytes; no JPEG of a camera stays below.
PHOTO_BYTES = 50_000

# How much of the heat map's canvas differs from the photo below it.
COLOURED = """async () => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  const root = roots.find((root) => root.querySelector(".card"));
  const canvas = root.querySelector(".heat canvas");
  const { width, height } = canvas;
  const shown = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const plain = new OffscreenCanvas(width, height).getContext("2d");
  plain.drawImage(root.querySelector(".shot img"), 0, 0, width, height);
  const photo = plain.getImageData(0, 0, width, height).data;
  let other = 0;
  for (let at = 0; at < photo.length; at += 4) other += Math.abs(photo[at] - shown[at]) > 12;
  return other / (width * height);
}"""


class Sent:
    """Everything that a page sends, in bytes: frames of WebSockets and bodies of requests."""

    def __init__(self, page):
        self.all = []
        page.on("websocket", lambda socket: socket.on("framesent", self._frame))
        page.on("request", lambda request: self.all.append(request.post_data_buffer or b""))

    def _frame(self, message):
        self.all.append(message if isinstance(message, bytes) else message.encode())

    @property
    def most(self):
        return max(map(len, self.all), default=0)

    def holds(self, text):
        return any(text in one for one in self.all)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The app with the networks as they ship."""
    assert published() is not None, "the runtime is not there: run python -m core.browser.runtime"
    folder = tmp_path_factory.mktemp("server")
    environment = {"RETAKE_DATA": str(folder / "data"), "RETAKE_LIVE": "", "OMP_NUM_THREADS": "1"}
    with drive.serve(folder / "log", environment) as server:
        yield server
        assert "Traceback" not in server.printed(), server.printed()


@pytest.fixture(scope="module")
def film(good, tmp_path_factory):
    return fake_camera.write(
        tmp_path_factory.mktemp("camera") / "f.y4m", [fake_camera.Shot(good, 14)], np.random.default_rng(0)
    )


def tick(page):
    page.locator(".st-key-practise-keep-here label").first.click()
    expect(page.locator(".side .stays")).to_be_visible()


def test_everything_from_the_camera_to_the_heat_map_stays_here(browse, whole, film):
    page = browse(url="about:blank", size=drive.PHONE, camera=film)
    sent = Sent(page)
    page.goto(whole.url)
    tick(page)
    start(page)
    take_photo(page)
    expect(page.get_by_role("heading", name="Your photo", exact=True)).to_be_visible()
    expect(page.locator(".card .stays")).to_have_text("The photo stays on this device.")
    expect(page.get_by_role("heading", name="What it looks most like")).to_be_visible()
    despite = page.get_by_role("button", name="Show it all the same")
    expect(despite.or_(page.get_by_text("Of 10 kinds")).first).to_be_visible()
    if despite.is_visible():
        despite.click()
    expect(page.get_by_text(re.compile("Of 10 kinds of skin change"))).to_be_visible()
    page.get_by_role("switch", name="Show all 10").check()
    expect(page.locator(".kinds li")).to_have_count(10)
    picture = page.get_by_role("img", name=re.compile("coloured where the network looked for"))
    expect(picture).to_be_visible()
    assert page.evaluate(COLOURED) > 0.01
    expect(page.get_by_text("gives no diagnosis").first).to_be_visible()
    expect(page.get_by_text("More explanations need the server way.")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save this photo").click()
    assert saved.value.suggested_filename == "retake-photo.jpg"

    page.get_by_role("button", name="Take another photo").click()
    wait_for(page, "ready", locked=False)
    # What is to be sent is sent then, else each minute.
    page.get_by_role("button", name="Stop camera").click()
    for _wait in range(1000):
        if sent.holds(b"prediction_shown"):
            break
        page.wait_for_timeout(100)
    assert sent.holds(b"prediction_shown"), "what happened is sent"
    assert sent.most < PHOTO_BYTES, "the photo is not"


def test_a_photo_used_anyway_has_its_prediction_behind_a_warning(open_page, plain):
    page = open_page(plain, size=drive.PHONE, setting="camera.darkStills = true")
    sent = Sent(page)
    tick(page)
    start(page)
    for _turn in range(3):
        take_photo(page, "refused")
        expect(page.get_by_text("This photo did not come out well enough")).to_be_visible()
    wait_for(page, "ready", locked=False)
    touch(page.get_by_role("button", name="Use this photo anyway"))
    expect(page.get_by_text("Not quite there yet")).to_be_visible()
    expect(page.get_by_text("This photo did not pass the check.")).to_be_visible()
    expect(page.get_by_text("Of 10 kinds")).to_be_hidden()
    page.get_by_role("button", name="Show it all the same").press("Enter")
    expect(page.get_by_text("so the answer below may well be wrong")).to_be_visible()
    expect(page.get_by_text("Of 10 kinds of skin change")).to_be_visible()
    assert sent.most < PHOTO_BYTES


@pytest.mark.parametrize("reason", ["not_a_lesion", "low_confidence"])
def test_an_answer_that_is_held_back_is_one_press_away(open_page, plain, reason):
    page = open_page(plain, setting=f"window.lesion = {{ fail: '', reason: '{reason}' }}")
    tick(page)
    start(page)
    take_photo(page)
    expect(page.get_by_text("The network cannot say")).to_be_visible()
    page.get_by_role("button", name="Show it all the same").click()
    expect(page.get_by_text("Of 10 kinds of skin change")).to_be_visible()


@pytest.mark.parametrize(("broken", "words"), [(True, "could not be fetched"), (False, "is not used")])
def test_a_second_network_that_fails_is_told_and_tried_again(open_page, plain, broken, words):
    page = open_page(plain, size=drive.PHONE)
    sent = Sent(page)
    other = gzip.compress(b"another network")

    def answer(route):
        route.abort() if broken else route.fulfill(body=other)

    page.route("**/lesion.onnx.gz", answer)
    tick(page)
    start(page)
    take_photo(page)
    expect(page.get_by_text("This photo works")).to_be_visible()
    expect(page.locator(".told")).to_contain_text(words)
    expect(page.locator(".told")).to_contain_text("Your photo is still here and was not sent.")
    page.unroute("**/lesion.onnx.gz")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Of 10 kinds of skin change")).to_be_visible()
    assert sent.most < PHOTO_BYTES


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_card_is_accessible(open_page, plain, language):
    page = open_page(plain, path=f"?lang={language}", size=drive.PHONE)
    tick(page)
    page.locator("button.start").click()
    wait_for(page, "ready", locked=False)
    touch(page.locator("button.shutter"))
    expect(page.locator(".heat canvas")).to_be_visible()
    assert not in_each_theme(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
