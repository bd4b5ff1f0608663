"""Practise with the picture checked on the server: the camera's video comes by WebRTC."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st

from core.browser.component import address
from core.browser.intake import ReceivedPhoto
from core.guidance.conditions import CAMERA_KEYS
from core.guidance.hint import Hint, hint, hint_for
from core.guidance.preset_schema import ShotName
from core.i18n import _, language
from core.live import changes_route, shutter, trouble
from core.live import stream as streams
from core.live.ice import IceError
from core.live.shutter import Outcome, Try
from core.live.stream import StreamState
from core.live.stream_session import StreamSession, StreamStatus
from core.live.worker import Worker
from core.quality.labels import QUALITY_CLASSES
from core.quality.verdict import Verdict
from core.text import bars, drawings, tries
from core.text.wording import points_of, quality_name
from core.ui import banner as banners
from core.ui import cues, embedded, engines, layout, practise_series, session, study_arm
from core.ui.scroll import to_top

# How often the page asks for the newest hint where no browser waits to be told of it; and where one does, for
# what only time changes.
REFRESH_S, REFRESH_TOLD_S = 0.7, 2.0
MEASURED_EVERY_S = 0.7  # what the camera sees, where somebody looks at it
STYLE, STYLE_BELOW = map(Path(layout.__file__).with_name, ("practise.css", "practise_below.css"))
HIDE_CAMERA = "<style>.st-key-practise-camera{height:0;overflow:hidden;visibility:hidden}</style>"
# Where no video can be sent: its Start could only fail.
HIDE_STREAMER = "<style>.st-key-practise-camera iframe{display:none}</style>"
_TRY_LONG_SIDE = 480
_STATE_KEY, _WORKER_KEY = "practise_on_server", "practise_worker"
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


@dataclass
class _Visit:
    """What one visit's camera page remembers.

    Attributes:
        wanted: whether the camera should run; None leaves that to the person.
        started: when it last started or stopped, on the monotonic clock.
        report: what the browser last said of its camera.
        interrupted: whether the last stream ended because nothing came through any more.
        problem: what was last found to be wrong with the picture.
        taken: what came of the last press, where no photo was used.
        asked: the shot that was asked for when the page was drawn.
    """

    wanted: bool | None = None
    started: float | None = None
    report: str = "ok"
    interrupted: bool = False
    problem: str | None = None
    taken: Try | None = None
    asked: ShotName | None = None

    def go_on(self) -> None:
        """The camera comes back for another photo."""
        self.taken, self.wanted = None, True


def _visit() -> _Visit:
    return st.session_state.setdefault(_STATE_KEY, _Visit())


def _worker() -> Worker:
    """This session's worker; it outlives page runs, its thread does not outlive the stream."""
    made, preset, log = st.session_state.get(_WORKER_KEY), session.preset(), session.event_log()
    if made is not None and (
        (made.stream_session.preset != preset and practise_series.series().shown is None)
        or made.stream_session.log is not log
    ):
        made.stop()  # another preset was chosen, or the visit found again: the next stream is coached by it
        made = None
    if made is None:
        stream_session = StreamSession(
            engines.assessor(), session.rule(), preset, time.monotonic, log, attempt=log.attempts
        )
        made = st.session_state[_WORKER_KEY] = Worker(stream_session)
    return made


def _camera_changed(stream: StreamState) -> None:
    visit = _visit()
    # A browser doubts a connection after five seconds of nothing, and streamlit-webrtc then ends it. It does
    # not tell that from a press on Stop: but then pictures came to the last.
    off = not (stream.playing or stream.connecting)
    visit.interrupted = off and visit.wanted is not False and _worker().stream_session.fell_silent
    # What was wanted has come: from here on Start and Stop belong to the person again. Until then there is no
    # button for them, so any other change was under way before: the stop for the last photo, say, when the
    # next one was wanted at once.
    if visit.wanted == (stream.playing or stream.connecting):
        visit.wanted = None
    visit.started = time.monotonic()
    visit.taken = None
    if stream.connecting:
        _worker().refused = False  # it asks anew


def _camera_reported(report: str) -> None:
    visit, worker = _visit(), _worker()
    visit.report = report
    if report != "ok":
        visit.wanted = None  # a camera that refuses is not asked again and again
        worker.stream_session.record("camera_failed", reason=report)


def _retake(stream_session: StreamSession) -> None:
    practise_series.begin()
    session.let_go()
    stream_session.retake()
    _go_on()


def _go_on() -> None:
    _visit().go_on()
    practise_series.series().tried.clear()


def check_link() -> None:
    """The way on without a camera; inside another page that one knows the way on, and a study has its own."""
    if embedded.on() or study_arm.current() is not None:
        return
    st.page_link("pages/check.py", label=_("Use a photo that you have"), icon=":material/upload_file:")


def _announce(worker: Worker, stream: StreamState, status: StreamStatus) -> str | None:
    """Show the one hint of this moment; returns why there is no usable picture, if there is none."""
    visit, now, stream_session = _visit(), time.monotonic(), worker.stream_session
    problem = trouble.find(
        visit.report,
        playing=stream.playing,
        connecting=stream.connecting,
        failed=stream.failed,
        waited=now - (now if visit.started is None else visit.started),
        status=status,
        refused=worker.refused,
        interrupted=visit.interrupted,
    )
    if problem in ("connection", "full", "interrupted") and problem != visit.problem:
        stream_session.record("camera_failed", reason=problem)
    visit.problem = problem
    shown: Hint
    tone: banners.Tone
    if problem is not None:
        shown, tone = Hint(problem, _("The camera is not available"), trouble.explain(problem)), "trouble"
    elif stream.playing:
        shown = hint(status.key, stream_session.preset, language())
        problem = status.key if status.key in CAMERA_KEYS else None
        tone = "good" if status.ready else "calm" if status.key == "searching" else "ask"
        tone = "trouble" if problem else tone
    elif stream.connecting:
        shown, tone = Hint("connecting", _("Starting the camera"), _("The camera is starting.")), "calm"
    else:
        shown = Hint(
            "off",
            _("Start the camera"),
            _("Press Start camera and point the camera at the spot. You will be told what to improve."),
        )
        tone = "start"
    with st.container(key="practise-hint"):
        banners.banner(
            shown,
            tone,
            key="practise-banner",
            camera=visit.report,
            on_camera=_camera_reported,
            feedback=stream_session.preset.feedback.model_dump(),
            signed=stream_session.preset.overlay.icons,
            changes=_listen_at(worker, stream),
        )
    return problem


def _listen_at(worker: Worker, stream: StreamState) -> str:
    on = stream.playing or stream.connecting
    return address(f"{changes_route.PATH}/{worker.changes.token}") if on else ""


def _refresh_s(worker: Worker, stream: StreamState) -> float | None:
    if not (stream.playing or stream.connecting):
        return None
    return REFRESH_TOLD_S if worker.changes.listened else REFRESH_S


def _explain(problem: str, stream_session: StreamSession) -> None:
    embedded.trouble(problem)
    if problem == "no_webrtc":
        st.html(HIDE_STREAMER)
    if problem in CAMERA_KEYS:
        sentence = stream_session.preset.prompt(problem, language()).spoken
    else:
        sentence = trouble.explain(problem)
    st.markdown(sentence)
    check_link()


def _shutter(stream_session: StreamSession, status: StreamStatus) -> None:
    st.button(
        _("Take photo"),
        key="practise-shutter",
        type="primary",
        icon=":material/photo_camera:" if status.ready else ":material/lock:",
        disabled=not status.ready,
        width="stretch",
        help=None if status.ready else _("Unlocks when the picture passes for a second."),
        on_click=_keep,
        args=(stream_session, shutter.press),
    )


def _keep(stream_session: StreamSession, take: Callable[[StreamSession], Try]) -> None:
    # Any call of Streamlit may end this run for a newer one: none while a photo is taken and kept.
    visit, series, log = _visit(), practise_series.series(), session.event_log()
    asked = practise_series.shot()
    taken = take(stream_session)
    if taken.outcome is Outcome.LOCKED:
        return
    visit.taken = taken
    if taken.photo is None or taken.verdict is None:
        return
    if taken.outcome is Outcome.REFUSED:
        small = taken.photo.jpeg(_TRY_LONG_SIDE, quality=80)
        series.tried.append(tries.Tried(small, _advice(taken.verdict, stream_session)))
    if taken.outcome is Outcome.ACCEPTED:
        visit.taken = None
        received = ReceivedPhoto(taken.photo, taken.verdict, taken.overridden, asked)
        if practise_series.keep(received, series, log):
            visit.go_on()  # the camera stays on for the next one
            series.tried.clear()
            stream_session.begin_attempt()
        else:
            visit.wanted = False  # the light goes off while the result is read


def _advice(verdict: Verdict, stream_session: StreamSession) -> str:
    found = hint_for(
        verdict,
        stream_session.preset,
        healthy_skin_passes=stream_session.rule.healthy_skin_passes,
        language=language(),
    )
    return "" if found is None else found.text


def _refused(stream_session: StreamSession) -> Try | None:
    """Say why the last photo was refused, show all that were, and return the last."""
    visit = _visit()
    taken, refused = visit.taken, None
    if taken is not None and taken.outcome is Outcome.NO_PICTURE:
        st.info(_("There was no picture to take. Please try again."), icon=":material/info:")
    elif taken is not None and taken.verdict is not None:
        refused = taken
        retry = _("This photo did not come out well enough. Try once more.")
        st.html(
            f'<p class="rt-refused" role="status"><b>{escape(_advice(taken.verdict, stream_session))}</b><br>'
            f"{escape(retry)}</p>"
        )
    if shown := tries.strip(practise_series.series().tried):
        st.html(shown)
    return refused


def _help(stream_session: StreamSession, status: StreamStatus) -> None:
    """What helps when the same hint stays."""
    key, preset = status.help, stream_session.preset
    if key is None:
        return
    panel = drawings.help_panel(key, preset.prompt(key, language()).spoken, preset.overlay.help_drawing)
    if panel:
        st.html(panel)


def _anyway(stream_session: StreamSession, status: StreamStatus, refused: Try | None) -> None:
    if status.may_override:
        st.button(
            _("Use this photo anyway"),
            key="practise-anyway",
            width="stretch",
            icon=":material/skip_next:",
            on_click=_keep,
            args=(stream_session, lambda of: shutter.use_anyway(of, refused)),
        )


def _details(worker: Worker, status: StreamStatus) -> None:
    stream_session = worker.stream_session
    details = st.expander(
        _("What the camera sees"), icon=":material/query_stats:", key="practise-details", on_change="rerun"
    )
    worker.changes.every_s = MEASURED_EVERY_S if details.open else None
    with details:
        if status.verdict is None:
            st.caption(_("Nothing yet. Start the camera to see what is measured."))
            return
        rule = stream_session.rule
        points = points_of(status.verdict, stream_session.preset, rule.thresholds, rule.healthy_skin_passes)
        st.html(bars.explanation_list(points, stream_session.preset))
        for name in QUALITY_CLASSES:
            st.progress(status.verdict.quality[name], text=quality_name(name))


def _turn_page() -> None:
    """The result takes the whole page; the next photo of a series is asked for above the camera."""
    series = practise_series.series()
    if series.shown is not None or series.shot != _visit().asked:
        st.rerun()


def _let_go(worker: Worker, stream: StreamState) -> None:
    """A stream that found no place is not kept on: its video costs what others need."""
    visit = _visit()
    if worker.refused and stream.playing and visit.wanted is not False:
        visit.wanted = False
        st.rerun()


def _controller(worker: Worker, stream: StreamState) -> None:
    _turn_page()
    _let_go(worker, stream)
    session.apply_language()
    stream_session = worker.stream_session
    status = stream_session.status()
    if status.due:
        _keep(stream_session, partial(shutter.press, by_itself=True))
        _turn_page()
        status = stream_session.status()
    problem = _announce(worker, stream, status)
    # A place of its own for each, so that nothing moves (and blinks) when another comes or goes.
    trouble_place, shutter_place, help_place, try_place, anyway_place = (
        st.container() for _place in range(5)
    )
    if problem is not None:
        with trouble_place:
            _explain(problem, stream_session)
    if stream.playing:
        with shutter_place:
            _shutter(stream_session, status)
        with help_place:
            _help(stream_session, status)
        with try_place:
            refused = _refused(stream_session)
        with anyway_place:
            _anyway(stream_session, status, refused)
    practising = session.no_spot_offered() and st.toggle(
        _("No spot, just practising"),
        key="practise-no-spot",
        help=_("Lets clear skin pass, so that you can try this out on any patch of skin."),
    )
    stream_session.rule = session.rule(healthy_skin_passes=practising, shot=practise_series.shot())
    cues.cue_switches(stream_session.preset.feedback.model_dump(), key="practise-cues")
    _details(worker, status)
    st.caption(_("The camera's light and zoom are there when the picture is checked on this device."))


def unseen_title(words: str) -> None:
    """The page's heading for those who have it read to them."""
    st.html(f'<h1 style="{UNSEEN}">{escape(words)}</h1>')


def stop() -> None:
    """Another way was chosen: let go of the camera."""
    visit, worker = _visit(), st.session_state.get(_WORKER_KEY)
    if worker is not None:
        worker.stop()
    visit.wanted, visit.taken, visit.interrupted = None, None, False
    practise_series.series().tried.clear()


def forget() -> None:
    """A study's task is over: the next one begins with nothing of it."""
    stop()
    for key in (_WORKER_KEY, _STATE_KEY):
        st.session_state.pop(key, None)


def page() -> bool:
    """Draw the page; returns whether it is the camera's, not a result's."""
    visit, worker = _visit(), _worker()
    series = practise_series.series()
    received, visit.asked = series.shown, series.shot
    if received is None and visit.wanted is False and not worker.refused:
        visit.wanted = None  # back from a result: Start belongs to the person
    top = st.container()
    if received is not None:
        # Before the camera: the streamer starts the run anew when it stops; the card must be drawn by then.
        st.html(HIDE_CAMERA)
        with top:
            unseen_title(_("Your photo"))
            practise_series.result(
                received, on_retake=lambda: _retake(worker.stream_session), on_again=_go_on
            )
            if series.tried and not received.overridden:
                st.html(tries.comparison(series.tried[0], received.photo.jpeg(_TRY_LONG_SIDE, quality=85)))
    else:
        st.html(STYLE)
        if worker.stream_session.preset.overlay.banner == "bottom":
            st.html(STYLE_BELOW)
    with st.container(key="practise-camera"):
        try:
            stream = streams.camera_stream("practise", worker, wanted=visit.wanted, on_change=_camera_changed)
        except IceError as error:
            st.error(error.message)
            stream = StreamState(playing=False, connecting=False, failed=True)
        if received is None:
            st.fragment(_controller, run_every=_refresh_s(worker, stream))(worker, stream)
    if received is None:
        with top:
            practise_series.instruction()
            if stream.playing:
                unseen_title(_("Take a photo"))  # all room for the picture
            else:
                st.title(_("Take a photo that works"), anchor=False)
                st.markdown(
                    _("Point the camera at the spot. Retake says what to improve, then unlocks the shutter.")
                )
    to_top("camera" if received is None else received.photo.sha256, key="practise-top")
    return received is None
