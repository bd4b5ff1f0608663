"""The assessor and the lesion classifier, one shared session a network, opened once for all viewers."""

import os
from typing import Final, NoReturn

import streamlit as st

from core.lesion.classifier import LesionClassifier
from core.quality.classical import Classical
from core.quality.imageqx import ImageQX, rule_of
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import Manifest, load_manifest
from core.runtime.weights import WeightsError
from core.words import _

ASSESSOR_VARIABLE: Final = "RETAKE_ASSESSOR"


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


def assessor() -> ImageQX | Classical:
    """Who judges photos: ImageQX, or the classical checks where ``RETAKE_ASSESSOR`` is ``classical``."""
    return Classical() if _classical() else imageqx()


def rule(point: str) -> PassRule:
    """The pass rule of the assessor in use, at an operating point (the checks have but one)."""
    return Classical().rule() if _classical() else rule_of(manifest().networks["imageqx"].point(point))


def _classical() -> bool:
    name = os.environ.get(ASSESSOR_VARIABLE) or "imageqx"
    if name not in ("imageqx", "classical"):
        message = _("There is no assessor {name}. Set {variable} to imageqx or classical.")
        st.error(message.format(name=name, variable=ASSESSOR_VARIABLE), icon=":material/tune:")
        st.stop()
    return name == "classical"


def imageqx() -> ImageQX:
    """ImageQX; missing or altered weights show their sentence and stop the page.

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
