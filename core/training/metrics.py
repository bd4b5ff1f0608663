"""Figures of merit with bootstrap intervals; plain numpy."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

REPLICATES: Final = 400


def counts(truth: np.ndarray, given: np.ndarray, weight: np.ndarray) -> tuple[float, float, float, float]:
    """True positives, false positives, false negatives, true negatives, each weighted."""
    return (
        float(weight[truth & given].sum()),
        float(weight[~truth & given].sum()),
        float(weight[truth & ~given].sum()),
        float(weight[~truth & ~given].sum()),
    )


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def binary(truth: np.ndarray, given: np.ndarray, weight: np.ndarray | None = None) -> dict[str, float]:
    """F1, recall, specificity and precision of yes/no answers (bool, N); nan for nothing over nothing."""
    weight = np.ones(len(truth)) if weight is None else weight
    tp, fp, fn, tn = counts(truth, given, weight)
    return {
        "f1": _over(2 * tp, 2 * tp + fp + fn) if tp + fn > 0 else float("nan"),
        "recall": _over(tp, tp + fn),
        "specificity": _over(tn, tn + fp),
        "precision": _over(tp, tp + fp),
    }


def auc(truth: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Area under the ROC curve: chance that a positive scores above a negative, ties counting half."""
    weight = np.ones(len(truth)) if weight is None else weight
    _values, place = np.unique(score, return_inverse=True)
    positive = np.bincount(place, weight * truth)
    negative = np.bincount(place, weight * ~truth)
    below = np.cumsum(negative) - negative
    return _over(float((positive * (below + negative / 2)).sum()), float(positive.sum() * negative.sum()))


def recall_at(truth: np.ndarray, score: np.ndarray, specificity: float = 0.95) -> float:
    """Recall at the lowest threshold that keeps at least this specificity; nan without both kinds."""
    negatives = np.sort(score[~truth])
    if not truth.any() or not len(negatives):
        return float("nan")
    allowed = int(np.floor((1 - specificity) * len(negatives) + 1e-9))
    bar = negatives[len(negatives) - allowed - 1]
    return float((score[truth] > bar).mean())


def draws(groups: np.ndarray, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """Bootstrap weights, replicates x N: whole groups (a photo, a person) are drawn together."""
    names, place = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    taken = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    return taken[:, place].astype(np.float64)


def interval(figure: Callable[[np.ndarray], float], weights: np.ndarray) -> list[float] | None:
    """95 % percentile interval of a figure over bootstrap weights; None when it is mostly undefined."""
    values = np.array([figure(weight) for weight in weights])
    values = values[np.isfinite(values)]
    if len(values) < len(weights) / 2:
        return None
    low, high = np.quantile(values, [0.025, 0.975])
    return [round(float(low), 3), round(float(high), 3)]


def clean(value: float) -> float | None:
    """Rounded to three places; None for nan (JSON has no nan)."""
    return round(float(value), 3) if np.isfinite(value) else None


def report_binary(
    truth: np.ndarray, given: np.ndarray, score: np.ndarray | None, weights: np.ndarray
) -> dict[str, Any]:
    """All figures of one yes/no question.

    Args:
        truth, given: bool, N.
        score: float, N, higher means yes; None leaves AUC and recall at specificity 0.95 out.
        weights: replicates x N, from ``draws``.

    Returns:
        n, positives, and value and ``*_interval`` of each figure.
    """
    out: dict[str, Any] = {"n": len(truth), "positives": int(truth.sum())}
    for name, value in binary(truth, given).items():
        out[name] = clean(value)
        if name != "precision":
            out[f"{name}_interval"] = interval(lambda w, n=name: binary(truth, given, w)[n], weights)
    if score is not None:
        out["auc"] = clean(auc(truth, score))
        out["auc_interval"] = interval(lambda w: auc(truth, score, w), weights)
        out["recall_at_specificity_95"] = clean(recall_at(truth, score))
    return out


def mean_of(figures: list[float | None]) -> float | None:
    """Mean of the figures that are defined; None when none is."""
    defined = [figure for figure in figures if figure is not None]
    return round(sum(defined) / len(defined), 3) if defined else None
