"""The report of the lesion classifier as Markdown tables."""

from collections.abc import Mapping
from typing import Any, Final

from core.reports.lesion_story import not_comparable
from training.evaluation.report_text import TITLES, confusion_rows, figure, share, table_rows

MOST_PAIRS: Final = 12


def printed(report: Mapping[str, Any]) -> str:
    """What the command shows at once: Table 3 and Figure 5 of each set of photographs."""
    lines = []
    for name, section in report["sections"].items():
        if name != "phantoms":
            lines += [f"## {TITLES[name]}", "", *_pairs(section), *_matrix(report, section)]
    return "\n".join(lines)


def lesion_markdown(report: Mapping[str, Any], level: int = 1) -> str:
    """The report as tables; 95 % intervals stand in brackets."""
    title = "#" * level
    lines = [f"{title} {report['task']}", "", f"Benchmark `{report['benchmark']}`.", ""]
    lines += [*_headline(report["headline"], title), *_paper(report, title)]
    for name, section in report["sections"].items():
        source = " (in-source)" if name == "validation" else ""
        lines += [f"{title}# {TITLES[name]}{source}", "", *_section(report, section)]
    lines += [*_by_source(report["by_source"], title), *_learnt(report["learnt_from"], title)]
    lines += [*_abstention(report["abstention"], title), *_flips(report.get("flips", {}), title)]
    return "\n".join(lines)


def _flips(gains: Mapping[str, Any], title: str) -> list[str]:
    """What averaging over the four mirror images changes."""
    if not gains:
        return []
    rows = [
        [
            TITLES[name],
            str(gain["n"]),
            _gain(gain["top1"]),
            _gain(gain["macro_f1"]),
            f"{gain['put_right']} / {gain['put_wrong']}",
        ]
        for name, gain in gains.items()
    ]
    heads = ["photographs", "n", "first guess right, change", "macro F1, change", "put right / put wrong"]
    return [f"{title}# Averaged over the four mirror images", "", *table_rows(heads, rows), ""]


def _gain(given: Mapping[str, Any]) -> str:
    low, high = given["gain_interval"] or (float("nan"), float("nan"))
    return f"{given['plain']:.2f} to {given['flips']:.2f}: {given['gain']:+.3f} ({low:+.3f} to {high:+.3f})"


def _headline(held: Mapping[str, Any], title: str) -> list[str]:
    if not held:
        return []
    rows = [
        [
            name,
            str(entry["n"]),
            figure(entry, "recall"),
            ", ".join(entry["sources"]),
            str(entry["in_source"]["n"]) if entry["in_source"] else "-",
            figure(entry["in_source"] or {}, "recall"),
        ]
        for name, entry in held["classes"].items()
    ]
    few = [name for name, entry in held["classes"].items() if not entry["counted"]]
    notes = [f"too few to count: {', '.join(few)}"] if few else []
    notes += (
        [f"no photograph from a source left out: {', '.join(held['missing'])}"] if held["missing"] else []
    )
    return [
        f"{title}# Headline: recall on sources never seen in training",
        "",
        f"Macro recall {figure(held, 'macro_recall')} over {held['classes_counted']} classes, n = {held['n']}"
        + (f" ({'; '.join(notes)})." if notes else "."),
        "",
        *table_rows(["class", "n", "recall", "sources", "n in-source", "recall in-source"], rows),
    ]


def _paper(report: Mapping[str, Any], title: str) -> list[str]:
    rows = [
        [f"Retake, {TITLES[name].lower()}", figure(section, "top1"), str(section["n"])]
        for name, section in report["sections"].items()
        if name != "phantoms"
    ]
    rows += [[report["paper"]["source"], f"{value:.3f}", ""] for value in report["paper"]["accuracies"]]
    heads = ["first guess right", "accuracy", "n"]
    return [f"{title}# Beside the paper", "", *table_rows(heads, rows), not_comparable(), ""]


def _section(report: Mapping[str, Any], section: Mapping[str, Any]) -> list[str]:
    honest = section["reliability"]
    rows = [
        [name, str(entry["positives"]), *(figure(entry, key) for key in ("recall", "precision", "f1"))]
        for name, entry in section["classes"].items()
        if entry["positives"]
    ]
    covered = [
        [share(entry["coverage"]), str(entry["n"]), share(entry["accuracy"]), share(entry["from"])]
        for entry in section["coverage"]
    ]
    return [
        f"n = {section['n']}, {section['classes_present']} classes present; macro F1 "
        f"{figure(section, 'macro_f1')}, first guess right {figure(section, 'top1')}, among the first two "
        f"{figure(section, 'top2')}. Expected calibration error {honest['ece_before']} as trained, "
        f"{honest['ece_after']} after {_calibration(report, honest)}.",
        "",
        *table_rows(["class", "n", "recall", "precision", "F1"], rows),
        *_pairs(section),
        *_matrix(report, section),
        *table_rows(["share answered", "n", "first guess right", "top probability from"], covered),
    ]


def _calibration(report: Mapping[str, Any], honest: Mapping[str, Any]) -> str:
    """How the probabilities were made honest."""
    if not report.get("class_offsets"):
        return f"temperature scaling ({honest['temperature']})"
    return (
        f"temperature scaling ({honest['temperature']}) with a bias for each class; where these were fitted "
        "on the same photographs, each one is judged by a fit on other subjects"
    )


def _pairs(section: Mapping[str, Any]) -> list[str]:
    rows = [
        [f"{pair['true']} -> {pair['said']}", str(pair["count"]), str(pair["of"]), share(pair["share"])]
        for pair in section["confused_pairs"][:MOST_PAIRS]
    ]
    return ["Table 3, most often confused:", "", *table_rows(["true -> said", "count", "of", "share"], rows)]


def _matrix(report: Mapping[str, Any], section: Mapping[str, Any]) -> list[str]:
    return ["Figure 5:", "", *confusion_rows(report["labels"], section["confusion"])]


def _by_source(found: Mapping[str, Any], title: str) -> list[str]:
    rows = [
        [name, entry["source"], _learnt_or_not(entry["split"]), str(entry["n"]), figure(entry, "recall")]
        for name, entries in found.items()
        for entry in entries
    ]
    heads = ["class", "source", "the network", "n", "recall"]
    return [f"{title}# By source", "", *table_rows(heads, rows)] if rows else []


def _learnt_or_not(split: str) -> str:
    return "never saw it" if split == "left_out" else "learnt from it"


def _learnt(found: Mapping[str, Any], title: str) -> list[str]:
    rows = [
        [name, *(str(entry[key]) for key in ("photos", "ordinary", "sources"))]
        for name, entry in found.items()
    ]
    heads = ["class", "photographs", "without dermoscopy", "sources"]
    return [f"{title}# What there was to learn from", "", *table_rows(heads, rows)]


def _abstention(found: Mapping[str, Any], title: str) -> list[str]:
    if not found:
        return []
    apart = [
        [
            name.replace("_", " "),
            str(entry["n_lesion"]),
            str(entry["n_other"]),
            figure(entry, "auc"),
            figure(entry, "refused"),
        ]
        for name, entry in found["not_a_lesion"].items()
    ]
    kinds = list(found["not_a_lesion"])
    compared = [
        [score, *(figure(entries[kind], "auc") for kind in kinds)]
        for score, entries in found["scores"].items()
    ]
    answered = [
        [
            name.replace("_", " "),
            str(entry["n"]),
            figure(entry, "answered"),
            str(entry["not_a_lesion"]),
            str(entry["low_confidence"]),
            share(entry["right_of_all"]),
            share(entry["right_of_answered"]),
        ]
        for name, entry in found["answered"].items()
    ]
    return [
        f"{title}# Knowing when not to answer",
        "",
        f"Score `{found['score']}`, not a lesion photo below {found['unfamiliar']}; low confidence below a "
        f"top probability of {found['low_confidence']}. Set on validation photographs and phantoms.",
        "",
        *table_rows(["told apart from lesions", "lesions", "others", "AUC", "others refused"], apart),
        *table_rows(["AUC of", *(kind.replace("_", " ") for kind in kinds)], compared),
        *table_rows(
            [
                "lesion pictures",
                "n",
                "answered",
                "not a lesion",
                "low confidence",
                "first guess right, of all",
                "of those answered",
            ],
            answered,
        ),
    ]
