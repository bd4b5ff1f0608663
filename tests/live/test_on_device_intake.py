"""What a browser may send, and what comes of it. Nothing here may raise, whatever is sent."""

import base64
import copy
import json
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.on_device.intake import MOST_BYTES, MOST_EVENTS, Once, take_in
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule
from core.study.events import EventLog
from tests.conftest import FakeImageQX

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
        self.log = EventLog(lambda: self.now)
        self.now += 60
        self.events_seen = events_seen or Once()
        self.photos_seen = Once()
        self.assessor = FakeImageQX

    def take(self, value):
        return take_in(
            value,
            log=self.log,
            events_seen=self.events_seen,
            photos_seen=self.photos_seen,
            assessor=self.assessor,
            rule=lambda practising, _shot: PassRule(dict.fromkeys(EXPLANATIONS, 0.5), practising),
        )

    def names(self):
        return [event.event for event in self.log.events]


@pytest.fixture
def desk():
    return Desk()


def test_events_are_noted_with_their_ids_and_their_times(desk):
    sent = message(row(), row("gate_opened", properties={}, ago_ms=30_000))
    answer, arrived = desk.take(sent)
    assert (answer.message, answer.sentence, arrived) == (sent["id"], "", None)
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
    answer, arrived = desk.take(sent)
    assert answer.sentence == ""
    assert arrived.verdict.passes
    assert (arrived.verdict.width, arrived.verdict.height) == (800, 600)
    assert max(arrived.photo.small.shape[:2]) == 640
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
    _answer, arrived = desk.take(message(photo=still(jpeg_of(DARK))))
    assert not arrived.verdict.passes
    assert not arrived.overridden


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
    answer, arrived = desk.take(sent)
    assert arrived is None
    assert answer.message == sent["id"]
    assert words in answer.sentence
    assert desk.names() == ["prompt_shown", "capture_blocked"], "its events count all the same"


def test_a_photo_too_small_to_judge_gets_its_sentence(desk, jpeg_of):
    answer, arrived = desk.take(message(photo=still(jpeg_of(SPOT, 60, 60))))
    assert arrived is None
    assert "too small" in answer.sentence


def spoilt():
    whole = message(row(), photo=None)
    spoil = {
        "no id": lambda m: m.pop("id"),
        "id of another kind": lambda m: m.update(id="../../etc/passwd"),
        "more than a message": lambda m: m.update(admin=True),
        "events of another kind": lambda m: m.update(events={"0": 1}),
        "too many events": lambda m: m.update(events=[row() for _ in range(MOST_EVENTS + 1)]),
        "consent forged": lambda m: m["events"][0].update(name="consent_given"),
        "unknown event": lambda m: m["events"][0].update(name="rm"),
        "event with more": lambda m: m["events"][0].update(session_id="x"),
        "time before the page": lambda m: m["events"][0].update(t_ms=-1),
        "time of day that never was": lambda m: m["events"][0].update(ago_ms=1e12),
        "endless time": lambda m: m["events"][0].update(t_ms=float("inf")),
        "time in words": lambda m: m["events"][0].update(t_ms="1"),
        "attempt below none": lambda m: m["events"][0].update(attempt=-1),
        "a picture among the properties": lambda m: m["events"][0].update(properties={"x": "A" * 5000}),
        "properties too deep": lambda m: m["events"][0].update(properties={"x": {"y": {"z": 1}}}),
        "too many properties": lambda m: m["events"][0].update(
            properties={str(number): 1 for number in range(99)}
        ),
        "photo that is none": lambda m: m.update(photo="hello"),
        "photo without a choice": lambda m: m.update(
            photo={"id": str(uuid4()), "jpeg": "", "attempt": 0, "overridden": "yes", "practising": False}
        ),
        "photo too large": lambda m: m.update(photo=still(b"\xff\xd8\xff" + bytes(MOST_BYTES + 3))),
    }
    for name, change in spoil.items():
        broken = copy.deepcopy(whole)
        change(broken)
        yield pytest.param(broken, id=name)


@pytest.mark.parametrize("value", list(spoilt()))
def test_a_forged_or_broken_message_gets_a_sentence_and_leaves_nothing(desk, value):
    answer, arrived = desk.take(value)
    assert arrived is None
    assert desk.log.events == ()
    if "id" in value:
        assert answer.message == value["id"]
        assert "Reload the page" in answer.sentence


_anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)


@given(_anything | st.fixed_dictionaries({"id": _anything, "events": _anything, "photo": _anything}))
def test_nothing_that_is_sent_raises(value):
    desk = Desk()
    _answer, arrived = desk.take(value)
    assert arrived is None


def test_the_oldest_ids_are_forgotten_and_no_others():
    once = Once(most=3)
    assert [once.first(name) for name in "abca"] == [True, True, True, False]
    assert once.first("d")
    assert [once.first(name) for name in "cd"] == [False, False]
