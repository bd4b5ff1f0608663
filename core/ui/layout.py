"""The frame around every page: style, wordmark, navigation, footer, and a net under errors."""

import logging
import runpy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import streamlit as st

from core.data_uri import data_uri
from core.i18n import _
from core.i18n import language as current_language
from core.text.markdown import plain
from core.text.wording import disclaimer
from core.ui import (
    _compat,
    designer_draft,
    embedded,
    keeper,
    language,
    preset_choice,
    session,
    studies_access,
    study_arm,
)

HERE: Final = Path(__file__).parent
_FRONT_DOOR: Final = HERE.parents[1] / "app.py"
_ABOUT: Final = "about"
_OPERATOR: Final = "operator"
_BELOW: Final = (_ABOUT, _OPERATOR)
"""Pages that the footer leads to; to the server's only the signed-in operator."""
_framed: ContextVar[bool] = ContextVar("framed", default=False)
_LOG: Final = logging.getLogger(__name__)


def _mark() -> str:
    """The mark (viewfinder corners around a spot) as an SVG data address."""
    return data_uri((HERE / "mark.svg").read_bytes(), "image/svg+xml")


def page_icon() -> str:
    """The picture in the browser's tab."""
    return str(HERE / "mark.svg")


def run(page: st.Page, pages: Sequence[st.Page]) -> None:
    """Draw the frame and, inside it, the page.

    The footer is drawn before the page runs, into its place below it: it is there while a page works,
    and when a page stops early. An error in a page becomes one sentence; its traceback goes to the log.
    """
    # A page that is not listed stands alone, as in another page's frame: nothing leads from it to others.
    listed = any(one.url_path == page.url_path for one in pages)
    if listed:
        study_arm.leave()
        language.offer(())
        session.apply_language()
    keeper.keep()
    st.html(HERE / "style.css")
    _compat.manage_uploads()
    _compat.finish_callbacks()
    alone = embedded.on()
    if not listed:
        with st.container(key="rt-header"):
            _brand()
    elif not alone:
        _header(page, [one for one in pages if one.url_path not in _BELOW])
    body = st.container(key="rt-body")
    with st.container(key="rt-footer"):
        if not listed:
            st.html(f'<p class="rt-fine">{disclaimer()}</p>')
        elif alone:
            embedded.frame()
        else:
            _footer(page, pages)
    session.note_language(current_language())
    framed = _framed.set(True)
    try:
        with body, calm(page.title):
            if listed:
                _preset_fault(page)
                _trying(page, pages)
            keeper.lost()
            page.run()
            if alone and listed:
                embedded.post()
    finally:
        _framed.reset(framed)


@contextmanager
def calm(place: str) -> Iterator[None]:
    """What fails in here becomes one sentence on the page; its traceback goes to the log, with ``place``."""
    try:
        yield
    except Exception:
        _LOG.exception("%s failed", place)
        st.error(
            _(
                "Something went wrong here, and it is not your photo's fault. "
                "Reload the page to start again. If it keeps happening, please tell whoever runs this app."
            ),
            icon=":material/healing:",
        )


def inside_frame(main: Callable[[], None]) -> None:
    """What a page file does when Streamlit runs it.

    The very first visitor of a fresh server who comes by a page's own address makes Streamlit run that file
    alone, since no script has called st.navigation yet. Then the front door is run, which leads back here.
    """
    if _framed.get():
        main()
    else:
        runpy.run_path(str(_FRONT_DOOR))


def _brand() -> None:
    st.html(f'<div class="rt-brand"><img src="{_mark()}" alt=""><span>Retake</span></div>', width="content")


def _header(current: st.Page, pages: Sequence[st.Page]) -> None:
    with st.container(key="rt-header", horizontal=True, vertical_alignment="center", gap="small"):
        _brand()
        with st.container(key="rt-nav", horizontal=True, gap="xsmall", horizontal_alignment="right"):
            for page in pages:
                _link(page, current)
        with st.container(key="rt-language", width="content"):
            language.picker()


def _link(page: st.Page, current: st.Page) -> None:
    # The key gives the current page's link a class of its own to be marked by.
    name = "rt-here" if page.url_path == current.url_path else f"rt-to-{page.url_path or 'front'}"
    with st.container(key=name, width="content"):
        # With the language picked: a new tab or a copied link speaks the same.
        st.page_link(page, label=page.title, width="content", query_params=_carried(page))


def _carried(page: st.Page) -> dict[str, str] | None:
    """What a link to a page carries along: the language, and to the Designer the draft that waits there."""
    draft = designer_draft.carried() if page.url_path == "designer" else {}
    return {**language.remembered(), **draft} or None


def _trying(current: st.Page, pages: Sequence[st.Page]) -> None:
    """Say so where the coach follows a draft, and lead back to it."""
    designer = next((page for page in pages if page.url_path == "designer"), None)
    if designer is None or current.url_path == "designer" or not preset_choice.variant().endswith("-draft"):
        return
    with st.container(key="rt-trying", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_("You are trying the draft {name}.").format(name=preset_choice.variant()))
        st.page_link(
            designer,
            label=_("Back to the Designer"),
            icon=":material/tune:",
            width="content",
            query_params=_carried(designer),
        )


def _preset_fault(current: st.Page) -> None:
    """Say so where the preset that the link or the server's setting names cannot be used, and note it."""
    fault, sentence = preset_choice.fault()
    if not fault or (fault == "link" and current.url_path == "designer"):  # there the draft says so itself
        return
    st.warning(plain(sentence).replace("\n", "\n\n"), icon=":material/tune:")
    session.note_preset_fault(fault)


def _footer(current: st.Page, pages: Sequence[st.Page]) -> None:
    session.log_trouble()
    st.html(f'<p class="rt-fine">{disclaimer()}</p>')
    # Down here: the row above has no room for it on a phone.
    for page in pages:
        if page.url_path == _ABOUT or (page.url_path == _OPERATOR and studies_access.may_run_server()):
            _link(page, current)
    with st.expander(_("Your session and privacy"), icon=":material/lock:"):
        session.consent_panel()
