"""What one assessor answered for N photos, as arrays, and what raters found in the same photos."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.compare.labels import Label
from core.photo import Photo
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Assessor, PassRule, Verdict, chance_good, shifted

UNLABELLED: Final = -1


@dataclass(frozen=True)
class Judge:
    """An assessor with the rule that it judges by.

    Attributes:
        rule: of the preset, over the assessor's own at the preset's operating point.
    """

    assessor: Assessor
    rule: PassRule

    @property
    def name(self) -> str:
        """What the assessor is called."""
        return self.assessor.name


@dataclass(frozen=True)
class Answers:
    """Answers to N photos under one rule.

    Attributes:
        rule: what passed.
        passes: bool, N.
        label: int, N: quality class.
        flagged: bool, N x 5: explanations that counted as a fault.
        quality: float, N x 4: probabilities (0-1) of the classes, without the rule's class offsets.
        explanations: float, N x 5: probabilities (0-1).
        good: float, N: probability (0-1) that the photo is good, thresholds aside.
        milliseconds: float, N: time that assessing took.
    """

    rule: PassRule
    passes: np.ndarray
    label: np.ndarray
    flagged: np.ndarray
    quality: np.ndarray
    explanations: np.ndarray
    good: np.ndarray
    milliseconds: np.ndarray

    def __len__(self) -> int:
        return len(self.passes)

    def subset(self, keep: np.ndarray) -> "Answers":
        """Those where ``keep`` (bool, N)."""
        columns = ("passes", "label", "flagged", "quality", "explanations", "good", "milliseconds")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})


@dataclass(frozen=True)
class Truth:
    """What raters found in N photos.

    Attributes:
        label: int, N: quality class, ``UNLABELLED`` where there is no label.
        explained: float, N x 5: 1 where at least one rater gave the explanation, nan where nothing is said.
    """

    label: np.ndarray
    explained: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Bool, N: labelled."""
        return self.label != UNLABELLED

    def good(self, rule: PassRule) -> np.ndarray:
        """Bool, N: of a class that may pass under a rule."""
        passing = [QUALITY_CLASSES.index(name) for name in passing_classes(rule)]
        return np.isin(self.label, passing)


def passing_classes(rule: PassRule) -> tuple[str, ...]:
    """The quality classes that may pass."""
    return ("lesion", "healthy_skin") if rule.healthy_skin_passes else ("lesion",)


def judge_photo(
    judges: Iterable[Judge], rgb: np.ndarray, width: int, height: int, clock: Callable[[], float]
) -> dict[str, Verdict]:
    """The verdicts of several assessors on one picture, by name, each with the milliseconds it took here.

    Args:
        rgb: uint8 RGB, H x W x 3.
        width, height: size to report, in pixels.
        clock: seconds, such as ``time.perf_counter``.
    """
    found = {}
    for judge in judges:
        started = clock()
        verdict = judge.assessor.assess(rgb, judge.rule, width=width, height=height)
        found[judge.name] = replace(verdict, milliseconds=(clock() - started) * 1000)
    return found


def judge_whole(judges: Iterable[Judge], photo: Photo, clock: Callable[[], float]) -> dict[str, Verdict]:
    """The same for a photo that was read."""
    return judge_photo(judges, photo.small, photo.width, photo.height, clock)


def answers_of(verdicts: Sequence[Verdict], rule: PassRule) -> Answers:
    """Verdicts under one rule as arrays."""
    undone = {name: -offset for name, offset in rule.class_offsets.items()}
    qualities = [shifted(verdict.quality, undone) if undone else verdict.quality for verdict in verdicts]
    return Answers(
        rule=rule,
        passes=np.array([verdict.passes for verdict in verdicts], bool),
        label=np.array([QUALITY_CLASSES.index(verdict.label) for verdict in verdicts], int),
        flagged=_grid([[name in verdict.flagged for name in EXPLANATIONS] for verdict in verdicts], bool),
        quality=_grid([[quality[name] for name in QUALITY_CLASSES] for quality in qualities], float, 4),
        explanations=_grid([[one.explanations[name] for name in EXPLANATIONS] for one in verdicts], float),
        good=np.array([chance_good(verdict, rule.healthy_skin_passes) for verdict in verdicts], float),
        milliseconds=np.array([verdict.milliseconds for verdict in verdicts], float),
    )


def _grid(rows: Sequence[Sequence[float]], kind: type, columns: int = len(EXPLANATIONS)) -> np.ndarray:
    return np.array(rows, kind).reshape(len(rows), columns)


def truth_of(names: Sequence[str], labels: Mapping[str, Label]) -> Truth | None:
    """The labels of photos in their order; None where none of them has one."""
    found = [labels.get(name) for name in names]
    if not any(found):
        return None
    label = [UNLABELLED if one is None else QUALITY_CLASSES.index(one.quality) for one in found]
    explained = [
        [math.nan] * len(EXPLANATIONS)
        if one is None or one.explanations is None
        else [float(name in one.explanations) for name in EXPLANATIONS]
        for one in found
    ]
    return Truth(np.array(label, int), np.array(explained, float))
