"""The classical assessor: focus, light, distance and framing measured with no network at all.

After TrueImage (Vodrahalli et al. 2020), as described: a skin segmentation first, then interpretable measures
of blur, light and distance (``classical_features``), and a small model calibrated on labelled photographs
(``classical_model``). It is the baseline to beat, and what Retake falls back on where no network can run.
``LIMITS`` lists what such measures cannot tell; docs/RESULTS.md has the figures.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from core.explain import Explanation
from core.explain.closed_form import normalised
from core.quality.classical_features import SIDE, features
from core.quality.classical_model import ClassicalModel, load_model
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.skin_and_spot import skin_and_spot
from core.quality.verdict import PassRule, Verdict, judge
from core.runtime.manifest import DEFAULT_POINT
from core.runtime.preprocess import WORKING_LONG_SIDE, detail_square, network_square, shrink

ENOUGH_PIXELS: Final = 190
"""Effective pixels across the short side below which detail is missing: where DESIGN's table has it begin."""
_SCATTER: Final = 1.25  # one deviation between raters, a factor


@dataclass(frozen=True)
class Limit:
    """A question that classical measures answer badly or not at all.

    Attributes:
        name: short, for reports.
        answer: the explanation or quality class that it concerns.
        why: one sentence, in English as all of a report's provenance.
    """

    name: str
    answer: str
    why: str


LIMITS: Final = (
    Limit(
        "background_blur",
        "blurry",
        "Focus is measured on the frame and its middle, so that a blurred background can count as a fault of "
        "the lesion, and a sharp background can hide a blurred lesion.",
    ),
    Limit(
        "background_light",
        "bad_light",
        "Light is measured on all that has skin's colours, so that a dark background can count as a fault.",
    ),
    Limit(
        "distance",
        "too_far_away",
        "A small lesion is found only where it stands out; faint ones are as small as nothing at all.",
    ),
    Limit(
        "framing",
        "bad_framing",
        "What the frame cuts off cannot be measured; only a spot that touches the border can be seen.",
    ),
    Limit(
        "no_skin",
        "no_skin",
        "Skin is found by its colour, which wood, sand and cardboard share, and which coloured light hides.",
    ),
    Limit(
        "healthy_skin",
        "healthy_skin",
        "A lesion is any place that stands out from the skin: folds, nails and hair stand out, faint redness "
        "does not.",
    ),
)
"""What the classical assessor cannot answer well; the report of ``evaluate classical`` has a row for each."""


class Classical:
    """The classical assessor; has no state that changes and may be shared by all threads."""

    name = "classical"
    limits = LIMITS

    def __init__(
        self, model: ClassicalModel | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Args are the model, the one in ``weights`` where none is given, and a clock in seconds.

        Raises:
            WeightsError: the model in ``weights`` is missing or damaged.
        """
        self._model = load_model() if model is None else model
        self._clock = clock

    def rule(self, healthy_skin_passes: bool = False, point: str = DEFAULT_POINT) -> PassRule:
        """The pass rule that came with the model.

        Args:
            healthy_skin_passes: whether healthy skin may pass too.
            point: name of the operating point; the default one where there is none of that name.
        """
        chosen = self._model.point(point)
        return PassRule(dict(chosen.thresholds), healthy_skin_passes, dict(chosen.class_offsets))

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        """Assess one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size; a photo's ``small`` will do.
            rule: what passes.
            width, height: size to report when ``rgb`` is a reduced copy.
        """
        started = self._clock()
        return self._judge(*self.views(rgb), rule, width or rgb.shape[1], height or rgb.shape[0], started)

    def views(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is measured of a picture: uint8 224 x 224 x 3 twice, as ImageQX is shown it."""
        return network_square(rgb), detail_square(rgb)

    def judge_views(
        self, square: np.ndarray, detail: np.ndarray, rule: PassRule, width: int, height: int
    ) -> Verdict:
        """The same from ``views``, for those who hold them already; ``width`` and ``height`` are reported."""
        return self._judge(square, detail, rule, width, height, self._clock())

    def _judge(
        self, square: np.ndarray, detail: np.ndarray, rule: PassRule, width: int, height: int, started: float
    ) -> Verdict:
        quality, explanations = self._model.probabilities(features(square, detail, self._model.features))
        fewer = _too_few_pixels(min(width, height))
        explanations["low_resolution"] = max(explanations["low_resolution"], fewer)
        return judge(
            assessor=self.name,
            width=width,
            height=height,
            quality=quality,
            explanations=explanations,
            rule=rule,
            milliseconds=(self._clock() - started) * 1000,
        )

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """Where the measures point: the skin, the spot, what lacks detail, or what is too dark or bright.

        Raises:
            KeyError: no such explanation or quality class.
        """
        if target not in (*EXPLANATIONS, *QUALITY_CLASSES):
            raise KeyError(target)
        cause = target
        if target == "poor_quality":
            given = features(*self.views(rgb), self._model.features)
            chances = self._model.probabilities(given)[1]
            cause = max(chances, key=lambda name: chances[name])
        return Explanation(target, normalised(_heat(shrink(rgb, WORKING_LONG_SIDE), cause)), self.name)


def _too_few_pixels(short_side: int) -> float:
    """Probability (0.5-1) that so few pixels across are too few, 0 where there are enough.

    The views are of one size whatever the picture's; a picture can have no more detail than its own pixels.
    """
    deviations = math.log(ENOUGH_PIXELS / max(short_side, 1)) / math.log(_SCATTER)
    return 0.5 * (1 + math.erf(deviations / math.sqrt(2))) if deviations >= 0 else 0.0


def _heat(small: np.ndarray, cause: str) -> np.ndarray:
    """How much each pixel bears on an answer: float32, h x w, of any range."""
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if cause in ("blurry", "low_resolution"):
        slope = cv2.magnitude(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))
        detail = cv2.GaussianBlur(slope, (0, 0), 12)
        return detail.max() - detail
    if cause == "bad_light":
        return np.abs(cv2.GaussianBlur(luma, (0, 0), 12) - 127.5)
    places = skin_and_spot(cv2.resize(network_square(small), (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    shown = places.spot
    if cause == "healthy_skin":
        shown = places.skin & ~places.spot
    elif cause == "no_skin":
        shown = ~places.skin
    size = (small.shape[1], small.shape[0])
    return cv2.resize(shown.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
