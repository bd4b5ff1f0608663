"""What the app does in Firefox and in WebKitGTK; docs/engines.md has the table, and names these tests."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from scripts import drive

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


def start(window):
    window.press("Start camera")
    window.see("Take photo", "button")


def take_photo(window, done):
    """Press the shutter whenever it is open, until something is seen that comes with an accepted photo alone.

    A still is judged again and may be refused, and the shutter may lock in the moment of the press.

    Args:
        done: its words, and a selector.
    """
    for _press in range(20):
        window.until(f"{STAGE} return !locked")
        window.press("Take photo", "button")
        # While it is judged the shutter is locked; then it is open again, or the camera is off.
        window.until(f"{STAGE} return shutter.hidden || !locked || find(...arguments)", *reversed(done))
        if window.comes(done):
            return
    raise AssertionError("no photo was accepted")


def judged(window):
    """Wait for what only the network can know; returns its key and whether the shutter is locked."""
    return window.until(f"{STAGE} return !arguments[0].includes(key) && [key, locked]", BEFORE)


class Everywhere:
    """What works in each engine."""

    def test_the_network_watches_the_engines_own_camera(self, window, app):
        window.goto(app.url)
        start(window)
        key, locked = judged(window)
        assert locked, "a test picture is no skin"
        assert "camera_" not in key
        # Neither has a graphics processor for pages here, nor anything that shakes: no switch promises that.
        assert window.js("return !('gpu' in navigator) && !all('.cues .vibration').length")
        assert window.sees("Voice, sound and vibration", "summary")

    def test_a_screen_reader_finds_the_controls_and_the_hint(self, window, app):
        window.goto(app.url)
        assert window.spoken(window.see("Start camera", "button")) == ("button", "Start camera")
        assert window.spoken(window.see("Check", "a[href]")) == ("link", "Check")
        switch = window.until("return all('.practising input')[0]")
        assert window.spoken(switch) == ("switch", "No spot, just practising")
        status = window.until("return all('.banner [role=status]')[0]")
        assert window.spoken(status)[0] == "status"
        assert "Press Start camera" in window.js("return arguments[0].textContent", status)

    def test_a_photo_that_passes_is_sent_and_explained_in_a_far_time_zone(self, window, app, in_view):
        began = datetime.now(UTC)
        window.goto(app.url)
        assert window.js("return new Date().getTimezoneOffset()") == -14 * 60
        # Ticked where it lies, in a part of the page that is closed.
        window.until("""const tick = all("input[type=checkbox]").find(
            (one) => one.ariaLabel?.startsWith("Save my session"));
          if (tick && !tick.checked) tick.click();
          return all("p").some((one) => nameOf(one).startsWith("Saved in"));""")
        in_view(window)
        start(window)
        # A still at the camera's full resolution is for those that have it; a frame of the video will do.
        assert not window.js("return 'ImageCapture' in window")
        take_photo(window, ("This photo works", "*"))
        window.see("What it looks most like")
        logs = [log.read_text(encoding="utf-8") for log in app.data.rglob("*.jsonl")]
        rows = [json.loads(line) for log in logs for line in log.splitlines()]
        times = [datetime.fromisoformat(row["ts"]) for row in rows if row["event"] == "photo_accepted"]
        near = timedelta(minutes=1)
        assert began - near < max(times) < datetime.now(UTC) + near

    def test_a_photo_is_explained_on_the_device(self, window, app, in_view):
        window.goto(app.url)
        window.press("Keep everything on this device", "label p", then=("", ".side .stays"))
        in_view(window)
        start(window)
        take_photo(window, ("Take another photo", "button"))
        window.until("return find('p', 'Of 10 kinds') || find('button', 'Show it all the same')")
        if window.sees("Show it all the same", "button"):
            window.press("Show it all the same")
        window.see("Of 10 kinds", "p")
        window.until(f"return ({COLOURED})() > 0.02")
        window.fits()

    def test_an_upload_is_judged_and_explained(self, window, app, good, tmp_path):
        path = tmp_path / "skin.jpg"
        path.write_bytes(good)
        window.goto(f"{app.url}/check")
        window.choose_file(path)
        window.see("This photo works")
        window.see("What it looks most like")
        window.until("return find('img', 'coloured where the network looked')?.naturalWidth")
        window.fits()

    def test_the_designer_shows_what_an_edit_does(self, window, app):
        window.goto(f"{app.url}/designer")
        window.see("Hold still", ".rt-strip")
        window.write("Prompt on screen", "Stay calm")
        window.see("Stay calm", ".rt-strip")
        window.see("1 change from balanced")
        window.fits()

    def test_a_page_of_another_site_is_told_the_outcome(self, window, app, around, in_view):
        around.shown = f"{app.url}/?embed=true&preset=lenient&parent={quote(around.urls[0], safe='')}"
        window.goto(around.urls[0])
        window.into(window.until("return document.querySelector('iframe')"))
        window.see("Start camera", "button")
        in_view(window)
        start(window)
        take_photo(window, ("This photo works", "*"))
        window.into(None)
        opened, outcome = window.until("return got.length === 2 && got")
        assert (opened["type"], outcome["type"], outcome["origin"]) == ("opened", "outcome", app.url)
        assert outcome["photos"][0]["passes"]

    def test_the_camera_works_without_its_server(self, window, tmp_path, in_view):
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
