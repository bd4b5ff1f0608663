"""The choice on the Practise page: where the live picture is checked."""

import os

import streamlit as st

from core.browser.choice import QUERY, VARIABLE, WAYS, Choice, choose, name_of
from core.i18n import _
from core.ui import keep_here, practise_device, practise_series, practise_server, session

_PICKED_KEY = "practise-way"
_KEPT_KEY = "inference_mode"


def choice() -> Choice:
    """The way of this visit; a setting that names none shows its sentence and stops the page."""
    try:
        return choose(
            fixed=os.environ.get(VARIABLE, "").strip(),
            asked=str(st.query_params.get(QUERY, "")),
            picked=session.visit().kept.get(_KEPT_KEY),
            lacking=practise_device.lacking(),
        )
    except ValueError as error:
        st.error(str(error), icon=":material/tune:")
        st.stop()


def picker(chosen: Choice) -> None:
    """Let the person choose, unless a study did; and say why it is not as they wanted."""
    if chosen.why:
        st.caption(chosen.why)
    elif not chosen.fixed and practise_device.lacking() is None:
        st.radio(
            _("Where the picture is checked"),
            WAYS,
            index=WAYS.index(chosen.way),
            format_func=name_of,
            horizontal=True,
            key=session.control(_PICKED_KEY),
            on_change=_picked,
        )
    # A series goes to the server photo by photo, so that a person takes one or the other.
    if chosen.way == "device" and not chosen.fixed and not practise_series.series().three:
        keep_here.tick()


def _picked() -> None:
    picked = session.value_of(_PICKED_KEY)
    # Streamlit tells of a control that only came back to the page, too.
    if picked is None or picked == choice().way:
        return
    # Kept apart from the control, whose own state goes when a page leaves it out.
    session.visit().kept[_KEPT_KEY] = picked
    practise_server.stop()
