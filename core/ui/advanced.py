"""The card's part for the curious: other ways to draw where a network looked, with torch, on demand."""

from typing import Final

import numpy as np
import streamlit as st

from core.explain import gradients
from core.explain.overlay import overlay
from core.lesion.classifier import Prediction
from core.lesion.taxonomy import lay_name
from core.photo import Photo
from core.runtime.weights import WeightsError
from core.ui import engines, session
from core.words import _

PICTURE_WIDTH: Final = 480
GUIDED: Final = "guided backpropagation"
GUIDED_CAM: Final = "guided Grad-CAM"


@st.cache_resource(show_spinner=False, max_entries=2)
def _gradients(sha256: str) -> gradients.Gradients:
    return gradients.Gradients("lesion")


def panel(photo: Photo, prediction: Prediction, *, key: str) -> None:
    """An expander with pytorch-grad-cam's methods and guided backpropagation for any of the ten classes.

    Nothing runs, and torch is not imported, before the button is pressed.
    """
    with st.expander(_("Advanced: other ways to see where it looked"), icon=":material/science:"):
        if not gradients.available():
            st.info(gradients.MissingTorchError().message)
            return
        st.caption(
            _(
                "The picture above is Grad-CAM, worked out exactly from the network's last layer. These are "
                "other methods; where they disagree, trust none of them much. The first takes some seconds."
            )
        )
        left, right = st.columns(2)
        method = left.selectbox(_("Method"), _methods(), format_func=_method_name, key=f"{key}-method")
        label = right.selectbox(
            _("For"), prediction.labels, format_func=lay_name, key=f"{key}-method-class-{photo.sha256[:8]}"
        )
        if method == "scorecam":
            st.caption(_("Score-CAM runs the network 512 times: this can take a minute."))
        wanted = ("advanced", method, label, photo.sha256)
        if st.button(_("Draw it"), key=f"{key}-draw"):
            st.session_state[f"{key}-drawn"] = wanted
        if st.session_state.get(f"{key}-drawn") == wanted:
            _draw(photo, method, label, wanted)


def _methods() -> list[str]:
    return [*(name for name in gradients.METHODS if name != "gradcam"), GUIDED, GUIDED_CAM]


def _method_name(method: str) -> str:
    return gradients.METHODS.get(method, method[:1].upper() + method[1:])


def _draw(photo: Photo, method: str, label: str, wanted: tuple[str, ...]) -> None:
    try:
        with st.spinner(_("Drawing")):
            picture = session.held(wanted, lambda: _picture(photo, method, label))
    except (gradients.MissingTorchError, WeightsError) as error:
        st.info(error.message)
        return
    alt = _("{method} for {name}").format(method=_method_name(method), name=lay_name(label).lower())
    st.image(picture, width=PICTURE_WIDTH, caption=alt, alt=alt)


def _picture(photo: Photo, method: str, label: str) -> np.ndarray:
    network = _gradients(engines.manifest().networks["lesion"].sha256)
    if method in gradients.METHODS:
        return overlay(photo.small, network.cam(photo.small, label, method).heatmap)
    heat = engines.lesion().explain(photo.small, label).heatmap if method == GUIDED_CAM else None
    return gradients.guided_picture(network.guided_backpropagation(photo.small, label), heat)
