"""One thread a stream: takes the newest frame, has it looked at, and goes when the stream goes."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from core.live.mailbox import Mailbox
from core.live.stream_session import Frame, StreamSession
from core.serving import counters

_LOG: Final = logging.getLogger(__name__)
GONE_AFTER_S: Final = 20.0
"""A stream that brought nothing for this long is over, even if nothing reported it."""


class Worker:
    """Feeds a stream session from a stream's callback.

    The thread starts with the first frame and ends when the stream does (:meth:`stop`) or when no frame came
    for a long time; between frames it sleeps, so an idle stream costs nothing. A later frame starts
    another thread.

    Args:
        clock: seconds that never go back, the stream session's own.
        gone_after_s: when a silent stream counts as over, in seconds.
    """

    def __init__(
        self,
        stream_session: StreamSession,
        clock: Callable[[], float] = time.monotonic,
        gone_after_s: float = GONE_AFTER_S,
    ) -> None:
        self.stream_session = stream_session
        self._clock = clock
        self._gone_after_s = gone_after_s
        self._lock = threading.Lock()
        self._mailbox: Mailbox[Frame] | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def put(self, rgb: np.ndarray) -> None:
        """Leave a frame (uint8 RGB, H x W x 3, not written to afterwards) and return at once."""
        with self._lock:
            # A thread that was ended from outside leaves its mailbox open.
            if self._mailbox is None or self._mailbox.closed or not self.running:
                self._mailbox = Mailbox()
                self._thread = threading.Thread(
                    target=self._run, args=(self._mailbox, self._thread), name="retake-worker", daemon=True
                )
                self._thread.start()
            counters.frame_came(self._mailbox.put(Frame(rgb=rgb, at=self._clock())))

    def stop(self) -> None:
        """The stream ended: let the thread go. Does not wait; safe to call twice, and from any thread."""
        with self._lock:
            if self._mailbox is not None:
                self._mailbox.close()

    def join(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds for the thread to end."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self, mailbox: Mailbox[Frame], before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # one at a time: the last stream's thread may still be on its last frame
        with counters.stream():
            self._watch(mailbox)

    def _watch(self, mailbox: Mailbox[Frame]) -> None:
        missing_after = self.stream_session.preset.camera.missing_after_s
        pause = self.stream_session.preset.timing.assess_every_ms / 1000
        silent = 0.0
        while not mailbox.closed:
            wait = missing_after if silent == 0 else self._gone_after_s
            frame = mailbox.take(wait)
            if frame is not None:
                silent = 0.0
                started = self._clock()
                try:
                    self.stream_session.process_frame(frame)
                except Exception:
                    _LOG.exception("A frame was left out")  # one frame's trouble is not the next one's
                # Not faster than the preset asks: the rest of the machine belongs to the video.
                mailbox.wait_closed(pause - (self._clock() - started))
            elif not mailbox.closed:
                silent += wait
                if silent > self._gone_after_s:
                    break
                self.stream_session.lost()
        mailbox.close()
        self.stream_session.end_stream()
