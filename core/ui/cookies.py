"""A browser that refuses cookies: Streamlit takes no upload from it, and says so in a number."""

from typing import Final

import streamlit as st

from core.i18n import _

_JS: Final = """
export default function ({ setStateValue }) {
  if (!navigator.cookieEnabled) setStateValue("refused", true);
}
"""

_script: Final = st.components.v2.component("retake_cookies", js=_JS)


def warn_if_refused() -> None:
    """Say, above a place for uploads, that there can be none, and what to do."""
    # Only named: what comes is read off below.
    if _script(key="rt_cookies", height=0, on_refused_change=lambda: None).refused:
        st.warning(
            _(
                "This browser refuses cookies, and without them no file can be uploaded. Allow cookies for "
                "this address, then load the page again."
            ),
            icon=":material/cookie_off:",
        )
