"""Figures of one set of answers: classes, explanations, calibration, the gate and the operating points."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from core.metrics import (
    clean,
    confusion,
    draws,
    interval,
    macro_f1,
    mean_of,
    recall_at,
    report_binary,
    share_interval,
)
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import OperatingPoint
from training.evaluation.answers import Answers
from training.evaluation.calibration import at_thresholds, reliability
from training.recipes.calibrate import passing

# Share of good photos sent back at which a public peer (telederm_snapcheck, 14.5 %) states what it catches.
RETAKES: Final = 0.15


def quality_report(
    answers: Answers, temperature: float = 1.0, best: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """All figures of a section of the report.

    Args:
        answers: at least one.
        temperature: what the logits were divided by.
        best: per explanation the threshold that gave the best F1 on validation photos.
    """
    weights = draws(answers.groups)
    count = len(QUALITY_CLASSES)
    classes = {
        name: report_binary(answers.label == i, answers.said == i, answers.quality[:, i], weights, roc=True)
        for i, name in enumerate(QUALITY_CLASSES)
    }
    given = answers.explanations
    explanations = {
        name: report_binary(given[:, i], answers.flagged[:, i], answers.scores[:, i], weights, roc=True)
        for i, name in enumerate(EXPLANATIONS)
    }
    by_half = {
        name: report_binary(answers.votes[:, i] >= 0.5, answers.flagged[:, i], answers.scores[:, i], weights)
        for i, name in enumerate(EXPLANATIONS)
    }
    unshifted = answers.quality.argmax(axis=1)
    return {
        "n": len(answers),
        "quality_macro_f1": clean(macro_f1(answers.label, answers.said, count)),
        "quality_macro_f1_interval": interval(macro_f1(answers.label, answers.said, count, weights)),
        # Of the network's own classes, without the class offsets of the operating point.
        "quality_macro_f1_no_offsets": clean(macro_f1(answers.label, unshifted, count)),
        "accuracy": clean((answers.label == answers.said).mean() if len(answers) else np.nan),
        "explanation_mean_f1": mean_of([entry["f1"] for entry in explanations.values()]),
        "explanation_mean_auc": mean_of([entry["auc"] for entry in explanations.values()]),
        "classes": classes,
        "explanations": explanations,
        "explanations_by_half_the_raters": by_half,
        "explanations_at_best_f1": at_thresholds(answers, dict(best or {}), weights),
        "confusion": confusion(answers.label, answers.said, count),
        "reliability": reliability(answers.quality, answers.label, temperature),
        "gate": gate(answers),
        "caught": caught(answers),
    }


def caught(answers: Answers, retakes: float = RETAKES) -> dict[str, Any]:
    """Share of faulty photos below the chance of a good one that sends back this share of good lesion photos.

    Thresholds aside: what the network knows, at a number of retakes that can be compared with others'.

    Returns:
        ``retakes``, ``n`` (faulty photos), ``share`` and its 95 % ``interval``.
    """
    lesion = answers.quality[:, QUALITY_CLASSES.index("lesion")]
    chance = lesion * (1 - answers.scores).prod(axis=1)
    used = answers.good | answers.faulty
    faulty, count = answers.faulty[used], int(answers.faulty.sum())
    share = recall_at(faulty, 1 - chance[used], 1 - retakes)
    found = share_interval(round(share * count), count) if np.isfinite(share) else None
    return {"retakes": retakes, "n": count, "share": clean(share), "interval": found}


def gate(answers: Answers) -> dict[str, Any]:
    """What the shutter makes of it: of photos that no rater faulted, that some did, that most did."""
    lesion = answers.label == QUALITY_CLASSES.index("lesion")
    spotless = lesion & ~answers.explanations.any(1)
    states = {
        "lesion_nobody_objects": spotless,
        "lesion_some_object": lesion & ~spotless,
        "good_lesion": answers.good,
        "poor_quality": answers.faulty,
        "healthy_skin": answers.label == QUALITY_CLASSES.index("healthy_skin"),
        "no_skin": answers.label == QUALITY_CLASSES.index("no_skin"),
    }
    return {
        name: {"n": int(keep.sum()), "passes": clean(answers.passes[keep].mean() if keep.any() else np.nan)}
        for name, keep in states.items()
    }


def point_report(
    points: Mapping[str, OperatingPoint], sections: Mapping[str, Answers]
) -> dict[str, dict[str, Any]]:
    """Of each operating point its settings, and in each section what it passes and refuses.

    Good photos and faulty ones are ``Answers.good`` and ``Answers.faulty``.
    """
    out: dict[str, dict[str, Any]] = {}
    for name, point in points.items():
        entry: dict[str, Any] = {
            "thresholds": {key: round(float(point.thresholds[key]), 4) for key in EXPLANATIONS},
            "class_offsets": dict(point.class_offsets),
            "sections": {},
        }
        for section, answers in sections.items():
            passes = passing(answers.quality, answers.scores, point)
            weights = draws(answers.groups)
            figures: dict[str, Any] = {}
            for key, size, keep, yes in (
                ("good_lesion_passes", "good_lesion_n", answers.good, passes),
                ("faulty_refused", "faulty_n", answers.faulty, ~passes),
            ):
                with np.errstate(invalid="ignore", divide="ignore"):
                    drawn = (weights * (keep & yes)).sum(1) / (weights * keep).sum(1)
                figures[key] = clean(yes[keep].mean() if keep.any() else np.nan)
                figures[f"{key}_interval"] = interval(drawn)
                figures[size] = int(keep.sum())
            entry["sections"][section] = figures
        out[name] = entry
    return out
