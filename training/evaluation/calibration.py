"""Are the probabilities honest, and which thresholds would give the best F1?"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from core.metrics import interval
from core.quality.labels import EXPLANATIONS
from core.runtime.probability import softmax
from training.evaluation.metrics import best_f1, binary, clean
from training.evaluation.quality_predictions import QualityPredictions

BINS: Final = 10


def reliability_bins(chance: np.ndarray, right: np.ndarray) -> tuple[list[dict[str, Any]], float | None]:
    """How often predictions of each confidence are right, and the expected calibration error.

    Args:
        chance: float, N: probability of the predicted class.
        right: bool, N.

    Returns:
        ten bins of equal width (mean predicted probability ``said``, observed share ``right``; None where
        empty), and the mean distance between the two, weighted by n (None without photos).
    """
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    bins, gap = [], 0.0
    for k in range(BINS):
        here = place == k
        count = int(here.sum())
        sure, true = (chance[here].mean(), right[here].mean()) if count else (np.nan, np.nan)
        gap += count * abs(sure - true) if count else 0.0
        bins.append(
            {"low": k / BINS, "high": (k + 1) / BINS, "n": count, "said": clean(sure), "right": clean(true)}
        )
    return bins, clean(gap / len(chance)) if len(chance) else None


def reliability(
    quality: np.ndarray, label: np.ndarray, temperature: float, plain: np.ndarray | None = None
) -> dict[str, Any]:
    """Reliability of the classes as the network has them, before and after calibration.

    Args:
        quality: float, N x classes: softmax(logits / temperature), or after another calibration.
        label: int, N.
        temperature: 1 where none was fitted; then before and after are alike.
        plain: softmax(logits), which must be given where temperature is not all that was fitted.
    """
    if plain is None:
        # Logits / temperature are the logarithms up to a constant, which softmax does not see.
        plain = softmax(temperature * np.log(np.maximum(quality, 1e-12)))
    out: dict[str, Any] = {"temperature": round(float(temperature), 4)}
    for name, chances in (("before", plain), ("after", quality)):
        right = chances.argmax(axis=1) == label
        out[f"bins_{name}"], out[f"ece_{name}"] = reliability_bins(chances.max(axis=1), right)
    return out


def best_thresholds(validation: QualityPredictions) -> dict[str, float]:
    """Per explanation (given by any rater) the threshold with the best F1 on these predictions."""
    found = {
        name: best_f1(validation.explanations[:, k], validation.scores[:, k])
        for k, name in enumerate(EXPLANATIONS)
    }
    return {name: best[0] for name, best in found.items() if best is not None}


def at_thresholds(
    predictions: QualityPredictions, thresholds: Mapping[str, float], weights: np.ndarray
) -> dict[str, Any]:
    """F1, recall and specificity of the explanations at thresholds chosen elsewhere.

    Args:
        thresholds: by explanation; those that are missing are left out.
        weights: replicates x N, from ``metrics.draws``.
    """
    out = {}
    for k, name in enumerate(EXPLANATIONS):
        if name not in thresholds:
            continue
        truth, given = predictions.explanations[:, k], predictions.scores[:, k] >= thresholds[name]
        figures = binary(truth, given)
        out[name] = {
            "threshold": thresholds[name],
            "f1": clean(figures["f1"]),
            "f1_interval": interval(binary(truth, given, weights)["f1"]),
            "recall": clean(figures["recall"]),
            "specificity": clean(figures["specificity"]),
        }
    return out
