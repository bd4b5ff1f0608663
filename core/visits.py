"""Visits that outlive a page that is loaded again: what each keeps, and who may have it back. No Streamlit.

A browser's tab holds a token of 256 random bits and shows it when its page is loaded again. Nothing else
opens a visit: the token stands in no address, no log and no file. Everything is in memory, bounded in number,
bytes and age.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from core.study.events import EventLog

KEPT_S: Final = 15 * 60.0
"""How long a visit waits for a page that was closed."""
MOST: Final = 200
MOST_BYTES: Final = 400 * 1024 * 1024
_TOKEN_BYTES: Final = 32


@dataclass(eq=False)
class Visit:
    """One visit.

    Attributes:
        token: its holder may restore the visit; for the browser's tab alone.
        log: its events, with a session id that opens nothing.
        kept: what belongs to it, by name; values with an ``nbytes`` count against the limit.
        pages: the pages that show it, as the server names them.
        seen: when one last did, on the registry's clock.
    """

    token: str = field(repr=False)
    log: EventLog
    kept: dict[str, Any] = field(default_factory=dict, repr=False)
    pages: set[str] = field(default_factory=set)
    seen: float = 0.0

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return sum(getattr(value, "nbytes", 0) for value in tuple(self.kept.values()))

    @property
    def alone(self) -> bool:
        """Whether it keeps photos that nobody else has; the browser has what ``comes_again``."""
        kept = tuple(self.kept.values())
        return any(getattr(one, "nbytes", 0) and not getattr(one, "comes_again", False) for one in kept)


class Visits:
    """All visits of a server; any thread may ask.

    Args:
        clock: seconds that never go back.
        shown: whether a page, by its name, is open in a browser now.
        new_token: an unguessable token each call.
        kept_s: how long a visit is kept that no page shows, in seconds.
        most, most_bytes: how much is kept; over that, those that no page shows go, the longest unseen first.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        shown: Callable[[str], bool] = lambda _page: False,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(_TOKEN_BYTES),
        *,
        kept_s: float = KEPT_S,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._clock = clock
        self._shown = shown
        self._new_token = new_token
        self._kept_s = kept_s
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}

    def __len__(self) -> int:
        return len(self._visits)

    def begin(self, log: EventLog) -> Visit:
        """A new visit."""
        visit = Visit(self._new_token(), log, seen=self._clock())
        with self._lock:
            self._visits[visit.token] = visit
        self.tidy()
        return visit

    def find(self, token: str) -> Visit | None:
        """The visit that this token opens, or None: never was, too old, or let go of."""
        self.tidy()
        with self._lock:
            return self._visits.get(token)

    def show(self, visit: Visit, page: str) -> None:
        """A page shows this visit now; one that was let go of can be had back again from here on."""
        with self._lock:
            self._visits[visit.token] = visit
            visit.pages.add(page)
            visit.seen = self._clock()

    def drop(self, visit: Visit) -> None:
        """A visit is not to be had back; what it kept is left alone."""
        with self._lock:
            self._visits.pop(visit.token, None)

    def log_of(self, session_id: str) -> EventLog | None:
        """The log of a visit, by its session id, or by that of a log that it went on from."""
        with self._lock:
            logs = [visit.log for visit in self._visits.values()]
        return next((log for log in logs if log.knows(session_id)), None)

    def tidy(self) -> None:
        """Let go of what is too old, and of what is too much; the log of such a visit says that it ended."""
        now, gone = self._clock(), []
        with self._lock:
            for visit in self._visits.values():
                visit.pages = {page for page in visit.pages if self._shown(page)}
                if visit.pages:
                    visit.seen = now
            unseen = sorted((one for one in self._visits.values() if not one.pages), key=lambda one: one.seen)
            count, size = len(self._visits), sum(one.nbytes for one in self._visits.values())
            for visit in unseen:
                over = count > self._most or size > self._most_bytes
                if not over and now - visit.seen <= self._kept_s:
                    break
                count, size = count - 1, size - visit.nbytes
                del self._visits[visit.token]
                visit.kept.clear()
                gone.append(visit)
        for visit in gone:  # not while others wait: a log may be on a slow disk
            visit.log.add("session_ended", ago_ms=(now - visit.seen) * 1000)
