"""The report of the lesion classifier as Markdown tables."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.reports.lesion_story import not_comparable
from core.reports.tables import Table
from training.evaluation.report_text import TITLES
from training.evaluation.tables import cell, confusion_table, figure, markdown, table, text_of

MOST_PAIRS: Final = 12
Parts = Iterator[str | Table]


def printed(report: Mapping[str, Any]) -> str:
    """What the command shows at once: Table 3 and Figure 5 of each set of photographs."""
    return markdown(_printed(report))


def lesion_markdown(report: Mapping[str, Any], level: int = 1) -> str:
    """The report as tables; 95 % intervals stand in brackets."""
    return markdown(_parts(report, "#" * level))


def _printed(report: Mapping[str, Any]) -> Parts:
    for name, section in report["sections"].items():
        if name != "phantoms":
            yield f"## {TITLES[name]}"
            yield from _confused(report, section)


def _parts(report: Mapping[str, Any], title: str) -> Parts:
    yield f"{title} {report['task']}"
    yield f"Benchmark `{report['benchmark']}`."
    if report["headline"]:
        yield f"{title}# Headline: recall on sources never seen in training"
        yield from _headline(report["headline"])
    yield f"{title}# Beside the paper"
    yield _paper(report)
    yield not_comparable()
    for name, section in report["sections"].items():
        yield f"{title}# {TITLES[name]}{' (in-source)' if name == 'validation' else ''}"
        yield from _section(report, section)
    if report["by_source"]:
        yield f"{title}# By source"
        yield _by_source(report["by_source"])
    yield f"{title}# What there was to learn from"
    learnt = {"photographs": "photos", "without dermoscopy": "ordinary", "sources": "sources"}
    yield table("class", report["learnt_from"], learnt)
    if report["abstention"]:
        yield f"{title}# Knowing when not to answer"
        yield from _abstention(report["abstention"])
    if report.get("flips"):
        yield f"{title}# Averaged over the four mirror images"
        yield _flips(report["flips"])


def _headline(held: Mapping[str, Any]) -> Parts:
    few = [name for name, entry in held["classes"].items() if not entry["counted"]]
    notes = [f"too few to count: {', '.join(few)}"] if few else []
    if held["missing"]:
        notes.append(f"no photograph from a source left out: {', '.join(held['missing'])}")
    yield (
        f"Macro recall {text_of(figure(held, 'macro_recall'))} over {held['classes_counted']} classes, n = "
        f"{held['n']}" + (f" ({'; '.join(notes)})." if notes else ".")
    )
    rows = []
    for name, entry in held["classes"].items():
        known = entry["in_source"] or {}
        beside = (known.get("n"), figure(known, "recall"))
        rows.append((name, entry["n"], figure(entry, "recall"), ", ".join(entry["sources"]), *beside))
    heads = ("class", "n", "recall", "sources", "n in-source", "recall in-source")
    yield Table("", heads, tuple(rows))


def _paper(report: Mapping[str, Any]) -> Table:
    rows = [
        (f"Retake, {TITLES[name].lower()}", figure(section, "top1"), section["n"])
        for name, section in report["sections"].items()
        if name != "phantoms"
    ]
    rows += [(report["paper"]["source"], f"{value:.3f}", "") for value in report["paper"]["accuracies"]]
    return Table("", ("first guess right", "accuracy", "n"), tuple(rows))


def _section(report: Mapping[str, Any], section: Mapping[str, Any]) -> Parts:
    honest = section["reliability"]
    yield (
        f"n = {section['n']}, {section['classes_present']} classes present; macro F1 "
        f"{text_of(figure(section, 'macro_f1'))}, first guess right {text_of(figure(section, 'top1'))}, "
        f"among the first two {text_of(figure(section, 'top2'))}. Expected calibration error "
        f"{honest['ece_before']} as trained, {honest['ece_after']} after {_calibration(report, honest)}."
    )
    present = {name: entry for name, entry in section["classes"].items() if entry["positives"]}
    yield table(
        "class", present, {"n": "positives", "recall": "recall", "precision": "precision", "F1": "f1"}
    )
    yield from _confused(report, section)
    columns = {"coverage": "share answered", "n": "n", "accuracy": "first guess right"}
    columns["from"] = "top probability from"
    rows = [tuple(cell(entry, key) for key in columns) for entry in section["coverage"]]
    yield Table("", tuple(columns.values()), tuple(rows))
    if section.get("tones"):
        yield from _tones(section["tones"])


def _calibration(report: Mapping[str, Any], honest: Mapping[str, Any]) -> str:
    """How the probabilities were made honest."""
    if not report.get("class_offsets"):
        return f"temperature scaling ({honest['temperature']})"
    return (
        f"temperature scaling ({honest['temperature']}) with a bias for each class; where these were fitted "
        "on the same photographs, each one is judged by a fit on other subjects"
    )


def _confused(report: Mapping[str, Any], section: Mapping[str, Any]) -> Parts:
    pairs = {f"{pair['true']} -> {pair['said']}": pair for pair in section["confused_pairs"][:MOST_PAIRS]}
    yield "Table 3, most often confused:"
    yield table("true -> said", pairs, {"count": "count", "of": "of", "share": "share"})
    yield "Figure 5:"
    yield confusion_table(report["labels"], section["confusion"])


def _tones(found: Mapping[str, Any]) -> Parts:
    rows = [
        (
            f"{entry['name']} ({entry['ita_low']:.0f} to {entry['ita_high']:.0f})",
            entry["n"],
            figure(entry, "recall"),
            entry["expected"],
        )
        for entry in found["bins"]
        if entry["n"]
    ]
    yield Table("", ("skin tone (ITA, degrees)", "n", "recall", "by the mix of kinds alone"), tuple(rows))
    if found["largest_gap"] is not None:
        yield (
            f"Largest gap in recall between tones {found['largest_gap']}, beyond the mix of kinds "
            f"{found['largest_gap_beyond_the_mix']}."
        )


def _by_source(found: Mapping[str, Any]) -> Table:
    how = {"left_out": "never saw it"}
    rows = [
        (
            name,
            entry["source"],
            how.get(entry["split"], "learnt from it"),
            entry["n"],
            figure(entry, "recall"),
        )
        for name, entries in found.items()
        for entry in entries
    ]
    return Table("", ("class", "source", "the network", "n", "recall"), tuple(rows))


def _abstention(found: Mapping[str, Any]) -> Parts:
    yield (
        f"Score `{found['score']}`, not a lesion photo below {found['unfamiliar']}; low confidence below a "
        f"top probability of {found['low_confidence']}. Set on validation photographs and phantoms."
    )
    columns = {"lesions": "n_lesion", "others": "n_other", "AUC": "auc", "others refused": "refused"}
    yield table("told apart from lesions", _spaced(found["not_a_lesion"]), columns)
    rows = [
        (score, *(figure(entries[kind], "auc") for kind in found["not_a_lesion"]))
        for score, entries in found["scores"].items()
    ]
    yield Table("", ("AUC of", *_spaced(found["not_a_lesion"])), tuple(rows))
    columns = {"n": "n", "answered": "answered", "not a lesion": "not_a_lesion"}
    columns |= {"low confidence": "low_confidence", "first guess right, of all": "right_of_all"}
    columns["of those answered"] = "right_of_answered"
    yield table("lesion pictures", _spaced(found["answered"]), columns)


def _spaced(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", " "): entry for name, entry in entries.items()}


def _flips(gains: Mapping[str, Any]) -> Table:
    """What averaging over the four mirror images changes."""
    rows = []
    for name, gain in gains.items():
        changes = (_gain(gain["top1"]), _gain(gain["macro_f1"]))
        rows.append((TITLES[name], gain["n"], *changes, f"{gain['put_right']} / {gain['put_wrong']}"))
    heads = ("photographs", "n", "first guess right, change", "macro F1, change", "put right / put wrong")
    return Table("", heads, tuple(rows))


def _gain(given: Mapping[str, Any]) -> str:
    low, high = given["gain_interval"] or (float("nan"), float("nan"))
    return f"{given['plain']:.2f} to {given['flips']:.2f}: {given['gain']:+.3f} ({low:+.3f} to {high:+.3f})"
