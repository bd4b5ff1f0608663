"""Saving a preset from a page: who may, under which name, and the link that its owner keeps."""

import os
import re
import secrets
import time
from pathlib import Path
from typing import Final

import streamlit as st

from core.designer import saving
from core.guidance.preset import NAME, Preset, PresetError
from core.guidance.preset_store import MOST_LETTERS, PresetStore
from core.i18n import _
from core.ui import preset_choice

OWNER_QUERY: Final = "owner"
_SECRET_KEY: Final = "rt_owner_secret"  # noqa: S105, a key of the session state


def allowed() -> bool:
    """Whether this visitor may save presets here."""
    return saving.allowed(
        os.environ.get(saving.VARIABLE, ""), st.get_option("server.address"), st.context.headers.to_dict()
    )


@st.cache_resource(show_spinner=False)
def _saver(folder: str) -> saving.Saver:
    return saving.Saver(PresetStore(Path(folder)), time.monotonic, secrets.token_bytes)


def _here() -> saving.Saver:
    return _saver(str(preset_choice.store().folder))


def _secret() -> str:
    """The owner's secret of this visit: drawn at its first save, else from the address."""
    return st.session_state.get(_SECRET_KEY, "") or str(st.query_params.get(OWNER_QUERY, ""))


def mine(name: str) -> bool:
    """Whether a name is free, or belongs to this visitor."""
    return _here().mine(name, _secret())


def fault_of(name: str) -> str:
    """Why nothing can be saved under this name; nothing where it can, or where none was entered."""
    if not name:
        return ""
    if not re.fullmatch(NAME, name):
        return _("This name does not work. Use small letters, digits, - and _ only, such as my-clinic.")
    if len(name) > MOST_LETTERS:
        return _("This name is too long. Use at most 40 letters.")
    if name in _here().store.shipped():
        message = _("{name} ships with Retake and stays as it is. Give your preset a name of its own.")
        return message.format(name=name)
    return "" if mine(name) else saving.not_yours().message


def save(preset: Preset) -> tuple[Preset | None, str]:
    """Write a new version of a preset: what was saved, or None and why not."""
    try:
        kept = _here().save(preset, _secret())
    except PresetError as error:
        return None, error.message
    except OSError:
        words = _("The preset could not be saved: the folder cannot be written to. Download it as a file.")
        return None, words
    if kept.first:
        st.session_state[_SECRET_KEY] = kept.secret
    return kept.preset, ""


def owner_link(name: str, page: str = "") -> None:
    """The link with which its owner saves again; shown in the visit that drew the secret, nowhere else.

    Args:
        page: where it leads to, below the app's root; this page where none is named.
    """
    secret = st.session_state.get(_SECRET_KEY, "")
    if secret and name:
        st.markdown(
            _("Only you can save under this name. Keep this link to do so again, and show it to nobody.")
        )
        query = f"{preset_choice.QUERY}={name}&{OWNER_QUERY}={secret}"
        st.code(address(query, page), language=None, wrap_lines=True)


def address(query: str, page: str = "") -> str:
    """An address of this page, or of another, with a query; that alone where the browser's is not known."""
    here = str(st.context.url or "").partition("?")[0].rstrip("/")
    if page and here:
        here = f"{here.rpartition('/')[0]}/{page}"
    return f"{here}?{query}"
