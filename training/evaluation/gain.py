"""What other views of the same photos bring: averaging over mirror images, cutting to the spot."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from core.lesion.classifier import LesionClassifier
from core.lesion.views import crop, spot
from core.metrics import draws, interval
from core.synthetic.phantoms import LESION_CLASSES, draw
from training.data.sources import Row, read_rgb
from training.data.splits import split_of
from training.evaluation.metrics import clean, macro_f1

EXTENTS: Final = (0.14, 0.2, 0.28, 0.4, 0.55, 0.75)
"""Lesion extents (longer side over the photo's short side) that `spot_figures` draws."""
_FIRST_SEED: Final = 9_500_000


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


def spot_figures(
    classifier: LesionClassifier,
    places: Callable[[np.ndarray], np.ndarray | None],
    extents: Sequence[float] = EXTENTS,
    each: int = 1,
    classes: Sequence[str] = LESION_CLASSES,
    first_seed: int = _FIRST_SEED,
) -> list[dict[str, Any]]:
    """How "Crop to the spot" does on drawn lesions whose outline is known.

    Args:
        places: how likely (0-1) each part of a picture is lesion, as ``ImageQX.places``.
        extents: of the lesions drawn, as ``phantoms.draw`` takes them.
        each: phantoms for each class and extent; they lie off the middle.

    Returns:
        One row an extent: ``extent``, ``n``, ``offered`` (how many had a crop offered), and of those
        ``kept`` (mean share of the lesion inside it), ``whole`` (how many kept at least 95 %), ``share``
        (mean share of the photo) and how many were named right, ``right_whole`` and ``right_cropped``.
    """
    rng = np.random.default_rng(first_seed)
    rows = []
    for i, extent in enumerate(extents):
        found = []
        for k in range(each):
            for j, label in enumerate(classes):
                off = max(0.0, min(0.2, 0.45 - extent / 2))
                size = ((480, 640), (640, 480))[(j + k) % 2]
                centre = (0.5 + rng.uniform(-off, off), 0.5 + rng.uniform(-off, off))
                seed = first_seed + 10_000 * i + 100 * k + j
                phantom = draw("lesion", seed, size, lesion_extent=extent, centre=centre, lesion_class=label)
                seen = places(phantom.rgb)
                box = None if seen is None else spot(seen, *size)
                if box is None:
                    continue
                left, top, right, bottom = box.pixels(*size)
                kept = phantom.mask[top:bottom, left:right].sum() / max(1, phantom.mask.sum())
                cropped = classifier.predict(crop(phantom.rgb, box)).labels[0]
                whole = classifier.predict(phantom.rgb).labels[0]
                found.append((kept, kept >= 0.95, box.share, whole == label, cropped == label))
        table = np.array(found, float).reshape(-1, 5)
        means = [clean(value) for value in table.mean(axis=0)] if found else [None] * 5
        rows.append(
            {
                "extent": extent,
                "n": each * len(classes),
                "offered": len(found),
                "kept": means[0],
                "whole": int(table[:, 1].sum()),
                "share": means[2],
                "right_whole": int(table[:, 3].sum()),
                "right_cropped": int(table[:, 4].sum()),
            }
        )
    return rows
