"""The participant's page: which step is shown, and the frame around it."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from core.i18n import _, language
from core.study.faults import StudyError
from core.study.links import PARAMETER, completion_url
from core.study.session import StepKind, StudySession
from core.study.store import StudyStore
from core.study.store.sessions import Begun, Ended
from core.study.store.values import hash_of
from core.ui import (
    language as languages,
)
from core.ui import (
    session,
    study_arm,
    study_drawing,
    study_form,
    study_keeper,
    study_preview,
    study_steps,
    study_store,
    study_task,
    study_welcome,
)
from core.ui.layout import HERE
from core.ui.scroll import to_top
from core.ui.study_visit import Taking, act, taking

_LOG: Final = logging.getLogger(__name__)
_SEEN_EVERY_S: Final = 30.0
_PAGES: Final[Mapping[StepKind, Callable[[Taking, StudySession], None]]] = {
    "consent": study_steps.consent,
    "screening": study_steps.screening,
    "task": study_task.page,
    "questionnaire": study_form.page,
    "comments": study_steps.comments,
    "debrief": study_steps.debrief,
}


def main() -> None:
    """Draw the page."""
    st.html(HERE / "study.css")
    asked = {name: str(st.query_params.get(name, "")) for name in (PARAMETER, study_preview.QUERY)}
    token, key = asked[PARAMETER], asked[study_preview.QUERY]
    if study_drawing.QUERY in st.query_params:
        study_drawing.page()
        return
    preview = bool(key)
    current = taking(hash_of(f"preview {key}" if preview else token)[:16], preview)
    if preview:
        st.info(_("Preview: nothing is stored."), icon=":material/visibility:")
    try:
        store = None if preview else study_store.store()
    except StudyError as error:
        _LOG.error("The study store cannot be opened: %s", error.message)
        _unreachable()
        return
    if current.session is None and not _taken_up(current, store):
        return
    if current.session is None and current.over is None:
        try:
            study_welcome.page(current, store, token, key)
        except SQLAlchemyError:
            _LOG.exception("A link cannot be looked up")
            _unreachable()
        return
    _keep(current)
    _show(current)


def _unreachable() -> None:
    st.title(_("Take part in a study"), anchor=False)
    st.error(_("The study cannot be reached at the moment. Please try again in a minute."))
    if st.button(_("Try again"), key="study-try-again", type="primary"):
        st.rerun()


def _taken_up(current: Taking, store: StudyStore | None) -> bool:
    """Go on with a session that this browser knows; False while that is not settled."""
    if store is None or current.over is not None:
        return True
    found = study_keeper.ask(current.place)
    if found is None:
        st.caption(_("One moment, please."))
        return False
    if not found.token or found.token == current.passed_over:
        return True
    if not found.tab and not _same_person(current, found.token):
        return False
    if act(current, lambda: _take_up(current, store, found.token)):
        st.rerun()
    st.error(current.notice)
    if st.button(_("Try again"), key="study-try-again", type="primary"):
        st.rerun()
    return False


def _same_person(current: Taking, token: str) -> bool:
    """Whether to go on with what was begun in another tab of this browser; asked where it is not known."""
    st.title(_("Take part in a study"), anchor=False)
    st.markdown(_("Somebody began this study in this browser and has not finished it. Was that you?"))
    if st.button(_("Yes, go on where I stopped"), key="study-go-on", type="primary", width="stretch"):
        return True
    if st.button(_("No, begin as another person"), key="study-another", width="stretch"):
        current.passed_over = token
        st.rerun()
    return False


def _take_up(current: Taking, store: StudyStore, token: str) -> None:
    back = store.resume(token)
    if isinstance(back, Begun):
        current.session, current.token = StudySession.open(store, back), back.resume_token
        return
    _ended(current, store, back, token)


def _ended(current: Taking, store: StudyStore, back: Ended, token: str) -> None:
    if back.session_id is None or back.status not in ("completed", "screened_out", "ended"):
        current.passed_over = token
        return
    current.session = StudySession.open(store, Begun(back.session_id, token))
    current.token, current.over = token, back.status
    if back.status == "completed":
        design, record = current.session.design, current.session.record
        current.onward = completion_url(design.completion, record.panel)


def _keep(current: Taking) -> None:
    if current.preview:
        return
    study, policy = current.session, ""
    if study is not None and current.over is None:
        policy = study.design.resume.policy
    study_keeper.keep(
        current.place,
        current.token,
        lasting=policy == "resume",
        resumes=policy == "resume",
        under_way=bool(policy),
    )


def _show(current: Taking) -> None:
    study = current.session
    if study is not None:
        before = language()
        languages.offer((study.record.language,))
        session.apply_language()
        if language() != before:
            st.rerun()  # the frame around the page was drawn in another
    with st.container(key="study-language"):
        languages.picker()  # unseen: the document learns its language from it
    if study is not None and current.over is None:
        _see(current, study)
    if study is None or current.over is not None:
        study_arm.leave()
        study_steps.over(current, study)
        to_top("over", key="study-top")
        return
    step = study.step
    if step.kind != "task" or not study.task_begun:
        study_arm.leave()
    study_steps.progress(study)
    if current.notice:
        st.error(current.notice, icon=":material/info:")
        current.notice = ""
    if study.log.trouble is not None:
        words = _(
            "Your session log cannot be saved at the moment. It stays in memory, and Retake tries again."
        )
        st.warning(words, icon=":material/save:")
    _PAGES[step.kind](current, study)
    if step.kind not in ("consent", "debrief"):
        study_steps.leave(current, study)
    to_top(f"{study.place}-{study.task_begun}", key="study-top")


def _see(current: Taking, study: StudySession) -> None:
    """Tell the store from time to time that the participant is here."""
    now = time.monotonic()
    if now - current.seen_at < _SEEN_EVERY_S:
        return
    current.seen_at = now
    try:
        study.seen()
    except StudyError:
        current.session, current.token, current.over = None, "", "deleted"
    except SQLAlchemyError:
        _LOG.exception("The store does not answer")
