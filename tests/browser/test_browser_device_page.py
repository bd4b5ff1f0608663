"""The camera in the page in a real Chromium, with a checker that judges by colour in place of the network."""

import json
import re

import numpy as np
import pytest
from browser_steps import agree_to_save, press_key, settled
from device_steps import (
    NOW,
    WAITING,
    WAITS_HERE,
    nothing_waits,
    start,
    take_photo,
    touch,
    wait_for,
    waits_until,
)
from playwright.sync_api import expect

from core.guidance.preset import load_preset
from core.guidance.wording import house_words
from core.i18n import _, speaking
from scripts import drive, fake_camera

pytestmark = pytest.mark.browser
FAULTS = dict.fromkeys(house_words("en").keys() - {"searching", "ready", "camera_missing"}, 1)


@pytest.fixture(scope="module")
def film(good, tmp_path_factory):
    """That skin, filmed first in the dark and then in good light."""
    shots = [fake_camera.Shot(good // 6, 9), fake_camera.Shot(good, 14)]
    return fake_camera.write(tmp_path_factory.mktemp("camera") / "f.y4m", shots, np.random.default_rng(0))


def pictures(sent):
    """Which messages hold a JPEG: its first three bytes in base64, and far more than a log has."""
    return [message for message in sent if b"/9j/" in message and len(message) > 20_000]


def test_the_coach_leads_from_a_poor_picture_to_the_result(browse, on_device, film):
    page = browse(url="about:blank", size=drive.PHONE, camera=film)
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda message: sent.append(message)))
    page.goto(on_device.url)
    start(page)
    assert "Find softer, even light" in wait_for(page, "bad_light", locked=True)
    assert "Ready" in wait_for(page, "ready", locked=False)
    assert sent, "events do leave it"
    assert not pictures(sent), "no picture left the device"

    assert set(page.evaluate("judgedAs")) == {"frame"}
    take_photo(page)
    assert "photo" in page.evaluate("judgedAs"), "a photo is judged for itself, whatever the frames showed"
    expect(page.get_by_text("This photo works")).to_be_visible()
    assert pictures(sent)
    expect(page.get_by_role("img", name="Your photo", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Take photo")).to_be_hidden()
    nothing_waits(page)

    page.get_by_role("button", name="Take another photo").click()
    assert wait_for(page, "ready", locked=False), "the camera comes back by itself"


def test_show_me_where_colours_the_picture_and_says_so_when_there_is_nothing(open_page, on_device):
    page = open_page(on_device, setting="camera.dark = true")
    start(page)
    wait_for(page, "bad_light")
    middle = """() => {
      const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
      const over = roots.map((root) => root.querySelector(".over")).find(Boolean);
      const { width, height } = over;
      return over.getContext("2d").getImageData(width / 2, height / 2, 1, 1).data[3];
    }"""
    assert page.evaluate(middle) == 0, "off by default"
    where = page.get_by_role("switch", name="Show me where")
    where.check()
    expect(page.get_by_text("Coloured where the network looks to judge: Light")).to_be_visible()
    assert page.evaluate(middle) > 0
    page.evaluate("camera.dark = false")
    wait_for(page, "ready")
    expect(page.get_by_text("No place in the picture stands out")).to_be_visible()
    assert page.evaluate(middle) == 0
    where.uncheck()
    expect(page.get_by_text("No place in the picture stands out")).to_be_hidden()


def test_everything_can_be_done_with_the_keyboard(open_page, on_device):
    page = open_page(on_device, setting="camera.dark = true")
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()

    press_key(page.get_by_role("button", name="Start camera"))
    wait_for(page, "bad_light")
    press_key(page.get_by_role("button", name="Take photo"))  # locked, and it says why
    why = page.get_by_text("Unlocks when the picture passes for a second.")
    expect(why).to_have_class("why pressed")
    press_key(page.get_by_role("switch", name="No spot, just practising"), "Space")
    expect(page.get_by_role("switch", name="No spot, just practising")).to_be_checked()
    page.evaluate("camera.dark = false")
    wait_for(page, "ready", locked=False)
    press_key(page.get_by_role("button", name="Take photo"), by="Shift+Tab")
    expect(page.get_by_text("This photo works")).to_be_visible()


def test_a_photo_that_is_refused_thrice_may_be_used_anyway(open_page, plain):
    page = open_page(plain, size=drive.PHONE, setting="camera.darkStills = true")
    start(page)
    for _turn in range(3):
        expect(page.get_by_role("button", name="Use this photo anyway")).to_be_hidden()
        take_photo(page, "refused")
        expect(page.get_by_text("This photo did not come out well enough")).to_be_visible()
    wait_for(page, "ready", locked=False)
    anyway = page.get_by_role("button", name="Use this photo anyway")
    expect(anyway).to_be_visible()  # beside the open shutter
    touch(anyway)
    expect(page.get_by_text("did not pass the check")).to_be_visible()


@pytest.mark.parametrize(
    ("error", "words"),
    [("NotAllowedError", "The camera is blocked"), ("NotReadableError", "The camera is in use elsewhere")],
)
def test_a_camera_that_refuses_has_its_sentence_and_a_way_on(open_page, on_device, error, words):
    page = open_page(on_device, size=drive.PHONE, setting=f"camera.fail = '{error}'")
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_text(words).first).to_be_visible()
    expect(page.get_by_role("link", name="Use a photo that you have")).to_be_visible()
    page.evaluate("camera.fail = ''")
    start(page)
    wait_for(page, "ready")
    expect(page.get_by_text(words).first).to_be_hidden()


def test_a_refused_permission_is_explained_by_a_real_browser(browse, on_device, film):
    page = browse(url=on_device.url, camera=film, granted=False)
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_text("The camera is blocked for this page").first).to_be_visible()
    page.get_by_role("link", name="Use a photo that you have").click()
    expect(page.get_by_role("heading", name="Check photos")).to_be_visible()


def test_a_device_with_no_camera_is_told_so(browse, on_device):
    page = browse(url=on_device.url, size=drive.PHONE)
    expect(page.get_by_text("No camera was found").first).to_be_visible()
    expect(page.get_by_role("link", name="Use a photo that you have")).to_be_visible()


def test_a_camera_that_is_taken_away_is_told_and_can_come_back(open_page, on_device):
    page = open_page(on_device)
    start(page)
    wait_for(page, "ready")
    page.evaluate("camera.track.dispatchEvent(new Event('ended'))")
    expect(page.get_by_text("The camera was turned off or taken").first).to_be_visible()
    start(page)
    wait_for(page, "ready")


def test_a_camera_that_is_held_in_the_background_locks_the_shutter_until_it_is_back(open_page, on_device):
    page = open_page(on_device)
    start(page)
    wait_for(page, "ready", locked=False)
    # No pictures, and a paused video, as an iPhone leaves it.
    page.evaluate(
        """() => {
          camera.track.enabled = false;
          const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
          window.film = roots.map((root) => root.querySelector("video")).find(Boolean);
          film.pause();
          camera.track.dispatchEvent(new Event("mute"));
        }"""
    )
    wait_for(page, "camera_missing", locked=True)
    page.evaluate("() => { camera.track.enabled = true; camera.track.dispatchEvent(new Event('unmute')); }")
    page.wait_for_function("() => !film.paused")
    wait_for(page, "ready", locked=False)


def test_light_zoom_and_another_camera_are_there_where_the_camera_has_them(open_page, on_device):
    page = open_page(on_device, size=drive.PHONE)
    start(page)
    light = page.get_by_role("button", name="Light")
    zoom = page.get_by_role("slider", name="Zoom")
    another = page.get_by_role("button", name="Switch camera")
    for control in (light, zoom, another):
        expect(control).to_be_hidden()
    page.get_by_role("button", name="Stop camera").click()
    page.evaluate(
        "camera.can = { torch: true, zoom: { min: 1, max: 4, step: 0.5 } }; camera.facing = 'user';"
        "camera.devices = ['one', 'two'].map((deviceId) => ({ kind: 'videoinput', deviceId, label: '' }))"
    )
    start(page)
    light.click()
    expect(light).to_have_attribute("aria-pressed", "true")
    zoom.fill("2.5")
    another.click()
    page.wait_for_function("() => camera.opened.at(-1).deviceId?.exact === 'two'")
    applied = page.evaluate("camera.applied")
    assert applied == [{"advanced": [{"torch": True}]}, {"advanced": [{"zoom": 2.5}]}]
    for control in (light, zoom, another):
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    mirrored = "video => getComputedStyle(video).transform"
    assert page.locator("video").evaluate(mirrored) == "matrix(-1, 0, 0, 1, 0, 0)"


def test_what_a_browser_cannot_do_goes_to_the_server_and_says_why(open_page, on_device):
    page = open_page(on_device, setting="WebAssembly.validate = () => false")
    expect(page.get_by_text("this browser cannot do it by itself")).to_be_visible()
    expect(page.locator("iframe[title*='webrtc']")).to_be_visible()


def test_a_checker_that_does_not_open_goes_to_the_server(open_page, on_device):
    page = open_page(on_device, "?engine=unsupported")
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_text("this browser cannot do it by itself")).to_be_visible()


def test_files_that_do_not_arrive_are_told_and_can_be_tried_again(open_page, on_device):
    page = open_page(on_device, "?engine=network")
    page.get_by_role("button", name="Start camera").click()
    expect(
        page.get_by_text("What this device needs to check the picture did not arrive").first
    ).to_be_visible()
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()


def test_the_person_may_choose_the_server(open_page, on_device):
    page = open_page(on_device)
    page.get_by_text("On the server (WebRTC)").click()
    expect(page.locator("iframe[title*='webrtc']")).to_be_visible()
    page.goto(f"{on_device.url}/?live=server")
    expect(page.locator("iframe[title*='webrtc']")).to_be_visible()


def offline_with_a_photo(run, open_page):
    """Start, lose the server, and accept a photo without it; returns the page and the port."""
    with run() as server:
        port = int(server.url.rsplit(":", 1)[1])
        page = open_page(server, size=drive.PHONE, setting="camera.dark = true")
        start(page)
        wait_for(page, "bad_light")
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text("Connection error")).to_be_attached()  # Streamlit's own message, beneath
    page.evaluate("camera.dark = false")
    assert "Ready" in wait_for(page, "ready", locked=False), "guidance goes on without the server"
    take_photo(page)
    expect(page.locator(".waiting p")).to_have_text(WAITS_HERE)
    assert page.evaluate(WAITING).count("photo") == 1
    return page, port


def logged(page, folder):
    """Agree to the log being saved, and read it: names of events, of notes what is noted."""
    agree_to_save(page)
    rows = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert len({row["event_id"] for row in rows}) == len(rows)
    # A slow machine may have brought other notes, such as that help was offered.
    return [row["properties"]["note"] if row["event"] == "note_added" else row["event"] for row in rows]


@pytest.mark.parametrize("reload", [False, True], ids=["waiting", "reloaded"])
def test_a_photo_taken_without_the_server_arrives_once(run, open_page, reload):
    page, port = offline_with_a_photo(run, open_page)
    with run(port) as server:
        if reload:
            page.goto(server.url)
        expect(page.get_by_text("This photo works")).to_be_visible()
        nothing_waits(page)
        names = logged(page, server.log.parent / "data" / "sessions")
        assert names.count("photo_accepted") == 1
        assert names.count("judged_on_server") == 1, "the photo came to the server once"
        assert names.count("camera_started") == 1, "what happened before is not lost"
        assert "Traceback" not in server.printed(), server.printed()


def test_a_photo_that_waits_can_be_removed(run, open_page):
    page, _port = offline_with_a_photo(run, open_page)
    touch(page.get_by_role("button", name="Remove it from this device"))
    expect(page.locator(".waiting p")).to_be_hidden()
    waits_until(page, lambda waiting: not waiting)
    assert page.evaluate(NOW)["key"] == "off"


def leave_behind(page, hours):
    """Make what waits in this browser look as if an earlier visit had left it there so long ago."""
    page.evaluate(
        """async (hours) => {
          const database = await new Promise((done) => {
            const asked = indexedDB.open("retake");
            asked.onsuccess = () => done(asked.result);
          });
          const store = database.transaction("waiting", "readwrite").objectStore("waiting");
          const all = store.getAll();
          await new Promise((done) => (all.onsuccess = done));
          for (const one of all.result) store.put({ ...one, at: Date.now() - hours * 3600_000 });
          await new Promise((done) => (store.transaction.oncomplete = done));
          database.close();
        }""",
        hours,
    )


def test_a_photo_left_behind_is_not_sent_before_the_person_is_asked(run, open_page):
    page, port = offline_with_a_photo(run, open_page)
    leave_behind(page, hours=2)
    with run(port) as server:
        page.goto(server.url)
        expect(page.get_by_text("It was not sent.")).to_be_visible()
        waits_until(page, lambda waiting: waiting == ["photo"])  # its log is sent, the photo is not
        expect(page.get_by_text("This photo works")).to_be_hidden()
        page.get_by_role("button", name="Send it now").click()
        expect(page.get_by_text("This photo works")).to_be_visible()
        nothing_waits(page)


def test_two_tabs_keep_what_is_theirs(run, open_page):
    first, port = offline_with_a_photo(run, open_page)
    second = first.context.new_page()
    second.set_default_timeout(150_000)
    with run(port) as server:
        second.goto(server.url)
        expect(second.get_by_role("button", name="Start camera")).to_be_visible()
        expect(second.locator(".waiting p")).to_be_hidden()
        # The tab that took the photo sends it, and shows its result.
        expect(first.get_by_text("This photo works")).to_be_visible()
        nothing_waits(first)
        expect(second.get_by_text("This photo works")).to_be_hidden()
        names = logged(first, server.log.parent / "data" / "sessions")
        assert names.count("judged_on_server") == 1


NO_DATABASE = (
    "indexedDB.open = () => { throw new DOMException('as in a private window', 'InvalidStateError'); }"
)
NO_PHOTOS = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (one) {
  if (one.jpeg) throw new DOMException("as in a private window of Safari", "UnknownError");
  return put.call(this, one);
};
"""


@pytest.mark.parametrize("refusal", [NO_DATABASE, NO_PHOTOS], ids=["no database", "no photos in it"])
def test_where_the_browser_keeps_nothing_the_page_does_and_says_so(run, open_page, refusal):
    with run() as server:
        port = int(server.url.rsplit(":", 1)[1])
        page = open_page(server, size=drive.PHONE, setting=refusal)
        start(page)
        wait_for(page, "ready", locked=False)
    expect(page.get_by_text("No connection.")).to_be_visible()
    take_photo(page)
    expect(page.locator(".waiting p")).to_have_text(re.compile("only while the page is open"))
    leaving = "new Event('beforeunload', { cancelable: true })"
    assert page.evaluate(f"!window.dispatchEvent({leaving})"), "the browser warns before it is lost"
    with run(port) as server:
        expect(page.get_by_text("This photo works")).to_be_visible()
        names = logged(page, server.log.parent / "data" / "sessions")
        assert names.count("photo_accepted") == names.count("judged_on_server") == 1


def test_from_another_page_nothing_is_told_until_the_camera_is_back(open_page, on_device):
    """Told from a place that left, Streamlit would run the page that is shown, under the person's hand."""
    page = open_page(on_device)
    told = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: told.append(frame)))
    page.reload()
    start(page)
    wait_for(page, "ready")
    page.get_by_role("link", name="Check").click()
    expect(page.get_by_role("heading", name="Check photos")).to_be_visible()
    settled(page)
    told.clear()
    page.wait_for_function("() => camera.track.readyState === 'ended'")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    page.wait_for_timeout(1500)
    assert told == []
    assert "camera_started" in page.evaluate(WAITING)
    page.get_by_role("link", name="Practise").click()
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    waits_until(page, lambda waiting: "camera_started" not in waiting)


STAGE = """(() => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  return roots.map((root) => root.querySelector(".stage")).find(Boolean);
})()"""


@pytest.mark.parametrize("asks", [True, False], ids=["asked", "unasked"])
def test_escape_loses_neither_the_camera_nor_the_photo(run, open_page, asks):
    def escape(page):
        page.wait_for_function(f"() => {STAGE}.matches(':modal')")
        # A browser asks first, or closes the dialog without asking when the page has kept it open before.
        page.keyboard.press("Escape") if asks else page.evaluate(f"{STAGE}.close()")
        page.wait_for_function(f"() => {STAGE}.open && !{STAGE}.matches(':modal')")

    with run() as server:
        port = int(server.url.rsplit(":", 1)[1])
        page = open_page(server, size=drive.PHONE)
        start(page)
        wait_for(page, "ready", locked=False)
    expect(page.get_by_text("No connection.")).to_be_visible()
    escape(page)
    assert page.evaluate("camera.track.readyState") == "live"
    page.evaluate("camera.dark = true")
    wait_for(page, "bad_light", locked=True)
    expect(page.locator("video")).to_be_visible()

    # A new connection, and it is lost again: now a photo waits in the layer.
    page.evaluate("camera.dark = false")
    with run(port):
        expect(page.get_by_text("No connection.")).to_be_hidden()
        wait_for(page, "ready", locked=False)
    expect(page.get_by_text("No connection.")).to_be_visible()
    take_photo(page)
    expect(page.locator(".waiting p")).to_have_text(WAITS_HERE)
    escape(page)
    expect(page.locator(".waiting img")).to_be_visible()
    assert page.evaluate(WAITING).count("photo") == 1


def test_a_page_loaded_again_without_the_server_is_the_camera(run, open_page):
    with run(RETAKE_ISOLATED="1") as server:
        port = int(server.url.rsplit(":", 1)[1])
        page = open_page(server, size=drive.PHONE)
        start(page)
        wait_for(page, "ready", locked=False)
        page.wait_for_function("() => navigator.serviceWorker.controller")
        page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    start(page)
    expect(page.get_by_text("No connection.")).to_be_visible()
    take_photo(page)
    expect(page.locator(".waiting p")).to_have_text(WAITS_HERE)
    assert page.evaluate(WAITING).count("photo") == 1
    with run(port, RETAKE_ISOLATED="1") as server:
        # The app's own page takes over by itself, and sends what waited.
        expect(page.get_by_text("This photo works")).to_be_visible()
        nothing_waits(page)
        names = logged(page, server.log.parent / "data" / "sessions")
        assert names.count("photo_accepted") == names.count("judged_on_server") == 1


def test_a_language_is_picked_and_kept_and_arabic_reads_from_right_to_left(open_page, on_device):
    page = open_page(on_device, setting="camera.dark = true")
    written = page.locator("html")
    expect(written).to_have_attribute("lang", "en")
    page.get_by_role("combobox", name="Language").select_option("ar")
    expect(written).to_have_attribute("dir", "rtl")
    expect(written).to_have_attribute("lang", "ar")
    expect(page).to_have_url(re.compile("lang=ar"))
    with speaking("ar"):
        start_words, check, title = _("Start camera"), _("Check"), _("Check photos")

    page.get_by_role("button", name=start_words).click()
    fault = f"() => {{ const now = ({NOW})(); return now?.key in {json.dumps(FAULTS)} ? now : null; }}"
    shown = page.wait_for_function(fault).json_value()
    assert load_preset().prompt(shown["key"], "ar").text in shown["text"]
    brand, pages = (page.locator(at).bounding_box() for at in (".rt-brand", ".st-key-rt-language"))
    assert brand["x"] > pages["x"], "the first thing stands at the right"
    # Left in the picture stays left, with the arrow that is drawn on it.
    for part in ("video", ".over"):
        assert page.locator(part).evaluate("e => getComputedStyle(e).transform") == "none"

    page.get_by_role("link", name=check).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page).to_have_url(re.compile("/check.*lang=ar"))
    page.reload()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(written).to_have_attribute("dir", "rtl")
    page.get_by_role("combobox").select_option("en")
    expect(page.get_by_role("heading", name="Check photos")).to_be_visible()
    expect(written).to_have_attribute("dir", "ltr")
