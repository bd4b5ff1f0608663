"""What a browser may send, and what comes of it. Nothing here may raise, whatever is sent."""

import base64
import copy
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.browser.intake import MOST_BYTES, MOST_EVENTS, Once, handle_message
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule
from core.study.events import EventLog
from tests.conftest import FakeImageQX

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPOT, DARK, PALE = (190, 140, 120), (30, 20, 18), (245, 225, 215)


def row(name="prompt_shown", **more):
    return {
        "id": str(uuid4()),
        "name": name,
        "t_ms": 1234.5,
        "ago_ms": 40,
        "attempt": 1,
        "properties": {"key": "blurry"},
        **more,
    }


def still(data, **more):
    jpeg = base64.b64encode(data).decode()
    return {
        "id": str(uuid4()),
        "jpeg": jpeg,
        "attempt": 1,
        "overridden": False,
        "practising": False,
        **more,
    }


def message(*events, photo=None):
    # What a component sends comes through JSON.
    return json.loads(json.dumps({"id": str(uuid4()), "events": list(events), "photo": photo}))


class Desk:
    """One visit's side of the counter."""

    def __init__(self, events_seen=None):
        self.now = 100.0
        self.log = EventLog(lambda: self.now, lambda: NOON)
        self.now += 60
        self.events_seen = events_seen or Once()
        self.photos_seen = Once()
        self.assessor = FakeImageQX
        self.logs = {}

    def take(self, value):
        return handle_message(
            value,
            log=self.log,
            events_seen=self.events_seen,
            photos_seen=self.photos_seen,
            assessor=self.assessor,
            rule=lambda practising, _shot: PassRule(dict.fromkeys(EXPLANATIONS, 0.5), practising),
            log_of=self.logs.get,
        )

    def names(self):
        return [event.event for event in self.log.events]


@pytest.fixture
def desk():
    return Desk()


def test_events_are_noted_with_their_ids_and_their_times(desk):
    sent = message(row(), row("gate_opened", properties={}, ago_ms=30_000))
    answer, received = desk.take(sent)
    assert (answer.message, answer.sentence, received) == (sent["id"], "", None)
    first, second = desk.log.events
    assert [first.event_id, second.event_id] == [one["id"] for one in sent["events"]]
    assert (first.event, first.source, first.page, first.attempt) == ("prompt_shown", "live", "practise", 1)
    assert first.properties == {"key": "blurry", "on_device": True, "page_ms": 1234.5}
    assert (first.t_ms, second.t_ms) == (59_960, 30_000)
    assert first.ts > second.ts


def test_what_happened_before_this_session_keeps_the_time_of_day(desk):
    desk.take(message(row(ago_ms=3_600_000), row(ago_ms=0)))
    early, late = desk.log.events
    assert early.t_ms == 0
    assert early.ts < late.ts


def test_an_event_that_comes_twice_counts_once_even_from_another_visit(desk):
    sent = message(row())
    desk.take(sent)
    desk.take({**sent, "id": str(uuid4())})
    other = Desk(desk.events_seen)
    answer, _arrived = other.take(sent)
    assert answer is not None
    assert len(desk.log.events) + len(other.log.events) == 1


def test_a_photo_is_judged_again_and_comes_once(desk, jpeg_of):
    sent = message(photo=still(jpeg_of(SPOT, 800, 600)))
    answer, received = desk.take(sent)
    assert answer.sentence == ""
    assert received.verdict.passes
    assert (received.verdict.width, received.verdict.height) == (800, 600)
    assert max(received.photo.small.shape[:2]) == 640
    again, nothing = desk.take(sent)
    assert (again.message, nothing) == (sent["id"], None)


def test_a_photo_whose_judging_was_broken_off_counts_when_it_comes_again(desk, jpeg_of):
    def broken_off():
        raise KeyboardInterrupt

    sent = message(row(), photo=still(jpeg_of(SPOT)))
    desk.assessor = broken_off
    with pytest.raises(KeyboardInterrupt):
        desk.take(sent)
    desk.assessor = FakeImageQX
    assert desk.take(sent)[1] is not None
    assert desk.take(sent)[1] is None
    assert desk.names() == ["prompt_shown"]


def test_the_servers_verdict_counts_whatever_the_browser_said(desk, jpeg_of):
    _answer, received = desk.take(message(photo=still(jpeg_of(DARK))))
    assert not received.verdict.passes
    assert not received.overridden


def test_an_override_is_known_and_is_none_where_the_photo_passes(desk, jpeg_of):
    assert desk.take(message(photo=still(jpeg_of(DARK), overridden=True)))[1].overridden
    assert not desk.take(message(photo=still(jpeg_of(SPOT), overridden=True)))[1].overridden


def test_clear_skin_passes_for_who_is_practising(desk, jpeg_of):
    assert not desk.take(message(photo=still(jpeg_of(PALE))))[1].verdict.passes
    assert desk.take(message(photo=still(jpeg_of(PALE), practising=True)))[1].verdict.passes


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg onload=alert(1)>", "did not arrive as a picture"),
        (b"", "did not arrive as a picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "did not arrive as a picture"),
        (b"\xff\xd8\xff\xe0 cut short", "damaged or incomplete"),
    ],
)
def test_a_photo_that_is_none_gets_a_sentence_and_is_answered(desk, data, words):
    sent = message(row(), photo=still(data))
    answer, received = desk.take(sent)
    assert received is None
    assert answer.message == sent["id"]
    assert words in answer.sentence
    assert desk.names() == ["prompt_shown", "capture_blocked"], "its events count all the same"


def test_a_photo_too_small_to_judge_gets_its_sentence(desk, jpeg_of):
    answer, received = desk.take(message(photo=still(jpeg_of(SPOT, 60, 60))))
    assert received is None
    assert "too small" in answer.sentence


def spoilt(spoil, whole):
    for name, change in spoil.items():
        broken = copy.deepcopy(whole)
        change(broken)
        yield pytest.param(broken, id=name)


SPOILT_MESSAGES = {
    "no id": lambda m: m.pop("id"),
    "id of another kind": lambda m: m.update(id="../../etc/passwd"),
    "more than a message": lambda m: m.update(admin=True),
    "events of another kind": lambda m: m.update(events={"0": 1}),
    "too many events": lambda m: m.update(events=[row() for _ in range(MOST_EVENTS + 1)]),
}
SPOILT_EVENTS = {
    "consent forged": lambda e: e.update(name="consent_given"),
    "unknown event": lambda e: e.update(name="rm"),
    "event with more": lambda e: e.update(session_id="x"),
    "another visit by a name that is none": lambda e: e.update(visit="../../etc/passwd", visit_ms=1),
    "time before the page": lambda e: e.update(t_ms=-1),
    "endless time": lambda e: e.update(t_ms=float("inf")),
    "time in words": lambda e: e.update(t_ms="1"),
    "attempt below none": lambda e: e.update(attempt=-1),
    "a picture among the properties": lambda e: e.update(properties={"x": "A" * 5000}),
    "properties too deep": lambda e: e.update(properties={"x": {"y": {"z": 1}}}),
    "too many properties": lambda e: e.update(properties={str(number): 1 for number in range(99)}),
}
SPOILT_PHOTOS = {
    "photo that is none": lambda m: m.update(photo="hello"),
    "photo without a choice": lambda m: m.update(
        photo={"id": str(uuid4()), "jpeg": "", "attempt": 0, "overridden": "yes", "practising": False}
    ),
    "photo too large": lambda m: m.update(photo=still(b"\xff\xd8\xff" + bytes(MOST_BYTES + 3))),
}


@pytest.mark.parametrize("value", list(spoilt(SPOILT_MESSAGES, message(row()))))
def test_a_forged_or_broken_message_gets_a_sentence_and_leaves_nothing(desk, value):
    answer, received = desk.take(value)
    assert received is None
    assert desk.log.events == ()
    if "id" in value:
        assert answer.message == value["id"]
        assert "Reload the page" in answer.sentence


@pytest.mark.parametrize("event", list(spoilt(SPOILT_EVENTS, row())))
def test_an_event_that_cannot_be_used_is_left_out_alone(desk, event, jpeg_of):
    value = message(row("gate_opened"), event, row("gate_closed"), photo=still(jpeg_of(SPOT)))
    answer, received = desk.take(value)
    assert (answer.message, answer.sentence) == (value["id"], "")
    assert desk.names() == ["gate_opened", "gate_closed"]
    assert received.verdict.passes


@pytest.mark.parametrize("value", list(spoilt(SPOILT_PHOTOS, message(row()))))
def test_a_photo_that_cannot_be_read_gets_a_sentence_and_takes_no_event_with_it(desk, value):
    answer, received = desk.take(value)
    assert received is None
    assert "Reload the page" in answer.sentence
    assert desk.names() == ["prompt_shown"]


@pytest.mark.parametrize("ago_ms", [-3_600_000.0, 3.2e9, 1e12])
def test_a_clock_that_was_set_loses_neither_event_nor_photo(desk, ago_ms, jpeg_of):
    """A browser's time of day may have been set forward or back by any amount meanwhile."""
    answer, received = desk.take(message(row(ago_ms=ago_ms), photo=still(jpeg_of(SPOT))))
    assert (answer.sentence, received.verdict.passes) == ("", True)
    [noted] = desk.log.events
    assert noted.t_ms == (60_000 if ago_ms < 0 else 0)


def test_an_event_of_this_visit_has_its_time_whatever_the_browsers_clock_says(desk):
    name = desk.log.session_id
    desk.take(message(row(visit=name, visit_ms=1500.5, ago_ms=3.2e9), row(visit=name, visit_ms=99_000.0)))
    assert [event.t_ms for event in desk.log.events] == [1500.5, 60_000], "no later than now"
    early, late = (datetime.fromisoformat(event.ts) for event in desk.log.events)
    assert late - early == timedelta(milliseconds=58_500)


def test_an_event_of_a_visit_that_is_still_here_goes_to_its_log(desk):
    other = Desk()
    other.now += 60
    desk.logs = {other.log.session_id: other.log}
    desk.take(message(row(visit=other.log.session_id, visit_ms=70_000.0)))
    assert desk.log.events == ()
    [event] = other.log.events
    assert (event.session_id, event.t_ms) == (other.log.session_id, 70_000)


def test_an_event_of_a_visit_that_is_gone_keeps_its_visit_and_its_time(desk):
    gone = uuid4().hex
    desk.log.use_variant("mine@3")
    desk.take(message(row(visit=gone, visit_ms=5000.0, ago_ms=3_600_000), row()))
    old, new = desk.log.events
    assert (old.session_id, old.t_ms, old.variant, old.seq) == (gone, 5000, None, 0)
    assert (new.session_id, new.variant, new.seq) == (desk.log.session_id, "mine@3", 1)
    assert old.ts < new.ts


_anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)


@given(_anything | st.fixed_dictionaries({"id": _anything, "events": _anything, "photo": _anything}))
def test_nothing_that_is_sent_raises(value):
    desk = Desk()
    _answer, received = desk.take(value)
    assert received is None


def test_the_oldest_ids_are_forgotten_and_no_others():
    once = Once(most=3)
    assert [once.first(name) for name in "abca"] == [True, True, True, False]
    assert once.first("d")
    assert [once.first(name) for name in "cd"] == [False, False]
