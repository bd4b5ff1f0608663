"""ImageQX as it is served: is this photo good enough, why not, and where?"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from core.explain import Explanation
from core.explain.closed_form import ImageQXHead, grad_cam
from core.quality import second_opinion
from core.quality.image_stats import ImageStats, image_stats
from core.quality.labels import EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.quality.localization import find
from core.quality.verdict import PassRule, Verdict, judge, rule_of
from core.runtime.engine import NetworkEngine, open_engine
from core.runtime.manifest import (
    DEFAULT_POINT,
    MANIFEST_NAME,
    WEIGHTS_DIR,
    NetworkEntry,
    load_manifest,
)
from core.runtime.preprocess import detail_square, network_square, square_batch
from core.runtime.probability import sigmoid, softmax


@dataclass(frozen=True, eq=False)
class _Answer:
    """What the network answered: probabilities (0-1) by class, explanation and framing, and of each place
    (s x s); not every network has places and framings."""

    quality: Mapping[str, float]
    explanations: Mapping[str, float]
    places: np.ndarray | None
    framing: Mapping[str, float] | None


@dataclass(frozen=True, eq=False)
class Weighed:
    """What one answer of the network says by itself, to the models beside it, and together with them.

    Attributes:
        alone: the verdict by the network alone.
        read: what a second opinion reads: float64, as many as ``second_opinion.FEATURES``; None from a
            network without a detail view, a map of places or framings.
        framing: probabilities (0-1) of ``FRAMINGS``; None from a network without them.
        verdict: with the second opinion; equal to ``alone`` where the rule or the manifest has none.
    """

    alone: Verdict
    read: np.ndarray | None
    framing: Mapping[str, float] | None
    verdict: Verdict


class ImageQX:
    """The default assessor (Jalaboi, Winther, Galimzianova 2022); thread-safe, as its engine is."""

    name = "imageqx"

    def __init__(
        self, engine: NetworkEngine, entry: NetworkEntry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Args are the engine, its manifest entry and a clock in seconds.

        Raises:
            ValueError: the entry is of a network with other classes or explanations, or its second opinion
                reads or tells other things than this program.
        """
        if sorted(entry.labels) != sorted(QUALITY_CLASSES) or sorted(entry.explanations) != sorted(
            EXPLANATIONS
        ):
            raise ValueError(f"not an ImageQX network: {entry.labels}, {entry.explanations}")
        opinion = entry.opinion
        if opinion and not second_opinion.fits(opinion):
            raise ValueError("the second opinion in the manifest is of another version: fit it anew")
        self._engine = engine
        self._entry = entry
        self._clock = clock

    @classmethod
    def open(cls, weights: Path = WEIGHTS_DIR) -> "ImageQX":
        """The network of the weights manifest in a folder; raises WeightsError when it cannot be used."""
        manifest = load_manifest(weights / MANIFEST_NAME)
        return cls(open_engine(cls.name, manifest, directory=weights), manifest.networks[cls.name])

    def use_threads(self, threads: int) -> None:
        """From here on run the network on this many threads."""
        self._engine.use_threads(threads)

    def rule(self, healthy_skin_passes: bool = False, point: str = DEFAULT_POINT) -> PassRule:
        """The pass rule that came with the weights.

        Args:
            healthy_skin_passes: whether healthy skin may pass too.
            point: name of the operating point; weights without it offer their one set of thresholds.
        """
        return rule_of(self._entry.point(point), healthy_skin_passes)

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        """Assess one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size; a photo's ``small`` will do.
            rule: what passes.
            width, height: size to report when ``rgb`` is a reduced copy.
        """
        return self.judge_views(*self.views(rgb), rule, width or rgb.shape[1], height or rgb.shape[0])

    def views(self, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What the network is shown of a picture.

        Returns:
            uint8 S x S x 3 twice: the whole frame, and its middle pixel for pixel (None when the network does
            not ask for it).
        """
        size = self._entry.input_size
        return network_square(rgb, size), detail_square(rgb, size) if self._entry.detail else None

    def judge_views(
        self, square: np.ndarray, detail: np.ndarray | None, rule: PassRule, width: int, height: int
    ) -> Verdict:
        """The same from ``views``, for those who hold them already; ``width`` and ``height`` are reported."""
        started = self._clock()
        answer = self._ask(square, detail)
        alone = self._alone(answer, rule, width, height, started)
        if self._entry.opinion is None or not rule.second_opinion:
            return alone
        read = self._read(answer, square, detail)
        return alone if read is None else self._revised(alone, answer, *read, rule, started)

    def weigh(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Weighed:
        """What the network says of one picture alone and with the second opinion, of one answer.

        Args are those of ``assess``.
        """
        started = self._clock()
        square, detail = self.views(rgb)
        answer = self._ask(square, detail)
        alone = self._alone(answer, rule, width or rgb.shape[1], height or rgb.shape[0], started)
        read = self._read(answer, square, detail)
        if read is None:
            return Weighed(alone, None, answer.framing, alone)
        wanted = self._entry.opinion is not None and rule.second_opinion
        verdict = self._revised(alone, answer, *read, rule, started) if wanted else alone
        return Weighed(alone, read[1], answer.framing, verdict)

    def _alone(self, answer: _Answer, rule: PassRule, width: int, height: int, started: float) -> Verdict:
        return judge(
            assessor=self.name,
            width=width,
            height=height,
            quality=answer.quality,
            explanations=answer.explanations,
            rule=rule,
            milliseconds=(self._clock() - started) * 1000,
            where=None if answer.places is None else find(answer.places),
        )

    @staticmethod
    def _read(
        answer: _Answer, square: np.ndarray, detail: np.ndarray | None
    ) -> tuple[ImageStats, np.ndarray] | None:
        """Image statistics and what a second opinion reads; None from a network that lacks a part of it."""
        if detail is None or answer.places is None or answer.framing is None:
            return None
        seen = image_stats(square)
        given = (answer.quality, answer.explanations, seen, square, detail, answer.places, answer.framing)
        return seen, second_opinion.features(*given)

    def _revised(
        self,
        alone: Verdict,
        answer: _Answer,
        seen: ImageStats,
        read: np.ndarray,
        rule: PassRule,
        started: float,
    ) -> Verdict:
        opinion = self._entry.opinion
        assert opinion is not None
        assert answer.framing is not None
        found = second_opinion.chances(read, opinion.weights, opinion.bias, opinion.conditions)
        truncated = second_opinion.is_truncated(answer.framing, opinion.truncated_from)
        verdict = second_opinion.revised(alone, rule, found, opinion.least_good, truncated)
        return replace(verdict, milliseconds=(self._clock() - started) * 1000, stats=seen)

    def opinion_features(self, rgb: np.ndarray) -> np.ndarray:
        """What a second opinion reads of a picture (uint8 RGB, H x W x 3).

        Returns:
            float64, as many as ``second_opinion.FEATURES``.

        Raises:
            ValueError: the network lacks the detail view, the map of places or the framings.
        """
        square, detail = self.views(rgb)
        read = self._read(self._ask(square, detail), square, detail)
        if read is None:
            raise ValueError("a second opinion needs a network with a detail view, places and framings")
        return read[1]

    def features(self, rgb: np.ndarray) -> np.ndarray:
        """The last feature map of a picture: float32, channels x s x s."""
        return self._run(*self.views(rgb))["features"][0]

    def places(self, rgb: np.ndarray) -> np.ndarray | None:
        """How likely each part of a picture is lesion: float, s x s, 0-1; None from a network without."""
        return self._ask(*self.views(rgb)).places

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """Grad-CAM of one explanation or quality class; raises KeyError for any other word."""
        return self.explain_all(rgb, [target])[target]

    def explain_all(self, rgb: np.ndarray, targets: Iterable[str] | None = None) -> dict[str, Explanation]:
        """Grad-CAM of several targets (all nine by default) in one pass of the network."""
        targets = list(targets or (*self._entry.explanations, *self._entry.labels))
        outputs = self._run(*self.views(rgb))
        features = outputs["features"][0]
        classes, faults = self._head.slopes(outputs["explanations"][0])
        slopes = dict(zip(self._entry.labels, classes, strict=True))
        slopes |= dict(zip(self._entry.explanations, faults, strict=True))
        # What follows the map's own channels are those of the detail, which has no map.
        maps = {name: grad_cam(features, slopes[name][: len(features)]) for name in targets}
        return {name: Explanation(name, heat, "gradcam") for name, heat in maps.items()}

    @cached_property
    def _head(self) -> ImageQXHead:
        return ImageQXHead(self._engine.initialisers(ImageQXHead.NAMES))

    def _ask(self, square: np.ndarray, detail: np.ndarray | None) -> _Answer:
        outputs, entry = self._run(square, detail), self._entry
        classes = softmax(outputs["logits"][0], entry.temperature)
        quality = dict(zip(entry.labels, map(float, classes), strict=True))
        faults = sigmoid(outputs["explanations"][0])
        explanations = dict(zip(entry.explanations, map(float, faults), strict=True))
        framing = None
        if "framing" in outputs:
            framing = dict(zip(FRAMINGS, map(float, softmax(outputs["framing"][0])), strict=True))
        return _Answer(
            quality={name: quality[name] for name in QUALITY_CLASSES},
            explanations={name: explanations[name] for name in EXPLANATIONS},
            places=sigmoid(outputs["places"][0, 0]) if "places" in outputs else None,
            framing=framing,
        )

    def _run(self, square: np.ndarray, detail: np.ndarray | None) -> dict[str, np.ndarray]:
        entry = self._entry
        shown = [square] if detail is None else [square, detail]
        return self._engine.run(*(square_batch(view, entry.mean, entry.std) for view in shown))
