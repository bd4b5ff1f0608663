"""Which stream is served next: fair by turns, the newest frame only. No threads and no clock here."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, TypeVar

from core.live.stream_session import Frame


class Action(Enum):
    """What a stream needs of a thread."""

    END = "end"
    FRAME = "frame"
    LOST = "lost"
    GONE = "gone"


class Served(Protocol):
    """What the engine calls: :class:`core.live.stream_session.StreamSession`."""

    def process_frame(self, frame: Frame) -> object:
        """Assess one frame."""
        ...

    def lost(self) -> object:
        """No frame came for too long."""
        ...

    def end_stream(self) -> None:
        """The stream is over."""
        ...


@dataclass(eq=False)
class Place:
    """One stream's place in the engine, with a mailbox for one frame.

    Attributes:
        session: what its frames go to.
        pause_s: a frame is assessed no sooner than this after the last one was begun, in seconds.
        lost_after_s: a stream that brought nothing for this long is reported.
        gone_after_s: and is over when nothing came for this long after that.
        frame: the newest frame that was not assessed yet.
        ending: whether the stream ended and its session does not know yet; a later frame begins the next one.
        busy: whether a thread is at work for it; never two at a time.
        begun: when the last frame's assessment began, in seconds on the engine's clock.
        quiet_since: since when nothing has happened.
        reported: whether the silence was reported.
    """

    session: Served
    pause_s: float
    lost_after_s: float
    gone_after_s: float
    frame: Frame | None = field(default=None, repr=False)
    ending: bool = False
    busy: bool = False
    begun: float = -math.inf
    quiet_since: float = 0.0
    reported: bool = False

    def put(self, frame: Frame) -> bool:
        """Leave the newest frame; returns whether it took the place of one that was not assessed."""
        replaced, self.frame = self.frame is not None, frame
        return replaced

    def stop(self) -> None:
        """The stream ended: what waits is dropped."""
        self.frame, self.ending = None, True

    def due(self) -> tuple[float, Action]:
        """When it needs a thread next, and what for."""
        if self.ending:
            return -math.inf, Action.END
        if self.frame is not None:
            return self.begun + self.pause_s, Action.FRAME
        if not self.reported:
            return self.quiet_since + self.lost_after_s, Action.LOST
        return self.quiet_since + self.lost_after_s + self.gone_after_s, Action.GONE

    def begin(self, action: Action, now: float) -> Callable[[], object]:
        """Mark it busy; returns what a thread has to call, and then :meth:`finish`."""
        self.busy = True
        if action is Action.FRAME and self.frame is not None:
            frame, self.frame, self.begun = self.frame, None, now
            return lambda: self.session.process_frame(frame)
        if action is Action.LOST:
            self.reported = True
            return self.session.lost
        self.ending = False
        return self.session.end_stream

    def finish(self, action: Action, now: float) -> bool:
        """The thread is done; returns whether the stream stays."""
        self.busy = False
        if action is Action.FRAME:
            self.quiet_since, self.reported = now, False
        return action in (Action.FRAME, Action.LOST) or self.frame is not None or self.ending


_P = TypeVar("_P", bound=Place)


def next_turn(places: Iterable[_P], now: float) -> tuple[_P, Action] | None:
    """The stream to serve, and what for; None when none is due.

    Of those that are due the one that was served longest ago: with N streams waiting none is served twice
    before each was once, however fast its frames come. Ends come first, for they free a place.
    """
    best: tuple[tuple[bool, float], _P, Action] | None = None
    for place in places:
        if place.busy:
            continue
        at, action = place.due()
        order = (action is not Action.END, place.begun)
        if at <= now and (best is None or order < best[0]):
            best = order, place, action
    return None if best is None else best[1:]


def seconds_until_due(places: Iterable[Place], now: float) -> float | None:
    """Seconds until a stream is due (0 when one is); None while nothing but a new frame can make one due."""
    waits = [max(0.0, place.due()[0] - now) for place in places if not place.busy]
    return min(waits, default=None)
