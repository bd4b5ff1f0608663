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


def banner(hint: Hint, tone: Tone, *, key: str, camera: str, on_camera: Callable[[str], None]) -> None:
    """Show a hint; it is announced when its key or its text changes, and at no other time.

    Args:
        tone: picks the sign and the colour beside the words.
        camera: the last report that ``on_camera`` brought, ``"ok"`` at first.
        on_camera: called, before the run that follows, with what the browser says about its camera when that
            changes: ``"ok"``, ``"insecure"``, ``"unsupported"``, ``"denied"``, ``"missing"`` or ``"busy"``.
    """
    _banner(
        key=key,
        data={"key": hint.key, "text": hint.text, "spoken": hint.spoken, "tone": tone, "camera": camera},
        on_camera_change=lambda: on_camera(str(st.session_state[key]["camera"])),
    )
