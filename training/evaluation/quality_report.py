"""Figures of one set of predictions: classes, explanations, calibration, gate and operating points."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from core.metrics import interval
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import OperatingPoint
from training.evaluation.calibration import at_thresholds, reliability
from training.evaluation.metrics import (
    clean,
    confusion,
    macro_f1,
    mean_of,
    rate,
    recall_at,
    report_binary,
    share_interval,
)
from training.evaluation.quality_predictions import QualityPredictions
from training.recipes.calibrate import passing

# Share of good photos sent back at which a public peer (telederm_snapcheck, 14.5 %) states what it catches.
RETAKES: Final = 0.15


def quality_report(
    predictions: QualityPredictions, temperature: float = 1.0, best: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """All figures of a section of the report.

    Args:
        predictions: at least one.
        temperature: what the logits were divided by.
        best: per explanation the threshold that gave the best F1 on validation photos.
    """
    weights, count = predictions.weights(), len(QUALITY_CLASSES)
    label, predicted, quality = predictions.label, predictions.predicted, predictions.quality

    def by_class(k: int) -> dict[str, Any]:
        return report_binary(label == k, predicted == k, quality[:, k], weights, roc=True)

    def by_explanation(k: int, given: np.ndarray, roc: bool) -> dict[str, Any]:
        return report_binary(given[:, k], predictions.flagged[:, k], predictions.scores[:, k], weights, roc)

    explanations = {
        name: by_explanation(k, predictions.explanations, roc=True) for k, name in enumerate(EXPLANATIONS)
    }
    half = predictions.votes >= 0.5
    return {
        "n": len(predictions),
        "quality_macro_f1": clean(macro_f1(label, predicted, count)),
        "quality_macro_f1_interval": interval(macro_f1(label, predicted, count, weights)),
        # Of the network's own classes, without the class offsets of the operating point.
        "quality_macro_f1_no_offsets": clean(macro_f1(label, quality.argmax(axis=1), count)),
        "accuracy": clean((label == predicted).mean() if len(predictions) else np.nan),
        "explanation_mean_f1": mean_of([entry["f1"] for entry in explanations.values()]),
        "explanation_mean_auc": mean_of([entry["auc"] for entry in explanations.values()]),
        "classes": {name: by_class(k) for k, name in enumerate(QUALITY_CLASSES)},
        "explanations": explanations,
        "explanations_by_half_the_raters": {
            name: by_explanation(k, half, roc=False) for k, name in enumerate(EXPLANATIONS)
        },
        "explanations_at_best_f1": at_thresholds(predictions, best or {}, weights),
        "confusion": confusion(label, predicted, count),
        "reliability": reliability(quality, label, temperature),
        "gate": gate(predictions),
        "caught": caught(predictions),
    }


def caught(predictions: QualityPredictions, retakes: float = RETAKES) -> dict[str, Any]:
    """Share of faulty photos below the chance of a good one that sends back this share of good lesion photos.

    Thresholds aside: what the network knows, at a number of retakes that can be compared with others'.

    Returns:
        ``retakes``, ``n`` (faulty photos), ``share`` and its 95 % ``interval``.
    """
    lesion = predictions.quality[:, QUALITY_CLASSES.index("lesion")]
    chance = lesion * (1 - predictions.scores).prod(axis=1)
    used = predictions.good | predictions.faulty
    faulty, count = predictions.faulty[used], int(predictions.faulty.sum())
    share = recall_at(faulty, 1 - chance[used], 1 - retakes)
    found = share_interval(round(share * count), count) if np.isfinite(share) else None
    return {"retakes": retakes, "n": count, "share": clean(share), "interval": found}


def gate(predictions: QualityPredictions) -> dict[str, Any]:
    """What the shutter makes of it: of photos that no rater faulted, that some did, that most did."""
    lesion = predictions.label == QUALITY_CLASSES.index("lesion")
    spotless = lesion & ~predictions.explanations.any(1)
    states = {
        "lesion_nobody_objects": spotless,
        "lesion_some_object": lesion & ~spotless,
        "good_lesion": predictions.good,
        "poor_quality": predictions.faulty,
        "healthy_skin": predictions.label == QUALITY_CLASSES.index("healthy_skin"),
        "no_skin": predictions.label == QUALITY_CLASSES.index("no_skin"),
    }
    return {
        name: {
            "n": int(keep.sum()),
            "passes": clean(predictions.passes[keep].mean() if keep.any() else np.nan),
        }
        for name, keep in states.items()
    }


def point_report(
    points: Mapping[str, OperatingPoint], sections: Mapping[str, QualityPredictions]
) -> dict[str, dict[str, Any]]:
    """Of each operating point its settings, and in each section what it passes and refuses.

    Good photos and faulty ones are ``QualityPredictions.good`` and ``.faulty``.
    """
    out: dict[str, dict[str, Any]] = {}
    for name, point in points.items():
        entry: dict[str, Any] = {
            "thresholds": {key: round(float(point.thresholds[key]), 4) for key in EXPLANATIONS},
            "class_offsets": dict(point.class_offsets),
            "sections": {},
        }
        for section, predictions in sections.items():
            passes = passing(predictions.quality, predictions.scores, point)
            weights, good, faulty = predictions.weights(), predictions.good, predictions.faulty
            entry["sections"][section] = {
                **rate("good_lesion_passes", passes, good, weights),
                "good_lesion_n": int(good.sum()),
                **rate("faulty_refused", ~passes, faulty, weights),
                "faulty_n": int(faulty.sum()),
            }
        out[name] = entry
    return out
