"""Tells a camera page when what it shows has changed, so that it need not ask again and again.

The page's browser listens at an address that only it was told (:mod:`core.live.changes_route`), and has its
page run when a message comes. A message says nothing but that; what is shown is read by the run.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from weakref import WeakValueDictionary

from core.live.stream_session import Frame, StreamSession, StreamStatus

_TOKEN_BYTES: Final = 16


class Changes:
    """Of one stream; its methods may be called from any thread.

    Args:
        clock: seconds that never go back.

    Attributes:
        token: names it in an address; cannot be guessed.
        every_s: a message is due when this many seconds went by since the last, even if nothing but
            measurements changed; None while nobody looks at them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.every_s: float | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._shown: Hashable = None
        self._told_at = clock()
        self._listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        _KNOWN[self.token] = self

    @property
    def listened(self) -> bool:
        """Whether somebody waits for messages now."""
        return bool(self._listeners)

    def show(self, what: Hashable) -> None:
        """What a page would show now; those who listen are told where it is something else than before."""
        with self._lock:
            now = self._clock()
            due = self.every_s is not None and now - self._told_at >= self.every_s
            if what == self._shown and not due:
                return
            self._shown, self._told_at = what, now
            for loop, changed in self._listeners:
                with suppress(RuntimeError):  # the server is ending
                    loop.call_soon_threadsafe(changed.set)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event of the running loop, set with every message; who waits for it clears it."""
        one = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            self._listeners.append(one)
        try:
            yield one[1]
        finally:
            with self._lock:
                self._listeners.remove(one)


_KNOWN: Final[WeakValueDictionary[str, Changes]] = WeakValueDictionary()


def known(token: str) -> Changes | None:
    """The one that a token names, as long as its stream's visit lasts."""
    return _KNOWN.get(token)


class Announced:
    """A stream session whose changes are told, for the engine to serve."""

    def __init__(self, session: StreamSession, changes: Changes) -> None:
        self._session, self._changes = session, changes

    def process_frame(self, frame: Frame) -> None:
        """Assess one frame."""
        self._show(self._session.process_frame(frame))

    def lost(self) -> None:
        """No frame came for too long."""
        self._show(self._session.lost())

    def end_stream(self) -> None:
        """The stream is over."""
        self._session.end_stream()
        self._show(self._session.status())

    def _show(self, now: StreamStatus) -> None:
        begun = now.frames > 0
        self._changes.show((now.key, begun, now.refused, now.may_override, now.broken, now.due, now.help))
