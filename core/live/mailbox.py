"""A mailbox for one thing: the newest wins, so the reader is never behind."""

import threading
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Mailbox(Generic[_T]):
    """Holds at most one item; putting never waits, and replaces what was not taken."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._item: _T | None = None
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing will be put or taken any more."""
        return self._closed

    def put(self, item: _T) -> bool:
        """Leave the newest item; one that was not taken yet is dropped. Returns whether there was one."""
        with self._arrived:
            if self._closed:
                return False
            replaced = self._item is not None
            self._item = item
            self._arrived.notify_all()
            return replaced

    def take(self, timeout: float) -> _T | None:
        """Wait up to ``timeout`` seconds for an item and take it; None when none came or it is closed."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def wait_closed(self, timeout: float) -> bool:
        """Sleep for ``timeout`` seconds, or until it is closed; returns whether it is."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self._closed, max(0.0, timeout))

    def close(self) -> None:
        """Drop what is inside and wake the waiting reader."""
        with self._arrived:
            self._closed = True
            self._item = None
            self._arrived.notify_all()
