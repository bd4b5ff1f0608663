"""One study: its design, links, live sessions, results, and people."""

from html import escape
from typing import Final

import streamlit as st

from core.i18n import _
from core.study.faults import StudyError
from core.study.figures import counts_text, state_name
from core.study.store.studies import StudySummary
from core.ui import studies_access, studies_design, studies_links, studies_live, studies_people
from core.ui.designer_views import pick
from core.ui.studies_results import results
from core.ui.study_store import store

NEW: Final = "new"
_OPEN_KEY: Final = "rt_studies_opened"
_ROUND_KEY: Final = "studies-loaded"


def opened() -> bool:
    """Whether a study is open in this visit."""
    return bool(st.session_state.get(_OPEN_KEY))


def open_study(study_id: str) -> None:
    """Open a study, or :data:`NEW` for one to be made."""
    close_study()
    st.session_state[_OPEN_KEY] = study_id


def close_study() -> None:
    """Back to the list; what was not saved is gone."""
    for key in [key for key in st.session_state if str(key).startswith(("studies-", "rt_studies"))]:
        if key != "studies-audited":
            del st.session_state[key]


def study() -> None:
    """The page of the study that is open."""
    study_id = st.session_state[_OPEN_KEY]
    st.button(_("All studies"), icon=":material/arrow_back:", key="studies-back", on_click=close_study)
    if study_id == NEW:
        if not studies_access.may_create():
            raise StudyError(studies_access.why_not_create())
        made = studies_design.new_study()
        if made:
            open_study(made)
            st.rerun()
        return
    if not studies_access.may(study_id, "view"):
        raise StudyError(_("There is no such study. Please check its name and try again."))
    summary = store().summary(study_id)
    _head(summary)
    views = {
        "links": (_("Links"), lambda: studies_links.links(summary)),
        "live": (_("Live"), lambda: studies_live.live(study_id)),
        "results": (_("Results"), lambda: _results(study_id)),
        "design": (_("Design"), lambda: studies_design.design(summary)),
        "people": (_("People and data"), lambda: studies_people.people(summary, close_study)),
    }
    pick(_("Part of the study"), views, "studies-part")()


def _head(one: StudySummary) -> None:
    told = counts_text(one.sessions) or _("No session yet")
    version = _("version {version}").format(version=one.version) if one.version else _("not frozen yet")
    st.html(
        f'<div class="rt-study"><b dir="auto">{escape(one.title)}</b><p><span class="rt-study-state '
        f'{one.state}">{escape(state_name(one.state))}</span> {escape(version)} · {escape(told)}</p></div>'
    )


def _results(study_id: str) -> None:
    turn = st.session_state.setdefault(_ROUND_KEY, 0)
    st.button(_("Load anew"), icon=":material/refresh:", key="studies-reload", on_click=_load_anew)
    studies_access.audit_once("viewed_results", study_id)
    kept = st.session_state.get("studies-data")
    if kept is None or kept[0] != (study_id, turn):
        kept = st.session_state["studies-data"] = ((study_id, turn), store().load(study_id))
    # A file is made when it is asked for, and by then no run tells who asks.
    access, who = studies_access.access(), studies_access.identity()
    results(kept[1], kept[0], lambda action: access.audit(who, action, study_id))


def _load_anew() -> None:
    st.session_state[_ROUND_KEY] = st.session_state.get(_ROUND_KEY, 0) + 1
