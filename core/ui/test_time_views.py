"""The same photo looked at in another way: cut to the spot, brightened, mirrored. Nothing is replaced."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

import streamlit as st

from core.explain.overlay import outlined
from core.i18n import _
from core.lesion.prediction import Prediction, brighten
from core.lesion.views import Box, crop, spot
from core.photo import Photo
from core.quality.verdict import Locates, Verdict
from core.text import bars
from core.ui import engines, session

GAMMA_MOST: Final = 1.8
SHOWN_CLASSES: Final = 3


@dataclass(frozen=True)
class Look:
    """What is changed before the network looks.

    Attributes:
        cropped: cut to the spot.
        gamma: 1.0 leaves the brightness.
        flips: averaged over the four mirror images.
    """

    cropped: bool = False
    gamma: float = 1.0
    flips: bool = False


def panel(
    photo: Photo, verdict: Verdict, prediction: Prediction, once: Callable[..., None], *, key: str
) -> None:
    """Offer other looks, and show what the network makes of the chosen one beside the photo as it is.

    Args:
        once: adds an event to the session's log, as the card's logger does.
        key: unique on the page.
    """
    box = _spot(photo, verdict)
    look = Look(_crop_offer(photo, box, key), *_settings(photo, key))
    mark = f"{key}-look-seen"
    if look == Look():
        st.session_state.pop(mark, None)
        return
    part = box if look.cropped else None
    seen = session.held(("look", photo.sha256, look), lambda: _predict(photo, part, look))
    answered = (photo.sha256, engines.lesion_name(), look)
    once(mark, answered, "prediction_shown", label=seen.labels[0], **asdict(look))
    _compared(photo, part, look, prediction, seen, key)


def _spot(photo: Photo, verdict: Verdict) -> Box | None:
    """The part worth cutting to, unless the assessor sees the lesion elsewhere."""
    assessor = engines.assessor()
    if not isinstance(assessor, Locates):
        return None
    places = session.held(("places", photo.sha256), lambda: assessor.places(photo.small))
    box = None if places is None else spot(places, *photo.small.shape[:2])
    where = verdict.where
    if box is None or (where is not None and not box.holds((where.x + 1) / 2, (where.y + 1) / 2)):
        return None
    return box


def _crop_offer(photo: Photo, box: Box | None, key: str) -> bool:
    if box is None:
        return False
    st.info(
        _(
            "The spot seems to fill only a small part of this photo. Cropped to it, the network may see the "
            "spot better."
        ),
        icon=":material/crop:",
    )
    return st.toggle(
        _("Crop to the spot"),
        key=f"{key}-look-crop-{photo.sha256[:8]}",
        help=_("Shows what the network makes of the part around the spot, beside the whole photo."),
    )


def _settings(photo: Photo, key: str) -> tuple[float, bool]:
    with st.expander(_("Look again: brighter, or mirrored"), icon=":material/contrast:"):
        gamma = st.slider(
            _("Brighten the shadows (gamma)"),
            1.0,
            GAMMA_MOST,
            1.0,
            step=0.1,
            format="%.1f",
            key=f"{key}-look-gamma-{photo.sha256[:8]}",
        )
        st.caption(
            _(
                "A dark photo hides what lies in its shadows. The paper that Retake's own network follows "
                "brightens such photos with a gamma of 1.2 to 1.5. 1.0 leaves the photo as it is."
            )
        )
        flips = st.toggle(_("Average over mirror images"), key=f"{key}-look-flips-{photo.sha256[:8]}")
        mirrored = _(
            "The network looks four times, at the photo and at its mirror images, and the answers are "
            "averaged."
        )
        st.caption(" ".join([mirrored, *_measured_gain()]))
    return round(gamma, 1), flips


def _measured_gain() -> list[str]:
    """What the flips brought when the network was evaluated, where that was measured (`flip_gain`)."""
    figures = engines.lesion_entry().metrics.get("flips") or {}
    accuracy: dict[str, Any] = figures.get("top1") or {}
    if not accuracy.get("gain_interval"):
        return []
    shares = (accuracy["gain"], *accuracy["gain_interval"])
    gain, low, high = (f"{round(100 * share, 1) + 0.0:+.1f}" for share in shares)  # no minus nought
    sentence = _(
        "On {count} photos kept aside this changed the share of right answers by {gain} percentage points "
        "(95 % interval {low} to {high})."
    )
    return [sentence.format(count=figures["n"], gain=gain, low=low, high=high)]


def _predict(photo: Photo, box: Box | None, look: Look) -> Prediction:
    rgb = crop(photo.small, box) if box else photo.small
    return engines.lesion().predict(rgb, look.gamma if look.gamma != 1 else None, flips=look.flips)


def _compared(
    photo: Photo, box: Box | None, look: Look, before: Prediction, after: Prediction, key: str
) -> None:
    changed = crop(photo.small, box) if box else photo.small
    if look.gamma != 1:
        changed = brighten(changed, look.gamma)
    whole = outlined(photo.small, *box.pixels(*photo.small.shape[:2])) if box else photo.small
    # A person who asked to see a doubtful prediction of this photo sees this one too.
    held_back = after.abstained and not before.abstained
    # A grid of two columns: pictures in one row, so that the answers begin at one height below them.
    with st.container(key=f"rt-pair-{key}"):
        for picture, caption in ((whole, _("The whole photo.")), (changed, _described(look))):
            st.image(picture, width="stretch", caption=caption, alt=caption)
        st.html(_answers(_("As it is"), before))
        st.html(_answers(_("Changed"), None if held_back else after))
    in_sentence = engines.lesion().taxonomy.in_sentence
    first, second = before.labels[0], after.labels[0]
    if held_back:
        words = _("Looked at this way, the network would rather give no answer.")
    elif first == second:
        words = _("Both looks come to the same: {name}.").format(name=in_sentence(first))
    else:
        words = _("The two looks differ: {first} as it is, {second} changed. Trust neither much.").format(
            first=in_sentence(first), second=in_sentence(second)
        )
    st.markdown(words)


def _answers(title: str, prediction: Prediction | None) -> str:
    head = f'<p class="rt-fine">{escape(title)}</p>'
    if prediction is None:
        nothing = _("No answer.")
        return f"{head}<p>{escape(nothing)}</p>"
    most = slice(SHOWN_CLASSES)
    taxonomy = engines.lesion().taxonomy
    return head + bars.class_list(prediction.labels[most], prediction.probabilities[most], taxonomy)


def _described(look: Look) -> str:
    parts = []
    if look.cropped:
        parts.append(_("Cropped to the spot."))
    if look.gamma != 1:
        parts.append(_("Brightened with gamma {gamma}.").format(gamma=f"{look.gamma:.1f}"))
    if look.flips:
        parts.append(_("Averaged over mirror images."))
    return " ".join(parts)
