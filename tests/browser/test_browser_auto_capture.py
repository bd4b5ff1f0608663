"""The photo that takes itself, and the best frame of the last moments; the checker judges by colour."""

import base64
import json
import sys

import cv2
import pytest
from device_steps import NOW, start, touch, wait_for
from playwright.sync_api import expect

from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.quality.registry import open_assessor
from scripts import drive, fake_camera

pytestmark = pytest.mark.browser
LAUNCHER = (sys.executable, str(drive.ROOT / "tests" / "on_device_app.py"))
CANVAS = (drive.ROOT / "tests" / "browser" / "canvas_camera.js").read_text(encoding="utf-8")
# Long times, so that a slow machine does not end them before the test has done what it is about.
PRESET = "gate: {auto_capture: true, countdown_ms: 10000, best_shot_ms: 5000, fresh_ms: 6000}"

# Whether the countdown is drawn: just right of where it begins, outside the ring.
COUNTS = """() => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  const over = roots.map((root) => root.querySelector(".over")).find(Boolean);
  if (!over?.width) return false;
  const short = Math.min(over.width, over.height);
  const up = over.height / 2 - 0.3 * short - 6 * Math.max(2, short / 160);
  return over.getContext("2d").getImageData(over.width / 2 + 3, up, 1, 1).data[3] > 0;
}"""
JUDGED = "(count) => window.judged.length >= count"


@pytest.fixture(scope="module")
def photo():
    """Drawn skin that the server's ImageQX lets pass, as an address of a JPEG."""
    assessor, preset = open_assessor("imageqx"), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    good = fake_camera.find_shots(lambda rgb: condition(assessor.assess(rgb, rule), preset))[None]
    done, data = cv2.imencode(".jpg", good[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])
    assert done
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    preset = folder / "patient.yaml"
    preset.write_text(PRESET, encoding="utf-8")
    environment = {
        "RETAKE_DATA": str(folder / "data"),
        "RETAKE_ASSESSOR": "imageqx",
        "RETAKE_LIVE": "",
        "RETAKE_PRESET": str(preset),
        "RETAKE_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with drive.serve(folder / "log", environment, LAUNCHER) as running:
        yield running
        assert "Traceback" not in running.printed(), running.printed()


@pytest.fixture
def page(window, server, photo):
    with window(size=drive.PHONE) as context:
        page = context.pages[0]
        page.set_default_timeout(150_000)
        page.add_init_script(f"({CANVAS})({json.dumps(photo)})")
        page.goto(server.url)
        yield page


def test_the_photo_takes_itself_unless_something_moves(page):
    start(page)
    assert "Keep still" in wait_for(page, "counting", locked=False)
    page.wait_for_function(COUNTS)

    page.evaluate("camera.shake = 60")
    page.wait_for_function(f"() => !({COUNTS})()")
    before = page.evaluate("judged.length")
    page.wait_for_function(JUDGED, arg=before + 15)
    now = page.evaluate(NOW)
    assert (now["key"], now["locked"]) == ("counting", False), "still good pictures, and the button is there"

    page.evaluate("camera.shake = 0")
    page.wait_for_function(COUNTS)
    expect(page.get_by_text("This photo works")).to_be_visible()


def test_a_fault_stops_the_countdown_and_locks_the_shutter(page):
    start(page)
    page.wait_for_function(COUNTS)
    page.evaluate("camera.dark = true")
    page.wait_for_function(f"() => !({COUNTS})()")
    wait_for(page, "bad_light", locked=True)


def test_of_the_last_moments_the_best_frame_becomes_the_photo(page):
    page.evaluate("camera.blur = 1")
    start(page)
    wait_for(page, "counting", locked=False)
    page.evaluate("camera.blur = 0")
    page.wait_for_function("() => judged.at(-1) < 0.03")
    page.evaluate("camera.blur = 1")
    page.wait_for_function("() => judged.at(-1) > 0.09")
    touch(page.get_by_role("button", name="Take photo"))
    shown = page.get_by_role("img", name="Your photo", exact=True)
    expect(page.get_by_text("This photo works")).to_be_visible()
    green = shown.evaluate("""async (picture) => {
      await picture.decode();
      const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
      const context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0);
      return context.getImageData(canvas.width - 12, 8, 1, 1).data[1];
    }""")
    assert green < 60, "the moment that was best, not the one when the button was pressed"
