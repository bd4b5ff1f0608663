"""What averaging over mirror images brings on the same photos."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from core.lesion.classifier import LesionClassifier
from core.metrics import draws, interval
from training.data.sources import Row, read_rgb
from training.data.splits import split_of
from training.evaluation.metrics import clean, macro_f1


def flip_gain(
    classifier: LesionClassifier,
    photos: Iterable[tuple[np.ndarray, str]],
    labels: Sequence[str],
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Top-1 accuracy and macro F1 with and without averaging over the four mirror images.

    Args:
        photos: picture (uint8 RGB, H x W x 3) and its true label, one at a time.
        labels: all the network's classes.
        groups: str, N: what is resampled together for the intervals; each photo alone when None.

    Returns:
        ``n``, ``put_right`` and ``put_wrong`` (photos whose answer the flips mended or spoiled), and for
        ``top1`` and ``macro_f1``: ``plain``, ``flips``, ``gain`` (0-1) and ``gain_interval`` (of the paired
        difference). ``{"n": 0}`` without photos.
    """
    place = {label: i for i, label in enumerate(labels)}
    rows = [
        (
            place[label],
            place[classifier.predict(rgb).labels[0]],
            place[classifier.predict(rgb, flips=True).labels[0]],
        )
        for rgb, label in photos
    ]
    if not rows:
        return {"n": 0}
    truth, plain, flips = np.array(rows).T
    weights = draws(np.arange(len(rows)).astype(str) if groups is None else groups)

    def top1(predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return (weight * (predicted == truth)).sum(-1) / weight.sum(-1)

    def macro(predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return macro_f1(truth, predicted, len(labels), weight)

    def compared(figure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> dict[str, Any]:
        once = np.ones(len(rows))
        before, after = figure(plain, once), figure(flips, once)
        return {
            "plain": clean(before),
            "flips": clean(after),
            "gain": clean(after - before),
            "gain_interval": interval(figure(flips, weights) - figure(plain, weights)),
        }

    right, right_after = plain == truth, flips == truth
    return {
        "n": len(rows),
        "put_right": int((~right & right_after).sum()),
        "put_wrong": int((right & ~right_after).sum()),
        "top1": compared(top1),
        "macro_f1": compared(macro),
    }


def flip_gains(
    classifier: LesionClassifier, labels: Sequence[str], rows: Sequence[Row], limit: int | None = None
) -> dict[str, dict[str, Any]]:
    """``flip_gain`` on held-out photographs, by split; splits without any are left out.

    Args:
        rows: the manifest.
        limit: only so many lesion photographs of each split.

    Raises:
        DataError: a photograph cannot be read.
    """
    out = {}
    for split in ("validation", "left_out"):
        here = [row for row in rows if row.group == "lesion" and split_of(row) == split][:limit]
        if here:
            photos = ((read_rgb(row), row.label) for row in here)
            out[split] = flip_gain(classifier, photos, labels, np.array([row.split_key for row in here]))
    return out
