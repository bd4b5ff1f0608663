"""The camera in the page: a thin wrapper over streamlit-webrtc, the one place that knows it."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import av
import streamlit as st
from streamlit_webrtc import Translations, WebRtcMode, WebRtcStreamerContext, component, webrtc_streamer

from core.i18n import _
from core.live import gathering, relaying
from core.live.guide import draw_guide
from core.live.ice import rtc_configuration
from core.live.worker import Worker

_LOG: Final = logging.getLogger(__name__)
gathering.bound()
relaying.newest_only()

# "ideal" throughout: a camera that cannot do it does what it can, where "exact" would refuse.
CONSTRAINTS: Final = {
    "video": {
        "facingMode": {"ideal": "environment"},
        "width": {"ideal": 1280},
        "height": {"ideal": 720},
        "frameRate": {"ideal": 24},
    },
    "audio": False,
}
VIDEO: Final = {
    "autoPlay": True,
    "playsInline": True,  # without these two iOS shows black or goes full screen
    "muted": True,
    "controls": False,
    "style": {"width": "100%", "borderRadius": "12px"},
}


@dataclass(frozen=True)
class StreamState:
    """Whether the camera plays, is connecting, or could not be connected."""

    playing: bool
    connecting: bool
    failed: bool = False


def frame_callback(worker: Worker) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """What happens to each frame of the video: a copy for the worker, the guide for the person."""

    def callback(frame: av.VideoFrame) -> av.VideoFrame:
        rgb = frame.to_ndarray(format="rgb24")
        worker.put(rgb)
        shown = rgb.copy()
        status = worker.stream_session.status()
        draw_guide(shown, status.key, status.where, worker.stream_session.preset.overlay, status.progress)
        drawn = av.VideoFrame.from_ndarray(shown, format="rgb24")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        return drawn

    return callback


def camera_stream(
    key: str,
    worker: Worker,
    *,
    wanted: bool | None = None,
    on_change: Callable[[StreamState], None] | None = None,
) -> StreamState:
    """Draw the camera and feed its frames to a worker. Call it on every run of the page, or the stream ends.

    Args:
        key: belongs to the streamer; never use it in the session state.
        wanted: None leaves Start and Stop to the person; True or False starts or stops the camera.
        on_change: called before the run that follows a start or a stop, with the state that it led to.

    Raises:
        IceError: the connection settings cannot be used.
    """
    configuration = rtc_configuration(os.environ)
    _forget_earlier_stream(key)
    try:
        context = webrtc_streamer(
            key=key,
            mode=WebRtcMode.SENDRECV,
            rtc_configuration=configuration,
            media_stream_constraints=CONSTRAINTS,
            video_html_attrs=VIDEO,
            video_frame_callback=frame_callback(worker),
            on_video_ended=worker.stop,
            on_change=partial(_changed, key, on_change) if on_change else None,
            async_processing=True,
            media_toggle_controls=False,
            desired_playing_state=wanted,
            translations=_translations(),
        )
    except Exception:
        # The library waits for the connection inside the page's run and raises when there is none.
        _LOG.exception("The camera could not be connected")
        worker.stop()
        return StreamState(playing=False, connecting=False, failed=True)
    state = _state(context)
    if not state.playing and not state.connecting:
        worker.stop()
    return state


def _state(context: WebRtcStreamerContext[Any, Any]) -> StreamState:
    state = context.state
    return StreamState(playing=state.playing, connecting=state.signalling and not state.playing)


def _changed(key: str, on_change: Callable[[StreamState], None]) -> None:
    on_change(_state(st.session_state[key]))


def _forget_earlier_stream(key: str) -> None:
    """Let the connection of an earlier stream go where the browser has begun another.

    The library does so in a run between the two. Where the server was busy both messages of the browser, that
    it stopped and that it starts, came to one run, or a run was ended for the next: the new stream would get
    the old one's answer, and no picture would ever arrive.
    """
    value = st.session_state.get(component.generate_frontend_component_key(key)) or {}
    offer, last_seen = value.get("sdpOffer"), f"{key}-offer"
    if not offer or offer == st.session_state.get(last_seen):
        return
    st.session_state[last_seen] = offer
    context = st.session_state.get(key)
    if context is not None and context._get_worker() is not None:
        component._reset_context(context)
        context._set_state(component.compile_state(value))  # it is starting, not stopped


def _translations() -> Translations:
    return {
        "start": _("Start camera"),
        "stop": _("Stop camera"),
        "select_device": _("Choose a camera"),
        "media_api_not_available": _("This browser gives the page no camera."),
        "device_ask_permission": _("Please allow the camera."),
        "device_not_available": _("No camera was found."),
        "device_access_denied": _("The camera is blocked for this page."),
        "select_camera": _("Camera"),
    }
