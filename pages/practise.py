import time
from base64 import b64encode
from html import escape
from pathlib import Path

import streamlit as st

from core.guidance.conditions import CAMERA_KEYS
from core.guidance.hint import Hint, hint, hint_for
from core.live import shutter, trouble
from core.live.banner import banner
from core.live.ice import IceError
from core.live.shutter import Outcome, Try
from core.live.stream import StreamState, camera_stream
from core.live.watcher import Sight, Watcher
from core.live.worker import Worker
from core.quality.labels import QUALITY_CLASSES
from core.ui import bars, engines, layout, session
from core.ui.result_card import result_card
from core.ui.scroll import to_top
from core.ui.wording import quality_name
from core.words import _

REFRESH_S = 0.7  # how often the page asks for the newest hint; faster costs a third of a core a viewer
STYLE = Path(layout.__file__).with_name("practise.css")
HIDE_CAMERA = "<style>.st-key-practise-camera{height:0;overflow:hidden;visibility:hidden}</style>"
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


def _worker() -> Worker:
    """This session's worker; it outlives page runs, its thread does not outlive the stream."""
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
    st.session_state.pop("practise_try", None)
    st.session_state.practise_wanted = True
    session.let_go()
    watcher.retake()


def _accepted() -> Try | None:
    taken = st.session_state.get("practise_try")
    return taken if taken is not None and taken.outcome is Outcome.ACCEPTED else None


def _check_link() -> None:
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
        said = hint(sight.key, watcher.preset)
        problem = sight.key if sight.key in CAMERA_KEYS else None
        tone = "trouble" if problem else {"ready": "good", "searching": "calm"}.get(sight.key, "ask")
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
        banner(said, tone, key="practise-banner", camera=report, on_camera=_camera_reported)
    return problem


def _explain(problem: str, watcher: Watcher) -> None:
    sentence = watcher.preset.prompt(problem).spoken if problem in CAMERA_KEYS else trouble.explain(problem)
    st.markdown(sentence)
    _check_link()


def _shutter(watcher: Watcher, sight: Sight) -> None:
    st.button(
        _("Take photo"),
        key="practise-shutter",
        type="primary",
        icon=":material/photo_camera:" if sight.ready else ":material/lock:",
        disabled=not sight.ready,
        width="stretch",
        help=None if sight.ready else _("Unlocks when the picture passes for a second."),
        on_click=lambda: _keep(shutter.press(watcher)),
    )


def _keep(taken: Try) -> None:
    if taken.outcome is Outcome.LOCKED:
        return
    st.session_state.practise_try = taken
    if taken.outcome is Outcome.ACCEPTED:
        st.session_state.practise_wanted = False  # the light goes off while the result is read


def _refused(watcher: Watcher) -> Try | None:
    """Show the photo that was just refused, with its advice, and return it."""
    taken = st.session_state.get("practise_try")
    if taken is None:
        return None
    if taken.outcome is Outcome.NO_PICTURE:
        st.info(_("There was no picture to take. Please try again."), icon=":material/info:")
        return None
    advice = hint_for(taken.verdict, watcher.preset, healthy_skin_passes=watcher.rule.healthy_skin_passes)
    small = session.held(("refused", taken.photo.sha256), lambda: taken.photo.jpeg(160, quality=80))
    st.html(
        f'<div class="rt-refused" role="status"><img alt="{escape(_("The photo that was not used"))}" '
        f'src="data:image/jpeg;base64,{b64encode(small).decode()}"><p><b>{escape(advice.text)}</b><br>'
        f"{escape(_('This photo did not come out well enough. Try once more.'))}</p></div>"
    )
    return taken


def _anyway(watcher: Watcher, sight: Sight, refused: Try | None) -> None:
    if sight.may_override:
        st.button(
            _("Use this photo anyway"),
            key="practise-anyway",
            width="stretch",
            icon=":material/skip_next:",
            on_click=lambda: _keep(shutter.use_anyway(watcher, refused)),
        )


def _details(sight: Sight) -> None:
    with st.expander(_("What the camera sees"), icon=":material/query_stats:"):
        if sight.verdict is None:
            st.caption(_("Nothing yet. Start the camera to see what is measured."))
            return
        st.html(bars.explanation_list(sight.verdict, session.rule().thresholds, session.preset()))
        for name in QUALITY_CLASSES:
            st.progress(sight.verdict.quality[name], text=quality_name(name))


def _coach(worker: Worker, stream: StreamState) -> None:
    if _accepted() is not None:
        st.rerun()  # the result takes the whole page
    session.apply_language()
    watcher = worker.watcher
    sight = watcher.sight()
    problem = _announce(watcher, stream, sight)
    # A place of its own for each, so that nothing moves (and blinks) when another comes or goes.
    trouble_place, shutter_place, try_place, anyway_place = (st.container() for _place in range(4))
    if problem is not None:
        with trouble_place:
            _explain(problem, watcher)
    if stream.playing:
        with shutter_place:
            _shutter(watcher, sight)
        with try_place:
            refused = _refused(watcher)
        with anyway_place:
            _anyway(watcher, sight, refused)
    practising = st.toggle(
        _("No spot, just practising"),
        key="practise-no-spot",
        help=_("Lets clear skin pass, so that you can try this out on any patch of skin."),
    )
    watcher.rule = session.rule(healthy_skin_passes=practising)
    _details(sight)


worker = _worker()
taken = _accepted()
top = st.container()
if taken is not None:
    # Before the camera: the streamer starts the run anew when it stops, and the card must be drawn by then.
    st.html(HIDE_CAMERA)
    with top:
        result_card(
            taken.photo,
            taken.verdict,
            key="practise-result",
            overridden=taken.overridden,
            on_retake=lambda: _retake(worker.watcher),
            page="practise",
            source="live",
        )
else:
    st.html(STYLE)
with st.container(key="practise-camera"):
    try:
        stream = camera_stream(
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
        if stream.playing:
            st.html(f'<h1 style="{UNSEEN}">{escape(_("Take a photo"))}</h1>')  # all room for the picture
        else:
            st.title(_("Take a photo that works"), anchor=False)
            st.markdown(
                _("Point the camera at the spot. Retake says what to improve, then unlocks the shutter.")
            )
to_top("camera" if taken is None else taken.photo.sha256, key="practise-top")
