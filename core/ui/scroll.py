"""A new screen begins at its top, wherever the finger was on the one before."""

from typing import Final

import streamlit as st

_JS: Final = """
let last = null;

export default function ({ data }) {
  if (data.screen === last) return;
  last = data.screen;
  const main = document.querySelector('[data-testid="stMain"]');
  requestAnimationFrame(() => main?.scrollTo({ top: 0 }));
}
"""

_to_top: Final = st.components.v2.component("retake_scroll", js=_JS)


def to_top(screen: str, *, key: str) -> None:
    """Scroll to the top when ``screen`` differs from the last time; any name will do."""
    _to_top(key=key, data={"screen": screen}, height=0)
