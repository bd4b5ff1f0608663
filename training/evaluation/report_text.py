"""A report as Markdown tables, and the few figures of it that belong in the weights manifest."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.reports.tables import Cell, Figure, Table
from training.evaluation import tables
from training.evaluation.tables import confusion_table, figure, table, text_of

_KEPT: Final = (
    *("n", "quality_macro_f1", "explanation_mean_f1", "explanation_mean_auc"),
    *("macro_f1", "top1", "top2"),
)


def compact(report: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures that belong in the weights manifest."""
    out: dict[str, Any] = {"benchmark": report["benchmark"]} if "benchmark" in report else {}
    for name, section in report["sections"].items():
        part = {key: section[key] for key in _KEPT if key in section}
        if report["task"] == "lesion":
            part["expected_calibration_error"] = section["reliability"]["ece_after"]
        part["f1"] = {key: entry["f1"] for key, entry in section["classes"].items() if entry["positives"]}
        if "explanations" in section:
            part["explanation_f1"] = _each(section["explanations"], "f1")
            part["explanation_auc"] = _each(section["explanations"], "auc")
        out[name] = part
    if report.get("operating_points"):
        out["operating_points"] = {
            name: {
                section: {key: figures[key] for key in ("good_lesion_passes", "faulty_refused")}
                for section, figures in point["sections"].items()
            }
            for name, point in report["operating_points"].items()
        }
    if report.get("headline"):
        held = report["headline"]
        out["headline"] = {"macro_recall": held["macro_recall"], "recall": _each(held["classes"], "recall")}
    if report.get("flips"):
        # Of new collections where there are any: the honest figure.
        out["flips"] = report["flips"].get("left_out") or next(iter(report["flips"].values()))
    if report.get("abstention"):
        out["not_a_lesion_auc"] = _each(report["abstention"]["not_a_lesion"], "auc")
    if "tones" in report:
        out["passes_by_tone"] = _each(report["tones"], "passes")
    if report.get("real_quality"):
        out["real_quality_auc"] = _each(report["real_quality"], "auc")
    return out


def _each(entries: Mapping[str, Mapping[str, Any]], key: str) -> dict[str, Any]:
    return {name: entry[key] for name, entry in entries.items()}


TITLES: Final = {
    "validation": "Validation photographs (sources the network trained on, other photos)",
    "left_out": "Left-out sources (never seen in training)",
    "phantoms": "Phantoms (drawn; unseen seeds, but the same generator as in training)",
    "rated": "Photographs rated by real people",
}


def markdown(report: Mapping[str, Any], level: int = 1) -> str:
    """The report of a quality assessor as tables; 95 % intervals stand in brackets."""
    return tables.markdown(_parts(report, "#" * level))


def _parts(report: Mapping[str, Any], title: str) -> Iterator[str | Table]:
    yield f"{title} {report['task']}"
    if "benchmark" in report:
        yield f"Benchmark `{report['benchmark']}`, seed {report['seed']}."
    for name, section in report["sections"].items():
        yield f"{title}# {TITLES[name]}"
        yield from _section(section)
    if report.get("operating_points"):
        yield f"{title}# Operating points (set on validation)"
        yield _points(report["operating_points"])
    for name, assessors in report.get("good_or_bad", {}).items():
        yield f"{title}# Areas under the ROC curve: {TITLES[name]}"
        yield _areas(report["task"], assessors)
    for name, limits in report.get("limits", {}).items():
        yield f"{title}# What it cannot tell: {TITLES[name]}"
        yield _limits(limits)
    if report.get("gap"):
        yield f"{title}# Validation less left out"
        yield "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in report["gap"].items()) + "."
    if report.get("tones"):
        yield f"{title}# Good photographs of drawn lesions, by skin tone"
        keys = {"called lesion": "called_lesion", "flagged bad_light": "flagged_bad_light"}
        yield table("tone", report["tones"], {"n": "n", **keys, "passes": "passes"})
    if report.get("real_quality"):
        against = "against sharp, well-lit scenes and undegraded no-skin photographs"
        yield f"{title}# Real faults on scenes without skin ({against})"
        yield _binary("fault", report["real_quality"])


def _binary(first: str, entries: Mapping[str, Mapping[str, Any]]) -> Table:
    """Figures of yes/no questions; none of those that are never true."""
    figures = {"F1": "f1", "recall": "recall", "specificity": "specificity", "AUC": "auc"}
    columns = {"n positive": "positives", "of": "n", **figures}
    columns["recall at spec. 0.95"] = "recall_at_specificity_95"
    kept = {
        name: entry if entry["positives"] else {"positives": 0, "n": entry["n"]}
        for name, entry in entries.items()
    }
    return table(first, kept, columns)


def _section(section: Mapping[str, Any]) -> Iterator[str | Table]:
    honest = section["reliability"]
    yield (
        f"n = {section['n']}; macro F1 of the classes {text_of(figure(section, 'quality_macro_f1'))}, "
        f"accuracy {section['accuracy']}; explanations: mean F1 {section['explanation_mean_f1']}, mean AUC "
        f"{section['explanation_mean_auc']}. Expected calibration error of the classes "
        f"{honest['ece_before']} as trained, {honest['ece_after']} after temperature scaling."
    )
    yield _binary("class", section["classes"])
    yield confusion_table(QUALITY_CLASSES, section["confusion"])
    yield _binary("explanation (any rater)", section["explanations"])
    yield _binary("explanation (half the raters)", section["explanations_by_half_the_raters"])
    best = section["explanations_at_best_f1"]
    if best:
        named = {f"{name} ({entry['threshold']:.2f})": entry for name, entry in best.items()}
        first = "explanation, at the threshold best for F1 on validation"
        yield table(first, named, {"F1": "f1", "recall": "recall", "specificity": "specificity"})
    states = {state.replace("_", " "): entry for state, entry in section["gate"].items()}
    yield table("true state", states, {"n": "n", "share that passes": "passes"})
    found = section.get("caught")
    if found and found["share"] is not None:
        part = text_of(Figure(found["share"], found["interval"], held=found["n"]))
        retakes = f"{found['retakes']:.0%} of good lesion photos are sent back"
        yield f"Faulty photos caught where {retakes}: {part}."
    if section.get("fairness"):
        yield _fairness(section["fairness"])
    if section.get("focus"):
        yield _focus(section["focus"])


def _areas(task: str, assessors: Mapping[str, Any]) -> Table:
    """A row for each question, a column for each assessor; ``this`` is the one that the report is of."""
    rows = tuple(
        (
            name.replace("_", " "),
            entry["positives"],
            entry["n"],
            *(figure(found[name], "auc") for found in assessors.values()),
        )
        for name, entry in assessors["this"].items()
    )
    heads = tuple(task if name == "this" else name for name in assessors)
    return Table("", ("question", "n positive", "of", *heads), rows)


def _limits(limits: Mapping[str, Any]) -> Table:
    columns = {"answer": "answer", "false alarms": "alarms", "n": "alarms_n", "missed": "missed"}
    columns |= {"n with it": "missed_n", "why": "why"}
    return table("limit", limits, columns)


def _fairness(found: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for entry in found["bins"]:
        faults = [
            f"{text_of(figure(fault, 'sensitivity'))} ({fault['n']})" for fault in entry["faults"].values()
        ]
        rows.append((entry["name"], entry["n_good"], figure(entry, "specificity"), *faults))
    gaps = found["largest_gap_sensitivity"]
    most = (figure(found, "largest_gap_specificity"), *(figure(gaps, name) for name in EXPLANATIONS))
    heads = ("skin tone (ITA)", "n good", "specificity on good")
    heads += tuple(f"sensitivity {name} (n)" for name in EXPLANATIONS)
    rows.append(("largest gap", "", *most))
    if chance := found.get("largest_gap_by_chance"):
        by_chance = f"{chance['mean']:.2f}, one in twenty above {chance['p95']:.2f}; p {chance['p']:.2f}"
        rows.append(("by chance alone", "", by_chance, *[""] * len(EXPLANATIONS)))
    return Table("", heads, tuple(rows))


def _focus(found: Mapping[str, Any]) -> Table:
    entries = {
        f"{fault}, {place.replace('_', ' ')}": entry
        for place, faults in found.items()
        for fault, entry in faults.items()
    }
    columns = {"n": "n", "energy there": "energy_share", "area": "area_share", "ratio": "ratio"}
    columns |= {"ratio of shuffled maps": "control_ratio", "over shuffled": "over_control"}
    return table("fault put on", entries, columns)


def _points(points: Mapping[str, Any]) -> Table:
    rows = []
    for name, point in points.items():
        settings = [f"{key} {value:.2f}" for key, value in point["thresholds"].items()]
        settings += [f"offset of {key} {value:+.2f}" for key, value in point["class_offsets"].items()]
        for section, entry in point["sections"].items():
            shares = (figure(entry, key) for key in ("good_lesion_passes", "faulty_refused"))
            counts = f"{entry['good_lesion_n']} and {entry['faulty_n']}"
            rows.append((name, section.replace("_", " "), *shares, counts, "; ".join(settings)))
    heads = ("operating point", "section", "good lesion photos passed", "faulty photos refused")
    return Table("", (*heads, "n of each", "settings"), tuple(rows))
