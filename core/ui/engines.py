"""The two networks, one shared session each, opened once for all viewers of this server."""

from typing import NoReturn

import streamlit as st

from core.lesion.classifier import LesionClassifier
from core.quality.imageqx import ImageQX
from core.runtime.engine import open_engine
from core.runtime.manifest import Manifest, load_manifest
from core.runtime.weights import WeightsError


@st.cache_resource(show_spinner=False, max_entries=2)
def _open_imageqx(sha256: str) -> ImageQX:
    return ImageQX(open_engine("imageqx"), load_manifest().networks["imageqx"])


@st.cache_resource(show_spinner=False, max_entries=2)
def _open_lesion(sha256: str) -> LesionClassifier:
    return LesionClassifier(open_engine("lesion"), load_manifest().networks["lesion"])


def manifest() -> Manifest:
    """What ships in weights/; a broken or missing manifest shows its sentence and stops the page."""
    try:
        return load_manifest()
    except WeightsError as error:
        _stop(error)


def imageqx() -> ImageQX:
    """The quality assessor; missing or altered weights show their sentence and stop the page.

    The file is verified when it is opened, and opened again when the manifest names another.
    """
    try:
        return _open_imageqx(load_manifest().networks["imageqx"].sha256)
    except WeightsError as error:
        _stop(error)


def lesion() -> LesionClassifier:
    """The lesion classifier; missing or altered weights show their sentence and stop the page."""
    try:
        return _open_lesion(load_manifest().networks["lesion"].sha256)
    except WeightsError as error:
        _stop(error)


def _stop(error: WeightsError) -> NoReturn:
    st.error(error.message, icon=":material/inventory_2:")
    st.stop()
