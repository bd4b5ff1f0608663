"""The card's panel "Why this and not that?": for two classes, where the network looked and at what."""

from collections.abc import Callable
from typing import Final

import numpy as np
import streamlit as st

from core.explain import Explanation, gradients
from core.explain.overlay import overlay
from core.i18n import _, percent
from core.lesion.networks import has_twin, no_twin
from core.lesion.prediction import Prediction
from core.photo import Photo
from core.runtime.preprocess import shrink
from core.runtime.weights import WeightsError
from core.text import bars
from core.ui import engines, session

PICTURE_LONG_SIDE: Final = 480
PLAIN_METHOD: Final = "gradcam"
_METHOD_NAMES: Final = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "xgradcam": "XGrad-CAM",
    "hirescam": "HiResCAM",
    "layercam": "Layer-CAM",
    "eigencam": "Eigen-CAM",
    "eigengradcam": "Eigen-Grad-CAM",
    "scorecam": "Score-CAM",
}


@st.cache_resource(show_spinner=False, max_entries=2)
def _gradients(sha256: str) -> gradients.Gradients:
    return gradients.Gradients(engines.lesion_name(), engines.lesion_entry())


def panel(
    photo: Photo,
    prediction: Prediction,
    heat: Callable[[str], Explanation],
    once: Callable[..., None],
    *,
    key: str,
) -> None:
    """An expander that compares two classes by pictures, as Figures 7 to 12 of Mishra et al. do.

    Nothing is drawn, and torch is not imported, before the button is pressed.

    Args:
        prediction: of a network that has heat maps.
        heat: closed-form Grad-CAM of a label.
        once: adds an event to the session's log, as the card's logger does.
        key: unique on the page.
    """
    with st.expander(_("Why this and not that?"), icon=":material/compare:"):
        st.caption(
            _(
                "Choose two kinds of skin change and compare where in the photo the network looked for each, "
                "and which details there speak for it."
            )
        )
        classifier = engines.lesion()
        this, that, method = _choice(photo, prediction, key)
        mark, asked = f"{key}-why-asked", (photo.sha256, classifier.name)
        if st.session_state.get(mark) != asked:
            st.button(
                _("Show the pictures"),
                key=f"{key}-why-show",
                on_click=st.session_state.__setitem__,
                args=(mark, asked),
            )
            return
        wanted = (*asked, this, that, method)
        once(f"{key}-why-seen", wanted, "gradcam_toggled", network=classifier.name, target=this, against=that)
        network = _network()
        if network is None:
            method = PLAIN_METHOD
        for place, label in enumerate((this, that)):
            share = prediction.probabilities[prediction.labels.index(label)]
            st.markdown(f"**{classifier.taxonomy.lay_name(label)}** · {percent(share)}")
            _row(photo, label, method, heat, network, f"rt-why-{key}-{place}")
        st.html(bars.heat_legend())
        st.caption(
            _(
                "Where the two rows light up in different places, each kind was seen in another part of the "
                "photo. Where they light up in the same place, the details tell them apart. The pictures "
                "show what moved this network, not what a doctor would look at."
            )
        )


def _choice(photo: Photo, prediction: Prediction, key: str) -> tuple[str, str, str]:
    """The two classes (the best and its runner-up by default) and the kind of heat map."""
    classifier = engines.lesion()
    end, lay_name = f"{classifier.name}-{photo.sha256[:8]}", classifier.taxonomy.lay_name
    left, middle, right = st.columns(3)
    labels = prediction.labels
    this = left.selectbox(_("Why this"), labels, format_func=lay_name, key=f"{key}-why-this-{end}")
    others = [label for label in labels if label != this]
    that = middle.selectbox(_("and not that"), others, format_func=lay_name, key=f"{key}-why-that-{end}")
    if not (gradients.available() and has_twin(engines.lesion_entry())):
        return this, that, PLAIN_METHOD
    method = right.selectbox(
        _("Heat map by"),
        list(gradients.METHODS),
        format_func=_METHOD_NAMES.__getitem__,
        key=f"{key}-why-method",
        help=_(
            "Grad-CAM is worked out exactly from the network's last layer. The others weigh the same layer "
            "in other ways; where they disagree, trust none of them much. Score-CAM can take a minute."
        ),
    )
    return this, that, method


def _network() -> gradients.Gradients | None:
    """The network with its gradients, opened once for all viewers; without it a sentence says why."""
    if not has_twin(engines.lesion_entry()):
        # Before torch is asked for: installing it would not help.
        st.info(no_twin())
        return None
    text = _("Drawing")
    if not gradients.loaded():
        text = _("Loading PyTorch to draw these pictures. The first time this takes some seconds.")
    try:
        if not gradients.available():
            raise gradients.MissingTorchError
        with st.spinner(text):
            return _gradients(engines.lesion_entry().sha256)
    except (gradients.MissingTorchError, WeightsError) as error:
        st.info(error.message)
        return None


def _row(
    photo: Photo,
    label: str,
    method: str,
    heat: Callable[[str], Explanation],
    network: gradients.Gradients | None,
    key: str,
) -> None:
    """Photo, heat map, guided backpropagation and guided heat map, with a caption each."""
    with st.spinner(_("Drawing")):
        drawn = _pictures(photo, label, method, heat, network)
    with st.container(key=key):
        for picture, caption in drawn:
            st.image(picture, width="stretch", caption=caption, alt=caption)


def _pictures(
    photo: Photo,
    label: str,
    method: str,
    heat: Callable[[str], Explanation],
    network: gradients.Gradients | None,
) -> list[tuple[np.ndarray, str]]:
    small, name = shrink(photo.small, PICTURE_LONG_SIDE), engines.lesion().taxonomy.in_sentence(label)
    if network is None or method == PLAIN_METHOD:
        seen = heat(label)
    else:
        seen = session.held(
            ("why", method, label, photo.sha256), lambda: network.cam(photo.small, label, method)
        )
    where = _("{method}: the coloured places speak for {name}.")
    if seen.blank:
        where = _("{method}: nothing in the photo speaks for {name}.")
    shown = _METHOD_NAMES[method]
    drawn = [
        (small, _("Your photo.")),
        (overlay(small, seen.heatmap), where.format(method=shown, name=name)),
    ]
    if network is None:
        return drawn
    slopes = session.held(
        ("guided", label, photo.sha256), lambda: network.guided_backpropagation(photo.small, label)
    )
    size = small.shape[:2]
    details = _("Guided backpropagation: the edges and dots that speak for {name}. Grey plays no part.")
    both = _("Guided {method}: the same details, only where the colours are.")
    return [
        *drawn,
        (gradients.guided_picture(slopes, None, size), details.format(name=name)),
        (gradients.guided_picture(slopes, seen.heatmap, size), both.format(method=shown)),
    ]
