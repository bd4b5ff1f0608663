"""Measured figures on a page: sentences first, tables and plots below."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from core.evidence import chapters, reading, story
from core.evidence.chapters import Chapter, Part
from core.evidence.plots import figure
from core.evidence.reading import Report, ReportError
from core.evidence.svg import Plot
from core.evidence.tables import STYLE, Table
from core.runtime.manifest import WEIGHTS_DIR
from core.words import _

FILE: Final = WEIGHTS_DIR / "imageqx_report.json"


def photo_check() -> None:
    """The photo check: how good it is in a few sentences, what that rests on, and every table and plot."""
    try:
        report = reading.load(FILE)
    except ReportError as error:
        st.error(error.message, icon=":material/query_stats:")
        return
    if report is None:
        st.info(
            _(
                "No figures came with this network yet. Whoever runs this app can measure it with "
                "`python -m core evaluate imageqx --data DIR --out DIR` and put the file `imageqx.json` "
                "that it writes into the folder `weights` as `imageqx_report.json`."
            ),
            icon=":material/query_stats:",
        )
        return
    st.html(f"<style>{STYLE}</style>")
    _sentences(report)
    _limits(report)
    for chapter in chapters.overall(report):
        _chapter(chapter)
    _sections(report)
    with st.expander(_("What the words mean")):
        st.html(chapters.glossary().html())


def _sentences(report: Report) -> None:
    told = story.story(report)
    if told:
        st.markdown(f"**{told[0]}**")
        st.caption(story.headline_source(report))
    st.info(story.simulated(report), icon=":material/experiment:")
    if story.shortened(report):
        st.warning(
            _("A quick look at a part of the benchmark: the figures are rough."), icon=":material/warning:"
        )
    if len(told) > 1:
        st.markdown("\n".join(f"- {sentence}" for sentence in told[1:]))
    st.caption(story.provenance(report))


def _limits(report: Report) -> None:
    st.subheader(_("What these figures cannot show"), anchor=False)
    st.markdown("\n".join(f"- {sentence}" for sentence in story.limits()))


def _sections(report: Report) -> None:
    names = reading.sections(report)
    if not names:
        return
    st.subheader(_("In detail"), anchor=False)
    chosen = st.pills(
        _("Photos from"),
        names,
        default=names[0],
        format_func=story.section_name,
        key="how-good-section",
        required=True,
        wrap=True,
    )
    name = chosen or names[0]
    st.markdown(story.section_told(name))
    st.caption(story.provenance(report, name))
    for chapter in chapters.of_section(report, name):
        _chapter(chapter, story.counted(report, [name]) if chapter.whole else "")


def _chapter(chapter: Chapter, photos: str = "") -> None:
    with st.expander(chapter.title):
        st.markdown(chapter.lead)
        if photos:
            st.caption(photos)
        st.html("".join(_joined(chapter.parts)))


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
