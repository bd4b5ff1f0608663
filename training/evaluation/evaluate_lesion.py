"""Held-out figures of the lesion classifier: photographs as they are, and phantoms of unseen seeds.

The headline is recall on sources that no training saw, the mean of all ten classes; everything on sources
that were trained on is in-source. Table 3 and Figure 5 of Mishra et al. 2019 (pairs most often confused,
confusion matrix) are given of every set.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.lesion.abstain import Centres
from core.lesion.taxonomy import LABELS
from core.metrics import interval
from core.runtime.manifest import ConfusedPair, NetworkEntry
from training.data.learnt_from import taught
from training.data.lesion_data import NOT_PHONE
from training.data.sources import Row
from training.evaluation.calibration import reliability
from training.evaluation.fairness import tones_by_key
from training.evaluation.lesion_calibration import judged
from training.evaluation.lesion_limits import abstention_report
from training.evaluation.lesion_predictions import SETS, LesionPredictions
from training.evaluation.lesion_tones import recall_by_tone
from training.evaluation.metrics import binary, clean, confusion, macro_f1, rate, report_binary, spread
from training.evaluation.predictions import joined

BENCHMARK: Final = "retake-lesion-2"
# Every class has two or more sources of phone photographs, one of them left out.
HEADLINE: Final = LABELS
# Fewer photographs of a class say nothing of it: they are shown and not counted in a mean.
FEWEST: Final = 5
# A pair of classes is known to be confused from this count and this share of the true class's photographs.
CONFUSED_FROM: Final = 5
CONFUSED_SHARE: Final = 0.15
_COVERED: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
_PAPER: Final = Path(__file__).with_name("mishra.json")


def confused_pairs(table: Sequence[Sequence[int]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Table 3: which class was called which other one, the most frequent first.

    Args:
        table: counts, rows true, columns predicted.

    Returns:
        entries with ``true``, ``said``, ``count``, ``of`` (photographs of the true class) and ``share``.
    """
    found = [
        {
            "true": labels[i],
            "said": labels[j],
            "count": count,
            "of": sum(row),
            "share": clean(count / sum(row)),
        }
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(found, key=lambda pair: (-pair["count"], -pair["share"]))


def known_confused(table: Sequence[Sequence[int]], labels: Sequence[str]) -> list[ConfusedPair]:
    """The pairs that a result may speak of: from ``CONFUSED_FROM`` photographs and ``CONFUSED_SHARE`` on."""
    return [
        ConfusedPair(**{key: pair[key] for key in ("true", "said", "count", "of")})
        for pair in confused_pairs(table, labels)
        if pair["count"] >= CONFUSED_FROM and pair["share"] >= CONFUSED_SHARE
    ]


def coverage(chances: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    """How often the first guess is right when only the surest share of the photographs is answered.

    Args:
        chances: float, N x classes, N > 0.
        truth: int, N.

    Returns:
        entries with ``coverage`` (share answered), ``n``, ``accuracy`` of those, and ``from``: the top
        probability that they have at least.
    """
    top, right = chances.max(1), chances.argmax(1) == truth
    order = np.argsort(-top, kind="stable")
    counts = np.unique([max(1, round(share * len(order))) for share in _COVERED])[::-1]
    return [
        {
            "coverage": clean(count / len(order)),
            "n": int(count),
            "accuracy": clean(right[order[:count]].mean()),
            "from": clean(top[order[count - 1]]),
        }
        for count in counts
    ]


def recall_of(
    true: np.ndarray, predicted: np.ndarray, weights: np.ndarray
) -> tuple[dict[str, Any], np.ndarray]:
    """Recall of a class that occurs, with ``n`` and an interval, and its bootstrap replicates.

    Args:
        true, predicted: bool, N.
        weights: replicates x N.
    """
    drawn, count, hits = (
        binary(true, predicted, weights)["recall"],
        int(true.sum()),
        int((true & predicted).sum()),
    )
    return {"n": count, "recall": clean(hits / count), "recall_interval": spread(drawn, hits, count)}, drawn


def _class_figures(true: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """``report_binary``, with intervals of recall and precision that are honest for few photographs."""
    figures = report_binary(true, predicted, None, weights)
    drawn, hits = binary(true, predicted, weights), int((true & predicted).sum())
    for key, of in (("recall", int(true.sum())), ("precision", int(predicted.sum()))):
        figures[f"{key}_interval"] = spread(drawn[key], hits, of)
    return figures


def lesion_report(
    lesions: LesionPredictions,
    labels: Sequence[str],
    temperature: float = 1.0,
    plain: np.ndarray | None = None,
) -> dict[str, Any]:
    """Figures of one set of pictures that all show lesions.

    Args:
        lesions: after calibration.
        labels: classes in the order of the logits.
        temperature: what the logits were divided by.
        plain: probabilities before calibration, where that was more than the temperature.
    """
    truth, chances, weights = lesions.label, lesions.chances(), lesions.weights()
    order = np.argsort(-chances, axis=1, kind="stable")
    predicted, count = order[:, 0], len(labels)
    table = confusion(truth, predicted, count)
    return {
        "n": len(truth),
        "classes_present": len(set(truth.tolist())),
        "macro_f1": clean(macro_f1(truth, predicted, count)),
        "macro_f1_interval": interval(macro_f1(truth, predicted, count, weights)),
        **rate("top1", predicted == truth, weights=weights),
        **rate("top2", (order[:, :2] == truth[:, None]).any(1), weights=weights),
        "classes": {
            name: _class_figures(truth == i, predicted == i, weights) for i, name in enumerate(labels)
        },
        "confusion": table,
        "confused_pairs": confused_pairs(table, labels),
        "reliability": reliability(chances, truth, temperature, plain),
        "coverage": coverage(chances, truth),
    }


def _phone(predictions: LesionPredictions) -> LesionPredictions:
    return predictions.subset(predictions.lesion & ~np.isin(predictions.sources, NOT_PHONE))


def _recalls(
    predictions: LesionPredictions, labels: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], list[np.ndarray]]:
    """Recall of the headline's classes that occur, and the bootstrap replicates of each."""
    found: dict[str, dict[str, Any]] = {}
    drawn = []
    weights = predictions.weights() if len(predictions) else np.zeros((1, 0))
    right = predictions.predicted == predictions.label
    for name in (name for name in HEADLINE if name in labels):
        true = predictions.label == labels.index(name)
        if true.any():
            figures, replicates = recall_of(true, true & right, weights)
            drawn.append(replicates)
            found[name] = figures | {"sources": sorted(set(predictions.sources[true].tolist()))}
    return found, drawn


def headline(
    left_out: LesionPredictions, labels: Sequence[str], known: LesionPredictions | None = None
) -> dict[str, Any]:
    """Source-held-out recall: of photographs from sources that no training saw. Dermoscopy is passed over.

    Args:
        left_out: predictions for such sources.
        known: predictions for other photographs of sources that were trained on, to stand beside them.

    Returns:
        ``classes`` by name (n, recall, interval, sources; whether ``counted``, with at least ``FEWEST``
        photographs; ``in_source`` where there are any), mean recall of those counted with its interval, and
        ``missing`` (classes without a photograph).
    """
    classes, drawn = _recalls(_phone(left_out), labels)
    beside = {} if known is None else _recalls(_phone(known), labels)[0]
    for name, entry in classes.items():
        entry["counted"] = entry["n"] >= FEWEST
        entry["in_source"] = beside.get(name)
    counted = [entry for entry in classes.values() if entry["counted"]]
    rows = [row for row, entry in zip(drawn, classes.values(), strict=True) if entry["counted"]]
    return {
        "macro_recall": clean(np.mean([entry["recall"] for entry in counted])) if counted else None,
        "macro_recall_interval": interval(np.nanmean(rows, axis=0)) if counted else None,
        "n": sum(entry["n"] for entry in counted),
        "classes_counted": len(counted),
        "classes": classes,
        "missing": [name for name in HEADLINE if name in labels and name not in classes],
    }


def by_source(
    sets: Mapping[str, LesionPredictions], labels: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Recall by source, for the classes that have two or more among these sets of photographs."""
    out: dict[str, list[dict[str, Any]]] = {}
    for i, name in enumerate(labels):
        entries = []
        for split in (split for split in ("validation", "left_out") if split in sets):
            held = sets[split].subset(sets[split].label == i)
            for source in sorted(set(held.sources.tolist())):
                right = held.predicted[held.sources == source] == i
                entries.append({"source": source, "split": split, "n": len(right)} | rate("recall", right))
        if len(entries) > 1:
            out[name] = entries
    return out


def learnt_from(rows: Sequence[Row], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many photographs, photographs that are no dermoscopy, and sources each class was learnt from."""
    return {
        name: {
            "photos": len(slugs),
            "ordinary": sum(slug not in NOT_PHONE for slug in slugs),
            "sources": len(set(slugs)),
        }
        for name, slugs in taught(rows, labels).items()
    }


def evaluate_lesion(
    sets: Mapping[str, LesionPredictions],
    entry: NetworkEntry,
    rows: Sequence[Row],
    centres: Centres | None = None,
    references: LesionPredictions | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """All figures of the lesion classifier, of predictions as its calibration has them (``judged``).

    Args:
        sets: predictions by name of the set (``lesion_predictions.predict_sets``).
        entry: of the network that made them.
        rows: the whole manifest, to count what there was to learn from.
        centres: what its abstention needs.
        references: predictions for the training side, where there are any: then all scores of unfamiliarity
            are compared.
        limit: how many photographs were shown at most; the report is called shortened.
    """
    labels, temperature = entry.labels, entry.temperature
    calibrated = judged(sets, entry)
    lesions = {name: calibrated[name].subset(sets[name].lesion) for name in SETS if name in sets}
    lesions = {name: held for name, held in lesions.items() if len(held)}
    photos = {name: held for name, held in lesions.items() if name != "phantoms"}
    report: dict[str, Any] = {
        "task": "lesion",
        "benchmark": BENCHMARK + (" (shortened)" if limit is not None else ""),
        "sha256": entry.sha256,
        "labels": list(labels),
        "temperature": temperature,
        "class_offsets": dict(entry.class_offsets),
        "paper": json.loads(_PAPER.read_text(encoding="utf-8")),
        "headline": headline(lesions["left_out"], labels, lesions.get("validation"))
        if "left_out" in lesions
        else {},
        "sections": {
            name: lesion_report(held, labels, temperature, sets[name].subset(sets[name].lesion).chances())
            for name, held in lesions.items()
        },
        "by_source": by_source(photos, labels),
        "learnt_from": learnt_from(rows, labels),
        "confused": [],
    }
    for name, held in photos.items():
        tones = tones_by_key(list(rows), set(held.keys.tolist()))
        report["sections"][name]["tones"] = recall_by_tone(held, tones)
    if photos:
        together = joined(list(photos.values()))
        table = confusion(together.label, together.predicted, len(labels))
        report["confused"] = [pair.model_dump() for pair in known_confused(table, labels)]
    report["abstention"] = abstention_report(sets, entry, centres, references, calibrated)
    return report
