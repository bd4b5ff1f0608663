"""A questionnaire, as rows of choices. An item may be left out, after one reminder."""

from html import escape
from typing import Final

import streamlit as st

from core.i18n import _, ngettext
from core.study.questionnaires import QUESTIONNAIRES, Item, Questionnaire
from core.study.session import StudySession
from core.ui import session
from core.ui.study_visit import Taking, act_and_go_on

_ONE_ROW: Final = 7
"""As many choices stand side by side on a phone."""


def page(current: Taking, study: StudySession) -> None:
    """Draw the step's questionnaire."""
    name = study.step.questionnaire
    assert name is not None
    asked, place = QUESTIONNAIRES[name], study.place
    st.title(_("How was it?"), anchor=False)
    if asked.instruction():
        st.markdown(asked.instruction())
    reminded = current.reminded == place
    # Also when the page is loaded again.
    drafts: dict[tuple[int, str], int] = session.kept(f"study-drafts-{study.record.session_id}", dict)
    answers: dict[str, int | None] = {}
    with st.container(key="study-items"):
        for item in asked.items:
            answers[item.name] = _answer(asked, item, place, drafts, reminded)
    missing = sum(value is None for value in answers.values())
    if reminded and missing:
        words = ngettext(
            "One question has no answer. You may answer it, or go on without.",
            "{count} questions have no answer. You may answer them, or go on without.",
            missing,
        )
        st.warning(words.format(count=missing), icon=":material/help:")
    words = _("Continue without these answers") if reminded and missing else _("Continue")
    if st.button(words, key=f"study-submit-{place}", type="primary", width="stretch"):
        if missing and not reminded:
            current.reminded = place
            st.rerun()
        act_and_go_on(current, lambda: study.submit(answers))


def _answer(
    asked: Questionnaire, item: Item, place: int, drafts: dict[tuple[int, str], int], reminded: bool
) -> int | None:
    """One item: what is asked, the ends of its scale, and its choices."""
    text, low, high = item.text(), item.low(), item.high()
    values = list(range(asked.lowest, asked.highest + 1, asked.step))
    draft = drafts.get((place, item.name))
    missing = reminded and draft is None
    # Where choices may break into several rows, the last of the first row is not the end of the scale.
    ends = [f"{values[0]}: {low}", f"{values[-1]}: {high}"] if len(values) > _ONE_ROW else [low, high]
    with st.container(key=f"study-scale-{len(values)}-{item.name}", gap="xsmall"):
        mark = ' class="study-missing"' if missing else ""
        st.html(
            f'<p class="study-item"><b{mark}>{escape(text)}</b></p>'
            f'<p class="study-ends"><span>{escape(ends[0])}</span><span>{escape(ends[1])}</span></p>'
        )
        answer = st.radio(
            _("{question} {lowest}: {low}. {highest}: {high}.").format(
                question=text, lowest=asked.lowest, low=low, highest=asked.highest, high=high
            ),
            values,
            index=None if draft is None else values.index(draft),
            horizontal=True,
            label_visibility="collapsed",
            key=session.control(f"study-answer-{place}-{item.name}"),
        )
    if answer is not None:
        drafts[place, item.name] = answer
    return answer
