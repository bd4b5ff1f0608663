"""How many streams this machine can serve, measured once, at the first stream.

What is measured is processor time, which a busy moment does not change: of one assessment on one thread, and
of one frame of video (decoded, handed over, and sent back) at 640 x 480. The rest of a stream's work cannot
be had apart (packets, the page's runs, the change of threads) and is a factor of these two, found with the
load bench. Frames are not put together to batches: where it was measured, a frame of a batch took as long as
one alone (docs/decisions/engine.md).
"""

import logging
import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np
from aiortc.codecs.vpx import Vp8Decoder, Vp8Encoder, VpxPayloadDescriptor
from aiortc.jitterbuffer import JitterFrame

from core.quality.verdict import Assessor, RunsOnThreads
from core.runtime.engine import threads_setting

_LOG: Final = logging.getLogger(__name__)
STREAMS_VARIABLE: Final = "RETAKE_STREAMS"
LEAST_RATE: Final = 3.0
"""Verdicts a second below which coaching is of no use: a stream that would get fewer is not let in."""
VIDEO_RATE: Final = 24.0
"""Frames a second that cameras are asked for."""
OFTEN_ENOUGH_S: Final = 0.1
"""An assessment that takes no longer than this on one thread needs no second one: threads cost more together
than apart, and a preset looks at a picture no more often."""
USABLE: Final = 0.6
"""Share of the processor that streams may take: the rest is for pages without a camera and what else runs.
With 0.7 the arithmetic lets five in where the load bench found four coached and six not; five was not tried
(docs/scaling.md)."""
OVERHEAD: Final = 1.7
"""A stream's processor time over that of its assessments and its video alone: packets, the relay, the page
that asks, the change of threads. ``python -m core bench live``: 1.69, 1.66 and 1.69 with one, two and four
streams (docs/scaling.md)."""
PYTHON: Final = 0.25
"""Share of a stream's processor time that holds Python's lock, of which a process has one, however many cores
there are (docs/scaling.md)."""
_SIZE: Final = (480, 640)
_ROUNDS: Final = 3


@dataclass(frozen=True)
class Plan:
    """How streams are served: by so many threads, and at most so many streams."""

    threads: int
    streams: int


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one assessment on one thread, and of one frame of video."""

    assessment_s: float
    video_s: float


def plan_for(cost: Cost, cores: int, threads: int | None = None, streams: int | None = None) -> Plan:
    """The plan that follows from what was measured.

    A process cannot use more than 1 / ``PYTHON`` cores: beyond these only another process lets more
    streams in.

    Args:
        cost: measured.
        cores: that this process may use.
        threads: of the network, where they were set; else as few as keep up with a preset's fastest pace.
        streams: at most, where that was set.
    """
    network = threads or threads_for(cost, cores)
    each = OVERHEAD * (LEAST_RATE * cost.assessment_s + VIDEO_RATE * cost.video_s)
    used = USABLE * min(cores, 1 / PYTHON)
    return Plan(max(1, cores // network), streams or max(1, int(used / each)))


def threads_for(cost: Cost, cores: int) -> int:
    """As few threads for the network as keep an assessment within ``OFTEN_ENOUGH_S``."""
    return min(cores, max(1, -int(-cost.assessment_s // OFTEN_ENOUGH_S)))


def streams_setting() -> int | None:
    """``RETAKE_STREAMS`` where it is a whole number above 0, else None."""
    setting = os.environ.get(STREAMS_VARIABLE, "")
    return int(setting) if setting.isdecimal() and int(setting) > 0 else None


_lock: Final = threading.Lock()
_plans: Final[dict[str, Plan]] = {}


def measured(assessor: Assessor) -> Plan:
    """The plan for streams that an assessor judges: measured at its first stream, for this process's life."""
    with _lock:
        if assessor.name not in _plans:
            try:
                _plans[assessor.name] = _measure(assessor)
            except Exception:  # its streams say so themselves
                _LOG.exception("An assessor could not be measured")
                _plans[assessor.name] = Plan(1, streams_setting() or 1)
        return _plans[assessor.name]


def _measure(assessor: Assessor) -> Plan:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = threads_setting()
    tuned = assessor if isinstance(assessor, RunsOnThreads) and threads is None else None
    if tuned is not None:
        tuned.use_threads(1)  # all of the work is this thread's, and is measured
    picture, rule = _picture(0), assessor.rule()
    cost = Cost(typical(lambda: assessor.assess(picture, rule)), typical(Video().pass_on))
    if tuned is not None:
        tuned.use_threads(threads_for(cost, cores))
    return plan_for(cost, cores, threads, streams_setting())


def typical(
    run: Callable[[], object], rounds: int = _ROUNDS, clock: Callable[[], float] = time.thread_time
) -> float:
    """The median processor seconds that a call takes of this thread, after one that is not counted."""
    taken = []
    for _turn in range(rounds + 1):
        before = clock()
        run()
        taken.append(clock() - before)
    return statistics.median(taken[1:])


def _picture(turn: int) -> np.ndarray:
    """A soft picture with a camera's noise, each turn another one."""
    rows, columns = np.indices(_SIZE)
    soft = 120 + 60 * np.sin((columns + 3 * turn) / 40) * np.sin(rows / 50)
    noise = np.random.default_rng(turn).integers(-3, 4, (*_SIZE, 3))
    return (soft[..., None] + noise).astype(np.uint8)


class Video:
    """Frames as the browser sends them; each is decoded, handed over, and encoded for the way back."""

    def __init__(self) -> None:
        sender = Vp8Encoder()
        self._sent = [self._encoded(sender, turn) for turn in range(_ROUNDS + 1)]
        self._decoder, self._encoder = Vp8Decoder(), Vp8Encoder()
        self._next = iter(self._sent)

    @staticmethod
    def _frame(rgb: np.ndarray, turn: int) -> av.VideoFrame:
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = turn * 3750, Fraction(1, 90000)
        return frame

    def _encoded(self, encoder: Vp8Encoder, turn: int) -> JitterFrame:
        packets, stamp = encoder.encode(self._frame(_picture(turn), turn))
        return JitterFrame(b"".join(VpxPayloadDescriptor.parse(packet)[1] for packet in packets), stamp)

    def pass_on(self) -> None:
        """The work that the next frame makes; raises StopIteration after ``_ROUNDS`` + 1."""
        sent = next(self._next)
        for frame in self._decoder.decode(sent):
            assert isinstance(frame, av.VideoFrame)
            rgb = frame.to_ndarray(format="rgb24")
            self._encoder.encode(self._frame(rgb.copy(), sent.timestamp // 3750))
