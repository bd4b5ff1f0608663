"""Measured figures on a page: sentences first, tables and plots below."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from core.i18n import _
from core.reports import reading, story
from core.reports.plots import figure
from core.reports.reading import Report, ReportError
from core.reports.sections import Part, ReportSection
from core.reports.svg import Plot
from core.reports.tables import STYLE, Table
from core.reports.view import ReportView, report_view
from core.runtime.manifest import WEIGHTS_DIR
from core.ui import engines

FILE: Final = WEIGHTS_DIR / "imageqx_report.json"
LESION_FILE: Final = WEIGHTS_DIR / "lesion_report.json"


def photo_check() -> None:
    """The photo check: how good it is in a few sentences, what that rests on, and every table and plot."""
    _network(FILE, "imageqx")


def lesion_classifier() -> None:
    """The lesion classifier: likewise."""
    _network(LESION_FILE, "lesion")


def _network(file: Path, task: str) -> None:
    try:
        report = reading.load(file)
    except ReportError as error:
        st.error(error.message, icon=":material/query_stats:")
        return
    if report is None:
        words = _(
            "No figures came with this network yet. Whoever runs this app can measure it with "
            "`python -m core evaluate {task} --data DIR --out DIR` and put the file `{task}.json` "
            "that it writes into the folder `weights` as `{task}_report.json`."
        )
        st.info(words.format(task=task), icon=":material/query_stats:")
        return
    view = report_view(report)
    st.html(f"<style>{STYLE}</style>")
    _of_other_weights(report, task)
    _sentences(report, view)
    st.subheader(_("What these figures cannot show"), anchor=False)
    st.markdown("\n".join(f"- {sentence}" for sentence in view.limits))
    for section in view.overall:
        _report_section(section)
    _sections(report, view, task)
    with st.expander(_("What the words mean")):
        st.html(view.glossary.html())


def _of_other_weights(report: Report, task: str) -> None:
    """Say so where the report names a network other than the one in use."""
    of, shipped = reading.at(report, "sha256"), engines.manifest().networks.get(task)
    if isinstance(of, str) and shipped is not None and of != shipped.sha256:
        st.warning(
            _("These figures are of other weights than the ones in use here."), icon=":material/warning:"
        )


def _sentences(report: Report, view: ReportView) -> None:
    if view.sentences:
        st.markdown(f"**{view.sentences[0]}**")
        st.caption(view.source)
    st.info(view.first, icon=":material/experiment:")
    if story.shortened(report):
        st.warning(
            _("A quick look at a part of the benchmark: the figures are rough."), icon=":material/warning:"
        )
    if len(view.sentences) > 1:
        st.markdown("\n".join(f"- {sentence}" for sentence in view.sentences[1:]))
    st.caption(story.provenance(report))


def _sections(report: Report, view: ReportView, task: str) -> None:
    names = reading.photo_sets(report)
    if not names:
        return
    st.subheader(_("In detail"), anchor=False)
    chosen = st.pills(
        _("Photos from"),
        names,
        default=names[0],
        format_func=story.photo_set_name,
        key=f"how-good-section-{task}",
        required=True,
        wrap=True,
    )
    name = chosen or names[0]
    st.markdown(story.photo_set_sentence(name))
    st.caption(story.provenance(report, name))
    for section in view.of_photo_set(name):
        _report_section(section, story.counted(report, [name]) if section.whole else "")


def _report_section(section: ReportSection, photos: str = "") -> None:
    with st.expander(section.title):
        st.markdown(section.lead)
        if photos:
            st.caption(photos)
        st.html("".join(_joined(section.parts)))


def _joined(parts: Sequence[Part]) -> list[str]:
    drawn = []
    for part in parts:
        if isinstance(part, Table):
            drawn.append(part.html())
        else:
            many = "" if isinstance(part, Plot) else " many"
            plots = (part,) if isinstance(part, Plot) else part
            # Streamlit lets no SVG through, so a plot is a picture with a text alternative.
            inside = "".join(figure(plot, inline=False) for plot in plots)
            drawn.append(f'<div class="ev-plots{many}">{inside}</div>')
    return drawn
