from types import SimpleNamespace

import av
import numpy as np
import pytest
from streamlit_webrtc import WebRtcStreamerContext, WebRtcStreamerState, component

from core.live import stream
from core.live.ice import IceError


class RecordingWorker:
    """Keeps what the callback leaves."""

    def __init__(self, stream_session):
        self.stream_session = stream_session
        self.frames = []
        self.stopped = 0

    def put(self, rgb):
        self.frames.append(rgb)

    def stop(self):
        self.stopped += 1


@pytest.fixture
def worker(stage):
    return RecordingWorker(stage.stream_session)


@pytest.fixture
def streamer(monkeypatch):
    """The library's function, replaced; ``asked`` holds what it was called with."""
    fake = SimpleNamespace(asked=None, state=SimpleNamespace(playing=True, signalling=False), error=None)

    def call(**asked):
        fake.asked = asked
        if fake.error:
            raise fake.error
        return SimpleNamespace(state=fake.state)

    monkeypatch.setattr(stream, "webrtc_streamer", call)
    for name in ("ICE_SERVERS", "TURN_URL", "TURN_USERNAME", "TURN_PASSWORD"):
        monkeypatch.delenv(f"RETAKE_{name}", raising=False)
    return fake


def video_frame(size=(120, 160)):
    frame = av.VideoFrame.from_ndarray(np.full((*size, 3), (180, 140, 120), np.uint8), format="rgb24")
    frame.pts, frame.time_base = 90, 1
    return frame


def test_the_callback_leaves_the_plain_picture_and_shows_the_guide(worker):
    frame = video_frame()
    shown = stream.frame_callback(worker)(frame)
    (left,) = worker.frames
    assert left.shape == (120, 160, 3)
    assert np.abs(left.astype(int) - (180, 140, 120)).max() <= 3, "no guide on what is assessed"
    assert (shown.to_ndarray(format="rgb24") != left).any(), "a guide on what is shown"
    assert (shown.pts, shown.time_base) == (frame.pts, frame.time_base)


def test_the_callback_does_not_assess(worker, stage):
    stream.frame_callback(worker)(video_frame())
    assert stage.assessor.seen == []


def test_the_camera_is_asked_for_as_a_phone_needs_it(worker, streamer):
    state = stream.camera_stream("camera", worker)
    asked = streamer.asked
    assert asked["media_stream_constraints"]["audio"] is False
    assert asked["media_stream_constraints"]["video"]["facingMode"] == {"ideal": "environment"}
    assert {"playsInline", "muted", "autoPlay"} <= {
        name for name, on in asked["video_html_attrs"].items() if on is True
    }
    assert asked["async_processing"] is True
    assert asked["media_toggle_controls"] is False
    assert asked["rtc_configuration"] == {"iceServers": []}
    assert asked["translations"]["start"] == "Start camera"
    assert state == stream.StreamState(playing=True, connecting=False)


def test_nothing_is_demanded_of_a_camera_that_it_may_refuse(worker, streamer):
    stream.camera_stream("camera", worker)
    for wish in streamer.asked["media_stream_constraints"]["video"].values():
        assert set(wish) == {"ideal"}


def test_the_worker_stops_with_the_stream(worker, streamer):
    stream.camera_stream("camera", worker)
    assert worker.stopped == 0
    streamer.asked["on_video_ended"]()
    assert worker.stopped == 1
    streamer.state = SimpleNamespace(playing=False, signalling=False)
    assert stream.camera_stream("camera", worker) == stream.StreamState(playing=False, connecting=False)
    assert worker.stopped == 2


def test_a_camera_that_is_connecting_is_neither_playing_nor_stopped(worker, streamer):
    streamer.state = SimpleNamespace(playing=False, signalling=True)
    assert stream.camera_stream("camera", worker) == stream.StreamState(playing=False, connecting=True)
    assert worker.stopped == 0


def test_a_connection_that_cannot_be_made_is_a_state_and_not_a_traceback(worker, streamer):
    streamer.error = TimeoutError("no answer")
    assert stream.camera_stream("camera", worker).failed
    assert worker.stopped == 1


def test_wrong_settings_are_told(worker, streamer, monkeypatch):
    monkeypatch.setenv("RETAKE_ICE_SERVERS", "nonsense")
    with pytest.raises(IceError):
        stream.camera_stream("camera", worker)


class Connection:
    """The library's end of a stream."""

    stopped = False

    def stop(self):
        self.stopped = True


@pytest.fixture
def library(monkeypatch):
    """What the library keeps of a session, of a stream that begins: context, and what the browser told."""
    monkeypatch.setattr(stream.st, "session_state", {})
    told = {"playing": False, "sdpOffer": {"type": "offer", "sdp": "the first"}, "iceCandidates": {}}
    context = WebRtcStreamerContext(worker=None, state=component.compile_state(told))
    front = component.generate_frontend_component_key("camera")
    stream.st.session_state.update({"camera": context, front: told})
    return SimpleNamespace(context=context, told=told)


def test_a_new_stream_never_gets_the_answer_of_an_earlier_one(worker, streamer, library):
    first = Connection()
    stream.camera_stream("camera", worker)
    library.context._set_worker(first)
    library.context._sdp_answer_json, library.context._is_sdp_answer_sent = "to the first", True
    stream.camera_stream("camera", worker)
    library.told |= {"playing": True, "sdpOffer": ""}
    stream.camera_stream("camera", worker)
    assert not first.stopped, "one stream goes on"

    # It stopped and began anew before the server looked again.
    library.told |= {"playing": False, "sdpOffer": {"type": "offer", "sdp": "the second"}}
    stream.camera_stream("camera", worker)
    assert first.stopped
    assert library.context._get_worker() is None
    assert (library.context._sdp_answer_json, library.context._is_sdp_answer_sent) == (None, False)
    assert library.context.state == WebRtcStreamerState(playing=False, signalling=True)


def test_what_a_change_led_to_is_told(worker, streamer, library):
    told = []
    stream.camera_stream("camera", worker, on_change=told.append)
    streamer.asked["on_change"]()
    assert told == [stream.StreamState(playing=False, connecting=True)]
