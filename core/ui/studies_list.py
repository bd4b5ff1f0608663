"""The Studies page before a study is open: what studies are, the sign-in, and the list."""

from html import escape

import streamlit as st

from core.i18n import _
from core.study.figures import counts_text, state_name
from core.study.store.studies import StudySummary
from core.ui import studies_access, studies_demo, studies_study
from core.ui.study_store import store


def welcome() -> None:
    """What a visitor who is not signed in sees: nothing of any study."""
    st.markdown(
        _(
            "Find out whether people manage to take a good photo with Retake, and which way of coaching "
            "helps them most: invite people by a link, let them do a task and answer questionnaires, and see "
            "times, prompts and scores compared, with everything that a paper needs."
        )
    )
    studies_demo.button()
    st.subheader(_("For researchers of this server"), anchor=False)
    studies_access.sign_in()


def studies() -> None:
    """All studies that the signed-in researcher may see."""
    creates = studies_access.may_create()
    with st.container(key="rt-study-actions", horizontal=True):
        if creates:
            st.button(
                _("Make a study"),
                type="primary",
                icon=":material/add:",
                key="studies-new",
                on_click=studies_study.open_study,
                args=(studies_study.NEW,),
            )
        studies_demo.button()
        st.button(
            _("Sign out"), icon=":material/logout:", key="studies-sign-out", on_click=studies_access.sign_out
        )
    if not creates:
        st.info(studies_access.why_not_create(), icon=":material/info:")
    allowed = studies_access.access().studies_of(studies_access.identity())
    seen = [one for one in store().studies() if allowed is None or one.study_id in allowed]
    if creates and not seen:
        st.info(_("There is no study yet. Make one: a title is enough to begin with."))
    for one in seen:
        _row(one)


def _row(one: StudySummary) -> None:
    version = _("version {version}").format(version=one.version) if one.version else _("not frozen yet")
    told = counts_text(one.sessions) or _("No session yet")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="rt-study"><b dir="auto">{escape(one.title)}</b><p><span class="rt-study-state '
            f'{one.state}">{escape(state_name(one.state))}</span> {escape(version)} · '
            f"{one.created_at:%Y-%m-%d} · {escape(told)}</p></div>"
        )
        st.button(
            _("Open"),
            key=f"studies-open-{one.study_id}",
            on_click=studies_study.open_study,
            args=(one.study_id,),
        )
