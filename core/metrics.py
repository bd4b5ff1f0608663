"""Figures of merit that the app and training share, alone and over bootstrap replicates, and intervals."""

from typing import Final

import numpy as np

REPLICATES: Final = 400
_Z: Final = 1.959963984540054
"""The standard normal's 0.975 quantile."""


def draws(groups: np.ndarray, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """Bootstrap weights, replicates x N: whole groups (a photo, a person) are drawn together."""
    names, place = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    taken = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    return taken[:, place].astype(np.float64)


def interval(values: np.ndarray) -> list[float] | None:
    """95 % percentile interval of a figure over bootstrap draws; None when it is mostly undefined."""
    defined = values[np.isfinite(values)]
    if len(defined) < len(values) / 2:
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return [round(float(low), 3), round(float(high), 3)]


def over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A share; nan of nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def binary(truth: np.ndarray, given: np.ndarray, weight: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """F1, recall, specificity and precision of yes/no answers; nan for nothing over nothing.

    Args:
        truth, given: bool, N.
        weight: float, ... x N, how often each case counts; figures come for each leading index.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    tp, fp = weight[..., truth & given].sum(-1), weight[..., ~truth & given].sum(-1)
    fn, tn = weight[..., truth & ~given].sum(-1), weight[..., ~truth & ~given].sum(-1)
    return {
        "f1": np.where(tp + fn > 0, over(2 * tp, 2 * tp + fp + fn), np.nan),
        "recall": over(tp, tp + fn),
        "specificity": over(tn, tn + fp),
        "precision": over(tp, tp + fp),
    }


def auc(truth: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Area under the ROC curve: chance that a positive scores above a negative, ties counting half.

    Args:
        truth: bool, N.
        score: float, N.
        weight: float, ... x N, as for ``binary``.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
    positive = np.add.reduceat((weight * truth)[..., order], starts, axis=-1)
    negative = np.add.reduceat((weight * ~truth)[..., order], starts, axis=-1)
    below = np.cumsum(negative, axis=-1) - negative
    return over((positive * (below + negative / 2)).sum(-1), positive.sum(-1) * negative.sum(-1))


def kappa(one: np.ndarray, other: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Cohen's kappa of two raters; nan where chance alone would make them agree always.

    Args:
        one, other: N answers each, whole numbers or truth values.
        weight: float, ... x N, as for ``binary``.
    """
    weight = np.ones(len(one)) if weight is None else weight
    total = weight.sum(-1)
    agreed = over((weight * (one == other)).sum(-1), total)
    chance = sum(
        over((weight * (one == name)).sum(-1) * (weight * (other == name)).sum(-1), total * total)
        for name in np.union1d(one, other)
    )
    room = 1 - np.asarray(chance)
    return np.where(room > 1e-9, (agreed - chance) / np.where(room > 1e-9, room, 1), np.nan)


def wilson(successes: int, count: int) -> tuple[float, float] | None:
    """95 % interval of a share (Wilson's score), which stays honest for few cases; None without any."""
    if count == 0:
        return None
    share, z = successes / count, _Z
    middle = share + z * z / (2 * count)
    reach = z * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    whole = 1 + z * z / count
    return max((middle - reach) / whole, 0.0), min((middle + reach) / whole, 1.0)
