"""Figures of merit, alone and over bootstrap replicates (weights of each case, replicates x N)."""

from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from core.metrics import auc, binary, interval, over, wilson


def recall_at(truth: np.ndarray, score: np.ndarray, specificity: float = 0.95) -> float:
    """Recall at the lowest threshold that keeps at least this specificity; nan without both kinds."""
    negatives = np.sort(score[~truth])
    if not truth.any() or not len(negatives):
        return float("nan")
    allowed = int(np.floor((1 - specificity) * len(negatives) + 1e-9))
    bar = negatives[len(negatives) - allowed - 1]
    return float((score[truth] > bar).mean())


def roc_points(truth: np.ndarray, score: np.ndarray, most: int = 60) -> list[list[float]]:
    """The ROC curve from (0, 0) to (1, 1) as [false alarms, recall] pairs, thinned to ``most`` points.

    Returns:
        an empty list without both kinds.
    """
    if not truth.any() or truth.all():
        return []
    run, rise, _thresholds = roc_curve(truth, score, drop_intermediate=False)
    # Points on a straight stretch say nothing new.
    turns = np.ones(len(run), bool)
    turns[1:-1] = (np.diff(run)[1:] * np.diff(rise)[:-1] - np.diff(run)[:-1] * np.diff(rise)[1:]) != 0
    run, rise = run[turns], rise[turns]
    if len(run) > most:
        way = np.concatenate([[0], np.cumsum(np.hypot(np.diff(run), np.diff(rise)))])
        keep = np.unique(np.searchsorted(way, np.linspace(0, way[-1], most)).clip(0, len(way) - 1))
        run, rise = run[keep], rise[keep]
    return [[round(float(x), 4), round(float(y), 4)] for x, y in zip(run, rise, strict=True)]


def best_f1(truth: np.ndarray, score: np.ndarray) -> tuple[float, float] | None:
    """The threshold (yes at it and above) with the best F1, the highest of equals, and that F1.

    Returns:
        None without positives.
    """
    if not truth.any():
        return None
    order = np.argsort(-score, kind="stable")
    hits, values = np.cumsum(truth[order]), score[order]
    ends = np.flatnonzero(np.append(values[1:] < values[:-1], True))
    f1 = 2 * hits[ends] / (ends + 1 + truth.sum())
    best = int(ends[int(np.argmax(f1))])
    # Half way to the next lower score, so that a hair's difference of another machine changes nothing.
    below = values[best + 1] if best + 1 < len(values) else values[best]
    return float(round((values[best] + below) / 2, 4)), float(f1.max())


def confusion(truth: np.ndarray, predicted: np.ndarray, count: int) -> list[list[int]]:
    """Counts, count x count: rows true, columns predicted."""
    return confusion_matrix(truth, predicted, labels=np.arange(count)).tolist()


def share_interval(successes: int, count: int) -> list[float] | None:
    """95 % interval of a share (Wilson's score), which stays honest for few cases; None without any."""
    found = wilson(successes, count)
    return None if found is None else [round(end, 3) for end in found]


def proportion(hits: int, count: int) -> dict[str, Any]:
    """A share (0-1; None of none) as ``share``, with its ``n`` and its 95 % ``interval`` (Wilson)."""
    value = clean(hits / count if count else np.nan)
    return {"share": value, "n": count, "interval": share_interval(hits, count)}


def spread(drawn: np.ndarray, successes: int, count: int) -> list[float] | None:
    """Bootstrap interval of a share; Wilson's where all or none succeed, which every replicate repeats."""
    return share_interval(successes, count) if successes in (0, count) else interval(drawn)


def rate(
    name: str, yes: np.ndarray, among: np.ndarray | None = None, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """A share (0-1) of some cases and its 95 % interval, as ``name`` and ``name_interval``; None of no case.

    Args:
        yes: bool, N.
        among: bool, N: the cases that count; all when None.
        weights: replicates x N, for a bootstrap interval; Wilson's when None.
    """
    among = np.ones(len(yes), bool) if among is None else among
    count, hits = int(among.sum()), int((among & yes).sum())
    if weights is None:
        around = share_interval(hits, count)
    else:
        around = interval(over(weights @ (among & yes), weights @ among))
    return {name: clean(hits / count if count else np.nan), f"{name}_interval": around}


def clean(value: float | np.ndarray) -> float | None:
    """Rounded to three places; None for nan (JSON has no nan)."""
    return round(float(value), 3) if np.isfinite(value) else None


def report_binary(
    truth: np.ndarray,
    given: np.ndarray,
    score: np.ndarray | None,
    weights: np.ndarray,
    roc: bool = False,
) -> dict[str, Any]:
    """All figures of one yes/no question.

    Args:
        truth, given: bool, N.
        score: float, N, higher means yes; None leaves AUC and recall at specificity 0.95 out.
        weights: replicates x N, from ``draws``.
        roc: whether the points of the ROC curve are wanted too.

    Returns:
        n, positives, and value and ``*_interval`` of each figure.
    """
    out: dict[str, Any] = {"n": len(truth), "positives": int(truth.sum())}
    drawn = binary(truth, given, weights)
    for name, value in binary(truth, given).items():
        out[name] = clean(value)
        out[f"{name}_interval"] = interval(drawn[name])
    if score is not None:
        out["auc"] = clean(auc(truth, score))
        out["auc_interval"] = interval(auc(truth, score, weights))
        out["recall_at_specificity_95"] = clean(recall_at(truth, score))
        if roc:
            out["roc"] = roc_points(truth, score)
    return out


def macro_f1(
    truth: np.ndarray, predicted: np.ndarray, count: int, weight: np.ndarray | None = None
) -> np.ndarray:
    """Mean F1 of the classes 0 to count - 1 that occur; nan when none does.

    Args:
        truth, predicted: int, N.
        weight: float, ... x N, as for ``binary``.
    """
    each = np.array([binary(truth == i, predicted == i, weight)["f1"] for i in range(count)])
    known = np.isfinite(each)
    return over(np.where(known, each, 0).sum(axis=0), known.sum(axis=0))


def mean_of(figures: list[float | None]) -> float | None:
    """Mean of the figures that are defined; None when none is."""
    defined = [figure for figure in figures if figure is not None]
    return round(sum(defined) / len(defined), 3) if defined else None
