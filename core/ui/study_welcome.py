"""What a link leads to before anything begins: a refusal, or what the study asks for and a start."""

from typing import Final

import streamlit as st

from core.i18n import LANGUAGES, _, language, ngettext
from core.study import session as study_session
from core.study.design import StudyDesign
from core.study.session import StudySession
from core.study.store import StudyStore
from core.study.store.sessions import Refusal, Refused
from core.text.markdown import plain
from core.ui import language as languages
from core.ui import session, study_preview
from core.ui.study_visit import Taking, act

_CHOICE_KEY: Final = "study-language-choice"


def design_of(store: StudyStore | None, token: str, key: str) -> StudyDesign | Refused:
    """The design that a link or a preview's key leads to. Nothing begins."""
    if store is None:
        found = study_preview.previews().find(key)
        return Refused("unavailable") if found is None else found[0]
    seen = store.look(token)
    return seen if isinstance(seen, Refused) else seen.design


def refused(reason: Refusal) -> str:
    """Why there is no study behind a link, in a sentence that names none."""
    return {
        "unavailable": _("This link leads to no study that is open now. Please ask whoever gave it to you."),
        "full": _("All places in this study are taken. Thank you for your interest."),
        "used": _("This link was used already; it works once. Please ask whoever gave it to you."),
    }[reason]


def page(current: Taking, store: StudyStore | None, token: str, key: str) -> None:
    """Draw the page; the start is confirmed here, and not before does a single-use link burn."""
    design = design_of(store, token, key)
    if isinstance(design, Refused):
        st.title(_("Take part in a study"), anchor=False)
        st.warning(current.notice or refused(design.reason), icon=":material/link_off:")
        with st.container(key="rt-language", width="content"):
            languages.picker()
        return
    _speak(design.languages)
    st.title(plain(design.title), anchor=False)
    _languages([code for code in design.languages if code in LANGUAGES])
    st.markdown(_what_it_asks(design))
    if current.notice:
        st.error(current.notice, icon=":material/info:")
        current.notice = ""
    if st.button(_("Start"), key="study-start", type="primary", width="stretch"):
        act(current, lambda: _begin(current, store, token, key))
        st.rerun()
    st.caption(_("Nothing is stored before you have agreed on the next page."))


def _languages(codes: list[str]) -> None:
    """Let the participant choose among the study's languages."""
    with st.container(key="study-language"):
        languages.picker()  # unseen: the document learns its language from it
    if len(codes) > 1:
        st.radio(
            _("Language"),
            codes,
            index=codes.index(language()),
            format_func=lambda code: LANGUAGES[code],
            horizontal=True,
            key=_CHOICE_KEY,
            on_change=_chosen,
        )


def _chosen() -> None:
    languages.pick(str(st.session_state[_CHOICE_KEY]))


def _speak(codes: tuple[str, ...]) -> None:
    """Speak one of the study's languages."""
    before = language()
    languages.offer(codes)
    session.apply_language()
    if language() != before:
        st.rerun()  # the frame around the page was drawn in another


def _what_it_asks(design: StudyDesign) -> str:
    count = len(design.tasks)
    photos = ngettext(
        "You take one photo with your camera; the screen tells you what to improve.",
        "You take {count} photos with your camera; the screen tells you what to improve.",
        count,
    )
    lines = (
        _("First you read what is stored, and decide whether you take part."),
        photos.format(count=count),
        _("Then you answer some questions about it."),
        _("You can stop at any time."),
    )
    return "\n".join(f"- {line}" for line in lines)


def _begin(current: Taking, store: StudyStore | None, token: str, key: str) -> None:
    if store is None:
        found = study_preview.previews().find(key)
        if found is not None:
            current.session = study_session.preview(*found, language=language())
        return
    begun = store.begin(token, language())
    if isinstance(begun, Refused):
        current.notice = refused(begun.reason)
        return
    current.session, current.token = StudySession.open(store, begun), begun.resume_token
