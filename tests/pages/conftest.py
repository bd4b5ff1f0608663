import pytest
from streamlit.runtime.state.session_state import SessionState


@pytest.fixture
def all_said_to_change(monkeypatch):
    """From the call on every control on a page is said to have changed, in every run; no button is pressed.

    Streamlit does so with a control whose state it had let go of when the browser still had it.
    """

    def changed(state, widget):
        return state._new_widget_state.widget_metadata[widget].value_type != "trigger_value"

    return lambda: monkeypatch.setattr(SessionState, "_widget_changed", changed)
