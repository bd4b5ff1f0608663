"""A report of ``evaluate`` as one HTML page: to read, to print, to keep beside its pictures."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from core.i18n import _
from core.reports import story
from core.reports.plots import figure
from core.reports.reading import Report, at, items, number, photo_sets
from core.reports.sections import Part, ReportSection, name_of
from core.reports.svg import STYLE as PLOTS
from core.reports.svg import Plot, words
from core.reports.tables import STYLE as TABLES
from core.reports.tables import Table
from core.reports.view import ReportView, report_view
from core.text.wording import disclaimer

_STYLE: Final = """
:root { color-scheme: light dark; --rt-line: #dbd7ce; --rt-quiet: #4d5c5d; --rt-good: #0b6560;
  --rt-soft: #f1eee8; --rt-page: #fff; --ink: #1c2b2c; }
@media screen and (prefers-color-scheme: dark) { :root { --rt-line: #334243; --rt-quiet: #b4c1c0;
  --rt-good: #7fd3ca; --rt-soft: #1a2526; --rt-page: #101819; --ink: #e9eeec; } }
body { margin: 0; background: var(--rt-page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.4rem; margin: 2.6rem 0 .4rem; } h3 { font-size: 1.1rem; margin: 1.8rem 0 .3rem; }
p { margin: .4rem 0; max-width: 46rem; } li { max-width: 44rem; margin: .2rem 0; }
a { color: var(--rt-good); } nav ul { padding: 0; list-style: none; display: flex;
  flex-wrap: wrap; gap: .3rem 1.2rem; }
.quiet { color: var(--rt-quiet); font-size: .9rem; overflow-wrap: anywhere; }
.first { background: var(--rt-soft); border-left: .4rem solid var(--rt-good); padding: .6rem 1rem;
  margin: 1rem 0;
  max-width: 46rem; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; }
.mistakes figure { margin: 0; break-inside: avoid; }
.mistakes img { width: 100%; height: 11rem; object-fit: contain; border-radius: .5rem; display: block;
  background: var(--rt-soft); }
.mistakes figcaption { font-size: .9rem; margin-top: .3rem; overflow-wrap: anywhere; }
@media print { main { max-width: none; padding: 0; } body { font-size: 11pt; } nav { display: none; }
  tr, figure, .first { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


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
    title = _("How good is {network}?").format(network=told.network)
    shown = [(name, told.of_photo_set(name)) for name in photo_sets(report)]
    body = [
        f"<h1>{words(title)}</h1>",
        f'<p class="quiet">{words(story.provenance(report))}</p>',
        _first(report, told),
        _contents(shown),
        *_report_sections(told.overall, "h2"),
    ]
    for name, found in shown:
        body.append(f'<h2 id="{words(name)}">{words(story.photo_set_name(name))}</h2>')
        body.append(f"<p>{words(story.photo_set_told(name))}</p>")
        body.append(f'<p class="quiet">{words(story.provenance(report, name))}</p>')
        body += _report_sections(found, "h3")
    if pictures is not None:
        body.append(_mistakes(report, pictures))
    body.append(f'<h2 id="words">{words(_("What the words mean"))}</h2>{told.glossary.html()}')
    body.append(f'<p class="quiet">{words(disclaimer())}</p>')
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src 'self' file: data:; style-src 'unsafe-inline'\">"
        f"<title>{words(title)}</title><style>{_STYLE}{TABLES}{PLOTS}</style>"
    )
    page = f"<head>{head}</head><body><main>{''.join(body)}</main></body>"
    return f'<!doctype html><html lang="en">{page}</html>\n'


def _first(report: Report, view: ReportView) -> str:
    parts = [f"<p><strong>{words(view.first)}</strong></p>"]
    if story.shortened(report):
        parts.append(f"<p>{words(_('A quick look at a part of the benchmark: the figures are rough.'))}</p>")
    told = [f"<p>{words(sentence)}</p>" for sentence in view.sentences]
    if told:
        told.insert(1, f'<p class="quiet">{words(view.source)}</p>')
    parts += told
    limits = "".join(f"<li>{words(sentence)}</li>" for sentence in view.limits)
    title = words(_("What these figures cannot show"))
    return f'<div class="first">{"".join(parts)}</div><h2 id="limits">{title}</h2><ul>{limits}</ul>'


def _contents(shown: Iterable[tuple[str, list[ReportSection]]]) -> str:
    links = "".join(
        f'<li><a href="#{words(name)}">{words(story.photo_set_name(name))}</a></li>' for name, _found in shown
    )
    return f'<nav aria-label="{words(_("Photos from"))}"><ul>{links}</ul></nav>' if links else ""


def _report_sections(found: Iterable[ReportSection], level: str) -> list[str]:
    return [
        f"<section><{level}>{words(section.title)}</{level}><p>{words(section.lead)}</p>"
        f"{''.join(map(_part, section.parts))}</section>"
        for section in found
    ]


def _part(part: Part) -> str:
    if isinstance(part, Table):
        return part.html()
    if isinstance(part, Plot):
        return figure(part)
    return f'<div class="ev-plots many">{"".join(map(figure, part))}</div>'


def _mistakes(report: Report, pictures: Path) -> str:
    told = {Path(str(at(entry, "file") or "")).name: entry for entry in items(report, "mistakes")}
    found = {path.name for path in (pictures / "mistakes").glob("*.jpg")}
    # Those of this report in its order, the worst first; all that lie there where it names none.
    names = [name for name in told if name in found] or sorted(found)
    if not names:
        return ""
    drawn = []
    for name in names:
        caption = _caption(told[name]) if name in told else Path(name).stem.replace("_", " ")
        drawn.append(
            f'<figure><img src="mistakes/{quote(name)}" alt="{words(caption)}" loading="lazy">'
            f"<figcaption>{words(caption)}</figcaption></figure>"
        )
    title = _("Worst mistakes")
    lead = _("Where the network was surest and wrong. In truth: what the simulated raters said.")
    return (
        f'<h2 id="mistakes">{words(title)}</h2><p>{words(lead)}</p>'
        f'<div class="mistakes">{"".join(drawn)}</div>'
    )


def _caption(entry: Mapping[str, Any]) -> str:
    name, truth, said = (name_of(str(at(entry, key) or "–")) for key in ("name", "true", "said"))
    sure, votes = (_share(number(entry, key)) for key in ("probability", "votes"))
    told = {
        "false_alarm": _("{fault}: faulted, {sure} sure; no rater did."),
        "missed": _("{fault}: let through, {sure} sure of a fault; {votes} of the raters faulted it."),
    }.get(str(at(entry, "kind")), _("In truth: {truth}. Answered: {said}, {sure} sure."))
    parts = [told.format(fault=name, truth=truth.lower(), said=said.lower(), sure=sure, votes=votes)]
    section, source = at(entry, "section"), at(entry, "source")
    if section:
        parts.append(story.photo_set_name(str(section)) + (f", {source}." if source else "."))
    return " ".join(parts)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
