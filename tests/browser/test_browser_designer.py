"""An edit on the Designer page changes the prompt of the live camera; the camera is judged by colour."""

import pytest
from browser_steps import pick, settled
from device_steps import start, wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture
def designer(run, open_page):
    """The Designer page of a visitor whose camera stands in the dark."""
    with run(RETAKE_PRESET="") as server:
        yield open_page(server, "designer", setting="camera.dark = true")
        assert "Traceback" not in server.printed(), server.printed()


def section(page, name):
    settled(page)
    page.get_by_role("radiogroup", name="What to change").get_by_text(name, exact=True).click()


def reword(page, text):
    settled(page)
    field = page.get_by_role("textbox", name="Prompt on screen")
    field.fill(text)
    field.press("Enter")
    expect(page.locator(".rt-strip").get_by_text(text).first).to_be_visible()


def to_the_camera(page, button):
    page.get_by_text("Camera", exact=True).click()
    page.get_by_role("button", name=button).click()
    running = page.get_by_role("button", name="Take photo")
    expect(running.or_(page.get_by_role("button", name="Start camera")).first).to_be_visible()
    if not running.is_visible():  # where the page was away for a moment only, its camera went on
        start(page)


def test_an_edit_changes_the_live_prompt(designer):
    page = designer
    # The plain prompt for poor light, not one that says which light.
    section(page, "Overlay")
    settled(page)
    page.get_by_text("Say what is wrong with the light").click()
    expect(page.get_by_text("1 change from balanced")).to_be_visible()
    section(page, "Wording")
    pick(page, "When", "Poor light")
    expect(page.get_by_role("textbox", name="Prompt on screen")).to_have_value("Find softer, even light")
    reword(page, "Go to a window")
    page.reload()  # the draft is still there
    expect(page.locator(".rt-strip").get_by_text("Go to a window").first).to_be_visible()
    settled(page)
    page.get_by_role("textbox", name="Name", exact=True).press_sequentially("!")
    expect(page.get_by_text("Use small letters")).to_be_visible()  # told while the cursor is still there
    to_the_camera(page, "Try it on the camera")
    assert "Go to a window" in wait_for(page, "bad_light")

    page.get_by_role("link", name="Back to the Designer").click()
    page.get_by_text("Drawn photos", exact=True).click()
    reword(page, "Switch on a lamp")
    to_the_camera(page, "Go to the camera")
    assert "Switch on a lamp" in wait_for(page, "bad_light")
