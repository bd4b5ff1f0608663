import threading
import time

import numpy as np
import pytest

from core.guidance.preset import load_preset
from core.live.capacity import Plan
from core.live.engine import StreamEngine
from core.live.stream_session import StreamSession
from core.live.worker import Worker
from core.quality.verdict import PassRule


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "retake-worker"]


def until(condition, seconds=30.0):
    """Wait for what another thread does; the limit only ends a test that would never end."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def engine():
    return StreamEngine(lambda assessor: Plan(threads=2, streams=4))


class Slow:
    """Assesses when it is allowed to, and counts how many do so at once."""

    name = "slow"

    def __init__(self, told):
        self.told = told
        self.may_go = threading.Event()
        self.begun = threading.Event()
        self.seen = []

    def assess(self, rgb, rule, *, width=None, height=None):
        self.begun.set()
        assert self.may_go.wait(30)
        self.seen.append(int(rgb[0, 0, 0]))
        return self.told.assess(rgb, rule)


@pytest.fixture
def slow(fakes):
    return Slow(fakes.SaysWhatItIsTold())


@pytest.fixture
def worker(slow):
    preset = load_preset()
    quick = preset.model_copy(update={"timing": preset.timing.model_copy(update={"assess_every_ms": 0})})
    stream_session = StreamSession(slow, PassRule(dict.fromkeys(preset.priority, 0.5)), quick, time.monotonic)
    made = Worker(stream_session, engine=engine())
    yield made
    slow.may_go.set()
    made.stop()
    made.join(30)
    assert not workers()


def picture(mark):
    rgb = np.full((48, 64, 3), 120, np.uint8)
    rgb[0, 0] = mark
    return rgb


def test_no_frame_no_thread(worker):
    assert not worker.running
    assert not workers()


def test_leaving_a_frame_does_not_wait_and_the_newest_wins(worker, slow):
    worker.put(picture(1))
    assert slow.begun.wait(30)
    for mark in range(2, 10):
        worker.put(picture(mark))  # returns while the first is still being assessed
    assert slow.seen == []
    slow.may_go.set()
    until(lambda: len(slow.seen) == 2)
    assert slow.seen == [1, 9]
    assert len(workers()) == 1


def test_the_thread_ends_with_the_stream_and_a_new_stream_starts_another(worker, slow):
    slow.may_go.set()
    worker.put(picture(1))
    until(lambda: worker.stream_session.status().verdict is not None)
    worker.stop()
    worker.stop()
    worker.join(30)
    assert not worker.running
    assert worker.stream_session.status().frames == 0
    worker.put(picture(2))
    until(lambda: worker.stream_session.status().frames == 1)
    assert len(workers()) == 1


def test_a_restart_waits_for_the_old_thread(worker, slow):
    worker.put(picture(1))
    assert slow.begun.wait(30)
    worker.stop()
    worker.put(picture(2))
    assert slow.seen == []
    slow.may_go.set()
    until(lambda: slow.seen == [1, 2])
    until(lambda: worker.stream_session.status().frames == 1)


def test_a_silent_stream_is_reported_and_then_given_up(slow):
    preset = load_preset()
    camera = preset.camera.model_copy(update={"missing_after_s": 0.02})
    quick = preset.model_copy(update={"camera": camera})
    stream_session = StreamSession(slow, PassRule(dict.fromkeys(preset.priority, 0.5)), quick, time.monotonic)
    lost = threading.Event()
    report = stream_session.lost
    stream_session.lost = lambda: (report(), lost.set())
    slow.may_go.set()
    worker = Worker(stream_session, gone_after_s=0.05, engine=engine())
    worker.put(picture(1))
    assert lost.wait(30)
    worker.join(30)
    assert not worker.running
    assert stream_session.status().frames == 0


def test_an_assessor_that_breaks_does_not_end_the_thread(fakes):
    stage = fakes.Stage()
    stage.assessor.says = "breaks"
    worker = Worker(stage.stream_session, engine=engine())
    worker.put(picture(1))
    until(lambda: stage.stream_session.status().broken)
    stage.assessor.says = "ready"
    worker.put(picture(2))
    until(lambda: not stage.stream_session.status().broken)
    worker.stop()
    worker.join(30)
    assert not workers()


def test_one_frame_that_fails_ends_nothing(worker, slow):
    """As a log did whose disk was full."""
    slow.may_go.set()
    process_frame, failed = worker.stream_session.process_frame, threading.Event()

    def once(frame):
        if not failed.is_set():
            failed.set()
            raise OSError("No space left on device")
        return process_frame(frame)

    worker.stream_session.process_frame = once
    worker.put(picture(1))
    assert failed.wait(30)
    worker.put(picture(2))
    until(lambda: worker.stream_session.status().frames == 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_was_ended_is_replaced_with_the_next_frame(worker, slow):
    slow.may_go.set()
    process_frame, ended = worker.stream_session.process_frame, threading.Event()

    def once(frame):
        if not ended.is_set():
            ended.set()
            raise SystemExit  # ends the thread it is raised in, and no other
        return process_frame(frame)

    worker.stream_session.process_frame = once
    worker.put(picture(1))
    assert ended.wait(30)
    worker.join(30)
    assert not worker.running
    worker.put(picture(2))
    until(lambda: worker.stream_session.status().frames == 1)
