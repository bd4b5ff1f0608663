"""Files that are too large for an upload: a note comes in their place, so that each has its row."""

import re
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.photo import MAX_BYTES

_NOTE: Final = "Retake: too large for an upload, bytes: "
_NOTED: Final = re.compile(re.escape(_NOTE).encode() + rb"[0-9]{1,20}")
_script: Final = st.components.v2.component(
    "retake_large_files", js=Path(__file__).with_name("large_files.js").read_text(encoding="utf-8")
)


def leave_out() -> None:
    """From here on the page's file choosers hand in a note in place of a file above `MAX_BYTES`."""
    data: dict[str, Any] = {"most": MAX_BYTES, "says": _NOTE}
    _script(key="rt_large_files", data=data, height=0)


def stands_for_one(data: bytes) -> bool:
    """Whether a file that was handed in is such a note."""
    return _NOTED.fullmatch(data) is not None
