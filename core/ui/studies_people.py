"""Around a study's data: who may do what, tokens, how long data stay, deleting, and what was done."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from core.i18n import _, ngettext
from core.reports.tables import STYLE, Table
from core.study.export import slug
from core.study.faults import StudyError
from core.study.kept_photos import photo_count, photos_zip
from core.study.retention import delete_session, delete_study, purge
from core.study.store.studies import StudySummary
from core.text.markdown import plain
from core.ui import studies_access
from core.ui.study_store import store

_ROLES: Final = ("viewer", "collaborator", "owner")
_TOKEN_KEY: Final = "studies-token-shown"  # noqa: S105, a key of the session state
_DONE_KEY: Final = "studies-people-done"


def people(summary: StudySummary, leave: Callable[[], None]) -> None:
    """Draw it; only an owner changes anything here.

    Args:
        leave: goes back to the list, after the study is deleted.
    """
    study_id = summary.study_id
    owns = studies_access.may(study_id, "manage")
    st.html(f"<style>{STYLE}</style>")
    done = st.session_state.pop(_DONE_KEY, "")
    if done:
        st.success(done, icon=":material/check:")
    if not owns:
        st.caption(_("Only an owner of the study changes people, tokens and data."))
    _roles(study_id, owns)
    if owns:
        _tokens(study_id)
    _retention(study_id, owns)
    if owns:
        _photos(study_id)
        _deleting(summary, leave)
        _audit(study_id)


def _roles(study_id: str, owns: bool) -> None:
    st.subheader(_("People"), anchor=False)
    st.caption(
        _(
            "A viewer sees results, a collaborator also edits and facilitates, an owner also manages people "
            "and deletes. Roles need the sign-in by OpenID Connect; the passphrase opens every study as its "
            "owner."
        )
    )
    roles = studies_access.access().roles(study_id)
    for who, role in roles.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(who)} · {_role_name(role)}")
            if owns:
                st.button(
                    _("Take away"), key=f"studies-role-{who}", on_click=_take_away, args=(study_id, who)
                )
    if not owns:
        return
    with st.form("studies-role-form", clear_on_submit=True):
        who = st.text_input(_("E-mail address"), key="studies-role-who")
        role = st.selectbox(_("Role"), _ROLES, format_func=_role_name, key="studies-role-role")
        if st.form_submit_button(_("Give this role"), key="studies-role-give") and _set_role(
            study_id, who, role
        ):
            st.rerun()


def _take_away(study_id: str, who: str) -> None:
    _set_role(study_id, who, None)


def _set_role(study_id: str, who: str, role: str | None) -> bool:
    if not studies_access.may(study_id, "manage"):
        return False
    try:
        studies_access.access().set_role(study_id, who, role)  # type: ignore[arg-type]
    except StudyError as error:
        st.error(plain(error.message), icon=":material/error:")
        return False
    studies_access.audit("set_role", study_id, f"{who}: {role or 'none'}")
    return True


def _role_name(role: str) -> str:
    return {"viewer": _("Viewer"), "collaborator": _("Collaborator"), "owner": _("Owner")}.get(role, role)


def _tokens(study_id: str) -> None:
    st.subheader(_("Tokens for results"), anchor=False)
    st.caption(
        _("A token reads this study's results as JSON, where the server offers it: docs/studies.md says how.")
    )
    shown = st.session_state.pop(_TOKEN_KEY, "")
    if shown:
        st.warning(_("This is the only time that this token is shown:"), icon=":material/key:")
        st.code(shown, language=None, wrap_lines=True)
    for one in studies_access.access().api_tokens(study_id):
        used = f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else _("never")
        with st.container(horizontal=True, vertical_alignment="center"):
            name, last = plain(one.label) or _("Token"), _("last used: {when}").format(when=used)
            st.markdown(f"{name} · {one.created_at:%Y-%m-%d} · {last}")
            st.button(
                _("Revoke"),
                key=f"studies-revoke-{one.token_id}",
                on_click=_revoke,
                args=(study_id, one.token_id),
            )
    label = st.text_input(_("What the token is for"), key="studies-token-label", max_chars=200)
    st.button(_("Make a token"), key="studies-token-make", on_click=_new_token, args=(study_id, label))


def _new_token(study_id: str, label: str) -> None:
    if studies_access.may(study_id, "manage"):
        who = studies_access.identity()
        st.session_state[_TOKEN_KEY] = studies_access.access().new_api_token(study_id, label, who)
        studies_access.audit("made_token", study_id, label)


def _revoke(study_id: str, token_id: str) -> None:
    if studies_access.may(study_id, "manage"):
        studies_access.access().revoke_api_token(study_id, token_id)
        studies_access.audit("revoked_token", study_id, token_id)


def _retention(study_id: str, owns: bool) -> None:
    st.subheader(_("How long data stay"), anchor=False)
    days = store().draft(study_id).retention_days
    words = ngettext(
        "One day after a session began, all of it is deleted: when the server starts, when "
        "somebody runs `python -m core study purge`, or here.",
        "{days} days after a session began, all of it is deleted: when the server starts, when "
        "somebody runs `python -m core study purge`, or here.",
        days,
    )
    st.markdown(words.format(days=days))
    if owns:
        st.button(_("Delete what is past its time"), key="studies-purge", on_click=_purge, args=(study_id,))


def _purge(study_id: str) -> None:
    gone = purge(store())
    studies_access.audit("purged", study_id, str(gone.sessions))
    st.session_state[_DONE_KEY] = _(
        "Deleted. Sessions: {sessions}. Photos without a session: {photos}."
    ).format(sessions=gone.sessions, photos=gone.photos)


def _photos(study_id: str) -> None:
    """Kept photos are in no export: they are an owner's to take away, and that is written down."""
    count = photo_count(store(), study_id)
    if not count:
        return
    st.subheader(_("Kept photos"), anchor=False)
    st.caption(
        _(
            "Participants agreed to these by a tick of its own. A photo of skin may tell who somebody is: "
            "they are in no other export, and taking them away is written down in the audit log."
        )
    )
    # A file is made when it is asked for, and by then no run tells who asks.
    it, access, who = store(), studies_access.access(), studies_access.identity()

    def made() -> bytes:
        access.audit(who, "exported_photos", study_id)
        return photos_zip(it, study_id)

    words = ngettext("Download one photo (ZIP)", "Download {count} photos (ZIP)", count)
    st.download_button(
        words.format(count=count),
        data=made,
        file_name=f"study-{slug(study_id)}-photos.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key="studies-photos",
    )


def _deleting(summary: StudySummary, leave: Callable[[], None]) -> None:
    study_id = summary.study_id
    st.subheader(_("Delete"), anchor=False)
    data = store().load(study_id)
    if data.sessions:
        with st.expander(_("Delete a session"), icon=":material/delete:"):
            nobody = _("declined")
            # A panel's parameters are in no export; who asks by them to be deleted is found here.
            named = {
                one.session_id: " · ".join(
                    (one.participant_id or nobody, f"{one.started_at:%Y-%m-%d %H:%M}", *one.panel.values())
                )
                for one in data.sessions
            }
            chosen = st.selectbox(
                _("Session"),
                list(named),
                format_func=named.__getitem__,
                key="studies-delete-which",
            )
            sure = st.checkbox(_("Delete it for good; there is no way back"), key="studies-delete-sure")
            st.button(
                _("Delete the session"),
                key="studies-delete-session",
                disabled=not sure,
                on_click=_delete_session,
                args=(study_id, chosen),
            )
    with st.expander(_("Delete the study"), icon=":material/delete_forever:"):
        st.markdown(_("All sessions, photos, versions, links and roles go. Only the audit log stays."))
        typed = st.text_input(
            _("Type the study's title to confirm"), key="studies-delete-title", live="400ms"
        )
        pressed = st.button(
            _("Delete the study"),
            key="studies-delete-study",
            disabled=typed.strip() != summary.title.strip(),
        )
        if pressed and studies_access.may(study_id, "manage") and typed.strip() == summary.title.strip():
            delete_study(store(), study_id)
            studies_access.audit("deleted_study", study_id)
            leave()
            st.rerun()


def _delete_session(study_id: str, session_id: str) -> None:
    if not studies_access.may(study_id, "manage"):
        return
    if store().session(session_id).record.study_id == study_id:
        delete_session(store(), session_id, "researcher")
        studies_access.audit("deleted_session", study_id, session_id)
        st.session_state.pop("studies-data", None)
        st.session_state[_DONE_KEY] = _("The session is deleted.")
        st.session_state["studies-delete-sure"] = False


def _audit(study_id: str) -> None:
    with st.expander(_("Audit log: who did what"), icon=":material/history:"):
        rows = tuple(
            (f"{one.at:%Y-%m-%d %H:%M}", one.identity, one.action, one.detail)
            for one in reversed(studies_access.access().audit_log(study_id))
        )[:500]
        st.html(Table(_("Audit log"), (_("When"), _("Who"), _("What"), _("Detail")), rows).html())
