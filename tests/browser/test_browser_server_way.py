"""The server's way in Chromium: help when a hint stays, and a series of three photos."""

from contextlib import suppress

import pytest
from axe_steps import findings
from browser_steps import settled, start_camera
from playwright.sync_api import TimeoutError, expect
from test_browser_practise import wait_for_hint

from scripts import drive

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]


def camera(page):
    """The frame whose camera it is."""
    return next(frame for frame in page.frames if "webrtc" in frame.url)


def test_help_with_a_drawing_comes_when_the_hint_stays_and_goes_with_it(open_page, plain):
    page = open_page(plain, "?live=server", setting="camera.dark = true", size=drive.PHONE)
    start_camera(page)
    # Which fault the network names in the dark is its own affair.
    drawing = page.get_by_role("img", name="With a cross:")
    expect(page.get_by_text("This may help")).to_be_visible()
    expect(drawing).to_be_visible()
    assert drawing.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    camera(page).evaluate("camera.dark = false")
    wait_for_hint(page, "ready", locked=False)
    expect(drawing).to_be_hidden()
    assert not findings(page)


def test_three_photos_follow_each_other_and_are_listed(open_page, plain):
    page = open_page(plain, "?live=server", size=drive.PHONE)
    page.get_by_text("Three photos: far").click()
    settled(page)
    start_camera(page)
    expect(page.get_by_text("Photo 1 of 3")).to_be_visible()
    shutter = page.get_by_role("button", name="Take photo", disabled=False)
    for text in ("Photo 2 of 3", "Photo 3 of 3", "Your three photos"):
        following = page.get_by_text(text)
        # The shutter that is seen is up to a moment old: pressed too late it does nothing.
        while not following.is_visible():
            expect(following.or_(shutter).first).to_be_visible()
            with suppress(TimeoutError):
                shutter.click(timeout=5000)
                following.wait_for(timeout=15000)
    expect(page.get_by_role("button", name="Take again")).to_have_count(3)
