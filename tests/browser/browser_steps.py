"""What several browser tests do."""

from playwright.sync_api import expect


def start_camera(page):
    """Press Start, and once more where the first start fails (it may on a busy machine)."""
    camera = page.frame_locator("iframe[title*='webrtc']")
    start, stop = (camera.get_by_role("button", name=name) for name in ("Start camera", "Stop camera"))
    expect(start).to_be_enabled()
    start.click()
    shutter = page.get_by_role("button", name="Take photo")
    not_available = page.get_by_text("its picture does not arrive here")
    expect(shutter.or_(not_available).first).to_be_visible()
    if not_available.is_visible():
        if stop.is_visible():
            stop.click()
        start.click()
    expect(shutter).to_be_visible()


def settled(page):
    """Wait until no run of the app is under way: what is pressed meanwhile may be drawn anew."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )


def pick(page, label, option):
    """Pick an option of a selectbox by its words."""
    settled(page)
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)
