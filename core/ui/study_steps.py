"""The steps that need no camera: consent, screening, comments, debrief, and the way out at each of them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.i18n import _, language
from core.study.design import Question, text_in
from core.study.links import PARAMETER
from core.study.session import StudySession, questions_asked
from core.text.markdown import plain
from core.ui import language as languages
from core.ui import session, study_preview, study_task
from core.ui.study_visit import Over, Taking, act_and_go_on

_SHORT_HASH = 8
_LONGEST_COMMENT = 5000


def _choice_text(question: Question, choice: str) -> str:
    return plain(text_in(question.choices[choice], language()))


def progress(study: StudySession) -> None:
    """Which step of how many this is."""
    number, total = study.place + 1, len(study.steps)
    words = _("Step {number} of {total}").format(number=number, total=total)
    st.html(
        f'<div class="study-progress"><p>{words}</p>'
        f'<div aria-hidden="true"><i style="width:{100 * number / total:.1f}%"></i></div></div>'
    )


def consent(current: Taking, study: StudySession) -> None:
    """What the participant agrees to, and two ways on that are equally near."""
    asked = study.design.consent
    st.title(_("Do you agree?"), anchor=False)
    with st.container(key="study-text"):
        st.markdown(text_in(asked.text, language()))
    st.caption(
        _("Version {number} of this text, {hash}").format(
            number=asked.version, hash=f"`{asked.hash[:_SHORT_HASH]}`"
        )
    )
    photos = False
    if asked.photos is not None:
        photos = st.checkbox(plain(text_in(asked.photos, language())), key="study-photos")
    if st.button(_("I agree and take part"), key="study-agree", type="primary", width="stretch"):
        parameters = _parameters()
        act_and_go_on(current, lambda: study.consent(photos=photos, parameters=parameters))
    if st.button(_("I do not want to take part"), key="study-decline", width="stretch"):
        act_and_go_on(current, lambda: _end(current, study.decline, "declined"))


def _parameters() -> dict[str, str]:
    """What the link's address holds besides the app's own."""
    own = (PARAMETER, languages.QUERY, study_preview.QUERY)
    return {name: value for name, value in st.query_params.to_dict().items() if name not in own}


def screening(current: Taking, study: StudySession) -> None:
    """Questions before the tasks; which are asked follows from the answers so far."""
    st.title(_("Some questions first"), anchor=False)
    chosen: dict[str, str] = {}
    for question in study.design.screening:
        if question not in questions_asked(study.design, chosen):
            continue
        answer = st.radio(
            plain(text_in(question.text, language())),
            list(question.choices),
            index=None,
            format_func=partial(_choice_text, question),
            key=f"study-screening-{question.name}",
        )
        if answer is not None:
            chosen[question.name] = answer
    if st.button(_("Continue"), key="study-continue", type="primary", width="stretch"):
        act_and_go_on(current, lambda: _screen(current, study, chosen))


def _screen(current: Taking, study: StudySession, chosen: dict[str, str]) -> None:
    if not study.screen(chosen):
        current.over = "screened_out"


def comments(current: Taking, study: StudySession) -> None:
    """Free comments; none are needed."""
    st.title(_("Anything else?"), anchor=False)
    drafts: dict[str, Any] = session.kept(f"study-drafts-{study.record.session_id}", dict)
    text = st.text_area(
        _("What went well, and what did not? You may leave this empty. Please write no names."),
        value=drafts.get("comments", ""),
        max_chars=_LONGEST_COMMENT,
        height=180,
        key=session.control("study-comments"),
    )
    drafts["comments"] = text
    if st.button(_("Continue"), key="study-continue", type="primary", width="stretch"):
        act_and_go_on(current, lambda: study.comment(text.strip()))


def debrief(current: Taking, study: StudySession) -> None:
    """What the study was about, and what the participant may do with their data."""
    st.title(_("Thank you"), anchor=False)
    text = text_in(study.design.completion.debrief, language())
    if text:
        with st.container(key="study-text"):
            st.markdown(text)
    st.markdown(_("Press Finish so that your answers count."))
    if st.button(_("Finish"), key="study-finish", type="primary", width="stretch"):
        act_and_go_on(current, lambda: _finish(current, study))
    _own_data(current, study)


def over(current: Taking, study: StudySession | None) -> None:
    """The last page: how it ended, and the way on."""
    words = {
        "completed": (_("You have finished"), _("Thank you for taking part. You can close this page.")),
        "declined": (
            _("You do not take part"),
            _("Nothing about you is stored. You can close this page."),
        ),
        "screened_out": (
            _("Thank you"),
            _("This study needs other participants this time. You can close this page."),
        ),
        "withdrawn": (
            _("You have left the study"),
            _("Everything of this session was deleted. You can close this page."),
        ),
        "deleted": (
            _("Your data were deleted"),
            _("Nothing of this session is stored any more. You can close this page."),
        ),
        "ended": (
            _("This session has ended"),
            _("It cannot be gone on with. Please ask whoever gave you the link."),
        ),
    }
    title, sentence = words[current.over or "ended"]
    st.title(title, anchor=False)
    if current.notice:
        st.error(current.notice, icon=":material/info:")
        current.notice = ""
    st.markdown(sentence)
    if current.over == "completed" and current.onward:
        st.link_button(
            _("Go on to where you came from"),
            current.onward,
            type="primary",
            width="stretch",
            icon=":material/open_in_new:",
        )
    if study is not None and current.over in ("completed", "screened_out", "ended"):
        _own_data(current, study)


def leave(current: Taking, study: StudySession) -> None:
    """The way out, folded; opening it and pressing is the confirmation."""
    with st.container(key="study-leave"), st.expander(_("Leave the study"), icon=":material/logout:"):
        st.markdown(
            _(
                "You may leave now, without giving a reason. Everything of this session is then deleted: "
                "your answers, the log of what happened, and photos, if any were kept."
            )
        )
        if st.button(_("Leave and delete everything"), key="study-withdraw", width="stretch"):
            act_and_go_on(current, lambda: _gone(current, study, study.withdraw, "withdrawn"))


def _own_data(current: Taking, study: StudySession) -> None:
    with st.container(key="study-own-data"):
        st.download_button(
            _("Download my data"),
            data=study.download,
            file_name=f"retake-study-{study.record.session_id[:8]}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="study-download",
            width="stretch",
        )
        with st.expander(_("Delete my data"), icon=":material/delete:"):
            st.markdown(
                _(
                    "Your answers, the log of what happened, and photos, if any were kept, are then "
                    "deleted. They cannot be brought back, and they do not count in the study."
                )
            )
            if st.button(_("Delete everything now"), key="study-delete", width="stretch"):
                act_and_go_on(current, lambda: _gone(current, study, study.delete, "deleted"))


def _finish(current: Taking, study: StudySession) -> None:
    current.onward = study.finish()
    current.over = "completed"


def _end(current: Taking, end: Callable[[], None], how: Over) -> None:
    end()
    current.over, current.session, current.token = how, None, ""


def _gone(current: Taking, study: StudySession, end: Callable[[], None], how: Over) -> None:
    _end(current, end, how)
    study_task.put_away()
    session.visit().kept.pop(f"study-drafts-{study.record.session_id}", None)
