"""What the browser tests of a study do whose server dies."""

import os
import signal
from contextlib import contextmanager

from browser_steps import settled
from device_steps import wait_for
from playwright.sync_api import Error, expect
from sqlalchemy import select

from core.study.design import Arm, Consent, StudyDesign, Task
from core.study.tables import EventRow

# Which events the page kept until the server answered for them, and which of these it has let go of since.
# Of the verdicts on frames the store takes a sample.
WATCH = """
window.acknowledged = { sent: [], answered: [], others: 0 };
const { put, delete: drop } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (one, ...rest) {
  if (one?.kind === "event" && one.row.name !== "frame_assessed") window.acknowledged.sent.push(one.id);
  return put.call(this, one, ...rest);
};
IDBObjectStore.prototype.delete = function (id) {
  if (window.acknowledged.sent.includes(id)) window.acknowledged.answered.push(id);
  else window.acknowledged.others += 1;
  return drop.call(this, id);
};
"""


STATE = """() => {
  const { testScriptState, testConnectionState } = document.querySelector("[data-testid=stApp]").dataset;
  return `${testScriptState}, ${testConnectionState}`;
}"""
CONNECTED = """() =>
  document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState === "CONNECTED"
"""
# As when a phone's owner turns to another app: what waits is sent at once.
LOOK_AWAY = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.hidden;
}"""


def design():
    return StudyDesign(
        title="Coach",
        consent=Consent(text={"en": "You take a photo."}),
        arms=(Arm(name="coach", preset="balanced", way="device"),),
        tasks=(
            Task(
                name="arm", title={"en": "A spot"}, scenario={"en": "Photograph a spot."}, subject="drawing"
            ),
        ),
    )


def stored(store):
    with store.database.reading() as db:
        return {row.event_id: row.event for row in db.scalars(select(EventRow).order_by(EventRow.seq))}


def press(page, words):
    button = page.get_by_role("button", name=words, exact=True)
    expect(button).to_have_count(1)
    settled(page)
    button.click()


def begin(page):
    """Go on until the camera of the first task is ready."""
    for words in ("Start", "I agree and take part", "Start the task", "Start camera"):
        press(page, words)
    wait_for(page, "ready")


def let_it_send(page):
    """Wait until the server has answered for an event."""
    page.evaluate(LOOK_AWAY)
    page.wait_for_function("() => window.acknowledged.answered.length > 0")


def kill(server, page, store):
    """End the server without a word: ids of what the page sent until then, events of the store by theirs."""
    os.kill(server.pid, signal.SIGKILL)
    answered, sent = page.evaluate("""() => {
      acknowledged.whenKilled = acknowledged.others;
      return [acknowledged.answered, acknowledged.sent];
    }""")
    before = stored(store)
    assert set(answered) <= set(before)
    assert {"consent_given", "task_started", "camera_started"} <= set(before.values())
    return sent, before


@contextmanager
def seen_on_failure(page, server):
    """What fails in here prints what the page shows and what the server's threads are doing."""
    try:
        yield
    except (AssertionError, Error):
        os.kill(server.pid, signal.SIGUSR1)
        page.wait_for_timeout(1000)
        shown = page.locator("[data-testid=stMain]").inner_text()
        print(page.evaluate(STATE), page.evaluate("acknowledged"), shown, server.printed()[-8000:], sep="\n")
        raise


def goes_on(page, sent, server):
    """What the first server did not answer for is sent to the next, and the task is still under way."""
    # What is pressed while nobody is there goes nowhere. Somebody is once a frame was answered for that the
    # first server did not answer for; there are always some, where all else may have been answered for.
    # In front, and asked by a timer: a page behind another one may draw no frames, by which it is asked else.
    page.bring_to_front()
    with seen_on_failure(page, server):
        page.wait_for_function(CONNECTED, polling=200)
        page.evaluate(LOOK_AWAY)
        page.wait_for_function("() => acknowledged.others > acknowledged.whenKilled", polling=200)
        page.wait_for_function(
            "(ids) => ids.every((id) => acknowledged.answered.includes(id))", arg=sent, polling=200
        )
    expect(page.get_by_text("Step 2 of")).to_be_visible()


def give_up(page, store, study_id, sent, before, server):
    """End the task; every event is stored once and in order, those from before the server died first."""
    with seen_on_failure(page, server):
        press(page, "I cannot do this")
        expect(page.get_by_role("radiogroup")).to_have_count(1)
    events = store.load(study_id).events
    assert [one.seq for one in events] == list(range(len(events)))
    ids, names = [one.event_id for one in events], [one.event for one in events]
    assert ids[: len(before)] == list(before)
    assert set(sent) <= set(ids)
    for name in ("task_started", "camera_started", "task_abandoned"):
        assert names.count(name) == 1
