"""What a study's task fixes while it runs: log, preset, assessor, and what follows a photo.

The Practise page's pieces ask here first, so that they coach by the participant's arm and write into the
study's log. Nothing of a study is imported here: other pages need none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from core.guidance.preset import Preset
from core.study.events import EventLog

_KEY: Final = "rt_study_arm"


@dataclass(frozen=True)
class InUse:
    """The arm that is under way on this page.

    Attributes:
        key: names session and step: photos of one task are no other's.
        variant: what events call the preset.
        assessor: an entry of the registry.
        no_spot: whether "No spot, just practising" is offered.
        after_photo: draws what follows a photo, given the photo and its two callbacks: another photo, and
            using one that does not pass (None where there is no such thing).
    """

    key: str
    log: EventLog
    preset: Preset
    variant: str
    assessor: str
    no_spot: bool
    after_photo: Callable[[Any, Callable[[], None], Callable[[], None] | None], None]


def use(arm: InUse) -> None:
    """From here on, in this run and in the parts of the page that run by themselves."""
    st.session_state[_KEY] = arm


def leave() -> None:
    """No task is under way, or another page is shown."""
    st.session_state.pop(_KEY, None)


def current() -> InUse | None:
    """The arm that is under way, if any."""
    return st.session_state.get(_KEY)
