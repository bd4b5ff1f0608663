"""One participant in front of the study page: which session, and what was pressed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from core.i18n import _
from core.study.faults import StudyError
from core.study.session import StudySession

_KEY: Final = "study_taking"
_LOG: Final = logging.getLogger(__name__)
Over = Literal["completed", "declined", "screened_out", "withdrawn", "deleted", "ended"]


@dataclass
class Taking:
    """What this page knows of one link's participant.

    Attributes:
        place: names the link in the browser's storage, without opening it.
        token: opens the session again; for the browser alone.
        seen_at: when the store was last told that the participant is here, on the monotonic clock.
        acted: the key of the button that was pressed and whose work is done already in this run, "" for none.
        over: how it ended, once it has.
        onward: where to go at the end, "" for nowhere.
        notice: a sentence for the next run of the page.
        reminded: the step whose participant was reminded of what is left out.
        kept: photos that were kept already, by hash.
        passed_over: a token that opens nothing any more, or whose session is somebody else's.
    """

    place: str
    preview: bool = False
    session: StudySession | None = None
    token: str = field(default="", repr=False)
    over: Over | None = None
    onward: str = ""
    notice: str = ""
    reminded: int | None = None
    kept: set[str] = field(default_factory=set)
    passed_over: str = field(default="", repr=False)
    seen_at: float = 0.0
    acted: str = ""


def taking(place: str, preview: bool = False) -> Taking:
    """What this page knows for a link; nothing of another one's."""
    found = st.session_state.get(_KEY)
    if found is None or found.place != place:
        found = st.session_state[_KEY] = Taking(place, preview)
    return found


def act(current: Taking, do: Callable[[], object]) -> bool:
    """Do what was pressed; whether it was done. What keeps it from that is a sentence in the next run."""
    try:
        do()
    except StudyError as error:
        current.notice = error.message
        return False
    except (SQLAlchemyError, OSError):
        _LOG.exception("A participant's step cannot be stored")
        current.notice = _(
            "This could not be saved at the moment. Nothing is lost: please press the button again."
        )
        return False
    current.reminded = None
    return True


def act_first(current: Taking, do: Callable[[], object], key: str = "") -> None:
    """Do what was pressed before the page runs: for ``on_click``, beside a camera in the page.

    A message of that camera begins a new run, and the one that was under way ends wherever it is: what a
    button would do in it could be lost.
    """
    current.acted = key
    act(current, do)


def act_and_go_on(current: Taking, do: Callable[[], object]) -> None:
    """Do what was pressed, and draw what follows."""
    act(current, do)
    st.rerun()


def button_beside_camera(
    current: Taking,
    label: str,
    do: Callable[[], object],
    *,
    key: str,
    icon: str | None = None,
    primary: bool = False,
) -> None:
    """Draw a button beside a camera in the page, which does `do` and goes on; see :func:`act_first`.

    A server that was started anew may be told of the press before it has drawn the button for the first time,
    and then calls nothing: in that run the button does it.
    """
    pressed = st.button(
        label,
        key=key,
        icon=icon,
        type="primary" if primary else "secondary",
        width="stretch",
        on_click=act_first,
        args=(current, do, key),
    )
    if pressed and current.acted != key:
        act_and_go_on(current, do)
    if current.acted == key:
        current.acted = ""
