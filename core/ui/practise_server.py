"""Practise with the picture checked on the server: the camera's video comes by WebRTC."""

import time
from html import escape
from pathlib import Path

import streamlit as st

from core.guidance.conditions import CAMERA_KEYS
from core.guidance.hint import Hint, hint, hint_for
from core.live import banner as banners
from core.live import cues, shutter, trouble
from core.live import stream as streams
from core.live.ice import IceError
from core.live.on_device.intake import Arrived
from core.live.shutter import Outcome, Try
from core.live.stream import StreamState
from core.live.watcher import Sight, Watcher
from core.live.worker import Worker
from core.quality.labels import QUALITY_CLASSES
from core.ui import bars, drawings, embedded, engines, layout, practise_series, session, tries
from core.ui.scroll import to_top
from core.ui.wording import quality_name
from core.words import _, language

REFRESH_S = 0.7  # how often the page asks for the newest hint; faster costs a third of a core a viewer
STYLE = Path(layout.__file__).with_name("practise.css")
HIDE_CAMERA = "<style>.st-key-practise-camera{height:0;overflow:hidden;visibility:hidden}</style>"
_TRY_LONG_SIDE = 480
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def _worker() -> Worker:
    """This session's worker; it outlives page runs, its thread does not outlive the stream."""
    made = st.session_state.get("practise_worker")
    if made is not None and made.watcher.preset != session.preset() and _accepted() is None:
        made.stop()  # another preset was chosen: the next stream is coached by it
        del st.session_state.practise_worker
    if "practise_worker" not in st.session_state:
        watcher = Watcher(
            engines.assessor(), session.rule(), session.preset(), time.monotonic, session.event_log()
        )
        st.session_state.practise_worker = Worker(watcher)
    return st.session_state.practise_worker


def _camera_changed() -> None:
    st.session_state.practise_wanted = None  # from here on Start and Stop belong to the person again
    st.session_state.practise_started = time.monotonic()
    if _accepted() is None:
        st.session_state.pop("practise_try", None)


def _camera_reported(report: str) -> None:
    st.session_state.practise_report = report
    if report != "ok":
        st.session_state.practise_wanted = None  # a camera that refuses is not asked again and again
        _worker().watcher.record("camera_failed", reason=report)


def _retake(watcher: Watcher) -> None:
    practise_series.begin()
    session.let_go()
    watcher.retake()
    _go_on()


def _go_on() -> None:
    st.session_state.pop("practise_try", None)
    st.session_state.practise_tries = []
    st.session_state.practise_wanted = True


def _arrived(taken: Try) -> Arrived:
    return Arrived(taken.photo, taken.verdict, taken.overridden, st.session_state.get("practise_shot"))


def _tries() -> list[tries.Tried]:
    return st.session_state.setdefault("practise_tries", [])


def _accepted() -> Try | None:
    taken = st.session_state.get("practise_try")
    return taken if taken is not None and taken.outcome is Outcome.ACCEPTED else None


def check_link() -> None:
    """The way on without a camera; inside another page that one knows the way on."""
    if embedded.on():
        return
    st.page_link("pages/check.py", label=_("Use a photo that you have"), icon=":material/upload_file:")


def _announce(watcher: Watcher, stream: StreamState, sight: Sight) -> str | None:
    """Show the one hint of this moment; returns why there is no usable picture, if there is none."""
    report = st.session_state.get("practise_report", "ok")
    now = time.monotonic()
    problem = trouble.find(
        report,
        playing=stream.playing,
        connecting=stream.connecting,
        failed=stream.failed,
        waited=now - st.session_state.get("practise_started", now),
        sight=sight,
    )
    if problem == "connection" != st.session_state.get("practise_problem"):
        watcher.record("camera_failed", reason=problem)
    st.session_state.practise_problem = problem
    if problem is not None:
        said, tone = Hint(problem, _("The camera is not available"), trouble.explain(problem)), "trouble"
    elif stream.playing:
        said = hint(sight.key, watcher.preset, language())
        problem = sight.key if sight.key in CAMERA_KEYS else None
        tone = "good" if sight.ready else "calm" if sight.key == "searching" else "ask"
        tone = "trouble" if problem else tone
    elif stream.connecting:
        said, tone = Hint("connecting", _("Starting the camera"), _("The camera is starting.")), "calm"
    else:
        said = Hint(
            "off",
            _("Start the camera"),
            _("Press Start camera and point the camera at the spot. You will be told what to improve."),
        )
        tone = "start"
    with st.container(key="practise-hint"):
        banners.banner(
            said,
            tone,
            key="practise-banner",
            camera=report,
            on_camera=_camera_reported,
            feedback=watcher.preset.feedback.model_dump(),
        )
    return problem


def _explain(problem: str, watcher: Watcher) -> None:
    embedded.trouble(problem)
    if problem in CAMERA_KEYS:
        sentence = watcher.preset.prompt(problem, language()).spoken
    else:
        sentence = trouble.explain(problem)
    st.markdown(sentence)
    check_link()


def _shutter(watcher: Watcher, sight: Sight) -> None:
    st.button(
        _("Take photo"),
        key="practise-shutter",
        type="primary",
        icon=":material/photo_camera:" if sight.ready else ":material/lock:",
        disabled=not sight.ready,
        width="stretch",
        help=None if sight.ready else _("Unlocks when the picture passes for a second."),
        on_click=lambda: _keep(shutter.press(watcher), watcher),
    )


def _keep(taken: Try, watcher: Watcher) -> None:
    if taken.outcome is Outcome.LOCKED:
        return
    st.session_state.practise_try = taken
    if taken.outcome is Outcome.REFUSED:
        small = taken.photo.jpeg(_TRY_LONG_SIDE, quality=80)
        _tries().append(tries.Tried(small, _advice(taken, watcher).text))
    if taken.outcome is Outcome.ACCEPTED:
        st.session_state.practise_shot = practise_series.shot()
        if practise_series.keep(_arrived(taken), practise_series.series(), session.event_log()):
            _go_on()  # the camera stays on for the next one
            watcher.begin_attempt()
        else:
            st.session_state.practise_wanted = False  # the light goes off while the result is read


def _advice(taken: Try, watcher: Watcher) -> Hint:
    return hint_for(
        taken.verdict,
        watcher.preset,
        healthy_skin_passes=watcher.rule.healthy_skin_passes,
        language=language(),
    )


def _refused(watcher: Watcher) -> Try | None:
    """Say why the last photo was refused, show all that were, and return the last."""
    taken = st.session_state.get("practise_try")
    refused = None
    if taken is not None and taken.outcome is Outcome.NO_PICTURE:
        st.info(_("There was no picture to take. Please try again."), icon=":material/info:")
    elif taken is not None:
        refused = taken
        said = _("This photo did not come out well enough. Try once more.")
        st.html(
            f'<p class="rt-refused" role="status"><b>{escape(_advice(taken, watcher).text)}</b><br>'
            f"{escape(said)}</p>"
        )
    if shown := tries.strip(_tries()):
        st.html(shown)
    return refused


def _help(watcher: Watcher, sight: Sight) -> None:
    """What helps when the same hint stays."""
    key = sight.help
    if key is not None and (panel := drawings.help_panel(key, watcher.preset.prompt(key, language()).spoken)):
        st.html(panel)


def _anyway(watcher: Watcher, sight: Sight, refused: Try | None) -> None:
    if sight.may_override:
        st.button(
            _("Use this photo anyway"),
            key="practise-anyway",
            width="stretch",
            icon=":material/skip_next:",
            on_click=lambda: _keep(shutter.use_anyway(watcher, refused), watcher),
        )


def _details(sight: Sight) -> None:
    with st.expander(_("What the camera sees"), icon=":material/query_stats:"):
        if sight.verdict is None:
            st.caption(_("Nothing yet. Start the camera to see what is measured."))
            return
        st.html(bars.explanation_list(sight.verdict, session.rule().thresholds, session.preset()))
        for name in QUALITY_CLASSES:
            st.progress(sight.verdict.quality[name], text=quality_name(name))


def _turn_page() -> None:
    """The result takes the whole page; the next photo of a series is asked for above the camera."""
    if _accepted() is not None or practise_series.shot() != st.session_state.get("practise_asked"):
        st.rerun()


def _coach(worker: Worker, stream: StreamState) -> None:
    _turn_page()
    session.apply_language()
    watcher = worker.watcher
    sight = watcher.sight()
    if sight.due:
        _keep(shutter.press(watcher, by_itself=True), watcher)
        _turn_page()
        sight = watcher.sight()
    problem = _announce(watcher, stream, sight)
    # A place of its own for each, so that nothing moves (and blinks) when another comes or goes.
    trouble_place, shutter_place, help_place, try_place, anyway_place = (
        st.container() for _place in range(5)
    )
    if problem is not None:
        with trouble_place:
            _explain(problem, watcher)
    if stream.playing:
        with shutter_place:
            _shutter(watcher, sight)
        with help_place:
            _help(watcher, sight)
        with try_place:
            refused = _refused(watcher)
        with anyway_place:
            _anyway(watcher, sight, refused)
    practising = st.toggle(
        _("No spot, just practising"),
        key="practise-no-spot",
        help=_("Lets clear skin pass, so that you can try this out on any patch of skin."),
    )
    watcher.rule = session.rule(healthy_skin_passes=practising, shot=practise_series.shot())
    cues.cue_switches(watcher.preset.feedback.model_dump(), key="practise-cues")
    _details(sight)
    st.caption(_("The camera's light and zoom are there when the picture is checked on this device."))


def unseen_title(words: str) -> None:
    """The page's heading for those who have it read to them."""
    st.html(f'<h1 style="{UNSEEN}">{escape(words)}</h1>')


def stop() -> None:
    """Another way was chosen: let go of the camera."""
    if "practise_worker" in st.session_state:
        st.session_state.practise_worker.stop()
    st.session_state.pop("practise_wanted", None)
    st.session_state.pop("practise_try", None)
    st.session_state.pop("practise_tries", None)


def page() -> bool:
    """Draw the page; returns whether it is the camera's, not a result's."""
    worker = _worker()
    taken = _accepted()
    st.session_state.practise_asked = practise_series.shot()
    top = st.container()
    if taken is not None:
        # Before the camera: the streamer starts the run anew when it stops; the card must be drawn by then.
        st.html(HIDE_CAMERA)
        with top:
            unseen_title(_("Your photo"))
            practise_series.result(
                _arrived(taken), on_retake=lambda: _retake(worker.watcher), on_again=_go_on
            )
            if _tries() and not taken.overridden:
                st.html(tries.comparison(_tries()[0], taken.photo.jpeg(_TRY_LONG_SIDE, quality=85)))
    else:
        st.html(STYLE)
    with st.container(key="practise-camera"):
        try:
            stream = streams.camera_stream(
                "practise", worker, wanted=st.session_state.get("practise_wanted"), on_change=_camera_changed
            )
        except IceError as error:
            st.error(error.message)
            stream = StreamState(playing=False, connecting=False, failed=True)
        if taken is None:
            refresh = REFRESH_S if stream.playing or stream.connecting else None
            st.fragment(_coach, run_every=refresh)(worker, stream)
    if taken is None:
        with top:
            practise_series.instruction()
            if stream.playing:
                unseen_title(_("Take a photo"))  # all room for the picture
            else:
                st.title(_("Take a photo that works"), anchor=False)
                st.markdown(
                    _("Point the camera at the spot. Retake says what to improve, then unlocks the shutter.")
                )
    to_top("camera" if taken is None else taken.photo.sha256, key="practise-top")
    return taken is None
