"""Which preset this visit uses, and the name that its events carry.

In a study's task it is the arm's. Else, in this order: what the address asks for, a draft of the Designer
page that is tried on the camera, what an address asked for earlier in this visit, the setting
``RETAKE_PRESET``, ``balanced``. A visit keeps each as it found it first: what somebody saves or edits
meanwhile is for later visits.
"""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import streamlit as st

from core.data_folder import data_folder
from core.guidance.preset import Preset, PresetError
from core.guidance.preset_store import PresetStore
from core.guidance.setting import VARIABLE, ServerPreset
from core.i18n import _, language
from core.ui import study_arm

QUERY: Final = "preset"
_TRIED_KEY: Final = "rt_preset_tried"
_ASKED_KEY: Final = "rt_preset_asked"
_KEPT_KEY: Final = "rt_preset_kept"
_MOST_KEPT: Final = 20


@dataclass(frozen=True)
class Choice:
    """A preset as this visit uses it.

    Attributes:
        draft: whether it is one that is tried and not saved.
        fault: what could not be used, so that this is another one: that of the link, or of the setting.
        faults: what is wrong with the setting, by language.
    """

    preset: Preset
    draft: bool = False
    fault: Literal["", "link", "setting"] = ""
    faults: dict[str, str] = field(default_factory=dict)


def store() -> PresetStore:
    """The presets that ship and those that were saved here."""
    return PresetStore(data_folder() / "presets")


def shipped() -> dict[str, Preset]:
    """The presets that ship, by name; each file is read once."""
    return {name: _shipped(name) for name in store().shipped()}


def chosen() -> Preset:
    """The preset of this visit. Where one that is asked for cannot be used, it is the one used without."""
    return _chosen().preset


def variant() -> str:
    """What events call it: ``name@version``, or ``name@version-draft``."""
    if (arm := study_arm.current()) is not None:
        return arm.variant
    choice = _chosen()
    return f"{choice.preset.name}@{choice.preset.version}" + ("-draft" if choice.draft else "")


def fault() -> tuple[str, str]:
    """What of the address or the setting could not be used (``link``, ``setting`` or nothing), in a sentence.

    It names no preset that somebody saved.
    """
    choice = _chosen()
    if choice.fault == "link":
        return "link", _("The preset that this link asks for cannot be used here. The usual one is used.")
    if choice.fault == "setting":
        if language() not in choice.faults:
            choice.faults[language()] = _of_server().current()[1]
        fault = choice.faults[language()]
        sentence = _(
            "The preset that this server is set to use has a fault; the last good one is used. {what}"
        )
        return ("setting", sentence.format(what=fault)) if fault else ("", "")
    return "", ""


def tried() -> Preset | None:
    """The draft that this visit tries on the camera, if any."""
    return st.session_state.get(_TRIED_KEY)


def try_out(draft: Preset | None) -> None:
    """Use a draft for this visit from now on; None goes back to what was used before."""
    if draft is None:
        st.session_state.pop(_TRIED_KEY, None)
    else:
        st.session_state[_TRIED_KEY] = draft


def _chosen() -> Choice:
    if (arm := study_arm.current()) is not None:
        return Choice(arm.preset)
    asked = str(st.query_params.get(QUERY, ""))
    if asked:
        st.session_state[_ASKED_KEY] = asked
    else:
        draft = tried()
        if draft is not None:
            return Choice(draft, draft=True)
        asked = st.session_state.get(_ASKED_KEY, "")
    return _kept(asked)


def _kept(asked: str) -> Choice:
    """What an address asks for, or nothing, as this visit found it first."""
    kept: dict[tuple[str, str], Choice] = st.session_state.setdefault(_KEPT_KEY, {})
    key = (asked, os.environ.get(VARIABLE, ""))
    if key not in kept:
        kept[key] = _of_link(asked) if asked else _of_setting()
        if len(kept) > _MOST_KEPT:
            del kept[next(iter(kept))]
    return kept[key]


def _of_link(asked: str) -> Choice:
    try:
        return Choice(_shipped(asked) if asked in store().shipped() else store().load(asked))
    except PresetError:
        return replace(_kept(""), fault="link")


def _of_setting() -> Choice:
    preset, fault = _of_server().current()
    return Choice(preset, fault="setting" if fault else "", faults={language(): fault})


def _of_server() -> ServerPreset:
    return _server_preset(os.environ.get(VARIABLE, ""), str(store().folder))


@st.cache_resource(show_spinner=False)
def _server_preset(setting: str, folder: str) -> ServerPreset:
    return ServerPreset(setting, PresetStore(Path(folder)))


@st.cache_resource(show_spinner=False, max_entries=32)
def _shipped(asked: str) -> Preset:
    return store().load(asked)
