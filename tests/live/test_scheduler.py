"""Who is served next: every rule with numbers, no thread, no clock."""

import numpy as np
import pytest

from core.live.scheduler import Action, Place, next_turn, seconds_until_due
from core.live.stream_session import Frame


class Session:
    def __init__(self):
        self.seen = []

    def process_frame(self, frame):
        self.seen.append(int(frame.rgb[0, 0, 0]))

    def lost(self):
        self.seen.append("lost")

    def end_stream(self):
        self.seen.append("end")


def frame(mark=0, at=0.0):
    return Frame(np.full((2, 2, 3), mark, np.uint8), at)


def place(pause_s=0.1):
    return Place(Session(), pause_s, lost_after_s=3.0, gone_after_s=20.0)


def serve(places, now, takes):
    """Serve whoever is due, one after another, each for a while; returns the order and the time after."""
    order = []
    while (turn := next_turn(places, now)) is not None:
        chosen, action = turn
        chosen.begin(action, now)()
        now += takes
        chosen.finish(action, now)
        order.append(places.index(chosen))
    return order, now


def test_a_newer_frame_takes_the_place_of_an_older_one():
    one = place()
    assert [one.put(frame(mark)) for mark in (1, 2, 3)] == [False, True, True]
    serve([one], 5.0, 0.01)
    assert one.session.seen == [3]
    assert one.put(frame(4)) is False


def test_a_stream_is_served_no_more_often_than_its_pause():
    one = place(pause_s=0.1)
    one.put(frame(1))
    serve([one], 5.0, 0.03)
    one.put(frame(2))
    assert next_turn([one], 5.03) is None
    assert seconds_until_due([one], 5.03) == pytest.approx(0.07)
    assert next_turn([one], 5.1) == (one, Action.FRAME)


def test_nobody_is_served_twice_before_all_that_wait_were_once():
    places = [place(pause_s=0.0) for _stream in range(3)]
    order, now = [], 10.0
    for _turn in range(12):
        for each in places:
            each.put(frame())  # frames always wait: the machine is too slow for all
        chosen, action = next_turn(places, now)
        chosen.begin(action, now)()
        now += 0.2
        chosen.finish(action, now)
        order.append(places.index(chosen))
    assert order == [0, 1, 2] * 4


def test_with_more_streams_the_rate_falls_and_no_frame_gets_older():
    """What is assessed is never older than the time between two frames, however slow the machine is."""
    streams, takes, every = 5, 0.2, 0.04
    places = [place(pause_s=0.1) for _stream in range(streams)]
    now, sent, waited = 0.0, 0.0, []
    for _turn in range(150):
        while sent <= now:
            for each in places:
                each.put(frame(at=sent))
            sent += every
        chosen, action = next_turn(places, now)
        waited.append(now - chosen.frame.at)
        chosen.begin(action, now)()
        now += takes
        chosen.finish(action, now)
    assert max(waited) <= every + 1e-9
    assert [len(each.session.seen) for each in places] == [30] * streams


def test_a_stream_at_work_is_not_served_by_a_second_thread():
    one, other = place(), place()
    one.put(frame())
    one.begin(Action.FRAME, 5.0)
    one.put(frame())
    assert next_turn([one], 9.0) is None
    other.put(frame())
    assert next_turn([one, other], 9.0) == (other, Action.FRAME)


def test_silence_is_reported_once_and_then_ends_the_stream():
    one = place()
    one.quiet_since = 100.0
    assert next_turn([one], 102.9) is None
    assert next_turn([one], 103.0) == (one, Action.LOST)
    one.begin(Action.LOST, 103.0)()
    assert one.finish(Action.LOST, 103.0)
    assert next_turn([one], 122.9) is None
    assert seconds_until_due([one], 122.0) == pytest.approx(1.0)
    assert next_turn([one], 123.0) == (one, Action.GONE)
    one.begin(Action.GONE, 123.0)()
    assert not one.finish(Action.GONE, 123.0)
    assert one.session.seen == ["lost", "end"]


def test_a_frame_breaks_the_silence():
    one = place()
    one.reported = True
    one.put(frame(1))
    serve([one], 50.0, 0.0)
    assert next_turn([one], 52.9) is None
    assert next_turn([one], 53.0) == (one, Action.LOST)


def test_the_end_comes_before_frames_and_drops_what_waits():
    one, other = place(), place()
    other.put(frame())
    one.put(frame(1))
    one.stop()
    assert next_turn([other, one], 5.0) == (one, Action.END)
    one.begin(Action.END, 5.0)()
    assert not one.finish(Action.END, 5.0)
    assert one.session.seen == ["end"]


def test_a_stream_that_begins_anew_waits_for_the_end_of_the_last_one():
    one = place()
    one.put(frame(1))
    last = one.begin(Action.FRAME, 5.0)
    one.stop()
    one.put(frame(2))
    assert next_turn([one], 6.0) is None, "its last frame is still being assessed"
    last()
    assert one.finish(Action.FRAME, 6.0)
    order, _now = serve([one], 6.0, 0.0)
    assert order == [0, 0]
    assert one.session.seen == [1, "end", 2]
