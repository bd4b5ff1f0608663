"""How each of the five points of a picture stands: one answer for card, report, tables and the live list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.guidance.conditions import family
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Verdict

State = Literal["fine", "nearly", "fault", "unjudged"]
"""``nearly``: under its threshold, and yet what keeps the picture from passing. ``unjudged``: it cannot
be judged here, so it is never called fine."""

OF_A_SPOT: Final = ("bad_framing", "too_far_away")
"""These points mean nothing where no spot is in the picture."""


@dataclass(frozen=True)
class Point:
    """One explanation of one picture.

    Attributes:
        key: the explanation.
        state: how it stands.
        condition: what it is worded by where it is to be improved: the refined condition where that is
            shown for the picture, else the explanation.
        share: its probability (0-1); None where the assessor gives none.
        threshold: the probability (0-1) from which it counts; None where it never does.
    """

    key: str
    state: State
    condition: str
    share: float | None
    threshold: float | None

    @property
    def to_improve(self) -> bool:
        """Whether there is anything to do about it."""
        return self.state in ("fault", "nearly")

    @property
    def measured(self) -> bool:
        """Whether probability and threshold say the same as the state, so that both may be shown."""
        if self.share is None or self.threshold is None or self.state == "unjudged":
            return False
        # A second opinion may flag what lies under its threshold, and clear what lies over it.
        return (self.state == "fault") == (self.share >= self.threshold)

    @property
    def has_place(self) -> bool:
        """Whether it may be asked where in the picture the assessor saw it."""
        return self.to_improve and self.measured


def points(verdict: Verdict, thresholds: Mapping[str, float], condition: str | None) -> tuple[Point, ...]:
    """The five points in vocabulary order.

    Args:
        thresholds: probability (0-1) per explanation from which it counts as a fault; at 1, or left out, it
            never counts.
        condition: what is shown for the picture (``core.guidance.hint.condition``, or a refined one); None
            when it passes.
    """
    flagged = {family(key) for key in verdict.flagged}
    named = None if condition is None else family(condition)
    found = []
    for key in EXPLANATIONS:
        threshold = thresholds.get(key, 1.0)
        share = verdict.explanations.get(key)
        known = share is not None and key not in verdict.not_judged
        state = _state(key, verdict, flagged, named, known and threshold < 1)
        worded = condition if condition is not None and key == named else key
        found.append(Point(key, state, worded, share, threshold if threshold < 1 else None))
    return tuple(found)


def shown_places(verdict: Verdict, found: Sequence[Point]) -> tuple[str, ...]:
    """What it may be asked for where in the picture the assessor saw it: explanations, or a quality class.

    An assessor that judges parts of a picture and names no explanation shows which part speaks against it.

    Args:
        found: the picture's points.
    """
    places = tuple(point.key for point in found if point.has_place)
    whole = bool(verdict.parts) and not verdict.passes and verdict.label == "poor_quality"
    return places or (("poor_quality",) if whole else ())


def _state(key: str, verdict: Verdict, flagged: set[str], named: str | None, judged: bool) -> State:
    if key in flagged:
        return "fault"
    if key == named:
        return "nearly" if verdict.label == "poor_quality" and not flagged else "fault"
    if not judged or (key in OF_A_SPOT and verdict.label in ("no_skin", "healthy_skin")):
        return "unjudged"
    # Where the light is bad nothing else can be known.
    return "unjudged" if "bad_light" in flagged else "fine"
