"""A report as Markdown tables, and the few figures of it that belong in the weights manifest."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES


def compact(report: dict[str, Any]) -> dict[str, Any]:
    """The few figures that belong in the weights manifest."""
    out: dict[str, Any] = {"benchmark": report["benchmark"]} if "benchmark" in report else {}
    for name, section in report["sections"].items():
        keep = (
            "n",
            "quality_macro_f1",
            "explanation_mean_f1",
            "explanation_mean_auc",
            "macro_f1",
            "top1",
            "top2",
        )
        part = {key: section[key] for key in keep if key in section}
        if report["task"] == "lesion":
            part["expected_calibration_error"] = section["reliability"]["ece_after"]
        part["f1"] = {key: entry["f1"] for key, entry in section["classes"].items() if entry["positives"]}
        if "explanations" in section:
            part["explanation_f1"] = {key: entry["f1"] for key, entry in section["explanations"].items()}
            part["explanation_auc"] = {key: entry["auc"] for key, entry in section["explanations"].items()}
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
        out["headline"] = {
            "macro_recall": held["macro_recall"],
            "recall": {name: entry["recall"] for name, entry in held["classes"].items()},
        }
    if report.get("flips"):
        # Of new collections where there are any: the honest figure.
        out["flips"] = report["flips"].get("left_out") or next(iter(report["flips"].values()))
    if report.get("abstention"):
        apart = report["abstention"]["not_a_lesion"]
        out["not_a_lesion_auc"] = {name: entry["auc"] for name, entry in apart.items()}
    if "tones" in report:
        out["passes_by_tone"] = {name: entry["passes"] for name, entry in report["tones"].items()}
    if report.get("real_quality"):
        out["real_quality_auc"] = {name: entry["auc"] for name, entry in report["real_quality"].items()}
    return out


TITLES: Final = {
    "validation": "Validation photographs (sources the network trained on, other photos)",
    "left_out": "Left-out sources (never seen in training)",
    "phantoms": "Phantoms (drawn; unseen seeds, but the same generator as in training)",
    "rated": "Photographs rated by real people",
}


_TONE_KEYS: Final = ("called_lesion", "flagged_bad_light", "passes")


def figure(entry: Mapping[str, Any], name: str) -> str:
    """A figure with its interval in brackets; a dash for none."""
    value, around = entry.get(name), entry.get(f"{name}_interval")
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({around[0]:.2f}-{around[1]:.2f})" if around else "")


def _table(entries: dict[str, dict[str, Any]], first: str) -> list[str]:
    columns = ["f1", "recall", "specificity", "auc"]
    heads = [first, "n positive", "of", "F1", "recall", "specificity", "AUC", "recall at spec. 0.95"]
    rows = []
    for name, entry in entries.items():
        cells = [figure(entry, column) if entry["positives"] else "-" for column in columns]
        counts = [str(entry["positives"]), str(entry["n"])]
        rows.append([name, *counts, *cells, figure(entry, "recall_at_specificity_95")])
    return table_rows(heads, rows)


def table_rows(heads: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table, and an empty line."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def confusion_rows(names: Sequence[str], table: list[list[int]]) -> list[str]:
    """A confusion matrix as a Markdown table."""
    rows = [[name, *map(str, counts)] for name, counts in zip(names, table, strict=True)]
    return ["Confusion (rows: true, columns: said):", "", *table_rows(["", *names], rows)]


def share(value: float | None) -> str:
    """A share with two places; a dash for none."""
    return "-" if value is None else f"{value:.2f}"


def _quality_section(section: dict[str, Any]) -> list[str]:
    honest = section["reliability"]
    lines = [
        f"n = {section['n']}; macro F1 of the classes {figure(section, 'quality_macro_f1')}, accuracy "
        f"{section['accuracy']}; explanations: mean F1 {section['explanation_mean_f1']}, mean AUC "
        f"{section['explanation_mean_auc']}. Expected calibration error of the classes "
        f"{honest['ece_before']} as trained, {honest['ece_after']} after temperature scaling.",
        "",
    ]
    lines += _table(section["classes"], "class")
    lines += confusion_rows(QUALITY_CLASSES, section["confusion"])
    lines += _table(section["explanations"], "explanation (any rater)")
    lines += _table(section["explanations_by_half_the_raters"], "explanation (half the raters)")
    best = section["explanations_at_best_f1"]
    if best:
        lines += table_rows(
            ["explanation, at the threshold best for F1 on validation", "F1", "recall", "specificity"],
            [
                [
                    f"{name} ({entry['threshold']:.2f})",
                    figure(entry, "f1"),
                    share(entry["recall"]),
                    share(entry["specificity"]),
                ]
                for name, entry in best.items()
            ],
        )
    lines += table_rows(
        ["true state", "n", "share that passes"],
        [
            [state.replace("_", " "), str(entry["n"]), share(entry["passes"])]
            for state, entry in section["gate"].items()
        ],
    )
    lines += _caught(section.get("caught"))
    return lines + _fairness(section.get("fairness")) + _focus(section.get("focus"))


def _caught(found: Mapping[str, Any] | None) -> list[str]:
    if not found or found["share"] is None:
        return []
    low, high = found["interval"]
    part = f"{found['share']:.2f} ({low:.2f}-{high:.2f}, n {found['n']})"
    return [
        f"Faulty photos caught where {found['retakes']:.0%} of good lesion photos are sent back: {part}.",
        "",
    ]


def _fairness(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    rows = []
    for entry in found["bins"]:
        faults = [f"{share(fault['sensitivity'])} ({fault['n']})" for fault in entry["faults"].values()]
        rows.append([entry["name"], str(entry["n_good"]), figure(entry, "specificity"), *faults])
    gaps = [share(found["largest_gap_sensitivity"][name]) for name in EXPLANATIONS]
    rows.append(["largest gap", "", share(found["largest_gap_specificity"]), *gaps])
    heads = ["skin tone (ITA)", "n good", "specificity on good"]
    return table_rows([*heads, *(f"sensitivity {name} (n)" for name in EXPLANATIONS)], rows)


def _focus(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    rows = []
    for place, faults in found.items():
        for fault, entry in faults.items():
            figures = [share(entry[name]) for name in ("energy_share", "area_share")]
            figures += [figure(entry, "ratio"), share(entry["control_ratio"])]
            figures.append(figure(entry, "over_control"))
            rows.append([f"{fault}, {place.replace('_', ' ')}", str(entry["n"]), *figures])
    heads = ["fault put on", "n", "energy there", "area", "ratio", "ratio of shuffled maps", "over shuffled"]
    return table_rows(heads, rows)


def _points(points: dict[str, Any]) -> list[str]:
    rows = []
    for name, point in points.items():
        settings = [f"{key} {value:.2f}" for key, value in point["thresholds"].items()]
        settings += [f"offset of {key} {value:+.2f}" for key, value in point["class_offsets"].items()]
        for section, entry in point["sections"].items():
            good, faulty = (figure(entry, key) for key in ("good_lesion_passes", "faulty_refused"))
            counts = f"{entry['good_lesion_n']} and {entry['faulty_n']}"
            rows.append([name, section.replace("_", " "), good, faulty, counts, "; ".join(settings)])
    heads = ["operating point", "section", "good lesion photos passed", "faulty photos refused", "n of each"]
    return table_rows([*heads, "settings"], rows)


def markdown(report: dict[str, Any], level: int = 1) -> str:
    """The report of a quality assessor as tables; 95 % intervals stand in brackets."""
    title = "#" * level
    lines = [f"{title} {report['task']}", ""]
    if "benchmark" in report:
        lines += [f"Benchmark `{report['benchmark']}`, seed {report['seed']}.", ""]
    for name, section in report["sections"].items():
        lines += [f"{title}# {TITLES[name]}", ""]
        lines += _quality_section(section)
    if report.get("operating_points"):
        lines += [f"{title}# Operating points (set on validation)", "", *_points(report["operating_points"])]
    if report.get("gap"):
        gaps = [f"{name.replace('_', ' ')} {value}" for name, value in report["gap"].items()]
        lines += [f"{title}# Validation less left out", "", "; ".join(gaps) + ".", ""]
    if report.get("tones"):
        lines += [f"{title}# Good photographs of drawn lesions, by skin tone", ""]
        rows = [
            [tone, str(entry["n"]), *(share(entry[key]) for key in _TONE_KEYS)]
            for tone, entry in report["tones"].items()
        ]
        lines += table_rows(["tone", "n", "called lesion", "flagged bad_light", "passes"], rows)
    if report.get("real_quality"):
        against = "against sharp, well-lit scenes and undegraded no-skin photographs"
        lines += [f"{title}# Real faults on scenes without skin ({against})", ""]
        lines += _table(report["real_quality"], "fault")
    return "\n".join(lines)
