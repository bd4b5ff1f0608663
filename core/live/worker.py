"""A stream's way to the engine: leaves its newest frame there, and goes when the stream goes."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from core.live import engine as engines
from core.live.changes import Announced, Changes
from core.live.engine import StreamEngine
from core.live.scheduler import Place
from core.live.stream_session import Frame, StreamSession
from core.serving import counters

GONE_AFTER_S: Final = 20.0
"""A stream that brought nothing for this long is over, even if nothing reported it."""


class Worker:
    """Feeds a stream session from a stream's callback.

    The stream has a place in the engine from its first frame until it ends (:meth:`stop`), or until no frame
    came for a long time; a later frame asks for a place anew.

    Args:
        clock: seconds that never go back, the stream session's own.
        gone_after_s: when a silent stream counts as over, in seconds.
        engine: serves it; that of this process where none is given.

    Attributes:
        refused: whether the newest frame found all places taken.
        changes: tells a page when what it shows of this stream has changed.
    """

    def __init__(
        self,
        stream_session: StreamSession,
        clock: Callable[[], float] = time.monotonic,
        gone_after_s: float = GONE_AFTER_S,
        engine: StreamEngine | None = None,
    ) -> None:
        self.stream_session = stream_session
        self.refused = False
        self.changes = Changes(clock)
        self._clock = clock
        self._engine = engines.shared() if engine is None else engine
        preset = stream_session.preset
        self._place = Place(
            session=Announced(stream_session, self.changes),
            pause_s=preset.timing.assess_every_ms / 1000,
            lost_after_s=preset.camera.missing_after_s,
            gone_after_s=gone_after_s,
        )

    @property
    def running(self) -> bool:
        """Whether the stream has a place in the engine."""
        return self._engine.serves(self._place)

    def put(self, rgb: np.ndarray) -> None:
        """Leave a frame (uint8 RGB, H x W x 3, not written to afterwards) and return at once."""
        frame = Frame(rgb=rgb, at=self._clock())
        refused = not self._engine.put(self._place, frame, self.stream_session.assessor)
        if refused == self.refused:
            return
        if refused:
            counters.stream_refused()
        self.refused = refused
        self.changes.show(("refused", refused))

    def stop(self) -> None:
        """The stream ended. Does not wait; safe to call twice, and from any thread."""
        self._engine.stop(self._place)

    def join(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds until the engine has let the stream go."""
        self._engine.join(self._place, timeout)
