"""One hint at a time, and no flapping: a vote over the last moments picks what is said."""

import math
from collections import deque
from collections.abc import Callable

from core.guidance.conditions import CALM_KEYS
from core.guidance.preset import Preset


class Stabiliser:
    """Turns a condition per frame into the condition that is shown.

    Every frame is a vote for its condition; a vote loses half its weight every half-life and all
    of it at the end of the window. A new condition takes over when it outweighs the one on
    screen by the preset's lead and the one on screen has stayed its time.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, preset: Preset, clock: Callable[[], float]) -> None:
        self._timing = preset.timing
        self._clock = clock
        self._votes: deque[tuple[float, str]] = deque()
        self._shown = "searching"
        self._since = -math.inf

    @property
    def shown(self) -> str:
        """The condition key that is shown now; ``"searching"`` before the first."""
        return self._shown

    @property
    def since(self) -> float:
        """When the shown condition took over, on the clock (seconds); minus infinity before the first."""
        return self._since

    def scores(self) -> dict[str, float]:
        """The weight of the votes for each condition in the window."""
        now = self._clock()
        half_life = self._timing.half_life_ms / 1000
        scores: dict[str, float] = {}
        for moment, key in self._votes:
            scores[key] = scores.get(key, 0.0) + 0.5 ** ((now - moment) / half_life)
        return scores

    def update(self, key: str, ready_allowed: bool = True) -> str:
        """Count one frame's condition and return the condition to show.

        Args:
            key: a condition key; ``"ready"`` for a frame that passes.
            ready_allowed: whether ``"ready"`` may be shown yet; until then the old hint stays.
        """
        now = self._clock()
        self._votes.append((now, key))
        while self._votes[0][0] < now - self._timing.window_ms / 1000:
            self._votes.popleft()
        scores = self.scores()
        best = max(scores, key=lambda name: scores[name])
        if best == self._shown or (best == "ready" and not ready_allowed):
            return self._shown
        if now - self._since < self._stay() or scores[best] < self._timing.lead * scores.get(
            self._shown, 0.0
        ):
            return self._shown
        self._shown = best
        self._since = now
        return self._shown

    def _stay(self) -> float:
        calm = self._shown in CALM_KEYS
        return (self._timing.calm_ms if calm else self._timing.hint_ms) / 1000
