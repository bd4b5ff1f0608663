"""The language of a visit: the address's, else the one picked, else the browser's; and the picker."""

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import Any, Final

import streamlit as st

from core.i18n import LANGUAGES, _, direction, known, language, use_language

QUERY: Final = "lang"
_PICKED_KEY: Final = "rt_language"
_PICKER_KEY: Final = "rt_language_picker"
_OFFERED_KEY: Final = "rt_language_offered"
_HERE: Final = Path(__file__).parent


def choose(asked: str | None, picked: str | None, browser: str | None) -> str:
    """The language of a visit: the first of these that Retake speaks, else English.

    Args:
        asked: in the page's address, such as ``"de"``.
        picked: by the person, or asked for on another page of this visit.
        browser: the browser's own, such as ``"pt-BR"``.
    """
    return known(asked) or known(picked) or known(browser) or "en"


def apply() -> None:
    """Speak the visitor's language from here on, in this run of a page or of a part of it."""
    asked = known(str(st.query_params.get(QUERY, "")))
    if asked is not None:
        # Another page's address may lack it: it is remembered for the rest of the visit.
        st.session_state[_PICKED_KEY] = asked
    chosen = choose(asked, st.session_state.get(_PICKED_KEY), st.context.locale)
    offered = _offered()
    use_language(chosen if chosen in offered else offered[0])


def offer(codes: Sequence[str]) -> None:
    """From now on this visit speaks one of these, the first where it wants another; ``()`` for all again.

    Args:
        codes: languages that Retake speaks; others are passed over.
    """
    kept = tuple(code for code in codes if code in LANGUAGES)
    if kept:
        st.session_state[_OFFERED_KEY] = kept
    else:
        st.session_state.pop(_OFFERED_KEY, None)


def _offered() -> tuple[str, ...]:
    return st.session_state.get(_OFFERED_KEY, tuple(LANGUAGES))


def remembered() -> dict[str, str]:
    """What the links to other pages carry along, so that a new tab or a shared link speaks the same."""
    picked = st.session_state.get(_PICKED_KEY)
    return {QUERY: picked} if picked else {}


_picker: Final = st.components.v2.component(
    "retake_language",
    html=(_HERE / "language.html").read_text(encoding="utf-8"),
    css=(_HERE / "language.css").read_text(encoding="utf-8"),
    js=(_HERE / "language.js").read_text(encoding="utf-8"),
)


def picker() -> None:
    """The list of languages, each by its own name; the document learns the page's language from it too."""
    for key, value in remembered().items():
        if st.query_params.get(key) != value:
            st.query_params[key] = value
    if direction() == "rtl":
        st.html(_HERE / "rtl.css")
    data: dict[str, Any] = {
        "label": _("Language"),
        "language": language(),
        "direction": direction(),
        "languages": [{"code": code, "name": LANGUAGES[code]} for code in _offered()],
    }
    _picker(key=_PICKER_KEY, data=data, width="content", on_picked_change=_pick)


def chooser_button(key: str, words: str) -> None:
    """Put words on the button of ``st.file_uploader``, which has one of Streamlit's own in English alone.

    Args:
        key: what the chooser's key begins with.
    """
    if language() == "en":
        return
    button = f'[class*="st-key-{key}"] [data-testid="stFileUploaderDropzone"] button'
    inside = f'{button} [data-testid="stMarkdownContainer"]'
    content = dumps(words, ensure_ascii=False)
    st.html(f"<style>{inside} p {{ display: none }} {inside}::after {{ content: {content} }}</style>")


def _pick() -> None:
    pick(str(st.session_state[_PICKER_KEY]["picked"]))


def pick(code: str) -> None:
    """The person picked a language; one that Retake does not speak changes nothing."""
    picked = known(code)
    if picked is not None:
        st.session_state[_PICKED_KEY] = picked
        st.query_params[QUERY] = picked
