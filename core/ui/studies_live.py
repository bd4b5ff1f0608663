"""Sessions that are under way: where each is, and a facilitator's notes with their time."""

from datetime import timedelta
from typing import Final

import streamlit as st

from core.i18n import _
from core.study.design import text_in
from core.study.faults import StudyError
from core.study.questionnaires import QUESTIONNAIRES
from core.study.records import SessionRecord
from core.study.session import Step, steps_of
from core.study.store.sessions import SessionState
from core.text.markdown import plain
from core.ui import session, studies_access
from core.ui.study_store import store

_EVERY_S: Final = 5.0
_MARKS: Final = ("note", "problem", "help_given", "interruption", "quote")


def live(study_id: str) -> None:
    """Draw it; only this part runs again by itself."""
    st.caption(_("Looks again every {seconds} seconds.").format(seconds=f"{_EVERY_S:g}"))
    _sessions(study_id, studies_access.may(study_id, "facilitate"))


@st.fragment(run_every=_EVERY_S)
def _sessions(study_id: str, facilitates: bool) -> None:
    session.apply_language()
    if not studies_access.may(study_id, "view"):
        return
    running = store().live_sessions(study_id)
    if not running:
        st.info(_("Nobody is taking part right now."))
        return
    stale = timedelta(minutes=store().draft(study_id).allocation.stale_minutes)
    for record in running:
        try:
            state = store().session(record.session_id)
        except StudyError:  # deleted by its participant meanwhile
            continue
        _session(state, record, facilitates, stale)


def _session(state: SessionState, record: SessionRecord, facilitates: bool, stale: timedelta) -> None:
    steps = steps_of(state.design, record)
    step = steps[min(state.step, len(steps) - 1)]
    now = store().now()
    away = now - record.last_seen_at
    with st.container(border=True):
        st.markdown(f"**{record.participant_id[:6]}** · {plain(', '.join(record.arms))} · {record.language}")
        st.caption(
            _(
                "Step {place} of {count}: {step}. Under way for {minutes} min, last seen {seconds} s ago."
            ).format(
                place=min(state.step + 1, len(steps)),
                count=len(steps),
                step=plain(_step_name(state, step)),
                minutes=int((now - record.started_at).total_seconds() // 60),
                seconds=int(max(away.total_seconds(), 0)),
            )
        )
        if away > stale:
            st.caption(_("Away for so long that its place may be given to somebody else."))
        if facilitates and state.consented:
            _note(record)
        notes = store().load_session(record.session_id).notes
        if notes:
            st.markdown(
                "\n".join(
                    f"- {_clock(note.at_ms)} **{_mark_name(note.kind)}** {plain(note.text)}" for note in notes
                )
            )


def _note(record: SessionRecord) -> None:
    key = f"studies-note-{record.session_id}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("Mark"), _MARKS, format_func=_mark_name, key=f"{key}-kind")
        st.text_input(_("Note"), key=f"{key}-text", max_chars=500)
        st.button(
            _("Add with the time"),
            icon=":material/bookmark_add:",
            key=f"{key}-add",
            on_click=_add,
            args=(record, key),
        )


def _add(record: SessionRecord, key: str) -> None:
    if not studies_access.may(record.study_id, "facilitate"):
        return
    at_ms = max((store().now() - record.started_at).total_seconds() * 1000, 0.0)
    kind, text = st.session_state[f"{key}-kind"], st.session_state[f"{key}-text"]
    store().add_note(record.session_id, at_ms, kind, text, studies_access.identity())
    st.session_state[f"{key}-text"] = ""


def _mark_name(kind: str) -> str:
    return {
        "note": _("Note"),
        "problem": _("Problem"),
        "help_given": _("Help given"),
        "interruption": _("Interruption"),
        "quote": _("Quote"),
    }.get(kind, kind)


def _step_name(state: SessionState, step: Step) -> str:
    if step.kind == "task":
        task = next(one for one in state.design.tasks if one.name == step.task)
        title = text_in(task.title, "en") or task.name
        return title if state.step_begun else _("{task}, not begun").format(task=title)
    if step.kind == "questionnaire":
        return next(one.title for name, one in QUESTIONNAIRES.items() if name == step.questionnaire)
    return {
        "consent": _("Consent"),
        "screening": _("Screening"),
        "comments": _("Comments"),
        "debrief": _("Debrief"),
    }[step.kind]


def _clock(at_ms: float) -> str:
    minutes, seconds = divmod(int(at_ms / 1000), 60)
    return f"{minutes}:{seconds:02}"
