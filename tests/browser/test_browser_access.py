"""Who cannot see, hear or tell colours apart can still take a photo: axe-core, keyboard, words, contrast."""

import re

import pytest
from axe_steps import findings, in_each_theme
from browser_steps import settled, unfold
from device_steps import STAGE, start, take_photo, wait_for
from playwright.sync_api import expect

from core.i18n import LANGUAGES, _, use_language
from scripts import drive

pytestmark = pytest.mark.browser
PAGES = sorted(path.stem for path in (drive.ROOT / "pages").glob("*.py") if path.stem != "practise")

PALER = """() => [...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)
  .forEach((root) => root.querySelector(".why")?.style.setProperty("color", "#ccc"))"""


@pytest.fixture(scope="module")
def hurried(run, tmp_path_factory):
    """The app with a preset that offers the way past the lock at once."""
    preset = tmp_path_factory.mktemp("preset") / "hurried.yaml"
    preset.write_text("gate: {override_after_s: 1}", encoding="utf-8")
    with run(RETAKE_PRESET=str(preset)) as server:
        yield server


def drawn(page):
    """Wait until a page is drawn and nothing runs."""
    expect(page.get_by_role("heading", level=1).first).to_be_attached()
    expect(page.locator(".st-key-rt-language select")).to_be_attached()
    settled(page)


# A name as somebody might write it who wants others' browsers to do something.
MARKUP = """() => {
  window.ran = [];
  const name = document.createElement("p");
  name.innerHTML = '<img src="data:," onerror="ran.push(1)"><a href="javascript:ran.push(2)">x</a>';
  name.append(Object.assign(document.createElement("script"), { textContent: "ran.push(3)" }));
  document.body.append(name);
  name.querySelector("a").click();
}"""


def test_axe_finds_nothing_severe_on_any_page_and_no_page_needs_what_the_policy_forbids(
    open_page, on_device, refusals
):
    page = open_page(on_device, size=drive.PHONE, setting="camera.dark = true")
    found = {}

    def look(name):
        drawn(page)
        found.update({name: findings} if (findings := in_each_theme(page)) else {})

    look("practise, before")
    start(page)
    wait_for(page, "bad_light")
    unfold(page, "What the camera sees")
    look("practise, a hint")
    page.evaluate(PALER)
    assert "color-contrast" in findings(page)[0], "it sees into the camera's own tree"
    page.evaluate(PALER.replace("#ccc", ""))
    page.evaluate("camera.dark = false")
    wait_for(page, "ready", locked=False)
    look("practise, ready")
    take_photo(page)
    expect(page.get_by_role("heading", name="What it looks most like")).to_be_visible()
    look("practise, the result")
    # Another visit: in this one the result would come back.
    page = open_page(on_device, "?live=server", size=drive.PHONE)
    expect(page.locator("iframe[title*='webrtc']")).to_be_visible()
    look("practise, on the server")
    for path in PAGES:
        page.goto(f"{on_device.url}/{path}")
        look(path)
    page.goto(f"{on_device.url}/check")
    page.get_by_text("Samples", exact=True).click()
    page.get_by_role("button", name="Blurred", exact=True).click()
    expect(page.get_by_text("What was checked")).to_be_visible()
    look("check, a result")
    page.goto(f"{on_device.url}/?embed=true&live=device")
    look("embedded, before")
    page.evaluate("camera.dark = false")
    start(page)
    take_photo(page)
    expect(page.get_by_role("button", name="Take another photo")).to_be_visible()
    look("embedded, the result")
    assert not found, "\n".join(
        f"{name}: {finding}" for name, all_found in found.items() for finding in all_found
    )
    assert refusals == []
    page.evaluate(MARKUP)
    while sum("A page tells of" in refusal for refusal in refusals) < 3:
        page.wait_for_timeout(50)
    assert page.evaluate("ran") == []
    assert all("script-src" in refusals.pop() for _each in tuple(refusals))


# Beside the page's own: what was said aloud, in order.
EARS = """window.heard = [];
  speechSynthesis.speak = ({ text, lang }) => heard.push([text, lang]);
  speechSynthesis.cancel = () => {};"""


def in_focus(page):
    """What a keyboard's press would go to: the words on it."""
    return page.evaluate(f"() => {{ const at = {STAGE}.activeElement; return at?.innerText?.trim() ?? ''; }}")


def tab_to(page, words, key="Tab"):
    for _step in range(40):
        if in_focus(page) == words:
            return
        page.keyboard.press(key)
    raise AssertionError(f"{words} was not reached")


def test_a_photo_is_taken_past_the_lock_with_the_keyboard_alone(open_page, hurried):
    page = open_page(hurried, setting="camera.dark = true")
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    tab_to(page, "Start camera")
    page.keyboard.press("Enter")
    wait_for(page, "bad_light")
    assert in_focus(page) == "Take photo", "what was pressed is gone: the next thing to press takes the focus"
    expect(page.get_by_role("button", name="Use this photo anyway")).to_be_visible()
    page.keyboard.press("Tab")
    assert in_focus(page) == "Use this photo anyway", "it comes right after the shutter"
    page.evaluate("camera.dark = false")
    wait_for(page, "ready", locked=False)
    page.keyboard.press("Shift+Tab")
    assert in_focus(page) == "Take photo"
    page.keyboard.press("Enter")
    expect(page.get_by_text("This photo works")).to_be_visible()


def test_a_hint_is_announced_once_in_its_own_words_and_by_one_voice(open_page, on_device):
    page = open_page(on_device, size=drive.PHONE, setting=f"camera.dark = true; {EARS}")
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    page.evaluate(f"() => {{ window.region = {STAGE}.querySelector('.hint [role=status]'); }}")
    start(page)
    wait_for(page, "bad_light")
    seen = page.evaluate(
        f"""() => {{
          const now = {STAGE}.querySelector('.hint [role=status]');
          const [text, spoken] = ['.text', '.spoken'].map((part) => now.querySelector(part));
          return [now === region, now.ariaLive, text.ariaHidden, text.textContent, spoken.textContent, heard];
        }}"""
    )
    same, live, hidden, text, spoken, heard = seen
    assert (same, live, hidden) == (True, "polite", "true"), "the region was there before its words changed"
    assert text != spoken
    assert heard == []

    page.get_by_text("Voice, sound and vibration").click()
    page.get_by_role("switch", name="Read hints aloud").check()
    assert page.evaluate("heard") == [["Hints are read aloud.", "en"]]
    regions = f"{STAGE}.querySelectorAll('.banner [role=status], .refused')"
    off = f"() => [...{regions}].every((one) => one.ariaLive === 'off')"
    assert page.evaluate(off), "the live regions keep quiet meanwhile"
    page.evaluate("camera.dark = false")
    wait_for(page, "ready")
    page.evaluate("camera.dark = true")
    wait_for(page, "bad_light")
    said = [words for words, _language in page.evaluate("heard")][1:]
    assert said[0] == "The picture is good. Keep still and press Take photo."
    assert said[-1] == spoken
    assert len(said) == len({*said}), "each once"
    page.get_by_role("switch", name="Read hints aloud").uncheck()
    assert not page.evaluate(off)


def cut_off(page):
    """Links to pages that are not all in status, with the words of any language."""
    found = []
    for code in LANGUAGES:
        use_language(code)
        titles = [_("Practise"), _("Check"), _("Compare"), _("How good?"), _("Designer"), _("Studies")]
        found += page.evaluate(
            """(titles) => {
              const row = document.querySelector(".st-key-rt-nav");
              const links = [...row.querySelectorAll("a")];
              links.forEach((link, place) => (link.querySelector("p").textContent = titles[place]));
              const around = row.parentElement.getBoundingClientRect();
              const inside = ({ left, right }) => left >= around.left - 1 && right <= around.right + 1;
              return titles.filter((_, place) => !inside(links[place].getBoundingClientRect()));
            }""",
            titles,
        )
    use_language("en")
    return found


@pytest.mark.parametrize("size", [drive.PHONE, (844, 390)], ids=["upright", "on its side"])
def test_with_one_hand_the_shutter_is_in_reach_and_everything_big_enough(open_page, on_device, size):
    page = open_page(on_device, size=size)
    width, height = size
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()
    banner = page.locator(".banner").bounding_box()
    assert banner["width"] * banner["height"] <= 1, "no box is pressed in the button's place"
    if width > height:
        assert not cut_off(page)
    start(page)
    wait_for(page, "ready", locked=False)
    shutter = page.get_by_role("button", name="Take photo").bounding_box()
    x, y = shutter["x"] + shutter["width"] / 2, shutter["y"] + shutter["height"] / 2
    if width < height:
        assert height / 3 < y < height, "in the lower part, where a thumb is"
    else:
        assert 0 < y < height
        assert x > width / 2, "on the right, where a thumb is"
    hint = page.locator(".banner").bounding_box()
    assert hint["y"] >= 0
    assert hint["y"] + hint["height"] <= height, "and the hint is on screen with it"
    small = page.evaluate(
        f"""() => [...{STAGE}.querySelectorAll("button, input, summary, .toggle")]
          .map((one) => [one.className || one.tagName, one.getBoundingClientRect()])
          .filter(([, {{ width, height }}]) => width && Math.min(width, height) < 24).map(([name]) => name)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_forced_colours_more_contrast_and_no_motion_are_heeded(open_page, on_device):
    page = open_page(on_device, size=drive.PHONE)
    start(page)
    style = f"(part) => (([one, name]) => getComputedStyle({STAGE}.querySelector(one))[name])(part)"
    page.emulate_media(contrast="more")
    assert page.evaluate(style, ["button.stop", "borderTopWidth"]) == "2px"
    assert not findings(page)
    page.emulate_media(contrast="no-preference", forced_colors="active")
    edges = page.evaluate(style, [".banner", "borderTopColor"]), page.evaluate(style, [".banner", "color"])
    assert edges[0] == edges[1], "the banner has an edge where it has no ground of its own"
    page.emulate_media(forced_colors="none", reduced_motion="reduce")
    assert page.evaluate(style, [".toggle input", "transitionDuration"]) == "0s"


def test_a_screen_readers_tree_has_the_prompt_and_the_main_controls(open_page, on_device):
    page = open_page(on_device, size=drive.PHONE, setting="camera.dark = true")
    drawn(page)
    stage = page.locator(".stage")
    tree = stage.aria_snapshot()
    assert 'heading "Take a photo that works" [level=1]' in tree
    assert re.search(r"- status: .*Press Start camera", tree)
    assert '- button "Start camera"' in tree
    assert '- switch "No spot, just practising"' in tree
    start(page)
    wait_for(page, "bad_light")
    tree = stage.aria_snapshot()
    assert re.search(r"- status: .*The light is too weak", tree)
    assert '- button "Take photo" [disabled]' in tree
    assert '- button "Stop camera"' in tree
    page.goto(f"{on_device.url}/check")
    drawn(page)
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()  # drawn after all else
    tree = page.get_by_test_id("stMain").aria_snapshot()
    assert 'heading "Check photos"' in tree
    assert 'radio "My photos" [checked]' in tree
    assert 'button "Upload"' in tree
