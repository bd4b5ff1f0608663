"""What a browser keeps, without a camera or a server: clocks that are set, servers that end, tokens."""

import pytest
from module_page import site

from core.browser.publish import lay_out_page
from core.ui import layout
from scripts import drive

pytestmark = pytest.mark.browser

OPEN = """async () => {
  const { openOutbox } = await import("/outbox.js");
  window.sent = [];
  window.online = true;
  window.waiting = [];
  const day = Date.now.bind(Date), page = performance.now.bind(performance);
  window.set = { day: 0, page: 0 };
  Date.now = () => day() + set.day;
  performance.now = () => page() + set.page;
  window.outbox = await openOutbox({
    send: (message) => sent.push(message),
    reachable: () => online,
    onChange: (now) => (waiting = now),
  });
  outbox.belongsTo("a".repeat(32), 5000);
}"""
NOTE = """async (name) => {
  await outbox.addEvent({ name, t_ms: performance.now(), attempt: 2, properties: {} });
}"""
PHOTO = """async () => {
  const facts = { attempt: 2, overridden: false, practising: false };
  await outbox.addPhoto(new Blob([new Uint8Array(100)]), facts);
}"""
# Python answers the last message, and holds its photo for a result, or does not.
ANSWER = """async (holds) => {
  const { id, photo } = sent.at(-1);
  await outbox.answered([id], holds && photo ? [photo.id] : []);
}"""
KEPT = """async () => {
  const asked = indexedDB.open("retake");
  await new Promise((done) => (asked.onsuccess = done));
  const all = asked.result.transaction("waiting").objectStore("waiting").getAll();
  await new Promise((done) => (all.onsuccess = done));
  asked.result.close();
  return all.result.map(({ kind, row }) => row?.name ?? kind);
}"""


@pytest.fixture(scope="module")
def browser(playwright, tmp_path_factory):
    with drive.chromium(playwright, tmp_path_factory.mktemp("profile")) as context:
        yield context.pages[0]


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    lay_out_page(folder)
    return folder


@pytest.fixture
def page(browser, modules):
    # Another port is another origin, where nothing waits yet.
    with site(modules) as served:
        browser.goto(served.url)
        browser.evaluate(OPEN)
        yield browser


def events(page):
    return page.evaluate("sent.at(-1).events")


def flush(page):
    page.evaluate("outbox.flush()")
    return page.evaluate("sent.length")


def deliver(page):
    """Have a photo answered whose result is read from then on."""
    page.evaluate(PHOTO)
    flush(page)  # something small first: whether anyone answers
    page.evaluate(ANSWER, True)
    assert page.evaluate("sent.at(-1).photo.id")
    page.evaluate(ANSWER, True)
    assert page.evaluate("waiting.photo") is None


@pytest.mark.parametrize("hours", [-1, 1000], ids=["back", "forward"])
def test_a_clock_that_is_set_stops_nothing_and_ages_nothing(page, hours):
    page.evaluate(NOTE, "gate_opened")
    assert flush(page) == 1
    assert flush(page) == 1, "not before the answer had its time"
    page.evaluate("(hours) => { set.day = hours * 3600_000; set.page = 60_000; }", hours)
    assert flush(page) == 2, "no answer came: sent again, whatever the clock of the day says"
    [event] = events(page)
    assert 59_000 < event["ago_ms"] < 600_000
    assert (event["visit"], event["attempt"]) == ("a" * 32, 2)
    assert 4_999 < event["visit_ms"] < 60_000, "on the clock of the visit"


def test_what_nobody_answers_is_sent_again_less_and_less_often_until_somebody_does(page):
    assert not page.evaluate("outbox.unanswered")
    page.evaluate(NOTE, "gate_opened")
    flush(page)
    waits = []
    for _again in range(5):
        assert page.evaluate("outbox.unanswered")
        before, seconds = page.evaluate("sent.length"), 0
        while flush(page) == before:
            seconds += 1
            page.evaluate("set.page += 1000")
        waits.append(seconds)
    assert waits[0] < waits[1] < waits[2] < min(waits[3:])
    assert max(waits) < 60
    page.evaluate(ANSWER, False)
    assert not page.evaluate("outbox.unanswered")
    assert page.evaluate(KEPT) == []


def test_another_load_of_the_page_keeps_what_belonged_to_the_last_one(page):
    page.evaluate(NOTE, "gate_opened")
    before = page.evaluate("performance.now()")
    page.reload()
    page.evaluate(OPEN)
    assert page.evaluate("outbox.attempts()") == 2, "the next try has another number"
    page.evaluate("outbox.belongsTo('b'.repeat(32), 0)")
    page.evaluate(NOTE, "gate_closed")
    flush(page)
    old, new = events(page)
    assert (old["name"], old["visit"]) == ("gate_opened", "a" * 32)
    assert old["visit_ms"] < before + 5000
    assert (new["name"], new["visit"]) == ("gate_closed", "b" * 32)
    assert page.evaluate("outbox.attempts()") == 2


def test_a_photo_is_kept_while_its_result_is_read_and_sent_again_when_the_server_lost_it(page):
    deliver(page)
    assert page.evaluate(KEPT) == [], "in this page's memory alone"
    first = page.evaluate("sent.at(-1).photo.id")
    page.evaluate("outbox.belongsTo('c'.repeat(32), 0)")  # the server was started anew, and holds nothing
    page.evaluate("outbox.answered([], [])")
    assert page.evaluate("waiting.photo.id") == first
    page.evaluate("outbox.again()")
    page.evaluate(ANSWER, True)
    assert page.evaluate("sent.at(-1).photo.id") == first


def test_a_photo_of_a_server_that_goes_away_outlives_the_page(page):
    deliver(page)
    page.evaluate("online = false; outbox.cutOff()")
    assert page.evaluate(KEPT) == ["photo"]
    assert page.evaluate("[waiting.photos, waiting.photo]") == [1, None], "its result is read"
    page.reload()
    page.evaluate(OPEN)
    assert page.evaluate("Boolean(waiting.photo)")
    flush(page)
    page.evaluate(ANSWER, False)
    assert page.evaluate("Boolean(sent.at(-1).photo)")


def test_a_photo_that_was_let_go_of_is_forgotten(page):
    deliver(page)
    page.evaluate("outbox.answered([], [])")  # the same visit: another photo is wanted
    count = page.evaluate("outbox.again().then(() => sent.length)")
    page.evaluate(NOTE, "photo_retaken")
    assert flush(page) == count + 1
    page.evaluate(ANSWER, True)
    assert page.evaluate("sent.every(({ photo }, at) => !photo || at === 1)")
    assert page.evaluate(KEPT) == []


def test_what_a_clock_says_to_come_from_tomorrow_is_not_sent_unasked(page):
    page.evaluate("set.day = 3600_000; online = false")
    page.evaluate(PHOTO)
    page.reload()
    page.evaluate(OPEN)
    flush(page)
    assert page.evaluate("[waiting.old, sent.length]") == [True, 0]
    page.evaluate("outbox.allow(waiting.photo.id)")
    page.evaluate(ANSWER, True)
    assert page.evaluate("Boolean(sent.at(-1).photo)")


WATCH = """async () => {
  const told = [];
  const answers = ["one", "one", null, "one", "two", "two"];
  let asked;
  window.fetch = async () => {
    const who = answers.shift();
    setTimeout(asked);
    if (!who) throw new TypeError("nobody there");
    return new Response("ok", { headers: { "retake-process": who } });
  };
  const { watchServer } = await import("/reach.js");
  const answered = () => new Promise((done) => (asked = done));
  let next = answered();
  const watched = watchServer("/", (there) => told.push(there));
  while (answers.length) {
    await next;
    told.push(answers.length);
    next = answered();
    window.dispatchEvent(new Event("online"));
  }
  await next;
  watched.stop();
  return told;
}"""


def test_a_page_notices_that_another_server_answers_in_its_place(page):
    gone, there = False, True
    assert page.evaluate(WATCH) == [5, 4, gone, 3, there, 2, gone, there, 1]


@pytest.fixture
def tab(browser):
    with site(layout.HERE) as served:
        browser.goto(served.url)
        yield browser


KEEP = """async (data) => {
  const told = [];
  (await import("/keeper.js")).default({ data, setStateValue: (name, value) => told.push(value) });
  const leaving = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(leaving);
  return { told, warns: leaving.defaultPrevented };
}"""


def test_a_tab_keeps_its_token_and_shows_it_once_when_it_is_loaded_again(tab):
    first = {"token": "one", "met": "", "holds": True, "alone": True}
    assert tab.evaluate(KEEP, first) == {"told": [], "warns": False}
    tab.reload()
    kept = {"token": "one", "held": True, "times": 0}
    assert tab.evaluate(KEEP, {**first, "token": "two"}) == {"told": [kept], "warns": False}
    assert tab.evaluate(KEEP, {**first, "met": "one"}) == {"told": [], "warns": False}
    gone = {**first, "token": "two", "met": "one", "alone": False}
    assert tab.evaluate(KEEP, gone)["told"] == [], "it is not there any more"
    tab.reload()
    assert tab.evaluate(KEEP, {**first, "token": "three"})["told"] == [
        {"token": "two", "held": False, "times": 0}
    ]


RECONNECT = """async (data) => {
  const told = [];
  const app = document.createElement("div");
  app.dataset.testid = "stApp";
  app.dataset.testConnectionState = "CONNECTED";
  document.body.append(app);
  (await import("/keeper.js")).default({ data, setStateValue: (name, value) => told.push(value) });
  const states = ["PINGING_SERVER", "CONNECTING", "CONNECTED", "CONNECTED", "PINGING_SERVER", "CONNECTED"];
  for (const state of states) {
    app.dataset.testConnectionState = state;
    await new Promise((done) => setTimeout(done));
  }
  return told;
}"""


def test_a_tab_shows_its_token_to_whoever_it_is_connected_to_anew(tab):
    data = {"token": "one", "met": "", "holds": True, "alone": True}
    shown = {"token": "one", "held": True}
    assert tab.evaluate(RECONNECT, data) == [{**shown, "times": 1}, {**shown, "times": 2}]


def test_a_tab_that_keeps_nothing_warns_before_something_is_lost(tab):
    refuse = "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no'); } })"
    tab.evaluate(refuse)
    assert tab.evaluate(KEEP, {"token": "one", "met": "", "holds": False}) == {"told": [], "warns": False}
    assert tab.evaluate(KEEP, {"token": "one", "met": "", "holds": True}) == {"told": [], "warns": True}


STEP = """async (data) => {
  window.went ??= [];
  (await import("/steps.js")).default({ data, setStateValue: (name, value) => went.push(value) });
  return [location.search, history.length - (window.before ??= history.length)];
}"""


def test_back_is_told_once_and_what_was_asked_for_before_does_not_undo_it(tab):
    data = {"step": "", "visit": "a", "times": 0, "push": True}
    assert tab.evaluate(STEP, data) == ["", 0]
    result = {**data, "step": "result"}
    assert tab.evaluate(STEP, result) == ["?step=result", 1]
    assert tab.evaluate(STEP, result) == ["?step=result", 1]
    tab.evaluate("() => new Promise((done) => { addEventListener('popstate', done); history.back(); })")
    assert tab.evaluate("went") == [{"times": 1, "step": ""}]
    assert tab.evaluate(STEP, result) == ["", 1], "of a run that knew nothing of it"
    assert tab.evaluate(STEP, {**data, "times": 1}) == ["", 1]
    # What another visit or another page's frame shows adds nothing to the history.
    other = {**result, "visit": "b", "times": 1}
    assert tab.evaluate(STEP, other) == ["?step=result", 1]
    assert tab.evaluate(STEP, {**other, "step": ""}) == ["", 1], "nor does going back to the beginning"
    assert tab.evaluate(STEP, {**other, "push": False}) == ["?step=result", 1]
