"""The hint in the page: a permanent live region that also knows whether the browser has a camera to give."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import streamlit as st

from core.browser.markup import web
from core.guidance.hint import Hint
from core.i18n import language

Tone = Literal["ask", "good", "calm", "start", "trouble"]
_SIGN: Final = re.compile(r"^  (\w+): \"([^\"]+)\",$", re.MULTILINE)


def sign(tone: Tone) -> str:
    """The outline of the sign beside a hint, as the path of an SVG of 24 x 24."""
    return dict(_SIGN.findall(web("hint.js")))[tone]


# A component's script stands alone and cannot import: what it shares with the camera in the page comes first.
_SHARED: Final = ("hint.js", "cues.js", "refusals.js")
_banner: Final = st.components.v2.component(
    "retake_banner",
    html=web("banner.html"),
    css=web("banner.css"),
    js="\n".join((*map(web, _SHARED), Path(__file__).with_suffix(".js").read_text(encoding="utf-8"))),
)


def banner(
    hint: Hint,
    tone: Tone,
    *,
    key: str,
    camera: str,
    on_camera: Callable[[str], None],
    feedback: Mapping[str, bool] = MappingProxyType({}),
    signed: bool = True,
    changes: str = "",
) -> None:
    """Show a hint; it is announced when its key or its text changes, and at no other time.

    Args:
        tone: picks the sign and the colour beside the words.
        camera: the last report that ``on_camera`` brought, ``"ok"`` at first.
        on_camera: called, before the run that follows, with what the browser says about its camera when that
            changes: ``"ok"``, ``"insecure"``, ``"unsupported"``, ``"no_webrtc"``, ``"denied"``, ``"missing"``
            or ``"busy"``.
        feedback: what comes beside the words until the person chooses (see :mod:`core.ui.cues`).
        signed: whether a sign stands beside the words.
        changes: the address at which the browser waits to be told that this page is to run again
            (:mod:`core.live.changes_route`); empty where there is nothing to wait for.
    """
    _banner(
        key=key,
        data={
            "key": hint.key,
            "text": hint.text,
            "spoken": hint.spoken,
            "tone": tone,
            "camera": camera,
            "language": language(),
            "feedback": dict(feedback),
            "signed": signed,
            "changes": changes,
        },
        on_changed_change=lambda: None,
        on_camera_change=lambda: on_camera(str(st.session_state[key]["camera"])),
    )
