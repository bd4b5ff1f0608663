"""Who looks at the Studies page: by the server's sign-in (OpenID Connect), else by a passphrase."""

import os
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.i18n import _
from core.study import access as rules
from core.study.access import RESEARCHER, Access, Action, TooManyTries
from core.study.faults import StudyError
from core.text.markdown import plain
from core.ui import session
from core.ui.study_store import store

_IDENTITY_KEY: Final = "studies-identity"


@dataclass
class _SignedIn:
    """What this visit keeps of its sign-in, also over a reload; nothing of it leaves the server."""

    identity: str = ""


def access() -> Access:
    """The researchers of this server.

    Raises:
        StudyError: the database cannot be used.
    """
    return _open(store().database, os.environ.get(rules.VARIABLE, ""), os.environ.get(rules.RESEARCHERS, ""))


@st.cache_resource(show_spinner=False, hash_funcs={"core.study.database.Database": id})
def _open(database: object, given: str, researchers: str) -> Access:
    made = Access(database, given=given, researchers=researchers)  # type: ignore[arg-type]
    first = None if by_provider() else made.first_passphrase()
    if first is not None:
        # On the terminal alone, and once: the database keeps its hash.
        print(
            f"\n  Retake, Studies page: the passphrase for researchers is\n\n    {first}\n\n"
            f"  It is not shown again. {rules.VARIABLE} sets another one.\n",
            flush=True,
        )
    return made


def by_provider() -> bool:
    """Whether the server's secrets configure a sign-in by OpenID Connect."""
    try:
        return "auth" in st.secrets
    except (FileNotFoundError, StreamlitAPIException):
        return False


def identity() -> str:
    """Who is signed in: an e-mail address, :data:`RESEARCHER`, or "" where no researcher is."""
    if not by_provider():
        kept = session.visit().kept.get(_IDENTITY_KEY)  # the footer asks in every run: nothing is made for it
        return kept.identity if kept is not None else ""
    if not st.user.is_logged_in or st.user.get("email_verified") is False:
        return ""
    return str(st.user.get("email") or "").strip().casefold()


def may(study_id: str, action: Action) -> bool:
    """Whether the signed-in researcher may do that in a study."""
    who = identity()
    return bool(who) and access().may(who, study_id, action)


def may_create() -> bool:
    """Whether the signed-in researcher may make studies."""
    who = identity()
    return bool(who) and access().may_create(who)


def may_run_server() -> bool:
    """Whether the signed-in researcher may see the server's state: those who may make studies.

    By the passphrase also where the database has gone: then it is needed most.
    """
    who = identity()
    if not who or who == RESEARCHER:
        return bool(who)
    try:
        return access().may_create(who)
    except StudyError:
        return False


def why_not_create() -> str:
    """What to tell somebody who may not make studies."""
    if access().names_researchers:
        words = _(
            "You see the studies to which your address was invited. Whoever runs this server says in "
            "{variable} who may make studies; your address is not among them."
        )
    else:
        words = _(
            "You see the studies to which your address was invited. Nobody may make a study until whoever "
            "runs this server names the researchers' addresses in {variable}: docs/studies.md says how."
        )
    return words.format(variable=f"`{rules.RESEARCHERS}`")


def audit(action: str, study_id: str | None = None, detail: str = "") -> None:
    """Write down what the signed-in researcher did."""
    access().audit(identity(), action, study_id, detail)


def audit_once(action: str, study_id: str) -> None:
    """The same, once in this visit: looking at a page again says nothing new."""
    seen: set[tuple[str, str]] = st.session_state.setdefault("studies-audited", set())
    if (action, study_id) not in seen:
        seen.add((action, study_id))
        audit(action, study_id)


def sign_in() -> None:
    """The one field that a signed-out visitor sees."""
    if by_provider():
        if st.user.is_logged_in:
            st.warning(_("Your address is not confirmed by the sign-in. Please confirm it there first."))
            st.button(_("Sign out"), on_click=st.logout, key="studies-sign-out")
        else:
            st.button(_("Sign in"), type="primary", on_click=st.login, key="studies-sign-in")
        return
    access()  # prints the first passphrase
    with st.form("studies-sign-in-form", border=False):
        entered = st.text_input(
            _("Passphrase for researchers"),
            type="password",
            autocomplete="current-password",
            key="studies-passphrase",
        )
        pressed = st.form_submit_button(_("Sign in"), type="primary", key="studies-sign-in")
    if pressed:
        _try(entered)
    st.caption(
        _(
            "Whoever runs this server finds the passphrase in its terminal, printed when somebody first "
            "opened this page, or has set it as {variable}. After {count} wrong tries you have to wait a "
            "quarter of an hour."
        ).format(variable=f"`{rules.VARIABLE}`", count=rules.TRIES)
    )


def sign_out() -> None:
    """Forget who is signed in, and what they looked at."""
    _kept().identity = ""
    session.let_go()
    for key in [key for key in st.session_state if str(key).startswith(("studies-", "rt_studies"))]:
        del st.session_state[key]
    if by_provider():
        st.logout()


def _caller() -> str:
    address = st.context.ip_address
    return address if isinstance(address, str) else "this computer"


def _try(entered: str) -> None:
    if not entered:
        st.error(_("Please type the passphrase."), icon=":material/lock:")
        return
    try:
        right = access().sign_in(entered, _caller())
    except TooManyTries as error:
        st.error(plain(error.message), icon=":material/hourglass:")
        return
    except StudyError as error:
        st.error(plain(error.message), icon=":material/database:")
        return
    if not right:
        st.error(_("This is not the passphrase. Please try again."), icon=":material/lock:")
        return
    _kept().identity = RESEARCHER
    st.rerun()


def _kept() -> _SignedIn:
    return session.kept(_IDENTITY_KEY, _SignedIn)
