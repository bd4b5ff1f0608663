"""The lesion classifier as it is served: pixels in, classes and heat maps out."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from core.explain import Explanation
from core.explain.closed_form import grad_cam
from core.lesion import views
from core.lesion.abstain import Centres, read_centres, reasons
from core.lesion.head import NoMapError, affine_head
from core.lesion.prediction import Prediction, brighten
from core.lesion.taxonomy import Taxonomy, taxonomy_of
from core.runtime.engine import NetworkEngine
from core.runtime.manifest import NetworkEntry
from core.runtime.preprocess import network_input, shrink
from core.runtime.probability import softmax


def _map_of(outputs: dict[str, np.ndarray]) -> np.ndarray | None:
    """The feature map of the one picture that was run (channels x h x w), where the network hands it out."""
    features = outputs.get("features")
    return None if features is None or features.ndim != 4 else features[0]


class LesionClassifier:
    """A network over kinds of skin change, ours (Mishra et al. 2019) or another; thread-safe as its engine.

    Attributes:
        name: what the manifest calls the network.
        taxonomy: the words for its classes.
    """

    def __init__(
        self,
        engine: NetworkEngine,
        entry: NetworkEntry,
        clock: Callable[[], float] = time.perf_counter,
        *,
        name: str = "lesion",
        taxonomy: Taxonomy | None = None,
    ) -> None:
        """Args are the engine, its manifest entry, a clock in seconds, and what the attributes say.

        Without a ``taxonomy`` the entry's is read from the shipped weights' folder; ``networks.open_lesion``
        reads it from any.

        Raises:
            ValueError: the entry is of a network for another task.
            WeightsError: the words cannot be used.
        """
        if entry.task != "lesion":
            raise ValueError(f"not a lesion classifier: {entry.task}")
        self.name = name
        self.taxonomy = taxonomy or taxonomy_of(entry)
        self._engine = engine
        self._entry = entry
        self._clock = clock

    @property
    def no_map(self) -> NoMapError | None:
        """Why there are no heat maps; None where there are."""
        return self._head if isinstance(self._head, NoMapError) else None

    def predict(self, rgb: np.ndarray, gamma: float | None = None, flips: bool = False) -> Prediction:
        """Classify one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size.
            gamma: correct the picture's gamma first (the paper uses 1.2 to 1.5); None leaves it.
            flips: average the logits over the four mirror images; takes four times as long.
        """
        started = self._clock()
        logits, pooled = self.raw(rgb, gamma, flips)
        return replace(self.judge(logits, pooled), milliseconds=(self._clock() - started) * 1000)

    def raw(
        self, rgb: np.ndarray, gamma: float | None = None, flips: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What the network itself says of one picture, nothing judged; arguments as for ``predict``.

        Returns:
            logits (float32, classes) and the mean over the feature map (float32, channels; None for a network
            without one).
        """
        outputs = self._run(rgb, gamma, flips)
        features = _map_of(outputs)
        return outputs["logits"][0], None if features is None else features.mean(axis=(1, 2))

    def judge(self, logits: np.ndarray, pooled: np.ndarray | None) -> Prediction:
        """The prediction that follows from the network's raw outputs (``raw``); it took no time."""
        chances = softmax(logits / self._entry.temperature + self._offsets)
        order = np.argsort(-chances, kind="stable")
        reason = self._reason(float(chances.max()), logits, pooled)
        return Prediction(
            labels=tuple(self._entry.labels[i] for i in order),
            probabilities=tuple(float(chances[i]) for i in order),
            abstained=bool(reason),
            reason=reason or None,
            milliseconds=0.0,
        )

    @cached_property
    def _offsets(self) -> np.ndarray:
        return np.array([self._entry.class_offsets.get(label, 0.0) for label in self._entry.labels])

    def _reason(self, top: float, logits: np.ndarray, pooled: np.ndarray | None) -> str:
        abstention = self._entry.abstention
        if abstention is None:
            return ""
        rows = None if pooled is None else pooled[None]
        return str(reasons(np.array([top]), logits[None], rows, abstention, self._centres)[0])

    @cached_property
    def _centres(self) -> Centres | None:
        # Verified with the network's own file when the engine was opened.
        abstention = self._entry.abstention
        if abstention is None or abstention.file is None:
            return None
        return read_centres(self._engine.path.with_name(abstention.file))

    def explain(
        self, rgb: np.ndarray, label: str, gamma: float | None = None, flips: bool = False
    ) -> Explanation:
        """Grad-CAM of one class.

        Raises:
            KeyError: the network has no such label.
            NoMapError: the network has no heat maps.
        """
        return self.explain_all(rgb, [label], gamma, flips)[label]

    def explain_all(
        self,
        rgb: np.ndarray,
        labels: list[str] | None = None,
        gamma: float | None = None,
        flips: bool = False,
    ) -> dict[str, Explanation]:
        """Grad-CAM of several classes (all by default) in one pass of the network; raises as ``explain``."""
        places = {label: i for i, label in enumerate(self._entry.labels)}
        rows = [(label, places[label]) for label in (labels or self._entry.labels)]
        slopes = self._slopes
        features = self._run(rgb, gamma, flips)["features"][0]
        return {label: Explanation(label, grad_cam(features, slopes[row]), "gradcam") for label, row in rows}

    @property
    def _slopes(self) -> np.ndarray:
        # The head is y = W f + b, so dy/df is W itself, for every picture alike: classes x channels.
        if isinstance(self._head, NoMapError):
            raise NoMapError(self._head.code)
        return self._head

    @cached_property
    def _head(self) -> np.ndarray | NoMapError:
        try:
            return affine_head(self._engine, self._entry)
        except NoMapError as error:
            return error

    def _run(self, rgb: np.ndarray, gamma: float | None = None, flips: bool = False) -> dict[str, np.ndarray]:
        picture = shrink(rgb)
        if gamma is not None:
            picture = brighten(picture, gamma)
        entry = self._entry
        batch = network_input(picture, entry.input_size, entry.mean, entry.std)
        return views.averaged(self._engine.run, batch) if flips else self._engine.run(batch)
