"""The shared engine, stepped by hand: no threads, a clock that the test turns. Threads: test_worker.py."""

import pytest

from core.live.capacity import Plan
from core.live.engine import StreamEngine
from core.live.stream_session import StreamSession
from core.live.worker import Worker
from core.serving import counters


class Idle:
    """A thread that does nothing, for as long as the test wants it to live."""

    def __init__(self, run):
        self.alive = True

    def is_alive(self):
        return self.alive

    def join(self, timeout=None):
        pass


@pytest.fixture
def house(fakes):
    """An engine for two streams by two threads, and a way to get visitors."""

    class House:
        def __init__(self):
            self.clock, self.threads = fakes.Clock(), []
            self.engine = StreamEngine(self.plan, self.clock, self.start)

        def plan(self, assessor):
            return Plan(threads=2, streams=2)

        def start(self, run):
            self.threads.append(Idle(run))
            return self.threads[-1]

        def visitor(self):
            stage = fakes.Stage()
            session = StreamSession(stage.assessor, stage.rule, stage.preset, self.clock)
            stage.stream_session = session
            return stage, Worker(session, self.clock, engine=self.engine)

    return House()


def value(name, **labels):
    return counters.REGISTRY.get_sample_value(name, labels)


def test_no_stream_no_thread_and_no_more_threads_than_streams(house):
    assert house.threads == []
    (stage, one), (_stage, other) = house.visitor(), house.visitor()
    one.put(stage.picture())
    assert len(house.threads) == 1
    for _frame in range(3):
        one.put(stage.picture())
        other.put(stage.picture())
    assert len(house.threads) == 2


def test_a_thread_that_was_ended_is_replaced_with_the_next_frame_of_any_stream(house):
    (stage, one), (_stage, other) = house.visitor(), house.visitor()
    one.put(stage.picture())
    other.put(stage.picture())
    house.threads[0].alive = False
    other.put(stage.picture())
    assert [thread.alive for thread in house.threads] == [False, True, True]


def test_past_its_capacity_a_stream_is_refused_until_another_ends(house):
    visitors = [house.visitor() for _visitor in range(3)]
    refused = value("retake_streams_refused_total")
    for stage, worker in visitors:
        worker.put(stage.picture())
    assert [worker.refused for _stage, worker in visitors] == [False, False, True]
    assert [worker.running for _stage, worker in visitors] == [True, True, False]
    assert value("retake_streams") == 2
    stage, third = visitors[2]
    third.put(stage.picture())
    assert value("retake_streams_refused_total") == refused + 1, "one stream, however many frames"
    visitors[0][1].stop()
    house.engine.step()
    third.put(stage.picture())
    assert third.running
    assert not third.refused


def test_a_stream_that_fell_silent_keeps_nobody_out(house):
    visitors = [house.visitor() for _visitor in range(3)]
    (stage, _first), (_stage, _second), (_third_stage, third) = visitors
    for _stage, worker in visitors[:2]:
        worker.put(stage.picture())
    while house.engine.step():
        pass
    house.clock.now += stage.preset.camera.missing_after_s
    while house.engine.step():
        pass
    third.put(stage.picture())
    assert third.running
    assert not third.refused


def test_streams_take_turns_and_dropped_frames_are_counted(house):
    visitors = [house.visitor() for _visitor in range(2)]
    came, dropped = value("retake_frames_total"), value("retake_frames_dropped_total")
    for _turn in range(5):
        for stage, worker in visitors:
            worker.put(stage.picture())
    while house.engine.step():
        pass
    assert [len(stage.assessor.seen) for stage, _worker in visitors] == [1, 1]
    assert value("retake_frames_total") - came == 10
    assert value("retake_frames_dropped_total") - dropped == 8


def test_a_stream_that_ends_leaves_and_forgets_its_pictures(house):
    stage, worker = house.visitor()
    worker.put(stage.picture())
    house.engine.step()
    assert stage.stream_session.status().frames == 1
    worker.stop()
    worker.stop()
    house.engine.step()
    assert (len(house.engine), worker.running, stage.stream_session.status().frames) == (0, False, 0)
    assert value("retake_streams") == 0


def test_a_silent_stream_leaves_by_itself(house):
    stage, worker = house.visitor()
    told = []
    stage.stream_session.lost = lambda: told.append(house.clock.now)
    worker.put(stage.picture())
    house.engine.step()
    house.clock.now += stage.preset.camera.missing_after_s
    assert house.engine.step()
    assert not house.engine.step()
    assert told == [house.clock.now]
    house.clock.now += 20.0
    assert house.engine.step()
    assert not worker.running


def test_what_ends_a_thread_costs_its_stream_its_place_and_no_other(house):
    (stage, one), (other_stage, other) = house.visitor(), house.visitor()
    one.put(stage.picture())
    other.put(other_stage.picture())

    def ended(frame):
        raise SystemExit

    stage.stream_session.process_frame = ended
    with pytest.raises(SystemExit):
        house.engine.step()
    assert (one.running, other.running) == (False, True)
    house.engine.step()
    assert len(other_stage.assessor.seen) == 1
    del stage.stream_session.process_frame
    house.clock.now += 1.0
    one.put(stage.picture())
    house.engine.step()
    assert len(stage.assessor.seen) == 1
