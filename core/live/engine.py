"""The streams of this process share one engine: a few threads that serve them by turns.

A stream's mailbox holds one frame, and a newer one replaces it. So what is assessed is never older than the
time between two frames of its camera, and its verdict comes one assessment (A seconds) later, however many
streams there are. What falls is each stream's rate: with N streams on W threads, each of which has a core,
to W / (N A) a second.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Final, Protocol

from core.live.capacity import Plan, measured
from core.live.scheduler import Action, Place, next_turn, seconds_until_due
from core.live.stream_session import Frame
from core.quality.verdict import Assessor
from core.serving import counters

_LOG: Final = logging.getLogger(__name__)


class Thread(Protocol):
    """What the engine needs of a thread."""

    def is_alive(self) -> bool:
        """Whether it runs."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        ...


def _start(run: Callable[[], None]) -> Thread:
    thread = threading.Thread(target=run, name="retake-worker", daemon=True)
    thread.start()
    return thread


class StreamEngine:
    """Serves streams by turns; its methods may be called from any thread.

    Threads start with the first stream and end with the last, so that an idle engine costs nothing. One that
    was ended from outside is replaced with the next frame of any stream; the stream that it was at work for
    leaves, and is back with its own next frame.

    Args:
        plan: how many threads and streams, for streams that an assessor judges; called before a stream is
            let in.
        clock: seconds that never go back.
        start: runs a function in a thread.
    """

    def __init__(
        self,
        plan: Callable[[Assessor], Plan],
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], Thread] = _start,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._start = start
        self._changed = threading.Condition()
        self._places: list[Place] = []
        self._threads: list[Thread] = []
        self._ending: list[Thread] = []

    def __len__(self) -> int:
        """How many streams it serves."""
        return len(self._places)

    def serves(self, place: Place) -> bool:
        """Whether a stream has its place."""
        return place in self._places

    def put(self, place: Place, frame: Frame, assessor: Assessor) -> bool:
        """Leave a stream's newest frame and return at once; the first frame asks for a place.

        Returns:
            whether the stream is served; False when all places are taken.
        """
        plan = self._plan(assessor)
        with self._changed:
            if not self.serves(place):
                # Who closed the page may be silent for a while before the stream is over.
                if sum(not other.reported for other in self._places) >= plan.streams:
                    counters.frame_came(False)
                    return False
                place.quiet_since, place.reported, place.busy = self._clock(), False, False
                self._places.append(place)
                counters.streams(len(self._places))
            replaced = place.put(frame)
            counters.frame_came(replaced)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            while len(self._threads) < min(plan.threads, len(self._places)):
                self._threads.append(self._start(self.run))
            if not replaced:  # else it is due when the one before it was
                self._changed.notify_all()
            return True

    def stop(self, place: Place) -> None:
        """A stream ended. Does not wait."""
        with self._changed:
            if self.serves(place):
                place.stop()
                self._changed.notify_all()

    def join(self, place: Place, timeout: float) -> None:
        """Wait up to ``timeout`` seconds until a stream has left, and the threads where it was the last."""
        with self._changed:
            self._changed.wait_for(lambda: not self.serves(place), timeout)
            threads = [] if self._places else [*self._threads, *self._ending]
        for thread in threads:
            thread.join(timeout)

    def run(self) -> None:
        """Serve streams until there are none: what each thread does."""
        while self.step(wait=True):
            pass

    def step(self, wait: bool = False) -> bool:
        """Serve one stream, if one is due.

        Args:
            wait: whether to wait for one, as long as there are streams.

        Returns:
            whether one was served.
        """
        with self._changed:
            while (turn := next_turn(self._places, self._clock())) is None:
                if not self._places:
                    self._leave()
                if not wait or not self._places:
                    return False
                self._changed.wait(seconds_until_due(self._places, self._clock()))
            place, action = turn
            call = place.begin(action, self._clock())
        self._serve(place, action, call)
        return True

    def _leave(self) -> None:
        """This thread ends: the next stream needs another."""
        current = threading.current_thread()
        self._ending = [thread for thread in self._ending if thread.is_alive()]
        self._ending += [thread for thread in self._threads if thread is current]
        self._threads = [thread for thread in self._threads if thread is not current]

    def _serve(self, place: Place, action: Action, call: Callable[[], object]) -> None:
        stays = False
        try:
            try:
                call()
            except Exception:
                _LOG.exception("A frame was left out")  # one frame's trouble is not the next one's
            stays = True
        finally:  # also where the thread is being ended
            with self._changed:
                if not (place.finish(action, self._clock()) and stays):
                    self._places.remove(place)
                    counters.streams(len(self._places))
                self._changed.notify_all()


@cache
def shared() -> StreamEngine:
    """The engine of this process."""
    return StreamEngine(measured)
