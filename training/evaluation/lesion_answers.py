"""Show pictures to a lesion classifier, lesions and others, and keep what it said beside the truth.

Four sets: ``validation`` (other photographs of the sources it learnt from) and ``left_out`` (sources it never
saw), each with photographs that show no lesion; ``phantoms`` of unseen seeds; and, to fit abstention with,
``references``: photographs and phantoms of the training side.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.i18n import _
from core.lesion.classifier import LesionClassifier
from core.runtime.probability import softmax
from core.synthetic.phantoms import LESION_CLASSES, Kind, draw
from training.data.lesion_data import PHANTOM_SLUG
from training.data.sources import DataError, Row, read_rgb
from training.data.splits import split_of
from training.evaluation.answers import Progress, quiet

# Phantoms for each class, and how many times as many without a lesion; their seeds are in no training.
PHANTOMS_EACH: Final = 12
WITHOUT_TIMES: Final = 5
_SEED: Final = 9_000_000
_REFERENCE_SEED: Final = 8_000_000
# Photographs of one class and source that references need.
REFERENCES_EACH: Final = 60
NO_LESION: Final = -1
SETS: Final = ("validation", "left_out", "phantoms")


@dataclass(frozen=True, eq=False)
class LesionAnswers:
    """What a lesion classifier said of N pictures, beside the truth.

    Attributes:
        truth: int, N: index of the true class; ``NO_LESION`` where the picture shows none.
        logits: float, N x classes.
        pooled: float, N x channels: mean over the feature map; no channels where the network has none.
        groups: str, N: lesion, healthy_skin, no_skin or real_quality.
        slugs: str, N: the source; ``PHANTOM_SLUG`` for drawn pictures.
        keys: str, N: what is resampled together.
    """

    truth: np.ndarray
    logits: np.ndarray
    pooled: np.ndarray
    groups: np.ndarray
    slugs: np.ndarray
    keys: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def only(self, keep: np.ndarray) -> "LesionAnswers":
        """The answers where ``keep`` (bool, N)."""
        return LesionAnswers(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})

    @property
    def lesion(self) -> np.ndarray:
        """Bool, N: the picture shows a lesion."""
        return self.truth != NO_LESION

    @property
    def drawn(self) -> np.ndarray:
        """Bool, N: a phantom."""
        return self.slugs == PHANTOM_SLUG

    def chances(self, temperature: float) -> np.ndarray:
        """Float64, N x classes: probabilities."""
        return softmax(self.logits, temperature)

    def order(self) -> np.ndarray:
        """Int, N x classes: classes, best first."""
        return np.argsort(-self.logits, axis=1, kind="stable")


def joined(parts: Sequence[LesionAnswers]) -> LesionAnswers:
    """Several sets of answers, at least one not empty, as one; keys stay as they are."""
    held = [part for part in parts if len(part)]
    names = LesionAnswers.__dataclass_fields__
    return LesionAnswers(**{name: np.concatenate([getattr(part, name) for part in held]) for name in names})


class _Collector:
    """Asks about one picture after the other."""

    def __init__(self, classifier: LesionClassifier, classes: int) -> None:
        self._classifier, self._classes = classifier, classes
        self._said: list[tuple[np.ndarray, np.ndarray]] = []
        self._told: list[tuple[int, str, str, str]] = []

    def show(self, rgb: np.ndarray, truth: int, group: str, slug: str, key: str) -> None:
        """Ask about one picture."""
        logits, pooled = self._classifier.raw(rgb)
        self._said.append((logits, np.zeros(0, np.float32) if pooled is None else pooled))
        self._told.append((truth, group, slug, key))

    def answers(self) -> LesionAnswers:
        """All answers so far."""
        truth, groups, slugs, keys = ([told[k] for told in self._told] for k in range(4))
        count = len(truth)
        return LesionAnswers(
            np.array(truth, int),
            np.array([logits for logits, _pooled in self._said], float).reshape(count, self._classes),
            np.array([pooled for _logits, pooled in self._said], float).reshape(count, -1 if count else 0),
            np.array(groups, str),
            np.array(slugs, str),
            np.array(keys, str),
        )


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


def ask_photos(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    what: str = "",
    progress: Progress = quiet,
) -> LesionAnswers:
    """Answers to photographs.

    Args:
        labels: classes in the order of the logits.
        what: what to call this set to ``progress``.

    Raises:
        DataError: a photograph cannot be read, or its label is none of the classes.
    """
    asked = _Collector(classifier, len(labels))
    truths = [place_of(row, labels) for row in rows]
    for number, (row, truth) in enumerate(zip(rows, truths, strict=True), start=1):
        asked.show(read_rgb(row), truth, row.group, row.slug, row.split_key)
        progress(what, number, len(rows))
    return asked.answers()


def ask_phantoms(
    classifier: LesionClassifier,
    labels: Sequence[str],
    each: int,
    seed: int,
    extents: tuple[float, float] = (0.4, 0.4),
    progress: Progress = quiet,
) -> LesionAnswers:
    """Answers to drawn lesions, and to drawn skin and scenes without.

    Args:
        labels: classes in the order of the logits; those that can be drawn are.
        each: pictures of a class. Without a lesion there are ``WITHOUT_TIMES`` times as many, half of them
            healthy skin and half no skin.
        seed: of the first picture.
        extents: smallest and largest extent of a lesion, over the short side.
    """
    rng = np.random.default_rng(seed)
    asked = _Collector(classifier, len(labels))
    known = [label for label in labels if label in LESION_CLASSES]
    for number, label in enumerate(known):
        for k in range(each):
            this = seed + 100 * number + k
            extent = float(rng.uniform(*extents))
            phantom = draw("lesion", this, (480, 640), lesion_extent=extent, lesion_class=label)
            asked.show(phantom.rgb, labels.index(label), "lesion", PHANTOM_SLUG, f"{PHANTOM_SLUG}/{this}")
        progress("phantoms", number + 1, len(known) + 2)
    kinds: tuple[Kind, ...] = ("healthy_skin", "no_skin")
    for number, kind in enumerate(kinds):
        for k in range(-(-each * WITHOUT_TIMES // 2)):
            this = seed + 10_000 * (number + 1) + k
            shown = draw(kind, this, (480, 640))
            asked.show(shown.rgb, NO_LESION, kind, PHANTOM_SLUG, f"{PHANTOM_SLUG}/{this}")
        progress("phantoms", len(known) + number + 1, len(known) + 2)
    return asked.answers()


def _place(row: Row) -> bytes:
    """Where a photograph stands in an order that has nothing to do with what it shows."""
    return hashlib.sha256(row.path.encode()).digest()


def _taken(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """All these photographs, or at most so many of lesions and as many others, of all kinds."""
    if limit is None:
        return list(rows)
    mixed = sorted(rows, key=_place)
    lesions = [row for row in mixed if row.group == "lesion"][:limit]
    return lesions + [row for row in mixed if row.group != "lesion"][:limit]


def reference_rows(rows: Sequence[Row], each: int = REFERENCES_EACH) -> list[Row]:
    """Training photographs, at most ``each`` of a class (or group) and source, whichever come by chance."""
    cells: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if split_of(row) == "train":
            cells[row.group, row.label if row.group == "lesion" else "", row.slug].append(row)
    return [row for held in cells.values() for row in sorted(held, key=_place)[:each]]


def ask_references(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    limit: int | None = None,
    progress: Progress = quiet,
) -> LesionAnswers:
    """Answers to the training side; ``limit`` as for ``ask_sets``."""
    chosen = _taken(reference_rows(rows), limit)
    photos = ask_photos(classifier, labels, chosen, "references", progress)
    each = PHANTOMS_EACH if limit is None else min(PHANTOMS_EACH, limit)
    drawn = ask_phantoms(classifier, labels, each, _REFERENCE_SEED, (0.2, 0.6), progress)
    return joined([photos, drawn])


def ask_sets(
    classifier: LesionClassifier,
    labels: Sequence[str],
    rows: Sequence[Row],
    limit: int | None = None,
    progress: Progress = quiet,
) -> dict[str, LesionAnswers]:
    """Answers by name of the set (``SETS``), sets without any left out.

    Args:
        labels: classes in the order of the logits.
        limit: only so many photographs with a lesion and without in each set, and phantoms of each class.
    """
    sets = {}
    for split in ("validation", "left_out"):
        chosen = _taken([row for row in rows if split_of(row) == split], limit)
        sets[split] = ask_photos(classifier, labels, chosen, split, progress)
    each = PHANTOMS_EACH if limit is None else min(PHANTOMS_EACH, limit)
    sets["phantoms"] = ask_phantoms(classifier, labels, each, _SEED, progress=progress)
    return {name: answers for name, answers in sets.items() if len(answers)}
