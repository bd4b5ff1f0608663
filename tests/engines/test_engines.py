"""What the app does in Firefox and in WebKitGTK: each cell of the table in docs/engines.md."""

import time
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.engines

NOW = """const root = [...everything(document)].map((one) => one.shadowRoot).find((one) => one?.querySelector(".stage"));
const [shutter, banner] = [".shutter", ".banner"].map((selector) => root.querySelector(selector));
const locked = shutter.hidden || shutter.getAttribute("aria-disabled") === "true";
const now = { key: banner.dataset.key, locked };"""
# What is said before the network has judged a picture.
BEFORE = ("off", "connecting", "searching")


def start(window):
    window.press("Start camera")
    window.see("Take photo", "button")


def take_photo(window, done):
    """Press the shutter whenever it is open, until something is seen that is there for an accepted photo alone."""
    for _press in range(20):
        window.until(f"{NOW} return !shutter.hidden && !locked || find('*', arguments[0])", done)
        if not window.sees(done):
            window.press("Take photo", "button")
            time.sleep(1)
        for _look in range(50):
            if window.sees(done):
                return
            time.sleep(0.1)
    raise AssertionError("no photo was accepted")


def test_the_network_watches_the_engines_own_camera(window, app):
    window.goto(app.url)
    start(window)
    seen = window.until(f"{NOW} return !arguments[0].includes(now.key) && now", BEFORE)
    assert seen["locked"], "a test picture is no skin"
    assert "camera_" not in seen["key"]


def test_a_photo_that_passes_is_sent_and_explained(window, app, in_view):
    window.goto(app.url)
    window.see("Start camera", "button")
    in_view(window)
    start(window)
    take_photo(window, "This photo works")
    window.see("What it looks most like")


def test_a_photo_is_explained_on_the_device(window, app, in_view):
    window.goto(app.url)
    window.see("Start camera", "button")
    window.press("Keep everything on this device", "label p")
    window.see("", ".side .stays")
    in_view(window)
    start(window)
    take_photo(window, "Take another photo")
    window.until("return find('*', 'Of 10 kinds') || find('button', 'Show it all the same')")
    if window.sees("Show it all the same", "button"):
        window.press("Show it all the same")
    window.see("Of 10 kinds")
    window.until("return all('.heat canvas')[0]?.getClientRects().length")


def test_an_upload_is_judged_and_explained(window, app, good, tmp_path):
    path = tmp_path / "skin.jpg"
    path.write_bytes(good)
    window.goto(f"{app.url}/check")
    window.choose_file(path)
    window.see("What was checked")
    window.see("What it looks most like")
    window.until("return all(\"[class*='st-key-rt-why-'] img\").filter((one) => one.naturalWidth).length === 4")


def test_the_designer_shows_what_an_edit_does(window, app):
    window.goto(f"{app.url}/designer")
    window.press("Wording", "label")
    field = window.until("return all('textarea, input[type=text]').find((one) => nameOf(one).includes('Prompt on screen'))")
    print(field)


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
