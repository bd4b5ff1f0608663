"""Unsaved drafts in the server's memory, so that loading the Designer page again does not lose one.

Each has a random name that stands in the page's address. Nothing of it is written to disk; the oldest are
let go, and a server that starts anew has none.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

_T = TypeVar("_T")
_NAME_BYTES: Final = 18


@dataclass
class DraftStore(Generic[_T]):
    """So many drafts, by random names that cannot be guessed.

    Attributes:
        random_bytes: so many random bytes, such as ``secrets.token_bytes``.
        most: how many are kept; the one that was used longest ago goes first.
    """

    random_bytes: Callable[[int], bytes]
    most: int = 200
    _kept: OrderedDict[str, _T] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, draft: _T, name: str = "") -> str:
        """Keep a draft under its name, or under a new one; returns the name."""
        name = name or base64.urlsafe_b64encode(self.random_bytes(_NAME_BYTES)).decode("ascii")
        with self._lock:
            self._kept[name] = draft
            self._kept.move_to_end(name)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> _T | None:
        """The draft of that name; None where there is none any more."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)
