import re

import pytest
from browser_steps import camera_runs, start_camera, take_until_accepted
from playwright.sync_api import TimeoutError, expect

from core.lesion.taxonomy import LABELS, shipped
from scripts import drive

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]

PROMPTS = {"blurry": "Hold still", "too_far_away": "Move closer", "no_skin": "Show your skin"}

# The hint on screen and whether the shutter is locked, read in one moment. The banner is in a shadow tree.
NOW = """() => {
  const hosts = [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
  const banner = hosts.map((root) => root.querySelector(".banner")).find(Boolean);
  const shutter = [...document.querySelectorAll(".st-key-practise-shutter button")][0];
  if (!banner || !shutter) return null;
  return { key: banner.dataset.key, text: banner.textContent, locked: shutter.disabled };
}"""


def wait_for_hint(page, key, locked):
    """Wait until this hint is shown with the shutter locked or not; returns its words."""
    try:
        seen = page.wait_for_function(
            f"([key, locked]) => {{ const now = ({NOW})(); "
            "return now && now.key === key && now.locked === locked ? now : null; }",
            arg=[key, locked],
        )
    except TimeoutError:
        raise AssertionError(f"{key} never came; at last there was {page.evaluate(NOW)}") from None
    return seen.json_value()["text"]


def test_the_coach_leads_from_a_poor_picture_to_a_prediction(browse, servers, films):
    film, conditions = films("imageqx")
    assert None in conditions, "no drawing passes"
    assert len(conditions) > 1, "nothing to correct is recognised"
    page = browse(url=servers("imageqx").url, size=drive.PHONE, camera=film)
    start_camera(page)

    faults = [key for key in conditions if key is not None]
    for fault in faults:
        assert PROMPTS[fault] in wait_for_hint(page, fault, locked=True)
    assert "Ready" in wait_for_hint(page, "ready", locked=False)

    take_until_accepted(page)

    page.get_by_text("Show all 10").click()
    classes = page.locator("ol.rt-list li")
    expect(classes).to_have_count(len(LABELS))
    for label in LABELS:
        expect(classes.filter(has_text=shipped().lay_name(label))).not_to_have_count(0)
    heat = page.get_by_role("img", name=re.compile("coloured where the network looked for"))
    expect(heat).to_be_visible()
    assert heat.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0

    page.get_by_role("button", name="Take another photo").click()
    camera_runs(page)
    assert wait_for_hint(page, faults[0], locked=True)


def test_a_refused_camera_is_explained_and_leads_to_the_check_page(browse, films):
    page = browse(camera=films("classical")[0], granted=False)
    camera = page.frame_locator("iframe[title*='webrtc']")
    camera.get_by_role("button", name="Start camera").click()

    expect(page.get_by_text("The camera is blocked for this page").first).to_be_visible()
    expect(page.get_by_role("button", name="Take photo")).to_have_count(0)
    page.get_by_role("link", name="Use a photo that you have").click()
    expect(page.get_by_role("heading", name="Check photos")).to_be_visible()


def test_a_computer_with_no_camera_is_told_so(browse):
    page = browse(size=drive.PHONE)

    expect(page.get_by_text("No camera was found").first).to_be_visible()
    expect(page.get_by_role("link", name="Use a photo that you have")).to_be_visible()
