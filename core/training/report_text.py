"""A report as Markdown tables, and the few figures of it that belong in the weights manifest."""

from typing import Any, Final


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


def markdown(report: dict[str, Any], level: int = 1) -> str:
    """The report as tables; 95 % bootstrap intervals stand in brackets."""
    title = "#" * level
    lines = [f"{title} {report['task']}", ""]
    if "benchmark" in report:
        lines += [f"Benchmark `{report['benchmark']}`, seed {report['seed']}.", ""]
    for name, section in report["sections"].items():
        lines += [f"{title}# {_TITLES[name]}", ""]
        if "explanations" in section:
            f1, macro = section["explanation_mean_f1"], section["quality_macro_f1"]
            lines += [
                f"n = {section['n']}; macro F1 of the classes {macro}, accuracy {section['accuracy']}; "
                f"explanations: mean F1 {f1}, mean AUC {section['explanation_mean_auc']}.",
                "",
            ]
            lines += _table(section["classes"], "class", scored=True)
            lines += _table(section["explanations"], "explanation (any rater)", scored=True)
            lines += _table(
                section["explanations_by_half_the_raters"], "explanation (half the raters)", scored=True
            )
            lines += ["| true state | n | share that passes |", "|---|---|---|"]
            for state, entry in section["gate"].items():
                share = "-" if entry["passes"] is None else f"{entry['passes']:.2f}"
                lines.append(f"| {state.replace('_', ' ')} | {entry['n']} | {share} |")
            lines.append("")
        else:
            macro, first = _figure(section, "macro_f1"), _figure(section, "top1")
            lines += [
                f"n = {section['n']}, {section['classes_present']} classes present; macro F1 {macro}, "
                f"first guess right {first}, among the first two {section['top2']}.",
                "",
            ]
            lines += _table(section["classes"], "class", scored=False)
            lines += ["Confusion (rows: true, columns: said):", ""]
            lines += [
                "| | " + " | ".join(report["labels"]) + " |",
                "|---" * (len(report["labels"]) + 1) + "|",
            ]
            for label, row in zip(report["labels"], section["confusion"], strict=True):
                lines.append(f"| {label} | " + " | ".join(str(value) for value in row) + " |")
            lines.append("")
    if report.get("tones"):
        lines += [f"{title}# Good photographs of drawn lesions, by skin tone", ""]
        lines += ["| tone | n | called lesion | flagged bad_light | passes |", "|---|---|---|---|---|"]
        for tone, entry in report["tones"].items():
            shares = [f"{entry[key]:.2f}" for key in ("called_lesion", "flagged_bad_light", "passes")]
            lines.append(f"| {tone} | {entry['n']} | " + " | ".join(shares) + " |")
        lines.append("")
    if report.get("real_quality"):
        lines += [f"{title}# Real faults on scenes without skin (against sharp, well-lit scenes)", ""]
        lines += _table(report["real_quality"], "fault", scored=True)
    return "\n".join(lines)
