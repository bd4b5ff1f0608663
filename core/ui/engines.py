"""The assessor and the lesion classifier, one shared session a network, opened once for all viewers."""

from typing import Final, NoReturn

import streamlit as st

from core.browser import publish
from core.guidance.preset import Preset
from core.lesion import networks
from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import taxonomy_of
from core.quality import registry
from core.quality.setting import SettingError, asked_for
from core.quality.verdict import Assessor, Explains, PassRule
from core.runtime.manifest import WEIGHTS_DIR, Manifest, NetworkEntry, load_manifest
from core.runtime.weights import WeightsError
from core.ui import preset_choice, study_arm

_PICKED_KEY: Final = "rt_lesion_network"


@st.cache_resource(show_spinner=False, max_entries=8)
def _open(name: str, sha256: str) -> Assessor:
    return registry.open_assessor(name, WEIGHTS_DIR)


@st.cache_resource(show_spinner=False, max_entries=3)
def _open_lesion(name: str, listed: str, words: str) -> LesionClassifier:
    return networks.open_lesion(name, load_manifest())


def manifest() -> Manifest:
    """What ships in weights/; a broken or missing manifest shows its sentence and stops the page."""
    try:
        return load_manifest()
    except WeightsError as error:
        stop(error)


def assessor(preset: Preset | None = None) -> Assessor:
    """Who judges photos with a preset; missing or altered weights show their sentence and stop the page.

    Args:
        preset: that of the visit where none is given.
    """
    try:
        return open_entry(assessor_entry(preset))
    except WeightsError as error:
        stop(error)


def open_entry(entry: registry.AssessorEntry) -> Assessor:
    """Open an assessor, once for all viewers.

    A network's file is verified when it is opened, and opened again when the manifest names another.

    Raises:
        WeightsError: its network cannot be used, or the manifest lists none of that name.
    """
    if entry.network is None:
        return entry.open(WEIGHTS_DIR)
    listed = load_manifest().networks.get(entry.network)
    return entry.open(WEIGHTS_DIR) if listed is None else _open(entry.name, listed.sha256)


def explainer() -> Explains | None:
    """The same where it can show where in a photo it looked; None where it cannot."""
    found = assessor()
    return found if isinstance(found, Explains) else None


def rule(point: str, preset: Preset | None = None) -> PassRule:
    """The pass rule of who judges with a preset, at an operating point (one without them has one rule)."""
    try:
        return assessor_entry(preset).rule(point, manifest)
    except WeightsError as error:
        stop(error)


def assessor_entry(preset: Preset | None = None) -> registry.AssessorEntry:
    """Who judges photos: in a study's task its arm's assessor, else the preset's, else ``RETAKE_ASSESSOR``'s.

    A setting that names no assessor shows its sentence and stops the page.

    Args:
        preset: that of the visit where none is given.
    """
    arm = study_arm.current()
    if arm is not None:
        return registry.ENTRIES[arm.assessor]
    chosen = preset_choice.chosen() if preset is None else preset
    try:
        return registry.ENTRIES[asked_for(chosen.assessor)]
    except SettingError as error:
        st.error(error.message, icon=":material/tune:")
        st.stop()


def for_browsers() -> str | None:
    """Where browsers find what ImageQX needs, below the app's root; None where it is not installed."""
    try:
        found = publish.published()
    except WeightsError as error:
        stop(error)
    return None if found is None else found.base


def lesion_download() -> int:
    """Bytes that a browser fetches for the lesion classifier; 0 where it has none."""
    try:
        found = publish.published()
    except WeightsError as error:
        stop(error)
    return 0 if found is None else found.lesion


def lesion_names() -> list[str]:
    """The networks that know kinds of skin change, by name."""
    return networks.names(manifest())


def lesion_name() -> str:
    """The network that answers in this session: the one picked, else ``networks.default_name``."""
    picked = st.session_state.get(_PICKED_KEY)
    listed = manifest()
    if picked in networks.names(listed):
        return picked
    try:
        return networks.default_name(listed)
    except WeightsError as error:
        stop(error)


def pick_lesion(name: str) -> None:
    """Let another network answer for the rest of this session."""
    st.session_state[_PICKED_KEY] = name


def lesion_entry() -> NetworkEntry:
    """The manifest entry of the network that answers in this session."""
    return manifest().networks[lesion_name()]


def lesion() -> LesionClassifier:
    """The lesion classifier of this session; what is wrong with it shows its sentence and stops the page.

    It is opened again when its entry in the manifest or its words have changed.
    """
    entry = lesion_entry()
    try:
        return _open_lesion(lesion_name(), entry.model_dump_json(), taxonomy_of(entry).model_dump_json())
    except WeightsError as error:
        stop(error)


def stop(error: WeightsError) -> NoReturn:
    """Show what is wrong with the weights, and end this run of the page."""
    st.error(error.message, icon=":material/inventory_2:")
    st.stop()
