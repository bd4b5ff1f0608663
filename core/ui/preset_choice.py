"""Which preset this visit uses, and the name that its events carry.

In this order: what the address asks for, a draft of the Designer page that is tried on the camera, what an
address asked for earlier in this visit, the setting ``RETAKE_PRESET``, ``balanced``.
"""

import os
from pathlib import Path
from typing import Final

import streamlit as st

from core.data_folder import data_folder
from core.guidance.designer.shelf import Shelf
from core.guidance.preset import Preset, PresetError, load_preset

QUERY: Final = "preset"
VARIABLE: Final = "RETAKE_PRESET"
_TRIED_KEY: Final = "rt_preset_tried"
_ASKED_KEY: Final = "rt_preset_asked"


def shelf() -> Shelf:
    """The presets that ship and those that were saved here."""
    return Shelf(data_folder() / "presets")


def shipped() -> dict[str, Preset]:
    """The presets that ship, by name; each file is read once."""
    return {name: _shipped(name) for name in shelf().shipped()}


def chosen() -> Preset:
    """The preset of this visit.

    Raises:
        PresetError: the one that is asked for cannot be used.
    """
    return _chosen()[0]


def variant() -> str:
    """What events call it: ``name@version``, or ``name@version-draft``."""
    try:
        preset, draft = _chosen()
    except PresetError:
        return "unusable"  # the page says why
    return f"{preset.name}@{preset.version}" + ("-draft" if draft else "")


def tried() -> Preset | None:
    """The draft that this visit tries on the camera, if any."""
    return st.session_state.get(_TRIED_KEY)


def try_out(draft: Preset | None) -> None:
    """Use a draft for this visit from now on; None goes back to what was used before."""
    if draft is None:
        st.session_state.pop(_TRIED_KEY, None)
    else:
        st.session_state[_TRIED_KEY] = draft


def _chosen() -> tuple[Preset, bool]:
    asked = str(st.query_params.get(QUERY, ""))
    if asked:
        st.session_state[_ASKED_KEY] = asked
        return _load(asked), False
    draft = tried()
    if draft is not None:
        return draft, True
    asked = st.session_state.get(_ASKED_KEY, "")
    if asked:
        return _load(asked), False
    setting = os.environ.get(VARIABLE) or "balanced"
    if Path(setting).suffix in (".yaml", ".yml"):
        return _from_file(setting), False
    return _load(setting), False


def _load(asked: str) -> Preset:
    """A preset by name, possibly with its version; saved versions never change, so each is read once."""
    place = shelf()
    name, _at, version = asked.partition("@")
    # Asked on every run of a page: what ships needs no look at what was saved.
    if name in place.shipped():
        return _shipped(asked)
    versions = place.saved().get(name, ())
    if not versions:
        return _shipped(asked)
    return _saved(str(place.folder), f"{name}@{version or versions[0]}")


@st.cache_resource(show_spinner=False)
def _from_file(path: str) -> Preset:
    return load_preset(path)


@st.cache_resource(show_spinner=False, max_entries=32)
def _shipped(asked: str) -> Preset:
    return shelf().load(asked)


@st.cache_resource(show_spinner=False, max_entries=200)
def _saved(folder: str, asked: str) -> Preset:
    return Shelf(Path(folder)).load(asked)
