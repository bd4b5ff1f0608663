"""The ordinal assessor: how many of four raters would call a photo good, and which part of it is weak.

After Jeong et al. 2024: one network judges five parts of equal size and answers each time in ranks, at least
one, two, three or four raters agree; the parts' answers are averaged, and a photo is good when more than half
of the raters are expected to agree, at the threshold with the most sensitivity + specificity on the
photographs that it was trained on. What it was trained on, and how good it is: docs/decisions/ordinal.md.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from core.explain import Explanation
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.regions import MAP_SIDE, REGIONS, part_map, regions
from core.quality.verdict import PassRule, Verdict, judge, rule_of
from core.runtime.engine import NetworkEngine, open_engine
from core.runtime.manifest import DEFAULT_POINT, MANIFEST_NAME, WEIGHTS_DIR, NetworkEntry, load_manifest
from core.runtime.preprocess import square_batch
from core.runtime.probability import sigmoid

RATERS: Final = 4
LABELS: Final = ("lesion", "poor_quality")
"""The classes that it tells apart: more than half of the raters agree that the photo is good, or not."""

CANNOT_TELL: Final[tuple[str, ...]] = ("no_skin", "healthy_skin", *EXPLANATIONS)
"""What it has no answer for. Skin without a spot counts as a spot does; a scene without skin, of which no
rater says that it is a good photo of skin, as of poor quality; and of no fault does it know which it is."""


def chance_agreed(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Chance (0-1) that more than half of four raters agree: float, ...

    Args:
        logits: float, ... x 4, of at least 1, 2, 3 and 4 agreeing raters.
        temperature: what they are divided by.
    """
    return sigmoid(logits[..., RATERS // 2] / temperature)


def expected_agreeing(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """How many of four raters are expected to agree (0-4): float, ...; arguments as for ``chance_agreed``."""
    return sigmoid(logits / temperature).sum(axis=-1)


class Ordinal:
    """The ordinal assessor; thread-safe, as its engine is."""

    name = "ordinal"

    def __init__(
        self, engine: NetworkEngine, entry: NetworkEntry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Args are the engine, its manifest entry and a clock in seconds.

        Raises:
            ValueError: the entry is of a network that tells other classes.
        """
        if tuple(entry.labels) != LABELS:
            raise ValueError(f"not an ordinal network: {entry.labels}")
        self._engine = engine
        self._entry = entry
        self._clock = clock

    @classmethod
    def open(cls, weights: Path = WEIGHTS_DIR) -> "Ordinal":
        """The network of the weights manifest in a folder; raises WeightsError when it cannot be used."""
        manifest = load_manifest(weights / MANIFEST_NAME)
        return cls(open_engine(cls.name, manifest, directory=weights), manifest.networks[cls.name])

    def use_threads(self, threads: int) -> None:
        """From here on run the network on this many threads."""
        self._engine.use_threads(threads)

    def rule(self, healthy_skin_passes: bool = False, point: str = DEFAULT_POINT) -> PassRule:
        """The pass rule that came with the weights, at an operating point (``balanced`` is the paper's)."""
        return rule_of(self._entry.point(point), healthy_skin_passes)

    def logits(self, rgb: np.ndarray) -> np.ndarray:
        """The network's answers for the parts of a picture (uint8 RGB, H x W x 3): float32, 5 x 4."""
        return self.logits_of(regions(rgb, self._entry.input_size))

    def logits_of(self, parts: np.ndarray) -> np.ndarray:
        """The same for parts that are cut already (uint8, 5 x S x S x 3, see ``regions``)."""
        batch = [square_batch(part, self._entry.mean, self._entry.std) for part in parts]
        return self._engine.run(np.concatenate(batch))["logits"]

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        """Assess one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size; a photo's ``small`` will do.
            rule: what passes.
            width, height: size to report when ``rgb`` is a reduced copy.
        """
        started, temperature = self._clock(), self._entry.temperature
        logits = self.logits(rgb)
        whole = logits.mean(axis=0)
        good = float(chance_agreed(whole, temperature))
        parts = map(float, expected_agreeing(logits, temperature))
        return judge(
            assessor=self.name,
            width=width or rgb.shape[1],
            height=height or rgb.shape[0],
            quality=dict.fromkeys(QUALITY_CLASSES, 0.0) | dict(zip(LABELS, (good, 1 - good), strict=True)),
            explanations=dict.fromkeys(EXPLANATIONS, 0.0),
            rule=rule,
            milliseconds=(self._clock() - started) * 1000,
            not_judged=CANNOT_TELL,
            score=float(expected_agreeing(whole, temperature)),
            parts=dict(zip(REGIONS, parts, strict=True)),
        )

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """Which parts speak against a picture; those that speak for it where ``target`` is ``"lesion"``.

        The map is blank for an explanation, or a class, that it cannot tell.

        Raises:
            KeyError: no such explanation or quality class.
        """
        if target not in (*EXPLANATIONS, *QUALITY_CLASSES):
            raise KeyError(target)
        heat = np.zeros((MAP_SIDE, MAP_SIDE), np.float32)
        if target in LABELS:
            scores = expected_agreeing(self.logits(rgb), self._entry.temperature)
            heat = part_map(dict(zip(REGIONS, map(float, scores), strict=True)), strong=target == LABELS[0])
        return Explanation(target, heat, self.name)
