"""What the app does in Firefox and in WebKitGTK; docs/engines.md has the table, and names these tests."""

import json
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import engine_windows
import pytest

from scripts import drive

pytestmark = pytest.mark.engines

STAGE = """const [shutter, banner] = [".shutter", ".banner"].map((one) => all(`.stage ${one}`)[0]);
const locked = shutter.hidden || shutter.getAttribute("aria-disabled") === "true";
const key = banner.dataset.key;"""
# How much of the heat map's canvas differs from the photo below it.
COLOURED = """() => {
  const canvas = all(".heat canvas")[0];
  const { width, height } = canvas;
  const pixels = (context) => context.getImageData(0, 0, width, height).data;
  const plain = new OffscreenCanvas(width, height).getContext("2d");
  plain.drawImage(all(".shot img")[0], 0, 0, width, height);
  const [shown, photo] = [pixels(canvas.getContext("2d")), pixels(plain)];
  let other = 0;
  for (let at = 0; at < photo.length; at += 4) other += Math.abs(photo[at] - shown[at]) > 12;
  return other / (width * height);
}"""
# What is said before the network has judged a picture.
BEFORE = ["off", "connecting", "searching"]
FIREFOX = pytest.mark.parametrize(
    "engine", [pytest.param("firefox", marks=pytest.mark.xdist_group("firefox"))], indirect=True
)
WEBKIT = pytest.mark.parametrize(
    "engine", [pytest.param("webkit", marks=pytest.mark.xdist_group("webkit"))], indirect=True
)


def start(window):
    window.press("Start camera")
    window.see("Take photo", "button")


def take_photo(window, done):
    """Press the shutter whenever it is open, until something is seen that comes with an accepted photo alone.

    A still is judged again and may be refused, and the shutter may lock in the moment of the press.
    """
    for _press in range(20):
        window.until(f"{STAGE} return !locked")
        window.press("Take photo", "button")
        # Refused or late, it is there again; else the camera is off.
        window.until(
            f"{STAGE} return shutter.hidden || shutter.dataset.label || find('*', arguments[0])", done
        )
        for _look in range(30):
            if window.sees(done):
                return
            time.sleep(0.1)
        if not window.sees("Take photo", "button"):
            return void(window.see(done))
    raise AssertionError("no photo was accepted")


def void(_seen):
    return None


def judged(window):
    """Wait for what only the network can know; returns its key and whether the shutter is locked."""
    return window.until(f"{STAGE} return !arguments[0].includes(key) && [key, locked]", BEFORE)


@pytest.fixture
def preferences(engine):
    """Set Firefox's preferences for one test: ``preferences(name=value)``."""
    changed = []

    def prefer(name, value):
        changed.append(name)
        engine.prefer(name, value)

    yield prefer
    for name in changed:
        engine.prefer(name, engine_windows.PREFERENCES.get(name))


def test_the_network_watches_the_engines_own_camera(window, app):
    window.goto(app.url)
    start(window)
    key, locked = judged(window)
    assert locked, "a test picture is no skin"
    assert "camera_" not in key
    # Neither has a graphics processor for pages here, nor anything that shakes: no switch promises that.
    assert window.js("return !('gpu' in navigator) && !all('.cues .vibration').length")
    assert window.sees("Voice, sound and vibration", "summary")


def test_a_screen_reader_finds_the_controls_and_the_hint(window, app):
    window.goto(app.url)
    assert window.spoken(window.see("Start camera", "button")) == ("button", "Start camera")
    assert window.spoken(window.see("Check", "a[href]")) == ("link", "Check")
    switch = window.until("return all('.practising input')[0]")
    assert window.spoken(switch) == ("switch", "No spot, just practising")
    status = window.until("return all('.banner [role=status]')[0]")
    assert window.spoken(status)[0] == "status"
    assert "Press Start camera" in window.js("return arguments[0].textContent", status)


def test_a_photo_that_passes_is_sent_and_explained_in_a_far_time_zone(window, app, in_view):
    began = datetime.now(UTC)
    window.goto(app.url)
    assert window.js("return new Date().getTimezoneOffset()") == -14 * 60
    window.press("Your session and privacy")
    window.press("Save my session log on this computer", "label p", then=("Saved in", "p"))
    in_view(window)
    start(window)
    # A still at the camera's full resolution is for those that have it; a frame of the video does as well.
    assert not window.js("return 'ImageCapture' in window")
    take_photo(window, "This photo works")
    window.see("What it looks most like")
    logs = [log.read_text(encoding="utf-8") for log in app.data.rglob("*.jsonl")]
    rows = [json.loads(line) for log in logs for line in log.splitlines()]
    (at,) = [datetime.fromisoformat(row["ts"]) for row in rows if row["event"] == "photo_accepted"]
    near = timedelta(minutes=1)
    assert began - near < at < datetime.now(UTC) + near


def test_a_photo_is_explained_on_the_device(window, app, in_view):
    window.goto(app.url)
    window.press("Keep everything on this device", "label p", then=("", ".side .stays"))
    in_view(window)
    start(window)
    take_photo(window, "Take another photo")
    window.until("return find('p', 'Of 10 kinds') || find('button', 'Show it all the same')")
    if window.sees("Show it all the same", "button"):
        window.press("Show it all the same")
    window.see("Of 10 kinds", "p")
    window.until(f"return ({COLOURED})() > 0.02")
    window.fits()


def test_an_upload_is_judged_and_explained(window, app, good, tmp_path):
    path = tmp_path / "skin.jpg"
    path.write_bytes(good)
    window.goto(f"{app.url}/check")
    window.choose_file(path)
    window.see("This photo works")
    window.see("What it looks most like")
    window.until("return find('img', 'coloured where the network looked')?.naturalWidth")
    window.fits()


def test_the_designer_shows_what_an_edit_does(window, app):
    window.goto(f"{app.url}/designer")
    window.see("Hold still", ".rt-strip")
    window.write("Prompt on screen", "Stay calm")
    window.see("Stay calm", ".rt-strip")
    window.see("1 change from balanced")
    window.fits()


def test_a_page_of_another_site_is_told_the_outcome(window, app, around, in_view):
    around.shown = f"{app.url}/?embed=true&preset=lenient&parent={quote(around.url, safe='')}"
    window.goto(around.url)
    window.into(window.until("return document.querySelector('iframe')"))
    window.see("Start camera", "button")
    in_view(window)
    start(window)
    take_photo(window, "This photo works")
    window.into(None)
    opened, outcome = window.until("return got.length === 2 && got")
    assert (opened["type"], outcome["type"], outcome["origin"]) == ("opened", "outcome", app.url)
    assert outcome["photos"][0]["passes"]


def test_the_camera_works_without_its_server(window, tmp_path, in_view):
    """What RETAKE_ISOLATED=1 is for, beside threads where memory may be shared between them."""
    environment = {"RETAKE_DATA": str(tmp_path / "data"), "RETAKE_ISOLATED": "1", "OMP_NUM_THREADS": "1"}
    with drive.serve(tmp_path / "log", environment) as server:
        window.goto(server.url)
        assert window.js("return crossOriginIsolated")
        start(window)
        assert window.later("return Boolean(await navigator.serviceWorker.ready)")
    window.goto(server.url)
    window.see("No connection")
    in_view(window)
    start(window)
    judged(window)


@FIREFOX
def test_the_server_watches_firefoxs_camera(window, app):
    window.goto(f"{app.url}/?live=server")
    window.into(window.until("return document.querySelector('iframe[title*=webrtc]')"))
    window.press("Start camera")
    window.into(None)
    window.until("return !arguments[0].includes(all('.banner')[0].dataset.key)", BEFORE)
    window.see("Take photo", "button")


@WEBKIT
def test_without_webrtc_the_page_says_so_and_the_device_does_it(window, app):
    window.goto(f"{app.url}/?live=server")
    window.see("This browser cannot send the camera's video to the server")
    window.see("Use a photo that you have", "a[href]")
    assert not window.sees("", "iframe"), "its Start could only fail"
    window.press("On this device (private)", "label p", then=("Start camera", "button"))
    start(window)
    judged(window)


@FIREFOX
def test_a_photo_is_sent_from_a_private_window(engine, app, in_view):
    with engine.private() as window:
        window.goto(app.url)
        window.see("Start camera", "button")
        in_view(window)
        start(window)
        take_photo(window, "This photo works")


@FIREFOX
def test_where_cookies_are_refused_the_camera_works_and_an_upload_is_not_promised(
    window, app, in_view, preferences
):
    preferences("network.cookie.cookieBehavior", 2)  # with them all that a page may keep
    window.goto(f"{app.url}/check")
    window.see("This browser refuses cookies")
    window.goto(app.url)
    window.see("Start camera", "button")
    in_view(window)
    start(window)
    take_photo(window, "This photo works")


@FIREFOX
@pytest.mark.parametrize(
    ("name", "value"),
    [("privacy.resistFingerprinting", True), ("javascript.options.wasm", False)],
    ids=["noise for pixels", "no WebAssembly"],
)
def test_a_browser_that_cannot_judge_pictures_leaves_it_to_the_server(window, app, preferences, name, value):
    preferences(name, value)
    window.goto(app.url)
    window.see("The picture is checked on the server: this browser cannot do it by itself.")
    window.until("return document.querySelector('iframe[title*=webrtc]')")


@FIREFOX
def test_a_camera_that_is_blocked_or_missing_is_explained(window, app, preferences):
    preferences("media.navigator.permission.disabled", False)
    preferences("permissions.default.camera", 2)
    window.goto(app.url)
    window.see("The camera is blocked for this page.")
    preferences("media.navigator.permission.disabled", True)
    preferences("permissions.default.camera", 0)
    preferences("media.navigator.streams.fake", False)
    window.goto(app.url)
    window.see("No camera was found")


@WEBKIT
def test_with_neither_webassembly_nor_webrtc_a_photo_can_be_uploaded(engine, app, good, tmp_path):
    """As on an iPhone in Lockdown Mode; and there is no camera."""
    path = tmp_path / "skin.jpg"
    path.write_bytes(good)
    bare = {"JSC_useWebAssembly": "0", "JSC_useWasm": "0"}
    with engine_windows.webkit(tmp_path, "--enable-mock-capture-devices=0", environment=bare) as window:
        window.goto(app.url)
        window.see("The picture is checked on the server: this browser cannot do it by itself.")
        window.see("This browser cannot send the camera's video to the server")
        window.see("Use a photo that you have", "a[href]")
        window.goto(f"{app.url}/check")
        window.choose_file(path)
        window.see("This photo works")


@WEBKIT
def test_without_a_camera_webkit_says_so(engine, app, tmp_path):
    with engine_windows.webkit(tmp_path, "--enable-mock-capture-devices=0") as window:
        window.goto(app.url)
        window.press("Start camera")
        window.see("No camera was found")
        window.see("Use a photo that you have", "a[href]")
