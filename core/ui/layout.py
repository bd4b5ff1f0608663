"""The frame around every page: style, wordmark, navigation, footer, and a net under errors."""

import base64
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from core.ui import session
from core.words import _

_HERE: Final = Path(__file__).parent
_LOG: Final = logging.getLogger(__name__)


def _mark() -> str:
    """The mark (viewfinder corners around a spot) as an SVG data address."""
    svg = (_HERE / "mark.svg").read_bytes()
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def page_icon() -> str:
    """The picture in the browser's tab."""
    return str(_HERE / "mark.svg")


def disclaimer() -> str:
    """The sentence that stands on every screen that shows a prediction."""
    return _("Retake is a demonstration and research tool. It is not a medical device and gives no diagnosis.")


def run(page: st.Page, pages: Sequence[st.Page]) -> None:
    """Draw the frame and, inside it, the page.

    The footer is drawn before the page runs, into its place below it: it is there while a page works,
    and when a page stops early. An error in a page becomes one sentence; its traceback goes to the log.
    """
    st.html(_HERE / "style.css")
    _header(pages)
    body = st.container(key="rt-body")
    with st.container(key="rt-footer"):
        _footer()
    try:
        with body:
            page.run()
    except Exception:
        _LOG.exception("The page %s failed", page.title)
        body.error(
            _(
                "Something went wrong here, and it is not your photo's fault. "
                "Reload the page to start again. If it keeps happening, please tell whoever runs this app."
            ),
            icon=":material/healing:",
        )


def _header(pages: Sequence[st.Page]) -> None:
    with st.container(key="rt-header", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<div class="rt-brand"><img src="{_mark()}" alt=""><span>Retake</span></div>', width="content")
        with st.container(key="rt-nav", horizontal=True, gap="xsmall", horizontal_alignment="right"):
            for page in pages:
                st.page_link(page, label=page.title, width="content")


def _footer() -> None:
    st.html(f'<p class="rt-fine">{disclaimer()}</p>')
    with st.expander(_("Your session and privacy"), icon=":material/lock:"):
        session.consent_panel()
