"""Lets a person pick which network says what a photo looks like, where there is more than one."""

import streamlit as st

from core.i18n import _
from core.ui import engines


def picker(key: str) -> None:
    """A selectbox of the networks that know kinds of skin change; nothing where there is only one.

    The choice holds for the session, on every page.

    Args:
        key: unique on the page.
    """
    networks = engines.manifest().networks
    names = engines.lesion_names()
    if len(names) < 2:
        return
    widget = f"{key}-network"

    def title(name: str) -> str:
        return _("{name}: {count} kinds").format(name=name, count=len(networks[name].labels))

    def picked() -> None:
        engines.pick_lesion(st.session_state[widget])

    # The choice may have been made on another page, or by the default.
    st.session_state[widget] = engines.lesion_name()
    st.selectbox(_("Which network answers"), names, format_func=title, key=widget, on_change=picked)
