"""The hint in the page: a permanent live region that also knows whether the browser has a camera to give."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import streamlit as st

from core.guidance.hint import Hint

Tone = Literal["ask", "good", "calm", "start", "trouble"]
_HERE: Final = Path(__file__).parent


def _part(suffix: str) -> str:
    return (_HERE / f"banner.{suffix}").read_text(encoding="utf-8")


_banner: Final = st.components.v2.component(
    "retake_banner", html=_part("html"), css=_part("css"), js=_part("js")
)


def banner(hint: Hint, tone: Tone, *, key: str, on_camera: Callable[[], None] = lambda: None) -> str:
    """Show a hint, and return what the browser says about its camera.

    The hint is announced when its key or its text changes, and at no other time.

    Args:
        tone: picks the sign and the colour beside the words.
        on_camera: called before the run that brings a new report.

    Returns:
        ``"ok"``; or ``"insecure"``, ``"unsupported"``, ``"denied"`` or ``"missing"``.
    """
    data = {"key": hint.key, "text": hint.text, "spoken": hint.spoken, "tone": tone}
    result = _banner(key=key, data=data, default={"camera": "ok"}, on_camera_change=on_camera)
    return result.camera or "ok"
