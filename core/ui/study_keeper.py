"""The token that opens a participant's session again, in the participant's browser."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

_LONGEST: Final = 100
_HEARD_KEY: Final = "study_keeper_heard"
_component: Final = st.components.v2.component(
    "retake_study_keeper", js=Path(__file__).with_name("study_keeper.js").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Found:
    """What the browser keeps for a link.

    Attributes:
        token: "" for nothing.
        tab: whether this tab itself has it, so that it is the same person; else another one had.
    """

    token: str = ""
    tab: bool = False


def ask(place: str) -> Found | None:
    """What the browser keeps for this link; None until it has said so."""
    told = _mount({"place": place, "asks": True, "heard": st.session_state.get(_HEARD_KEY)})
    st.session_state[_HEARD_KEY] = told
    if not isinstance(told, dict) or told.get("place") != place:
        return None
    token = told.get("token")
    usable = token if isinstance(token, str) and len(token) <= _LONGEST else ""
    return Found(usable, told.get("tab") is True)


def keep(place: str, token: str, *, lasting: bool, resumes: bool, under_way: bool) -> None:
    """Let the browser keep a token; "" lets it forget.

    Args:
        lasting: whether it outlives the tab.
        resumes: whether the study goes on after the page was loaded again; else the browser warns before.
        under_way: whether there is something to lose.
    """
    _mount(
        {
            "place": place,
            "asks": False,
            "token": token,
            "lasting": lasting,
            "resumes": resumes,
            "under_way": under_way,
        }
    )


def _mount(data: dict[str, Any]) -> Any:
    return _component(key="study-keeper", data=data, height=0, on_found_change=lambda: None).found
