"""One session again: its prompts over time, and the phone as it was at a moment that a slider chooses."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.i18n import _
from core.reports.plots import figure
from core.reports.tables import Table
from core.study import views
from core.study.events import Event
from core.study.figures import status_name
from core.study.records import SessionRecord, StudyData
from core.study.replay import ScreenState, in_order, state_at
from core.ui import session


def sessions(data: StudyData) -> None:
    """Choose a session, and look at it moment by moment."""
    heard = {event.session_id for event in data.events}
    known = {one.session_id: one for one in data.sessions if one.session_id in heard}
    if not known:
        st.info(_("No session with events yet."))
        return
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            _("Session"), list(known), format_func=lambda one: _name(known[one]), key="studies-session"
        )
    events = in_order(event for event in data.events if event.session_id == chosen)
    tasks = list(dict.fromkeys(event.task_id for event in events if event.event == "task_started"))
    with right:
        task = st.selectbox(
            _("Task"),
            [*tasks, None],
            format_func=lambda one: one or _("The whole session"),
            key="studies-replay-task",
        )
    own = views.rows_of_task(events, task)
    if not own:
        st.info(_("Nothing was recorded here."))
        return
    _replay(own, data, chosen, task)


@st.fragment
def _replay(events: Sequence[Event], data: StudyData, session_id: str, task: str | None) -> None:
    """The slider moves only this part of the page."""
    session.apply_language()
    begin, end = events[0].t_ms, events[-1].t_ms
    length = max((end - begin) / 1000, 0.1)
    at = st.slider(
        _("Moment (seconds)"),
        0.0,
        round(length, 1),
        round(length / 2, 1),
        0.1,
        format="%.1f",
        key=f"studies-moment-{session_id}-{task}",
    )
    state = state_at(events, begin + at * 1000)
    with st.container(key="rt-replay"):
        with st.container(key="rt-replay-phone"):
            st.html(phone_html(state))
        with st.container():
            st.html(_facts_html(state, begin))
            plot = views.session_plot(events, marker_s=at)
            st.html(f'<div class="ev-plots rt-study-plots">{figure(plot, inline=False)}</div>')
    notes = tuple(
        (f"{(note.at_ms - begin) / 1000:.1f}", note.kind, note.text)
        for note in data.notes
        if note.session_id == session_id and begin <= note.at_ms <= end
    )
    if notes:
        st.html(Table(_("Notes"), (_("Second"), _("Mark"), _("Note")), notes).html())
    with st.expander(_("All events")):
        rows = tuple(
            (f"{(row.t_ms - begin) / 1000:.1f}", row.event, _said(row))
            for row in events
            if row.event != "frame_assessed"
        )
        st.html(Table(_("Events"), (_("Second"), _("Event"), _("Properties")), rows).html())


def _name(record: SessionRecord) -> str:
    return f"{record.participant_id} · {', '.join(record.arms)} · {status_name(record.status)}"


def _said(row: Event) -> str:
    kept = {name: value for name, value in row.properties.items() if value not in (None, "", [], {})}
    return ", ".join(f"{name}={value}" for name, value in kept.items())[:160]


def phone_html(state: ScreenState) -> str:
    """The phone as it was, as HTML: its prompt, whether the camera ran and whether the shutter was open."""
    good = state.shutter_open
    prompt = views.prompt_name(views.lane_of(state.prompt)) if state.prompt else _("No prompt")
    tone = "good" if good else "ask" if state.prompt else ""
    if state.accepted:
        inside = _("Photo accepted")
    elif state.camera:
        inside = _("Camera is running")
    elif state.task is None:
        inside = _("Between tasks")
    else:
        inside = _("Camera is off")
    shutter = _("Shutter open") if good else _("Shutter locked")
    label = escape(_("A phone that says: {prompt}").format(prompt=prompt))
    return (
        f'<div class="rt-phone" role="img" aria-label="{label}. {escape(inside)}. {escape(shutter)}.">'
        f'<div aria-hidden="true"><div class="rt-phone-hint {tone}"><b dir="auto">{escape(prompt)}</b></div>'
        f'<div class="rt-phone-picture rt-replay-picture{" on" if state.camera else ""}">'
        f"<span>{escape(inside)}</span></div>"
        f'<div class="rt-phone-shutter {"good" if good else ""}">{escape(shutter)}</div></div></div>'
    )


def _facts_html(state: ScreenState, begin: float) -> str:
    facts = [(_("Task"), state.task or "–"), (_("Try"), str(state.attempt or "–"))]
    if state.prompt and state.prompt_since_ms is not None:
        facts.append((_("Prompt since"), f"{(state.prompt_since_ms - begin) / 1000:.1f} s"))
    found = ", ".join(views.prompt_name(views.lane_of(key)) for key in state.flagged)
    facts.append((_("Newest picture"), found or (_("passes") if state.passes else "–")))
    facts.append((_("Photos"), str(state.photos)))
    facts.append((_("Photos refused"), str(state.refused)))
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="rt-facts">{rows}</dl>'
