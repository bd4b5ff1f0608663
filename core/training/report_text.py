"""A report as Markdown tables, and the few figures of it that belong in the weights manifest."""

from collections.abc import Sequence
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
    if "tones" in report:
        out["passes_by_tone"] = {name: entry["passes"] for name, entry in report["tones"].items()}
    if report.get("real_quality"):
        out["real_quality_auc"] = {name: entry["auc"] for name, entry in report["real_quality"].items()}
    return out


_TITLES: Final = {
    "validation": "Validation photographs (sources the network trained on, other photos)",
    "left_out": "Left-out sources (never seen in training)",
    "phantoms": "Phantoms (drawn; unseen seeds, but the same generator as in training)",
    "rated": "Photographs rated by real people",
}


_TONE_KEYS: Final = ("called_lesion", "flagged_bad_light", "passes")


def _figure(entry: dict[str, Any], name: str) -> str:
    value, around = entry.get(name), entry.get(f"{name}_interval")
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({around[0]:.2f}-{around[1]:.2f})" if around else "")


def _table(entries: dict[str, dict[str, Any]], first: str, scored: bool) -> list[str]:
    columns = ["f1", "recall", "specificity", *(["auc"] if scored else [])]
    heads = [
        first,
        "n positive",
        "of",
        "F1",
        "recall",
        "specificity",
        *(["AUC", "recall at spec. 0.95"] if scored else []),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, entry in entries.items():
        cells = [name, str(entry["positives"]), str(entry["n"])]
        cells += [_figure(entry, column) if entry["positives"] else "-" for column in columns]
        if scored:
            cells.append(_figure(entry, "recall_at_specificity_95"))
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _rows(heads: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def _confusion(names: Sequence[str], table: list[list[int]]) -> list[str]:
    rows = [[name, *map(str, counts)] for name, counts in zip(names, table, strict=True)]
    return ["Confusion (rows: true, columns: said):", "", *_rows(["", *names], rows)]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _lesion_section(section: dict[str, Any], labels: list[str]) -> list[str]:
    macro, first = _figure(section, "macro_f1"), _figure(section, "top1")
    return [
        f"n = {section['n']}, {section['classes_present']} classes present; macro F1 {macro}, "
        f"first guess right {first}, among the first two {section['top2']}.",
        "",
        *_table(section["classes"], "class", scored=False),
        *_confusion(labels, section["confusion"]),
    ]


def _quality_section(section: dict[str, Any]) -> list[str]:
    honest = section["reliability"]
    lines = [
        f"n = {section['n']}; macro F1 of the classes {_figure(section, 'quality_macro_f1')}, accuracy "
        f"{section['accuracy']}; explanations: mean F1 {section['explanation_mean_f1']}, mean AUC "
        f"{section['explanation_mean_auc']}. Expected calibration error of the classes "
        f"{honest['ece_before']} as trained, {honest['ece_after']} after temperature scaling.",
        "",
    ]
    lines += _table(section["classes"], "class", scored=True)
    lines += _confusion(QUALITY_CLASSES, section["confusion"])
    lines += _table(section["explanations"], "explanation (any rater)", scored=True)
    lines += _table(section["explanations_by_half_the_raters"], "explanation (half the raters)", scored=True)
    best = section["explanations_at_best_f1"]
    if best:
        lines += _rows(
            ["explanation, at the threshold best for F1 on validation", "F1", "recall", "specificity"],
            [
                [
                    f"{name} ({entry['threshold']:.2f})",
                    _figure(entry, "f1"),
                    _share(entry["recall"]),
                    _share(entry["specificity"]),
                ]
                for name, entry in best.items()
            ],
        )
    lines += _rows(
        ["true state", "n", "share that passes"],
        [
            [state.replace("_", " "), str(entry["n"]), _share(entry["passes"])]
            for state, entry in section["gate"].items()
        ],
    )
    return lines + _fairness(section.get("fairness")) + _focus(section.get("focus"))


def _fairness(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    rows = []
    for entry in found["bins"]:
        faults = [f"{_share(fault['sensitivity'])} ({fault['n']})" for fault in entry["faults"].values()]
        rows.append([entry["name"], str(entry["n_good"]), _figure(entry, "specificity"), *faults])
    gaps = [_share(found["largest_gap_sensitivity"][name]) for name in EXPLANATIONS]
    rows.append(["largest gap", "", _share(found["largest_gap_specificity"]), *gaps])
    heads = ["skin tone (ITA)", "n good", "specificity on good"]
    return _rows([*heads, *(f"sensitivity {name} (n)" for name in EXPLANATIONS)], rows)


def _focus(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    rows = []
    for place, faults in found.items():
        for fault, entry in faults.items():
            figures = [_share(entry[name]) for name in ("energy_share", "area_share")]
            figures += [_figure(entry, "ratio"), _share(entry["control_ratio"])]
            figures.append(_figure(entry, "over_control"))
            rows.append([f"{fault}, {place.replace('_', ' ')}", str(entry["n"]), *figures])
    heads = ["fault put on", "n", "energy there", "area", "ratio", "ratio of shuffled maps", "over shuffled"]
    return _rows(heads, rows)


def _points(points: dict[str, Any]) -> list[str]:
    rows = []
    for name, point in points.items():
        settings = [f"{key} {value:.2f}" for key, value in point["thresholds"].items()]
        settings += [f"offset of {key} {value:+.2f}" for key, value in point["class_offsets"].items()]
        for section, entry in point["sections"].items():
            good, faulty = (_figure(entry, key) for key in ("good_lesion_passes", "faulty_refused"))
            counts = f"{entry['good_lesion_n']} and {entry['faulty_n']}"
            rows.append([name, section.replace("_", " "), good, faulty, counts, "; ".join(settings)])
    heads = ["operating point", "section", "good lesion photos passed", "faulty photos refused", "n of each"]
    return _rows([*heads, "settings"], rows)


def markdown(report: dict[str, Any], level: int = 1) -> str:
    """The report as tables; 95 % intervals stand in brackets."""
    title = "#" * level
    lines = [f"{title} {report['task']}", ""]
    if "benchmark" in report:
        lines += [f"Benchmark `{report['benchmark']}`, seed {report['seed']}.", ""]
    for name, section in report["sections"].items():
        lines += [f"{title}# {_TITLES[name]}", ""]
        if "explanations" in section:
            lines += _quality_section(section)
        else:
            lines += _lesion_section(section, report["labels"])
    if report.get("operating_points"):
        lines += [f"{title}# Operating points (set on validation)", "", *_points(report["operating_points"])]
    if report.get("gap"):
        gaps = [f"{name.replace('_', ' ')} {value}" for name, value in report["gap"].items()]
        lines += [f"{title}# Validation less left out", "", "; ".join(gaps) + ".", ""]
    if report.get("tones"):
        lines += [f"{title}# Good photographs of drawn lesions, by skin tone", ""]
        rows = [
            [tone, str(entry["n"]), *(_share(entry[key]) for key in _TONE_KEYS)]
            for tone, entry in report["tones"].items()
        ]
        lines += _rows(["tone", "n", "called lesion", "flagged bad_light", "passes"], rows)
    if report.get("real_quality"):
        against = "against sharp, well-lit scenes and undegraded no-skin photographs"
        lines += [f"{title}# Real faults on scenes without skin ({against})", ""]
        lines += _table(report["real_quality"], "fault", scored=True)
    return "\n".join(lines)
