"""Of the frames of the last moments the best one, with few of them held."""

from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


def _let_go(_item: object) -> None:
    pass


class BestFrame(Generic[_Item]):
    """Keeps the frames that may still turn out the best of a sliding time: each worse than the one before it.

    Args:
        window_s: how old the best may be, in seconds.
        most: how many are held at a time.
        release: called with each that is let go without having been handed out.
    """

    def __init__(self, window_s: float, most: int = 4, release: Callable[[_Item], object] = _let_go) -> None:
        self._window = window_s
        self._most = most
        self._release = release
        self._held: list[tuple[float, float, _Item]] = []

    def __len__(self) -> int:
        return len(self._held)

    def offer(self, item: _Item, score: float, at: float) -> None:
        """Take in a frame; of equal ones the newer is kept.

        Args:
            score: the higher the better.
            at: when it came, seconds on a clock that never goes back.
        """
        self._expire(at)
        while self._held and self._held[-1][1] <= score:
            self._release(self._held.pop()[2])
        self._held.append((at, score, item))
        if len(self._held) > self._most:
            # The newest will outlive all others, and the first is the best: one between them goes.
            self._release(self._held.pop(-2)[2])

    def best(self, now: float) -> _Item | None:
        """The best of the window that ends now; it stays held."""
        self._expire(now)
        return self._held[0][2] if self._held else None

    def take(self, now: float) -> _Item | None:
        """The best of the window that ends now, handed out for good; the others are let go."""
        self._expire(now)
        item = self._held.pop(0)[2] if self._held else None
        self.forget()
        return item

    def forget(self) -> None:
        """Let go of all."""
        for _at, _score, item in self._held:
            self._release(item)
        self._held.clear()

    def _expire(self, now: float) -> None:
        while self._held and self._held[0][0] < now - self._window:
            self._release(self._held.pop(0)[2])
