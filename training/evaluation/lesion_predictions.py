"""A lesion classifier's predictions for lesions and for pictures that show none.

Four sets: ``validation`` (other photographs of the sources it learnt from) and ``left_out`` (sources it never
saw), each with photographs that show no lesion; ``phantoms`` of unseen seeds; and, to fit abstention with,
``references``: photographs and phantoms of the training side.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.lesion.classifier import LesionClassifier
from core.runtime.probability import softmax
from core.synthetic.phantoms import LESION_CLASSES, Kind, draw
from training.data.sources import DataError, Row, read_rgb
from training.data.splits import shuffle_key, split_of
from training.evaluation.predictions import PHANTOM, Predictions, Progress, collected, joined, quiet

# Phantoms for each class, and how many times as many without a lesion; their seeds are in no training.
PHANTOMS_EACH: Final = 12
WITHOUT_TIMES: Final = 5
PHANTOM_SIZE: Final = (480, 640)  # height and width, pixels
_SEED: Final = 9_000_000
_REFERENCE_SEED: Final = 8_000_000
# Photographs of one class and source that references need.
REFERENCES_EACH: Final = 60
NO_LESION: Final = -1
SETS: Final = ("validation", "left_out", "phantoms")


@dataclass(frozen=True, eq=False)
class LesionPredictions(Predictions):
    """What a lesion classifier predicted for N pictures; ``label`` is ``NO_LESION`` where they show none.

    Attributes:
        logits: float, N x classes.
        pooled: float, N x channels: mean over the feature map; no channels where the network has none.
        groups: str, N: lesion, healthy_skin, no_skin or real_quality.
    """

    logits: np.ndarray
    pooled: np.ndarray
    groups: np.ndarray

    @property
    def lesion(self) -> np.ndarray:
        """Bool, N: the picture shows a lesion."""
        return self.label != NO_LESION

    @property
    def predicted(self) -> np.ndarray:
        """Int, N: the most likely class."""
        return self.logits.argmax(axis=1)

    def chances(self, temperature: float = 1.0) -> np.ndarray:
        """Float64, N x classes: probabilities."""
        return softmax(self.logits, temperature)


def _record(
    classifier: LesionClassifier, rgb: np.ndarray, label: int, group: str, source: str, key: str
) -> dict[str, Any]:
    """One row of ``LesionPredictions``."""
    logits, pooled = classifier.raw(rgb)
    return {
        "label": label,
        "logits": logits.astype(float),
        "pooled": np.zeros(0) if pooled is None else pooled.astype(float),
        "groups": group,
        "sources": source,
        "keys": key,
    }


def place_of(row: Row, labels: Sequence[str]) -> int:
    """Index of a photograph's class; ``NO_LESION`` for a photograph that shows none.

    Raises:
        DataError: its label is none of the network's classes.
    """
    if row.group != "lesion":
        return NO_LESION
    if row.label not in labels:
        message = _("{file} is labelled {label}, which is none of the classes of this network.")
        raise DataError(message.format(file=row.path, label=row.label or "-"))
    return labels.index(row.label)


def predict_photos(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    what: str = "",
    progress: Progress = quiet,
) -> LesionPredictions:
    """Predictions for photographs.

    Args:
        labels: classes in the order of the logits.
        what: what to call this set to ``progress``.

    Raises:
        DataError: a photograph cannot be read, or its label is none of the classes.
    """
    places = [place_of(row, labels) for row in rows]
    records = (
        _record(classifier, read_rgb(row), place, row.group, row.slug, row.split_key)
        for row, place in zip(rows, places, strict=True)
    )
    return collected(LesionPredictions, what, len(rows), records, progress)


def predict_phantoms(
    classifier: LesionClassifier,
    labels: Sequence[str],
    each: int,
    seed: int,
    extents: tuple[float, float] = (0.4, 0.4),
    progress: Progress = quiet,
) -> LesionPredictions:
    """Predictions for drawn lesions, and for drawn skin and scenes without.

    Args:
        labels: classes in the order of the logits; those that can be drawn are.
        each: pictures of a class. Without a lesion there are ``WITHOUT_TIMES`` times as many, half of them
            healthy skin and half no skin.
        seed: of the first picture.
        extents: smallest and largest extent of a lesion, over the short side.
    """
    rng = np.random.default_rng(seed)
    known = [label for label in labels if label in LESION_CLASSES]
    without = -(-each * WITHOUT_TIMES // 2)
    kinds: tuple[Kind, ...] = ("healthy_skin", "no_skin")

    def records() -> Iterator[dict[str, Any]]:
        for number, label in enumerate(known):
            for this in range(seed + 100 * number, seed + 100 * number + each):
                extent = float(rng.uniform(*extents))
                rgb = draw("lesion", this, PHANTOM_SIZE, lesion_extent=extent, lesion_class=label).rgb
                yield _record(classifier, rgb, labels.index(label), "lesion", PHANTOM, f"{PHANTOM}/{this}")
        for number, kind in enumerate(kinds, start=1):
            for this in range(seed + 10_000 * number, seed + 10_000 * number + without):
                rgb = draw(kind, this, PHANTOM_SIZE).rgb
                yield _record(classifier, rgb, NO_LESION, kind, PHANTOM, f"{PHANTOM}/{this}")

    total = len(known) * each + len(kinds) * without
    return collected(LesionPredictions, "phantoms", total, records(), progress)


def _taken(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """All these photographs, or at most so many of lesions and as many others, of all kinds."""
    if limit is None:
        return list(rows)
    mixed = sorted(rows, key=shuffle_key)
    lesions = [row for row in mixed if row.group == "lesion"][:limit]
    return lesions + [row for row in mixed if row.group != "lesion"][:limit]


def reference_rows(rows: Sequence[Row], each: int = REFERENCES_EACH) -> list[Row]:
    """Training photographs, at most ``each`` of a class (or group) and source, whichever come by chance."""
    cells: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if split_of(row) == "train":
            cells[row.group, row.label if row.group == "lesion" else "", row.slug].append(row)
    return [row for held in cells.values() for row in sorted(held, key=shuffle_key)[:each]]


def _phantoms_each(limit: int | None) -> int:
    return PHANTOMS_EACH if limit is None else min(PHANTOMS_EACH, limit)


def predict_references(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    limit: int | None = None,
    progress: Progress = quiet,
) -> LesionPredictions:
    """Predictions for the training side; ``limit`` as for ``predict_sets``."""
    chosen = _taken(reference_rows(rows), limit)
    photos = predict_photos(classifier, labels, chosen, "references", progress)
    drawn = predict_phantoms(classifier, labels, _phantoms_each(limit), _REFERENCE_SEED, (0.2, 0.6), progress)
    return joined([photos, drawn])


def predict_sets(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    limit: int | None = None,
    progress: Progress = quiet,
) -> dict[str, LesionPredictions]:
    """Predictions by name of the set (``SETS``), sets without any left out.

    Args:
        labels: classes in the order of the logits.
        limit: only so many photographs with a lesion and without in each set, and phantoms of each class.
    """
    sets = {}
    for split in ("validation", "left_out"):
        chosen = _taken([row for row in rows if split_of(row) == split], limit)
        sets[split] = predict_photos(classifier, labels, chosen, split, progress)
    sets["phantoms"] = predict_phantoms(classifier, labels, _phantoms_each(limit), _SEED, progress=progress)
    return {name: held for name, held in sets.items() if len(held)}
