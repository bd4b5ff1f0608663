"""The comparison as tables and plots: the same ones on the page, in the HTML report and in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.compare.agreement import Report
from core.compare.words import rater_name
from core.i18n import _, in_sentence
from core.reports.plots import roc
from core.reports.svg import Plot
from core.reports.tables import Cell, Figure, Table


def tables(report: Report) -> list[Table]:
    """Each assessor alone, then every pair."""
    found = [_alone(report)]
    if report["pairs"]:
        found.append(_pairs(report))
    return found


def _figure(entry: Mapping[str, Any], name: str, percent: bool = False, digits: int | None = None) -> Figure:
    around = entry.get(f"{name}_interval")
    return Figure(entry.get(name), tuple(around) if around else None, percent, digits=digits)


def _alone(report: Report) -> Table:
    head = [_("Assessor"), _("Photos that pass"), _("Milliseconds a photo")]
    labelled = bool(report["good"] and report["bad"])
    if labelled:
        head += [
            _("Good ones sent back"),
            _("Bad ones let through"),
            _("Area (AUC)"),
            _("Area by probability"),
        ]
    rows: list[tuple[Cell, ...]] = []
    for name, entry in report["assessors"].items():
        row: list[Cell] = [
            name,
            _figure(entry, "passes", percent=True),
            _figure(entry, "milliseconds", digits=1),
        ]
        if labelled:
            row += [_figure(entry, "sent_back", percent=True), _figure(entry, "let_through", percent=True)]
            row += [_figure(entry, "auc", digits=3), _figure(entry, "auc_probability", digits=3)]
        rows.append(tuple(row))
    note = _(
        "Below each figure: its 95% interval; of the time, what 8 in 10 photos take. {n} photos."
    ).format(n=report["n"])
    if report["labelled"]:
        note += " " + _("With a label: {labelled}, {good} good and {bad} bad.").format(
            labelled=report["labelled"], good=report["good"], bad=report["bad"]
        )
    return Table(_("Each assessor"), tuple(head), tuple(rows), note)


def _pairs(report: Report) -> Table:
    head = (
        _("Pair"),
        _("Photos"),
        _("Same answer"),
        _("Kappa, passes"),
        _("Kappa, class"),
        _("F1, classes"),
        _("F1, explanations"),
    )
    rows = tuple(
        (
            _("{one} and {other}").format(one=entry["one"], other=in_sentence(rater_name(entry["other"]))),
            entry["n"],
            _figure(entry, "agree", percent=True),
            _figure(entry, "kappa_passes"),
            _figure(entry, "kappa_class"),
            _figure(entry, "f1_class"),
            _figure(entry, "f1_explanations"),
        )
        for entry in report["pairs"]
    )
    note = _(
        "Same answer: share of photos with the same answer to “does it pass?”. Kappa is agreement beyond "
        "chance: 0 is chance, 1 is always."
    )
    return Table(_("Agreement"), head, rows, note)


def curves_title() -> str:
    """What the curves show."""
    return _("Bad photos found against good ones sent back")


def curves(report: Report, points: Mapping[str, tuple[float, float]] | None = None) -> Sequence[Plot]:
    """The ROC curve of each assessor: bad photos found against good ones sent back, with a point on each."""
    found = []
    for number, (name, entry) in enumerate(report["assessors"].items()):
        if not entry.get("roc"):
            continue
        around = entry.get("auc_interval")
        found.append(
            roc(
                f"compare-roc-{number}",
                name,
                [(x, y) for x, y in entry["roc"]],
                auc=entry["auc"],
                around=tuple(around) if around else None,
                shipped=(points or {}).get(name) or _used(entry),
                marked=_("At the point that is marked: {found} found, {alarms} false alarms."),
            )
        )
    return found


def _used(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    if entry.get("sent_back") is None or entry.get("let_through") is None:
        return None
    return entry["sent_back"], 1 - entry["let_through"]
