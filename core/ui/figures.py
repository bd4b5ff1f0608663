"""Held-out figures and origins of the shipped networks, as the manifest gives them, in rows to show."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.runtime.manifest import NetworkEntry
from core.words import _


def measure_name(key: str) -> str:
    """A measure in words; one that is not known keeps its key, without the underscores."""
    return {
        "score": _("Score the training aimed at (mean F1)"),
        "quality_f1": _("Quality classes, macro F1"),
        "explanation_f1": _("Explanations, mean F1"),
        "macro_f1": _("Macro F1"),
        "accuracy": _("Accuracy"),
        "auc": _("Area under the ROC curve"),
        "recall_at_specificity_0.95": _("Recall at specificity 0.95"),
        "validation": _("Photos kept back for validation"),
        "in_source": _("Photos kept back, same sources"),
        "left_out": _("A source the network never saw"),
        "left_out_source": _("A source the network never saw"),
    }.get(key, key.replace("_", " "))


def measured(entry: NetworkEntry) -> dict[str, list[tuple[str, str]]]:
    """Rows of (measure, value) by the set of photos that they were measured on."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for place, value in _leaves(entry.metrics):
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
