"""An assessor's thresholds moved together, from lenient to strict, and what each place costs.

A photo passes where its class may and every explanation stays below its threshold. Moving all thresholds by
the same step on the log-odds scale makes a line of pass rules, each of which a preset can hold; the margin of
a photo is the step at which it stops passing, so that one score orders all photos. What is measured here is
the assessor alone: a second opinion does not go by thresholds, and a preset saved from here leaves it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.compare.answers import Answers, Truth, passing_classes
from core.guidance.preset import Preset
from core.metrics import auc, wilson
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule

_LEAST: Final = 1e-4
_REFUSED: Final = -100.0
"""Margins of photos that no threshold lets pass lie below this."""
MOST_POINTS: Final = 41


@dataclass(frozen=True)
class OperatingPoint:
    """One place on the line, counted on labelled photos.

    Attributes:
        thresholds: probability (0-1) per explanation from which it counts as a fault.
        good, bad: how many labelled photos should pass, and how many should not.
        sent_back: good photos that are refused.
        let_through: bad photos that pass.
    """

    thresholds: dict[str, float]
    good: int
    bad: int
    sent_back: int
    let_through: int

    @property
    def alarms(self) -> float:
        """Share (0-1) of the good photos that is sent back."""
        return self.sent_back / self.good if self.good else float("nan")

    @property
    def found(self) -> float:
        """Share (0-1) of the bad photos that is refused."""
        return 1 - self.let_through / self.bad if self.bad else float("nan")

    def around(self) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        """95 % intervals (Wilson) of the shares sent back and let through; None of no photo."""
        return wilson(self.sent_back, self.good), wilson(self.let_through, self.bad)


def _log_odds(values: np.ndarray) -> np.ndarray:
    clipped = np.clip(values, 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))


def _thresholds(rule: PassRule) -> np.ndarray:
    return np.array([rule.thresholds[name] for name in EXPLANATIONS], float)


def _class_margin(answers: Answers, rule: PassRule) -> np.ndarray:
    """By how much (log odds) the best class that may pass leads the best other one: float, N."""
    offsets = np.array([rule.class_offsets.get(name, 0.0) for name in QUALITY_CLASSES])
    scores = np.log(np.clip(answers.quality, 1e-9, 1)) + offsets
    may = np.isin(QUALITY_CLASSES, passing_classes(rule))
    return scores[:, may].max(axis=1) - scores[:, ~may].max(axis=1)


def margins(answers: Answers) -> np.ndarray:
    """How far (log odds) the thresholds can be tightened until each photo is refused: float, N.

    The score of "good" by which photos are ordered. It is negative for one that is refused as it is. Photos
    that are refused for their class, whatever the thresholds, come below all others, by their class.
    """
    rule = answers.rule
    thresholds = _thresholds(rule)
    counted = thresholds < 1
    lead = _class_margin(answers, rule)
    if not counted.any():
        slack = lead
    else:
        room = _log_odds(thresholds[counted]) - _log_odds(answers.explanations[:, counted])
        slack = room.min(axis=1)
    # Of equals the class that comes first is taken, and the classes that may pass come first.
    return np.where(lead >= 0, slack, _REFUSED + np.maximum(lead, _REFUSED))


def passes_under(answers: Answers, rule: PassRule) -> np.ndarray:
    """Which photos pass under another rule, by the assessor alone: bool, N."""
    over = answers.explanations >= _thresholds(rule)
    return (_class_margin(answers, rule) >= 0) & ~over.any(axis=1)


def area(answers: Answers, truth: Truth) -> float:
    """Area under the ROC curve of the margins for telling good photos from bad ones; nan without both."""
    known = truth.known
    return float(auc(truth.good(answers.rule)[known], margins(answers)[known]))


def moved(rule: PassRule, step: float) -> PassRule:
    """A rule with all thresholds moved by a step (log odds; down is stricter), by the assessor alone."""
    found = {}
    for name, threshold in rule.thresholds.items():
        if threshold >= 1:  # it never counts, and goes on so
            found[name] = 1.0
            continue
        shifted = 1 / (1 + np.exp(-(_log_odds(np.array(threshold)) + step)))
        found[name] = round(float(np.clip(shifted, _LEAST, 1 - _LEAST)), 4)
    return replace(rule, thresholds=found, second_opinion=False)


def at(answers: Answers, truth: Truth, rule: PassRule) -> OperatingPoint:
    """What a rule costs on the labelled photos."""
    known = truth.known
    good = truth.good(rule)[known]
    passes = passes_under(answers, rule)[known]
    return OperatingPoint(
        thresholds=dict(rule.thresholds),
        good=int(good.sum()),
        bad=int((~good).sum()),
        sent_back=int((good & ~passes).sum()),
        let_through=int((~good & passes).sum()),
    )


def as_judged(answers: Answers, truth: Truth) -> OperatingPoint:
    """What the rule in use costs, as the photos were judged under it, second opinion and all."""
    known = truth.known
    good, passes = truth.good(answers.rule)[known], answers.passes[known]
    return OperatingPoint(
        thresholds=dict(answers.rule.thresholds),
        good=int(good.sum()),
        bad=int((~good).sum()),
        sent_back=int((good & ~passes).sum()),
        let_through=int((~good & passes).sum()),
    )


def points(answers: Answers, truth: Truth, most: int = MOST_POINTS) -> list[OperatingPoint]:
    """The places on the line that differ, from lenient to strict; at most so many.

    Returns:
        an empty list without labelled photos of both kinds.
    """
    known = truth.known
    good = truth.good(answers.rule)[known]
    if not good.any() or good.all():
        return []
    values = np.unique(margins(answers)[known])
    values = values[values > _REFUSED / 2]
    # Half way between two photos, so that rounding a threshold changes nothing.
    between = (values[1:] + values[:-1]) / 2
    steps = [
        *([-values[0] + 1] if len(values) else [1.0]),
        *(-between),
        *([-values[-1] - 1] if len(values) else []),
    ]
    steps.sort(reverse=True)
    found: list[OperatingPoint] = []
    for step in steps:
        point = at(answers, truth, moved(answers.rule, float(step)))
        if not found or (point.sent_back, point.let_through) != (found[-1].sent_back, found[-1].let_through):
            found.append(point)
    if len(found) > most:
        found = [
            found[place] for place in np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))
        ]
    return found


def curve(answers: Answers, truth: Truth) -> list[tuple[float, float]]:
    """The ROC curve of the margins: share of good photos sent back and of bad ones refused, 0 to 1 each.

    Returns:
        an empty list without labelled photos of both kinds.
    """
    known = truth.known
    good, score = truth.good(answers.rule)[known], margins(answers)[known]
    if not good.any() or good.all():
        return []
    order = np.argsort(score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) > 0, True))
    alarms = np.cumsum(good[order])[last] / good.sum()
    found = np.cumsum(~good[order])[last] / (~good).sum()
    return [(0.0, 0.0), *((float(x), float(y)) for x, y in zip(alarms, found, strict=True))]


def preset_at(base: Preset, assessor: str, point: OperatingPoint, name: str, description: str) -> Preset:
    """A preset that judges as this point was measured: by this assessor alone, with these thresholds."""
    return base.model_copy(
        update={
            "name": name,
            "version": 1,
            "description": description,
            "assessor": assessor,
            "second_opinion": False,
            "thresholds": dict(point.thresholds),
        }
    )


def nearest(found: Sequence[OperatingPoint], to: OperatingPoint) -> int:
    """The place in a list of points that costs most nearly the same as another."""
    distance = [abs(one.alarms - to.alarms) + abs(one.found - to.found) for one in found]
    return int(np.argmin(distance))
