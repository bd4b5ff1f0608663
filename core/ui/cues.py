"""The switches for hints read aloud, a sound and a buzz, where the page itself has no camera of ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st

from core.text.camera import cue_words

_WEB: Final = Path(__file__).parents[1] / "browser" / "web"
_START: Final = """
export default function ({ data, parentElement: root }) {
  const draw = () => showSwitches(root.querySelector(".cues"), data.words, data.feedback);
  draw();
  return onChoice(draw);
}
"""
_cues: Final = st.components.v2.component(
    "retake_cues",
    html='<details class="cues" hidden></details>',
    css=(
        "details { color: var(--st-text-color); font: 400 1rem/1.5 var(--st-font); }\n"
        "[hidden] { display: none !important; }\n"
    )
    + (_WEB / "cues.css").read_text(encoding="utf-8"),
    js=(_WEB / "cues.js").read_text(encoding="utf-8") + _START,
)


def cue_switches(feedback: Mapping[str, bool], *, key: str) -> None:
    """Draw the switches; what is chosen stays in the browser, and the banner beside them follows it.

    Args:
        feedback: what is on until the person chooses: ``speech``, ``sound``, ``vibration``.
    """
    _cues(key=key, data={"words": cue_words(), "feedback": dict(feedback)})
