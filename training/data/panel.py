"""A simulated panel of raters: each has a tolerance and habits of their own, looks, and says what is wrong.

Where a fault begins for the median rater, and how much raters differ, is the table in the design ("Where
labels come from"). A rater who sees a fault minds it or not; who minds one votes ``poor_quality`` (a scene
without skin stays ``no_skin``), and names each fault seen only sometimes: raters disagree by leaving things
out, hardly ever by seeing what is not there. The class is the plurality, an explanation is true when at
least one rater gave it, the soft label is the share of votes.

Raters who see a fault early also mind and name it surely, so that plurality and any-rater labels stay close
to a function of the measures although two raters alone agree no better than the paper's dermatologists
(``python -m core evaluate panel``; docs/decisions/labels.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.synthetic.degrade import Measures

RATERS: Final = 12
# A rater is not quite the same from one photo to the next: share of the scatter between raters.
_LOOK: Final = 0.5
# From the rater at this rank on (0 strictest, 1 most lenient) faults that are seen are sometimes let pass.
# Half of the raters never do, so the plurality still turns where the median rater sees the fault.
_EASY: Final = 0.46
# Past the margin, the readiness to name a fault grows over this many deviations.
_RAMP: Final = 0.7
# The worst rater's chance of taking healthy skin for a lesion, and a small lesion for healthy skin.
_SEES_SPOTS: Final = 0.17
_OVERLOOKS: Final = 0.16
# Lesions up to this extent (share of the short side) are overlooked by habit, larger ones less.
_SMALL: Final = 0.2


@dataclass(frozen=True)
class FaultThreshold:
    """Where one fault begins: on which measure, which way is worse, and how raters scatter.

    Attributes:
        explanation, measure: names.
        begins: value at which the median rater objects.
        scatter: one deviation; a factor when ``factor``.
        above: whether larger is worse.
    """

    explanation: str
    measure: str
    median: float
    scatter: float
    above: bool
    factor: bool = False

    def z_score(self, value: float) -> float:
        """How far past the median rater's threshold a value lies, in deviations; negative or nan is fine."""
        if np.isnan(value) or (self.measure == "share" and value > 0.99):
            return float("-inf")  # nothing to see, or nothing cut off
        if self.factor:
            gap = np.log(max(value, 1e-9) / self.median) / np.log(self.scatter)
        else:
            gap = (value - self.median) / self.scatter
        return float(gap if self.above else -gap)


FAULT_THRESHOLDS: Final = (
    FaultThreshold("too_far_away", "extent", 0.12, 0.03, above=False),
    FaultThreshold("bad_framing", "share", 0.85, 0.08, above=False),
    FaultThreshold("bad_framing", "offset", 0.33, 0.06, above=True),
    FaultThreshold("blurry", "blur", 0.5, 1.4, above=True, factor=True),
    FaultThreshold("bad_light", "luma", 0.22, 0.04, above=False),
    FaultThreshold("bad_light", "luma", 0.85, 0.04, above=True),
    FaultThreshold("bad_light", "clipped", 0.12, 0.04, above=True),
    FaultThreshold("bad_light", "shading", 4.0, 1.0, above=True),
    FaultThreshold("bad_light", "cast", 22.0, 5.0, above=True),
    FaultThreshold("low_resolution", "pixels", 190, 1.25, above=False, factor=True),
    FaultThreshold("low_resolution", "jpeg", 22, 5, above=False),
)


def z_scores(measures: Measures) -> np.ndarray:
    """How far past the median rater's threshold each explanation is at its worst: float, 5, in deviations."""
    worst = np.full(len(EXPLANATIONS), -np.inf)
    for threshold in FAULT_THRESHOLDS:
        column = EXPLANATIONS.index(threshold.explanation)
        worst[column] = max(worst[column], threshold.z_score(getattr(measures, threshold.measure)))
    return worst


@dataclass(frozen=True)
class Habit:
    """What raters do about one fault that they see.

    Attributes:
        minds: the most lenient rater's chance of voting ``poor_quality`` for it; the strict always do.
        names: the strictest and the most lenient rater's chance of naming it when it is plain.
        margin: deviations past the own tolerance at which a rater begins to name it.
    """

    minds: float
    names: tuple[float, float]
    margin: float


# Tuned so that two raters agree about as the paper's dermatologists did; docs/decisions/labels.md.
HABITS: Final[Mapping[str, Habit]] = {
    "bad_framing": Habit(minds=0.0, names=(0.95, 0.1), margin=0.5),
    "bad_light": Habit(minds=0.5, names=(1.0, 0.85), margin=0.5),
    "blurry": Habit(minds=1.0, names=(1.0, 0.98), margin=0.5),
    "low_resolution": Habit(minds=0.0, names=(0.95, 0.38), margin=1.0),
    "too_far_away": Habit(minds=0.2, names=(1.0, 0.72), margin=0.5),
}


@dataclass(frozen=True)
class Votes:
    """A panel's votes on one photograph, counted.

    Attributes:
        quality: int, 4: votes per quality class.
        explanations: int, 5: raters who gave each explanation.
    """

    quality: np.ndarray
    explanations: np.ndarray

    @property
    def label(self) -> int:
        """Index of the plurality class; of equals, poor_quality wins, then the earlier."""
        top = np.flatnonzero(self.quality == self.quality.max())
        poor = QUALITY_CLASSES.index("poor_quality")
        return poor if poor in top else int(top[0])


@dataclass(frozen=True)
class Ballots:
    """Each rater's vote on one photograph.

    Attributes:
        quality: int, raters: index of the class voted for.
        explanations: bool, raters x 5: what each gave as reason.
    """

    quality: np.ndarray
    explanations: np.ndarray

    def count(self) -> Votes:
        """The same, counted."""
        quality = np.bincount(self.quality, minlength=len(QUALITY_CLASSES))
        return Votes(quality=quality, explanations=self.explanations.sum(axis=0))


class Panel:
    """Raters with fixed tolerances and habits, drawn once from a seed.

    Args:
        seed: the same seed seats the same raters.
        raters: how many.
    """

    def __init__(self, seed: int, raters: int = RATERS) -> None:
        rng = np.random.default_rng([seed, 77])
        # The seats are the quantiles of the scatter, so that every panel has its strict and its lenient rater
        # (at 1.7 deviations); who is strict about what is drawn, and strict raters are strict about most
        # things.
        places = (np.arange(raters) + 0.5) / raters
        seats = np.array([NormalDist().inv_cdf(place) for place in places])
        strict = rng.standard_normal((raters, 1))
        order = np.argsort(
            np.argsort(strict + 1.5 * rng.standard_normal((raters, len(EXPLANATIONS))), axis=0), axis=0
        )
        self.tolerance = seats[order]
        self.raters = raters
        rank = places[order]
        habits = [HABITS[name] for name in EXPLANATIONS]
        least = np.array([habit.minds for habit in habits])
        easy = np.clip((rank - _EASY) / (1 - _EASY), 0, 1)
        self.minds = least + (1 - least) * (1 - easy) ** 3
        first, last = np.array([habit.names for habit in habits]).T
        self.names = first + (last - first) * rank**0.8
        self.margin = np.array([habit.margin for habit in habits])
        # Who sees spots everywhere is not the one who overlooks them.
        eye = rng.permutation(raters)
        self.sees_spots = _SEES_SPOTS * places[eye] ** 2
        self.overlooks = _OVERLOOKS * places[::-1][eye] ** 2

    def past(self, measures: Measures, rng: np.random.Generator) -> np.ndarray:
        """Deviations by which each fault is past each rater's tolerance at this look: raters x 5.

        A rater sees the faults that are above 0, named or not.
        """
        look = rng.standard_normal(self.tolerance.shape) * _LOOK
        return z_scores(measures) - self.tolerance - look

    def ballots(self, measures: Measures, group: str, rng: np.random.Generator) -> Ballots:
        """Let each rater judge a photograph of lesion, healthy_skin or no_skin with these measures.

        The same generator draws the same luck whatever the measures, so worse measures never lose a vote.
        """
        past = self.past(measures, rng)
        mood = rng.random((self.raters, 1))
        minded = ((past > 0) & (mood < self.minds)).any(axis=1)
        ready = self.names * np.clip((past - self.margin) / _RAMP, 0, 1)
        named = (rng.random(past.shape) < ready) & minded[:, None]
        slip = rng.random(self.raters)
        sees = np.full(self.raters, QUALITY_CLASSES.index(group))
        if group == "healthy_skin":
            sees[slip < self.sees_spots] = QUALITY_CLASSES.index("lesion")
        if group == "lesion":
            small = 1.0 if np.isnan(measures.extent) else min(1.0, _SMALL / max(measures.extent, 1e-3))
            sees[slip < self.overlooks * small] = QUALITY_CLASSES.index("healthy_skin")
        if group != "no_skin":
            sees[minded] = QUALITY_CLASSES.index("poor_quality")
        return Ballots(quality=sees, explanations=named)

    def vote(self, measures: Measures, group: str, rng: np.random.Generator) -> Votes:
        """The ballots, counted."""
        return self.ballots(measures, group, rng).count()


def pairwise_f1(given: np.ndarray) -> np.ndarray:
    """F1 of every two raters' yes-or-no answers; nan for a pair of whom neither ever says yes.

    Args:
        given: bool, photos x raters.

    Returns:
        float, one for each of the raters * (raters - 1) / 2 pairs.
    """
    both = given.T.astype(np.int64) @ given.astype(np.int64)
    given_by = np.diag(both)
    one, two = np.triu_indices(given.shape[1], k=1)
    total = given_by[one] + given_by[two]
    return np.where(total > 0, 2 * both[one, two] / np.maximum(total, 1), np.nan)
