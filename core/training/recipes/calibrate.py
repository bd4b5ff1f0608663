"""What is set after training, on validation photos: the temperature and the thresholds."""

from collections.abc import Sequence

import numpy as np

SPARE = 0.04


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise softmax of N x C."""
    wide = np.exp(logits - logits.max(axis=1, keepdims=True))
    return wide / wide.sum(axis=1, keepdims=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature (0.2-5) that makes softmax(logits / t) most likely on these labels.

    Args:
        logits: float, N x C.
        labels: int, N.
        weights: N, how much each photo counts; all alike when not given.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 241))
    rows = np.arange(len(labels))
    losses = [
        -float(np.average(np.log(softmax(logits / t)[rows, labels] + 1e-12), weights=weights)) for t in grid
    ]
    return float(round(grid[int(np.argmin(losses))], 3))


def joint_thresholds(
    probabilities: np.ndarray,
    right_class: np.ndarray,
    names: Sequence[str],
    keep: float = 0.85,
    lowest: float = 0.05,
    highest: float = 0.95,
) -> dict[str, float]:
    """One threshold an explanation, so that together they let ``keep`` of the good photos pass.

    All explanations get the same share of false alarms on good photos: the largest for which the photos
    that are called a lesion and flagged by none still make ``keep``. Where the class alone refuses (nearly)
    too many, flags may refuse ``SPARE`` of the rest.

    Args:
        probabilities: N x len(names), explanations of good photos (0-1).
        right_class: bool, N: the network calls the photo a lesion.
        names: the explanations in order.
        keep: share of good photos that shall pass.
        lowest, highest: limits of a threshold.

    Returns:
        Threshold by name; 0.5 for all when there is no good photo to go by.
    """
    if len(probabilities) == 0:
        return dict.fromkeys(names, 0.5)

    def at(share: float) -> np.ndarray:
        # A photo at its threshold is flagged, so the threshold lies a hair above the quantile.
        quantile = np.quantile(probabilities, 1 - share, axis=0, method="higher")
        return np.clip(quantile + 1e-4, lowest, highest)

    best = at(0.0)
    keep = min(keep, (1 - SPARE) * float(right_class.mean()))
    for share in np.linspace(0, 1 - keep, 151):
        thresholds = at(share)
        passing = right_class & (probabilities < thresholds).all(axis=1)
        if passing.mean() >= keep:
            best = thresholds
    return {name: float(round(value, 4)) for name, value in zip(names, best, strict=True)}
