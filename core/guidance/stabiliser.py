"""One hint at a time, and no flapping: a vote over the last moments picks the prompt."""

import math
from collections import deque
from collections.abc import Callable, Mapping

from core.guidance.conditions import CALM_KEYS, family
from core.guidance.preset import Preset


class Stabiliser:
    """Turns a condition per frame into the condition that is shown.

    Every frame is a vote for its condition; a vote loses half its weight every half-life and all
    of it at the end of the window. A new condition takes over when it outweighs the one on
    screen by the preset's lead and the one on screen has stayed its time. Refined conditions vote together
    with the coarse one that they stand for, so that "too dark" and "bad light" do not stand against each
    other when something else is to be said; which of them is said is decided between them in the same way.

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
        best = self._next(scores)
        if best == "ready" and not ready_allowed:
            # The hint on screen waits for the steady second, but not once its own reason is long gone.
            del scores["ready"]
            best = self._shown if self._shown in scores else self._next(scores)
        if best != self._shown and now - self._since >= self._stay():
            self._shown = best
            self._since = now
        return self._shown

    def _next(self, scores: Mapping[str, float]) -> str:
        """What is to be shown by the votes alone; without any there is nothing to say yet."""
        if not scores:
            return "searching"
        families: dict[str, float] = {}
        for key, score in scores.items():
            families[family(key)] = families.get(family(key), 0.0) + score
        ours = families.get(family(self._shown), 0.0)
        first = max(families, key=lambda name: families[name])
        if first != family(self._shown) and families[first] < self._timing.lead * ours:
            first = family(self._shown)
        members = {key: score for key, score in scores.items() if family(key) == first}
        best = max(members, key=lambda name: members[name])
        if members[best] < self._timing.lead * members.get(self._shown, 0.0):
            return self._shown
        return best

    def _stay(self) -> float:
        calm = self._shown in CALM_KEYS
        return (self._timing.calm_ms if calm else self._timing.hint_ms) / 1000
