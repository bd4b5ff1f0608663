"""The calibrated model of the classical assessor: a small file of plain arrays, read without pickle.

Trained by ``python -m core train classical`` on the same labels as ImageQX; docs/decisions/classical.md.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.trees import COLUMNS, Trees, trees_of
from core.runtime.manifest import DEFAULT_POINT, RESTORE, WEIGHTS_DIR, OperatingPoint, WeightsError
from core.runtime.probability import sigmoid, softmax

FILE: Final = WEIGHTS_DIR / "classical.npz"
HEADS: Final = (*EXPLANATIONS, *QUALITY_CLASSES)
"""What the trees score, in their order: log-odds of each explanation, then logits of the classes."""


@dataclass(frozen=True, eq=False)
class ClassicalModel:
    """Boosted trees over the measures of ``classical_features``.

    Attributes:
        features: names of the measures that the trees read, in their order.
        trees: a score for each of ``HEADS``.
        temperature: what the class logits are divided by before softmax.
        points: operating points by name.
    """

    features: tuple[str, ...]
    trees: Trees
    temperature: float
    points: Mapping[str, OperatingPoint]

    def probabilities(self, given: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
        """Probability (0-1) of each quality class, summing to 1, and of each explanation.

        Args:
            given: float32, the measures named by ``features``.
        """
        scores = self.trees.scores(given)
        faults = sigmoid(scores[: len(EXPLANATIONS)])
        classes = softmax(scores[len(EXPLANATIONS) :], self.temperature)
        return (
            dict(zip(QUALITY_CLASSES, map(float, classes), strict=True)),
            dict(zip(EXPLANATIONS, map(float, faults), strict=True)),
        )

    def point(self, name: str) -> OperatingPoint:
        """An operating point; one that is not there is the default one."""
        return self.points.get(name, self.points[DEFAULT_POINT])


def load_model(path: Path = FILE) -> ClassicalModel:
    """Read a model, once for each version of its file.

    Raises:
        WeightsError: the file is missing, or holds no model that this program can use.
    """
    try:
        about = path.stat()
    except OSError as error:
        message = _("The network file {path} is missing. Restore it with: {command}")
        raise WeightsError("weights_missing", message.format(path=path, command=RESTORE)) from error
    try:
        return _load(path, about.st_mtime_ns, about.st_size)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        message = _(
            "The network file {path} is damaged or was changed (its checksum is not the expected one). "
            "Restore it with: {command}"
        )
        raise WeightsError("weights_altered", message.format(path=path, command=RESTORE)) from error


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int, _size: int) -> ClassicalModel:
    with np.load(path, allow_pickle=False) as file:
        return _model_of(file)


def _model_of(file: Any) -> ClassicalModel:
    if tuple(file["heads"]) != HEADS:
        raise ValueError("the model scores other things than this program")
    features = tuple(str(name) for name in file["features"])
    points = {
        str(name): OperatingPoint(
            thresholds=dict(zip(EXPLANATIONS, map(float, thresholds), strict=True)),
            class_offsets={
                label: float(offset)
                for label, offset in zip(QUALITY_CLASSES, offsets, strict=True)
                if offset != 0
            },
        )
        for name, thresholds, offsets in zip(
            file["points"], file["thresholds"], file["class_offsets"], strict=True
        )
    }
    if DEFAULT_POINT not in points:
        raise ValueError("the model has no default operating point")
    trees = trees_of(file, len(features), len(HEADS))
    return ClassicalModel(features, trees, float(file["temperature"]), points)


def save_model(model: ClassicalModel, path: Path) -> Path:
    """Write a model; returns the file.

    Raises:
        OSError: it cannot be written.
    """
    columns: dict[str, Any] = {name: getattr(model.trees, name) for name in COLUMNS}
    columns |= {
        "heads": np.array(HEADS),
        "features": np.array(model.features),
        "temperature": np.array(model.temperature),
        "points": np.array(list(model.points)),
        "thresholds": np.array(
            [[point.thresholds[name] for name in EXPLANATIONS] for point in model.points.values()]
        ),
        "class_offsets": np.array(
            [
                [point.class_offsets.get(name, 0.0) for name in QUALITY_CLASSES]
                for point in model.points.values()
            ]
        ),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **columns)
    return path
