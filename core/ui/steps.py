"""Back and Forward between the steps of the Practise page: each has an address (``?step=``)."""

from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.ui import embedded, practise_series, session

QUERY: Final = "step"
_WENT_KEY: Final = "practise_went"
_ASKED_KEY: Final = "practise_step_asked"
_component: Final = st.components.v2.component(
    "retake_steps", js=Path(__file__).with_name("steps.js").read_text(encoding="utf-8")
)


def follow() -> None:
    """Put the step that is shown into the address, and go where the person went by Back and Forward."""
    current, times = practise_series.series(), st.session_state.get(_WENT_KEY, 0)
    asked = st.session_state.setdefault(_ASKED_KEY, str(st.query_params.get(QUERY, "")))
    if asked and session.met():  # an address that was opened in a tab whose visit was found again
        current.at = asked if asked in current.steps else current.at
        st.session_state[_ASKED_KEY] = ""
    data = {
        "step": current.step,
        "visit": session.visit().log.session_id,
        "times": times,
        # In another page's frame Back belongs to that page.
        "push": not embedded.on(),
    }
    state = _component(key="practise-steps", data=data, height=0, on_went_change=lambda: None)
    went: Any = state.went
    if isinstance(went, dict) and isinstance(went.get("times"), int) and went["times"] > times:
        current.at = str(went.get("step", ""))
        st.session_state[_WENT_KEY] = went["times"]
        st.rerun()
