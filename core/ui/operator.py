"""The Server page, for the operator. Put together here; words are core/serving/words.py's."""

import os
from datetime import UTC, datetime
from html import escape
from typing import Final

import streamlit as st

from core.data_folder import data_folder
from core.i18n import _, language
from core.ready import Readiness, checks
from core.reports.tables import STYLE
from core.serving import counters, figures, shown_settings, words
from core.serving.build import build
from core.serving.overview import Overview, overview
from core.serving.recent import RECENT
from core.study.access import RESEARCHERS
from core.study.database import Database
from core.study.database_state import database_state
from core.ui import _compat, session, studies_access
from core.ui.study_store import store

EVERY_S: Final = 10.0
LOOKED_INTO_EVERY_S: Final = 300.0
"""Judging drawn pictures by every network takes about a second of a processor: not with every refresh."""


def page() -> None:
    """Draw the page: the sign-in, or everything."""
    if not studies_access.identity():
        st.markdown(
            _("For whoever runs this server: whether it is ready, how busy it is, and what went wrong.")
        )
        studies_access.sign_in()
        return
    if not studies_access.may_run_server():
        words_ = _("Whoever runs this server says in {variable} who may see this page.")
        st.info(words_.format(variable=f"`{RESEARCHERS}`"), icon=":material/lock:")
        _sign_out()
        return
    st.html(f"<style>{STYLE}</style>")
    _now()
    found = _overview()
    st.subheader(_("What runs here"), anchor=False)
    st.html(words.networks_table(found.networks).html())
    st.html(words.facts_html(words.build_facts(found)))
    with st.expander(_("Settings")):
        st.html(words.facts_html(words.settings_facts(found)))
        st.caption(words.settings_unset(found))
        st.caption(_("What may hold a secret or a name is shown as set."))
    with st.container(key="rt-operator-actions", horizontal=True):
        st.download_button(
            _("Download as JSON"),
            data=lambda: _overview().as_json().encode(),
            file_name="retake-server.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="operator-download",
        )
        _sign_out()


@st.fragment(run_every=EVERY_S)
def _now() -> None:
    session.apply_language()
    if not studies_access.may_run_server():  # signed out in another tab of this visit
        return
    with st.spinner(_("Looking into everything ...")):
        found = _overview()
    problems = found.problems
    kind, sign = ("ask", "!") if problems else ("good", "✓")
    when = _("As of {time}").format(time=f"{found.at:%H:%M:%S} UTC")
    st.html(
        f'<div class="rt-verdict {kind}"><span class="rt-sign" aria-hidden="true">{sign}</span>'
        f"<div><b>{escape(words.state_line(len(problems)))}</b><p>{escape(when)}</p></div></div>"
    )
    st.html(words.checks_html(found.checks))
    st.button(
        _("Check again"),
        icon=":material/refresh:",
        key="operator-again",
        on_click=_readiness.clear,
        help=_("Everything is judged again every {minutes} minutes while this page is open.").format(
            minutes=round(LOOKED_INTO_EVERY_S / 60)
        ),
    )
    st.subheader(_("Since the start"), anchor=False)
    st.html(words.facts_html(words.now(found)))
    st.html(words.tables_html(words.figures_tables(found)))
    st.subheader(_("Storage"), anchor=False)
    st.html(words.facts_html(words.storage(found)))
    if found.log:
        st.html(words.log_table(found.log).html())
    else:
        st.caption(_("No warning and no error was logged since the start."))


def _sign_out() -> None:
    st.button(
        _("Sign out"), icon=":material/logout:", key="studies-sign-out", on_click=studies_access.sign_out
    )


@st.cache_resource(show_spinner=False)
def _readiness(_language: str) -> Readiness:
    """One for each language: what it keeps are sentences."""
    return Readiness(look=lambda: checks(), kept_s=LOOKED_INTO_EVERY_S)


def _database() -> Database:
    return store().database


def _overview() -> Overview:
    return overview(
        at=datetime.now(UTC),
        build=build(),
        ready=_readiness(language()).checks(),
        figures=figures.read(counters.text(_compat.statistics()).decode()),
        folder=data_folder(),
        database=database_state(_database),
        settings=shown_settings.shown(os.environ),
        log=RECENT.lines(),
    )
