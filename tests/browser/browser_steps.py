"""What several browser tests do."""

from contextlib import suppress

from playwright.sync_api import TimeoutError, expect


def start_camera(page):
    """Press Start and wait for the picture."""
    start = _camera(page).get_by_role("button", name="Start camera")
    expect(start).to_be_enabled()
    start.click()
    camera_runs(page)


def camera_runs(page):
    """Wait for the picture; where none came (it may happen on a busy machine), press Start once more."""
    start, stop = (_camera(page).get_by_role("button", name=name) for name in ("Start camera", "Stop camera"))
    shutter = page.get_by_role("button", name="Take photo")
    not_available = page.get_by_text("its picture does not arrive here")
    with suppress(TimeoutError):
        shutter.or_(not_available).first.wait_for(timeout=60_000)
    if not shutter.is_visible():
        if stop.is_visible():
            stop.click()
        start.click()
    expect(shutter).to_be_visible()


def _camera(page):
    return page.frame_locator("iframe[title*='webrtc']")


def settled(page):
    """Wait until no run of the app is under way: what is pressed meanwhile may be drawn anew."""
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )


_HAS_FOCUS = """(one) => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return one === at || one.contains(at);
}"""


def tab_to(locator, key="Tab", most=300):
    """Move the keyboard's focus to something, or into it, as who has no mouse does."""
    settled(locator.page)
    for _step in range(most):
        if locator.evaluate(_HAS_FOCUS):
            return
        locator.page.keyboard.press(key)
    raise AssertionError(f"{locator} was not reached")


def press_key(locator, key="Enter", by="Tab"):
    """Press a key on something, reached by the keyboard alone."""
    tab_to(locator, by)
    locator.page.keyboard.press(key)


def choose_by_key(group, name):
    """Choose one of several with the keyboard: Tab leads to the group, arrows lead through it."""
    tab_to(group)
    tab_to(group.get_by_role("radio", name=name, exact=True), "ArrowRight")
    group.page.keyboard.press("Space")


def pick(page, label, option):
    """Pick an option of a selectbox by its words.

    A run that begins a moment after the press, for what was done before it, draws the closed box anew.
    """
    wanted = page.get_by_role("option", name=option, exact=True)
    for _press in range(20):
        settled(page)
        page.get_by_role("combobox", name=label).click()
        with suppress(TimeoutError):
            wanted.click(timeout=5000)
            break
    else:
        raise AssertionError(f"{label} does not offer {option}")
    settled(page)


# What is pressed while it moves may have gone from under the pointer before the button is let go.
_HAS_COME_TO_REST = """(one) => {
  const ends = (animation) => animation.effect?.getComputedTiming().endTime < Infinity;
  const moving = one.getAnimations({ subtree: true }).filter(ends);
  return Promise.allSettled(moving.map((animation) => animation.finished)).then(() => {});
}"""


def unfold(page, title):
    """Open a fold by the keyboard: what loads above would move it away from under a finger.

    A run that begins a moment after the press may draw it anew, closed.
    """
    fold = page.locator("details").filter(has=page.locator("summary").filter(has_text=title))
    for _press in range(20):
        settled(page)
        if fold.get_attribute("open") is not None:
            fold.evaluate(_HAS_COME_TO_REST)
            return
        fold.locator("summary").press("Enter")
        with suppress(AssertionError):
            expect(fold).to_have_attribute("open", "", timeout=5000)
    raise AssertionError(f"{title} does not stay open")


def agree_to_save(page):
    """Agree to the log being saved on this computer."""
    unfold(page, "Your session and privacy")
    tick = page.get_by_role("checkbox", name="Save my session log on this computer")
    tick.focus()
    page.keyboard.press("Space")
    expect(tick).to_be_checked()
    expect(page.get_by_text("Saved in")).to_be_visible()


def hand_in(page, name, data):
    """Choose one JPEG of these bytes on the Check page."""
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
    page.locator("input[type=file]").set_input_files(file)


def take_until_accepted(page):
    """Press the shutter until a photo is accepted.

    Each still is judged again and may be refused, and a press that comes a moment too late does nothing.
    """
    accepted = page.get_by_text("This photo works")
    for _press in range(20):
        if accepted.is_visible():
            break
        with suppress(TimeoutError):
            page.get_by_role("button", name="Take photo").click(timeout=5000)
            accepted.wait_for(timeout=5000)
    expect(accepted).to_be_visible()
