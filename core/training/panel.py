"""A simulated panel of raters: each has a tolerance of their own, looks, and says what is wrong.

Where a fault begins for the median rater, and how much raters differ, is the table in the design ("Where
labels come from"). A rater who sees any fault votes ``poor_quality`` (a scene without skin stays
``no_skin``). The class is the plurality, an explanation is true when at least one rater gave it, the soft
label is the share of votes.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.training.degrade import Measures

RATERS: Final = 12
# A rater is not quite the same from one photo to the next: share of the scatter between raters.
_LOOK: Final = 0.35
# Now and then a rater takes a lesion for healthy skin, or the reverse.
_SLIP: Final = 0.02


@dataclass(frozen=True)
class Onset:
    """Where one fault begins: on which measure, which way is worse, and how raters scatter.

    Attributes:
        explanation, measure: names.
        begins: value at which the median rater objects.
        scatter: one deviation; a factor when ``factor``.
        above: whether larger is worse.
    """

    explanation: str
    measure: str
    begins: float
    scatter: float
    above: bool
    factor: bool = False

    def sore(self, value: float) -> float:
        """How far past the median rater's onset a value lies, in deviations; negative or nan is fine."""
        if np.isnan(value) or (self.measure == "share" and value > 0.99):
            return float("-inf")  # nothing to see, or nothing cut off
        if self.factor:
            gap = np.log(max(value, 1e-9) / self.begins) / np.log(self.scatter)
        else:
            gap = (value - self.begins) / self.scatter
        return float(gap if self.above else -gap)


ONSETS: Final = (
    Onset("too_far_away", "extent", 0.12, 0.03, above=False),
    Onset("bad_framing", "share", 0.85, 0.08, above=False),
    Onset("bad_framing", "offset", 0.33, 0.06, above=True),
    Onset("blurry", "blur", 0.5, 1.4, above=True, factor=True),
    Onset("bad_light", "luma", 0.22, 0.04, above=False),
    Onset("bad_light", "luma", 0.85, 0.04, above=True),
    Onset("bad_light", "clipped", 0.12, 0.04, above=True),
    Onset("bad_light", "shading", 4.0, 1.0, above=True),
    Onset("low_resolution", "pixels", 190, 1.25, above=False, factor=True),
    Onset("low_resolution", "jpeg", 22, 5, above=False),
)


@dataclass(frozen=True)
class Votes:
    """What a panel said of one photograph.

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

    @property
    def true_explanations(self) -> np.ndarray:
        """Bool, 5: given by at least one rater."""
        return self.explanations > 0

    @property
    def shares(self) -> np.ndarray:
        """Float32, 4: share of votes per class."""
        return (self.quality / max(1, int(self.quality.sum()))).astype(np.float32)


class Panel:
    """Raters with fixed tolerances, drawn once from a seed.

    Args:
        seed: the same seed seats the same raters.
        raters: how many.
    """

    def __init__(self, seed: int, raters: int = RATERS) -> None:
        rng = np.random.default_rng([seed, 77])
        # The seats are the quantiles of the scatter, so that every panel has its strict and its lenient rater
        # (at 1.7 deviations); who is strict about what is drawn, and strict raters are strict about most
        # things.
        seats = np.array([NormalDist().inv_cdf((i + 0.5) / raters) for i in range(raters)])
        strict = rng.standard_normal((raters, 1))
        order = np.argsort(
            np.argsort(strict + 1.5 * rng.standard_normal((raters, len(EXPLANATIONS))), axis=0), axis=0
        )
        self.tolerance = seats[order]
        self.raters = raters

    def objections(self, measures: Measures, rng: np.random.Generator) -> np.ndarray:
        """Who objects to what: bool, raters x 5."""
        given = np.zeros((self.raters, len(EXPLANATIONS)), bool)
        for onset in ONSETS:
            column = EXPLANATIONS.index(onset.explanation)
            sore = onset.sore(getattr(measures, onset.measure))
            look = rng.standard_normal(self.raters) * _LOOK
            given[:, column] |= sore > self.tolerance[:, column] + look
        return given

    def vote(self, measures: Measures, group: str, rng: np.random.Generator) -> Votes:
        """Let the panel vote on a photograph of lesion, healthy_skin or no_skin with these measures."""
        given = self.objections(measures, rng)
        sees = np.full(self.raters, QUALITY_CLASSES.index(group))
        if group != "no_skin":
            slips = rng.random(self.raters) < _SLIP
            other = "healthy_skin" if group == "lesion" else "lesion"
            sees[slips] = QUALITY_CLASSES.index(other)
            sees[given.any(axis=1)] = QUALITY_CLASSES.index("poor_quality")
        quality = np.bincount(sees, minlength=len(QUALITY_CLASSES))
        return Votes(quality=quality, explanations=given.sum(axis=0))


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Cohen's kappa of two raters' answers (same length): 1 agree, 0 as by chance; 1 if both never vary."""
    codes = np.unique(np.concatenate([first, second]))
    observed = float((first == second).mean())
    expected = float(sum((first == code).mean() * (second == code).mean() for code in codes))
    return 1.0 if expected >= 1 else (observed - expected) / (1 - expected)
