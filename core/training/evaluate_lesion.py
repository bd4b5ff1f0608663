"""Held-out figures of the lesion classifier: photographs as they are, and phantoms of unseen seeds."""

from typing import Any

import numpy as np

from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.training.answers import Progress, quiet
from core.training.metrics import binary, clean, confusion, draws, interval, report_binary
from core.training.phantoms import draw
from core.training.sources import Row, read_rgb
from core.training.splits import split_of


def lesion_report(truth: np.ndarray, order: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Figures of ten-class answers.

    Args:
        truth: int, N, index into ``LABELS``.
        order: int, N x 10, classes best first.
        groups: str, N, what is resampled together.
    """
    weights = draws(groups)
    said = order[:, 0]
    classes = {name: report_binary(truth == i, said == i, None, weights) for i, name in enumerate(LABELS)}
    first, second = said == truth, (order[:, :2] == truth[:, None]).any(1)
    present = [i for i in range(len(LABELS)) if (truth == i).any()]

    def macro(weight: np.ndarray) -> np.ndarray:
        values = [np.nan_to_num(binary(truth == i, said == i, weight)["f1"]) for i in present]
        return np.mean(values, axis=0)

    return {
        "n": len(truth),
        "classes_present": len(present),
        "macro_f1": clean(macro(np.ones(len(truth)))),
        "macro_f1_interval": interval(macro(weights)),
        "top1": clean(first.mean()),
        "top1_interval": interval((weights * first).sum(1) / weights.sum(1)),
        "top2": clean(second.mean()),
        "classes": classes,
        "confusion": confusion(truth, said, len(LABELS)),
    }


def evaluate_lesion(
    classifier: LesionClassifier,
    rows: list[Row],
    phantoms_each: int = 12,
    limit: int | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """All figures of the lesion classifier: validation, left-out sources, phantoms of unseen seeds."""
    report: dict[str, Any] = {"task": "lesion", "labels": list(LABELS), "sections": {}}

    def order_of(rgb: np.ndarray) -> list[int]:
        return [LABELS.index(label) for label in classifier.predict(rgb).labels]

    for split in ("validation", "left_out"):
        chosen = [row for row in rows if row.group == "lesion" and split_of(row) == split][:limit]
        orders = []
        for number, row in enumerate(chosen, start=1):
            orders.append(order_of(read_rgb(row)))
            progress(split, number, len(chosen))
        if chosen:
            truth = np.array([LABELS.index(row.label) for row in chosen])
            groups = np.array([row.split_key for row in chosen])
            report["sections"][split] = lesion_report(truth, np.array(orders), groups)
    drawn: list[int] = []
    orders = []
    for i, label in enumerate(LABELS):
        for k in range(phantoms_each):
            phantom = draw(
                "lesion", 9_000_000 + 100 * i + k, (480, 640), lesion_extent=0.4, lesion_class=label
            )
            orders.append(order_of(phantom.rgb))
            drawn.append(i)
        progress("phantoms", i + 1, len(LABELS))
    if orders:
        groups = np.arange(len(drawn)).astype(str)
        report["sections"]["phantoms"] = lesion_report(np.array(drawn), np.array(orders), groups)
    return report
