"""A report of ``evaluate`` as one HTML page: to read, to print, to keep beside its pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.i18n import _
from core.reports import story
from core.reports.plots import figure
from core.reports.reading import Report, at, items, number, photo_sets
from core.reports.sections import Part, name_of
from core.reports.svg import STYLE as PLOTS
from core.reports.svg import Plot
from core.reports.tables import STYLE as TABLES
from core.reports.tables import Table
from core.reports.view import ReportView, report_view
from core.text.wording import disclaimer

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(report: Report, pictures: Path | None = None) -> str:
    """Draw a report, with whatever of it is there.

    Args:
        report: as ``training.evaluation.evaluate`` makes it.
        pictures: the folder that the page will be written to; what lies in its ``mistakes/`` is shown,
            referenced relatively. None shows no pictures.

    Returns:
        A page that runs nothing and loads nothing but those pictures.
    """
    told = report_view(report)
    sets = [
        {
            "key": name,
            "title": story.photo_set_name(name),
            "lead": story.photo_set_sentence(name),
            "provenance": story.provenance(report, name),
            "sections": told.of_photo_set(name),
        }
        for name in photo_sets(report)
    ]
    words = {
        "limits": _("What these figures cannot show"),
        "contents": _("Photos from"),
        "mistakes": _("Worst mistakes"),
        "lead": _("Where the network was surest and wrong. In truth: what the simulated raters said."),
        "glossary": _("What the words mean"),
    }
    return _PAGES.get_template("report.html.jinja").render(
        title=_("How good is {network}?").format(network=told.network),
        provenance=story.provenance(report),
        styles=TABLES + PLOTS,
        told=told,
        first=_first(report, told),
        sets=sets,
        mistakes={} if pictures is None else _mistakes(report, pictures),
        words=words,
        html_of=_html_of,
        disclaimer=disclaimer(),
    )


def _first(report: Report, view: ReportView) -> list[dict[str, Any]]:
    """The sentences that stand before all else, and whether each is set small."""
    told = [{"text": sentence, "quiet": False} for sentence in view.sentences]
    if told:
        told.insert(1, {"text": view.source, "quiet": True})
    if story.shortened(report):
        rough = _("A quick look at a part of the benchmark: the figures are rough.")
        told.insert(0, {"text": rough, "quiet": False})
    return [{"text": view.first, "quiet": False}, *told]


def _html_of(part: Part) -> str:
    """A table, a plot or a row of plots, as HTML that escapes what it shows."""
    if isinstance(part, Table):
        return part.html()
    if isinstance(part, Plot):
        return figure(part)
    return f'<div class="ev-plots many">{"".join(map(figure, part))}</div>'


def _mistakes(report: Report, pictures: Path) -> dict[str, str]:
    """Captions of the pictures that lie there, by their quoted file names."""
    told = {Path(str(at(entry, "file") or "")).name: entry for entry in items(report, "mistakes")}
    found = {path.name for path in (pictures / "mistakes").glob("*.jpg")}
    # Those of this report in its order, the worst first; all that lie there where it names none.
    names = [name for name in told if name in found] or sorted(found)
    return {
        quote(name): _caption(told[name]) if name in told else Path(name).stem.replace("_", " ")
        for name in names
    }


def _caption(entry: Mapping[str, Any]) -> str:
    name, truth, predicted = (name_of(str(at(entry, key) or "–")) for key in ("name", "true", "said"))
    sure, votes = (_share(number(entry, key)) for key in ("probability", "votes"))
    told = {
        "false_alarm": _("{fault}: faulted, {sure} sure; no rater did."),
        "missed": _("{fault}: let through, {sure} sure of a fault; {votes} of the raters faulted it."),
    }.get(str(at(entry, "kind")), _("In truth: {truth}. Answered: {said}, {sure} sure."))
    parts = [told.format(fault=name, truth=truth.lower(), said=predicted.lower(), sure=sure, votes=votes)]
    section, source = at(entry, "section"), at(entry, "source")
    if section:
        parts.append(story.photo_set_name(str(section)) + (f", {source}." if source else "."))
    return " ".join(parts)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
