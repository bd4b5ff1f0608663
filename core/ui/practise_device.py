"""Practise with the picture checked on the person's device: an accepted photo and events come here."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.browser import component
from core.browser.choice import Lack
from core.browser.intake import Answer, Once, handle_message
from core.browser.settings import preset_json, rule_json
from core.i18n import _, language
from core.live import trouble
from core.quality.verdict import verdict_properties
from core.ui import embedded, engines, keep_here, practise_series, practise_server, session, study_arm
from core.ui.scroll import to_top

_STATE_KEY = "practise_on_device"
_UNFIT = "unfit"
# A browser waits for one answer at a time; a few more do for a page that was drawn twice meanwhile.
_ANSWERS = 8


@dataclass
class _Visit:
    """One page: what its browser sent and replied."""

    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=_ANSWERS))
    report: str = "ok"
    again: int = 0
    last: Any = None
    clock: dict[str, Any] = field(default_factory=dict)


def _visit() -> _Visit:
    return st.session_state.setdefault(_STATE_KEY, _Visit())


@st.cache_resource(show_spinner=False)
def _events_seen() -> Once:
    """Events of all visits: a page that was loaded again may send what it had sent before."""
    return Once()


def lacking() -> Lack | None:
    """What keeps this visit's browser from checking pictures, if anything."""
    if not engines.assessor_entry().in_browser:
        return "assessor"
    if _visit().report == _UNFIT:
        return "browser"
    return "files" if engines.for_browsers() is None else None


def forget() -> None:
    """A study's task is over: the next one begins with nothing of it, but for what the browser can do."""
    if _visit().report != _UNFIT:
        st.session_state.pop(_STATE_KEY, None)


def page() -> bool:
    """Draw the page; returns whether it is the camera's, not a result's."""
    top = st.container()
    # Before the result, which takes a while to draw: until then the browser shows the photo that it sent.
    with st.container(key="practise-device"):
        _camera()
    received = practise_series.series().shown
    with top:
        if received is None:
            practise_series.instruction()
        else:
            practise_server.unseen_title(_("Your photo"))
            practise_series.result(received, on_retake=_retake, on_override=_override, on_again=_go_on)
    to_top("camera" if received is None else received.photo.sha256, key="practise-top")
    return received is None


def _camera() -> None:
    visit = _visit()
    preset, series = session.preset(), practise_series.series()
    keeps, no_spot = keep_here.wanted(), session.no_spot_offered()
    if keeps and series.three:
        series.three = False  # the preset says so meanwhile, or the address asks for both
        series.begin()
    shot = series.shot
    reply = component.on_device_camera(
        key="practise-camera-here",
        base=component.address(engines.for_browsers() or "") + "/",
        preset=preset_json(preset, language()),
        rules={
            "spot": rule_json(session.rule(shot=shot)),
            "practising": rule_json(session.rule(healthy_skin_passes=True, shot=shot)) if no_spot else None,
        },
        shot=shot,
        scene="camera" if series.shown is None else "result",
        again=visit.again,
        answers=tuple(visit.answers),
        held=series.sent,
        visit={**_clock(visit), "met": session.met()},
        report=visit.report,
        keep=keep_here.words() if keeps else None,
    )
    sent = reply.message
    # Named, not kept: a message may hold a photo.
    name = sent.get("id") if isinstance(sent, dict) else sent
    if reply.report != visit.report or (sent is not None and name != visit.last):
        _handle_message(visit, sent)
        visit.report, visit.last = reply.report, name
        st.rerun()  # with the answer, with the result, or the other way
    if series.shown is None and visit.report in trouble.ON_DEVICE:
        embedded.trouble(visit.report)
        practise_server.check_link()


def _clock(visit: _Visit) -> dict[str, Any]:
    """The visit for the browser, told once: its name, how long ago it began, and its tries so far."""
    log = session.event_log()
    if visit.clock.get("id") != log.session_id:
        visit.clock = {"id": log.session_id, "t_ms": round(log.elapsed_ms, 1), "attempts": log.attempts}
    return visit.clock


def _handle_message(visit: _Visit, value: Any) -> None:
    if value is None:
        return
    # Any call of Streamlit may end this run for a newer one. Thus none between taking a photo in and keeping
    # it: it would count as taken and be nowhere.
    log, series, visits = session.event_log(), practise_series.series(), session.visits()
    no_spot = session.no_spot_offered()
    photos_seen = session.kept("photos_seen", Once)
    answer, received = handle_message(
        value,
        log=log,
        events_seen=_events_seen(),
        photos_seen=photos_seen,
        assessor=engines.assessor,
        rule=lambda practising, shot: session.rule(healthy_skin_passes=practising and no_spot, shot=shot),
        log_of=lambda name: log if log.knows(name) else visits.log_of(name),
    )
    if received is not None:
        if practise_series.keep(received, series, log):
            visit.again += 1  # the camera comes back for the next one
        log.add(
            "note_added",
            page="practise",
            source="live",
            properties={"note": "judged_on_server", **verdict_properties(received.verdict)},
        )
    # What a study's store refuses stays in the browser too: the server may not live to try again.
    if answer is not None and (study_arm.current() is None or log.flush()):
        visit.answers.append(answer)
    if received is not None:
        session.let_go()


def _retake() -> None:
    practise_series.begin()
    session.let_go()
    _go_on()


def _go_on() -> None:
    _visit().again += 1


def _override() -> None:
    current = practise_series.series()
    if current.received is not None:
        session.event_log().add("gate_overridden", page="practise", source="live")
        current.received = practise_series.overridden(current.received)
