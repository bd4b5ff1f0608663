"""Held-out figures and origins of the shipped networks, as the manifest gives them, in rows to show."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.i18n import _
from core.lesion.taxonomy import LABELS, shipped
from core.reports.sections import name_of
from core.runtime.manifest import NetworkEntry

_TOLD_ELSEWHERE = frozenset({"flips"})  # beside the setting that it is about


def measure_name(key: str) -> str:
    """A measure, or what it is measured on; one not known keeps its key, without the underscores."""
    if key in LABELS:
        return shipped().lay_name(key)
    return {
        "n": _("Photos"),
        "f1": "F1",
        "benchmark": _("Protocol"),
        "quality_macro_f1": _("Quality classes, macro F1"),
        "explanation_mean_f1": _("Explanations, mean F1"),
        "explanation_mean_auc": _("Area (AUC)"),
        "explanation_auc": _("Area (AUC)"),
        "operating_points": _("Setting"),
        "good_lesion_passes": _("Photos that pass"),
        "faulty_refused": _("Turned away"),
        "passes_by_tone": _("Good drawings of a spot, by tone"),
        "real_quality_auc": _("Real faults of scenes without skin"),
        "phantoms": _("Drawn skin"),
        "validation_healthy_skin": _("Known collections: healthy skin"),
        "validation_no_skin": _("Known collections: no skin"),
        "left_out_healthy_skin": _("New collections: healthy skin"),
        "left_out_no_skin": _("New collections: no skin"),
        "left_out_real_quality": _("New collections: dark, bright and blurred scenes"),
        "phantoms_healthy_skin": _("Drawn: healthy skin"),
        "phantoms_no_skin": _("Drawn: no skin"),
        "validation_and_phantoms": _("Known collections and drawn pictures together"),
        "score": _("Score the training aimed at (mean F1)"),
        "quality_f1": _("Quality classes, macro F1"),
        "explanation_f1": _("Explanations, mean F1"),
        "macro_f1": _("Macro F1"),
        "accuracy": _("Accuracy"),
        "auc": _("Area under the ROC curve"),
        "recall_at_specificity_0.95": _("Recall at specificity 0.95"),
        "headline": _("Sources the network never saw, phone photos (headline)"),
        "macro_recall": _("Mean recall"),
        "recall": _("Recall"),
        "top1": _("First guess right"),
        "top2": _("Among the first two"),
        "expected_calibration_error": _("Expected calibration error"),
        "not_a_lesion_auc": _("Told from photos of a skin change, area under the ROC curve"),
        "validation": _("Photos kept back for validation"),
        "in_source": _("Photos kept back, same sources"),
        "left_out": _("A source the network never saw"),
        "left_out_source": _("A source the network never saw"),
    }.get(key) or name_of(key)


def measured(entry: NetworkEntry) -> dict[str, list[tuple[str, str]]]:
    """Rows of (measure, value) by the set of photos that they were measured on."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for place, value in _leaves(entry.metrics):
        if _TOLD_ELSEWHERE & set(place):
            continue
        *where, what = place
        title = measure_name(where[0]) if where else _("All photos")
        words = [measure_name(step) for step in (*where[1:], what)]
        sets.setdefault(title, []).append((", ".join(words), _shown(value)))
    return sets


def origin(entry: NetworkEntry) -> list[tuple[str, str]]:
    """Rows of (what, value): what made this file."""
    rows = [(", ".join(place).replace("_", " "), _shown(value)) for place, value in _leaves(entry.provenance)]
    return [*rows, ("file", f"{entry.file}, {entry.bytes / 1e6:.1f} MB"), ("sha256", entry.sha256)]


def is_trained(entry: NetworkEntry) -> bool:
    """Whether the manifest gives any held-out figure for this network."""
    return any(True for _leaf in _leaves(entry.metrics))


def _leaves(tree: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, str(key)))
        elif value is not None:
            yield (*place, str(key)), value


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
