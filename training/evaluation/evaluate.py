"""Held-out figures of a quality assessor, through the same code that serves it.

The assessor sees the committed benchmark (``benchmark.json``): photographs of the validation split and of the
left-out sources, degraded and voted on as for training, at the size a camera would send; phantoms are counted
apart, and so are real dark, bright and blurred scenes. This module only puts the report together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from core.designer.refusal_rates import FILE as SCORES
from core.quality.classical import Classical
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Assessor, PassRule
from core.runtime.manifest import OperatingPoint
from core.runtime.probability import softmax
from training.data.sources import Row
from training.evaluation.calibration import best_thresholds
from training.evaluation.classical_limits import limits_report
from training.evaluation.fairness import fairness, tones_by_key
from training.evaluation.focus import MOST as FOCUS_MOST
from training.evaluation.focus import focus, photographs
from training.evaluation.focus import phantoms as drawn_pictures
from training.evaluation.good_or_bad import beside
from training.evaluation.mistakes import worst, write_mistakes
from training.evaluation.predictions import Progress, joined, quiet
from training.evaluation.quality_predictions import (
    QualityPredictions,
    benchmark,
    predict_rated,
    predict_splits,
)
from training.evaluation.quality_report import point_report, quality_report
from training.evaluation.real_scenes import real_report
from training.evaluation.scores import write_scores
from training.evaluation.tones import tone_report
from training.recipes.calibrate import fit_temperature, operating_points


@cache
def paper() -> dict[str, Any]:
    """What the paper prints of its own network: not measured here."""
    return json.loads(Path(__file__).with_name("paper.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Settings:
    """What came with the assessor.

    Attributes:
        temperature: what its class logits were divided by.
        points: its operating points; where there are none they are fitted on the validation photographs.
        sha256: of the network's file; where there is one, its predictions are written beside the report.
    """

    temperature: float = 1.0
    points: Mapping[str, OperatingPoint] = field(default_factory=dict)
    sha256: str = ""


def fit_points(validation: QualityPredictions) -> dict[str, OperatingPoint]:
    """The operating points that these validation photographs ask for."""
    return operating_points(
        validation.quality,
        validation.scores,
        validation.good,
        validation.faulty,
        validation.explanations,
        validation.label,
        validation.votes >= 0.5,
    )


def fit_settings(validation: QualityPredictions, temperature: float) -> Settings:
    """Temperature and operating points for these photographs, or phantoms where that is all.

    Args:
        temperature: what the class logits were divided by when the predictions were made.
    """
    photos = validation.subset(~validation.drawn)
    photos = photos if len(photos) else validation
    logits = temperature * np.log(np.maximum(photos.quality, 1e-12))
    fitted = fit_temperature(logits, photos.label)
    return Settings(fitted, fit_points(replace(photos, quality=softmax(logits, fitted))))


def evaluate_quality(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    counts: dict[str, int] | None = None,
    progress: Progress = quiet,
    pool_dir: Path | None = None,
    settings: Settings | None = None,
    out: Path | None = None,
) -> dict[str, Any]:
    """All figures of a quality assessor.

    Args:
        counts: samples for each split; the benchmark's own when None (then the figures carry its name).
        pool_dir: a pool rendered with the benchmark's seed; its samples need not be drawn again.
        settings: what came with the assessor.
        out: a folder for pictures of the worst mistakes and for the predictions (``TASK_scores.npz``);
            neither is written without it.

    Raises:
        DataError: the pool is missing, of another seed, or too small.
    """
    spec, settings = benchmark(), settings or Settings()
    wanted = counts or spec["samples"]
    full = wanted == spec["samples"]
    parts = predict_splits(assessor, rule, rows, counts, progress, pool_dir)
    sections = {split: part.subset(~part.drawn) for split, part in parts.items()}
    sections["phantoms"] = joined([part.subset(part.drawn) for part in parts.values()])
    rated = predict_rated(assessor, rule, rows)
    if rated is not None:
        sections["rated"] = rated
    sections = {name: part for name, part in sections.items() if len(part)}
    best = best_thresholds(sections["validation"]) if "validation" in sections else {}
    report: dict[str, Any] = {
        "task": assessor.name,
        "benchmark": spec["name"] if full else f"{spec['name']} (shortened)",
        "seed": spec["seed"],
        **({"sha256": settings.sha256} if settings.sha256 else {}),
        "thresholds": {name: round(float(rule.thresholds[name]), 4) for name in EXPLANATIONS},
        "class_offsets": dict(rule.class_offsets),
        "sections": {
            name: quality_report(part, settings.temperature, best) for name, part in sections.items()
        },
    }
    photos = {name: sections[name] for name in ("validation", "left_out") if name in sections}
    points = settings.points or (fit_points(photos["validation"]) if "validation" in photos else {})
    report["operating_points"] = point_report(points, photos)
    # Points fitted here are not those in use, and flatter the validation figures as those do.
    report["operating_points_from"] = "weights" if settings.points else "this run"
    _add_fairness(report, photos, rows)
    _add_focus(report, assessor, rows, None if full else max(wanted.values()), progress)
    if isinstance(assessor, Classical):
        report |= _of_classical(assessor, rule, photos, rows, report["benchmark"])
    report["gap"] = gap(report["sections"])
    report["tones"] = tone_report(assessor, rule, each=40 if full else min(40, max(wanted.values())))
    report["real_quality"] = real_report(assessor, rule, rows, progress)
    if out is not None:
        report["mistakes"] = write_mistakes(worst(photos), out)
        if settings.sha256:
            write_scores(photos, settings.sha256, report["benchmark"], out / f"{assessor.name}_scores.npz")
    return report | {"paper": paper()}


def _of_classical(
    assessor: Classical, rule: PassRule, photos: Mapping[str, QualityPredictions], rows: list[Row], name: str
) -> dict[str, Any]:
    """``good_or_bad`` beside ImageQX on the same photos, and ``limits``, by set of photos."""
    return {
        "good_or_bad": beside(photos, name, SCORES, "imageqx"),
        "limits": {
            split: limits_report(assessor, rule, part, photographs(rows, split))
            for split, part in photos.items()
        },
    }


def _add_fairness(report: dict[str, Any], photos: Mapping[str, QualityPredictions], rows: list[Row]) -> None:
    wanted = {str(key) for part in photos.values() for key in part.keys}
    tones = tones_by_key(rows, wanted)
    for name, part in photos.items():
        report["sections"][name]["fairness"] = fairness(part, tones)


def _add_focus(
    report: dict[str, Any], assessor: Assessor, rows: list[Row], most: int | None, progress: Progress
) -> None:
    if not hasattr(assessor, "explain"):
        return
    most = min(most or FOCUS_MOST, FOCUS_MOST)
    for number, (name, section) in enumerate(report["sections"].items(), start=1):
        pictures = drawn_pictures(most // 2) if name == "phantoms" else photographs(rows, name, most)
        if pictures:
            section["focus"] = focus(assessor, pictures)
        progress("focus", number, len(report["sections"]))


def gap(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    """How much better the figures are on sources that were trained on: validation less left out."""
    out: dict[str, float | None] = {}
    for name in ("quality_macro_f1", "explanation_mean_auc", "explanation_mean_f1"):
        known, new = (sections.get(split, {}).get(name) for split in ("validation", "left_out"))
        out[name] = None if known is None or new is None else round(known - new, 3)
    return out
