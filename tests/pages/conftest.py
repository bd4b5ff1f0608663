import pytest
from streamlit.runtime.state.session_state import SessionState

from core.live import stream


@pytest.fixture
def no_camera(monkeypatch):
    """The server's camera is there and off."""
    off = stream.StreamState(playing=False, connecting=False)
    monkeypatch.setattr(stream, "camera_stream", lambda *_args, **_more: off)


@pytest.fixture
def all_said_to_change(monkeypatch):
    """From the call on every control on a page is said to have changed, in every run; no button is pressed.

    Streamlit does so with a control whose state it had let go of when the browser still had it.
    """

    def changed(state, widget):
        return state._new_widget_state.widget_metadata[widget].value_type != "trigger_value"

    return lambda: monkeypatch.setattr(SessionState, "_widget_changed", changed)
