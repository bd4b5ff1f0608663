"""What the browser tests of a study do whose server dies."""

from browser_steps import settled
from playwright.sync_api import expect
from sqlalchemy import select

from core.study.design import Arm, Consent, StudyDesign, Task
from core.study.tables import EventRow

# Which events the page kept until the server answered for them, and which of these it has let go of since.
# Of the verdicts on frames the store takes a sample.
WATCH = """
window.acknowledged = { sent: [], answered: [] };
const { put, delete: drop } = IDBObjectStore.prototype;
IDBObjectStore.prototype.put = function (one, ...rest) {
  if (one?.kind === "event" && one.row.name !== "frame_assessed") window.acknowledged.sent.push(one.id);
  return put.call(this, one, ...rest);
};
IDBObjectStore.prototype.delete = function (id) {
  if (window.acknowledged.sent.includes(id)) window.acknowledged.answered.push(id);
  return drop.call(this, id);
};
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
