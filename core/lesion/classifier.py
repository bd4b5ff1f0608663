"""The lesion classifier as it is served: pixels in, ten classes and heat maps out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.explain import Explanation
from core.explain.closed_form import grad_cam
from core.lesion.taxonomy import LABELS
from core.runtime.engine import Engine
from core.runtime.manifest import NetworkEntry
from core.runtime.preprocess import network_input, shrink
from core.runtime.probability import softmax


@dataclass(frozen=True)
class Prediction:
    """What a photo might show.

    Attributes:
        labels: all classes, most probable first.
        probabilities: 0-1, in the order of ``labels``; they sum to 1.
        abstained: whether the prediction should be held back.
        reason: why, as a key such as ``"not_passed"``; None when not abstained.
        milliseconds: time the prediction took.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    abstained: bool
    reason: str | None
    milliseconds: float


def brighten(rgb: np.ndarray, gamma: float) -> np.ndarray:
    """Gamma correction of a uint8 picture, out = in ** (1 / gamma): above 1 lifts the shadows.

    Raises:
        ValueError: gamma is not above 0.
    """
    if not gamma > 0:
        raise ValueError(f"gamma must be above 0, got {gamma}")
    levels = np.rint(255 * (np.arange(256) / 255) ** (1 / gamma)).astype(np.uint8)
    return levels[rgb]


class LesionClassifier:
    """A ResNet over ten classes (Mishra et al. 2019); thread-safe, as its engine is."""

    name = "lesion"

    def __init__(
        self, engine: Engine, entry: NetworkEntry, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Args are the engine, its manifest entry and a clock in seconds.

        Raises:
            ValueError: the entry is of a network with other classes.
        """
        if sorted(entry.labels) != sorted(LABELS):
            raise ValueError(f"not a lesion classifier: {entry.labels}")
        self._engine = engine
        self._entry = entry
        self._clock = clock

    def predict(self, rgb: np.ndarray, gamma: float | None = None) -> Prediction:
        """Classify one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size.
            gamma: correct the picture's gamma first (the paper uses 1.2 to 1.5); None leaves it.
        """
        started = self._clock()
        logits = self._run(rgb, gamma)["logits"][0]
        chances = softmax(logits, self._entry.temperature)
        order = np.argsort(-chances, kind="stable")
        return Prediction(
            labels=tuple(self._entry.labels[i] for i in order),
            probabilities=tuple(float(chances[i]) for i in order),
            abstained=False,
            reason=None,
            milliseconds=(self._clock() - started) * 1000,
        )

    def explain(self, rgb: np.ndarray, label: str, gamma: float | None = None) -> Explanation:
        """Grad-CAM of one class; raises KeyError for a label that is none of the ten."""
        return self.explain_all(rgb, [label], gamma)[label]

    def explain_all(
        self, rgb: np.ndarray, labels: list[str] | None = None, gamma: float | None = None
    ) -> dict[str, Explanation]:
        """Grad-CAM of several classes (all by default) in one pass of the network."""
        places = {label: i for i, label in enumerate(self._entry.labels)}
        rows = [(label, places[label]) for label in (labels or self._entry.labels)]
        features = self._run(rgb, gamma)["features"][0]
        return {
            label: Explanation(label, grad_cam(features, self._slopes[row]), "gradcam") for label, row in rows
        }

    @cached_property
    def _slopes(self) -> np.ndarray:
        # The head is y = W f + b, so dy/df is W itself, for every picture alike: classes x channels.
        return self._engine.initialisers(["head.weight"])["head.weight"]

    def _run(self, rgb: np.ndarray, gamma: float | None = None) -> dict[str, np.ndarray]:
        picture = shrink(rgb)
        if gamma is not None:
            picture = brighten(picture, gamma)
        entry = self._entry
        return self._engine.run(network_input(picture, entry.input_size, entry.mean, entry.std))
