"""What the browser tests of the camera in the page do."""

import re

from playwright.sync_api import expect

# The camera's place in the page.
STAGE = """[...document.querySelectorAll("*")].map((e) => e.shadowRoot)
  .find((root) => root?.querySelector(".stage"))"""
# The hint on screen and whether the shutter is locked, read in one moment.
NOW = f"""() => {{
  const root = {STAGE};
  if (!root) return null;
  const shutter = root.querySelector(".shutter");
  const locked = shutter.hidden || shutter.getAttribute("aria-disabled") === "true";
  const banner = root.querySelector(".banner");
  return {{ key: banner.dataset.key, text: banner.textContent, locked }};
}}"""
LAST_TRY = f"""() => ({STAGE})?.querySelector(".tries").dataset.last ?? ''"""
# What became of a press: a photo turns the camera off, and a refused still is a new try in the list.
OUTCOME = f"""async (last) => {{
  for (const until = performance.now() + 60_000; performance.now() < until; ) {{
    const shutter = ({STAGE})?.querySelector(".shutter");
    if (!shutter?.getClientRects().length) return "accepted"; // the camera is off
    if (({LAST_TRY})() !== last) return "refused";
    if (shutter.getAttribute("aria-disabled") !== "true") return "locked";
    await new Promise((done) => setTimeout(done, 20));
  }}
  return "nothing";
}}"""

# What waits in this browser: kinds, and names of events.
WAITING = """async () => {
  const database = await new Promise((done, fail) => {
    const asked = indexedDB.open("retake");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  const asked = database.transaction("waiting").objectStore("waiting").getAll();
  await new Promise((done) => (asked.onsuccess = done));
  database.close();
  return asked.result.map(({ kind, row }) => row?.name ?? kind);
}"""


def wait_for(page, key, locked=None):
    """Wait until this hint is shown (with the shutter locked or not, if it matters); returns its words."""
    condition = "now && now.key === key && (locked === null || now.locked === locked)"
    seen = page.wait_for_function(
        f"([key, locked]) => {{ const now = ({NOW})(); return {condition} ? now : null; }}", arg=[key, locked]
    )
    return seen.json_value()["text"]


def start(page):
    """Press Start and wait for the picture."""
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_role("button", name="Take photo")).to_be_visible()


def touch(locator):
    """Press in the middle of something, as a finger does: also where a layer lies above an inert page."""
    box = locator.bounding_box()
    locator.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def take_photo(page, outcome="accepted", name="Take photo", press=touch):
    """Press the shutter once it is open, until the photo is accepted (or refused).

    It may lock in the moment of the press, where the page is slow; and each still is judged again.
    """
    for _press in range(20):
        wait_for(page, "ready", locked=False)
        last = page.evaluate(LAST_TRY)
        press(page.get_by_role("button", name=name))
        if page.evaluate(OUTCOME, last) == outcome:
            return
    raise AssertionError(f"no photo was {outcome}")


def nothing_waits(page):
    """Wait until Python has every photo."""
    waits_until(page, lambda waiting: "photo" not in waiting)


def waits_until(page, fits):
    """Look at what waits in this browser until it fits: `wait_for_function` takes a promise for a yes."""
    for _look in range(1000):
        waiting = page.evaluate(WAITING)
        if fits(waiting):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"still waiting: {waiting}")


WAITS_HERE = re.compile("waits on this device")
