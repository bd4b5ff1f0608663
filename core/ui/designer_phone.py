"""What a draft looks like in a person's hand: a drawn phone with the guide on drawn skin."""

import io
from html import escape
from typing import Final

import numpy as np
import streamlit as st
from PIL import Image

from core.data_uri import data_uri
from core.designer.fields import condition_name
from core.guidance.preset import Preset
from core.i18n import _
from core.live.guide import draw_guide
from core.quality.localization import LesionLocation
from core.synthetic.phantoms import draw
from core.text import drawings
from core.ui.banner import Tone, sign

# A prompt for each form of the guide, and where the spot is meanwhile (0 to 1 across and down).
_MOMENTS: Final[dict[str, tuple[Tone, tuple[float, float]]]] = {
    "bad_framing": ("ask", (0.8, 0.26)),
    "searching": ("calm", (0.5, 0.5)),
    "ready": ("good", (0.5, 0.5)),
}
_TONES: Final = {"light": 0.1, "dark": 0.92}
_SIZE: Final = (640, 480)


def phone(preset: Preset, language: str) -> None:
    """Draw the phone, and the choice of what it shows.

    Args:
        language: of the prompt.
    """
    skins = {"light": _("Light skin"), "dark": _("Dark skin")}
    moment = st.selectbox(_("When"), list(_MOMENTS), format_func=condition_name, key="designer-phone-moment")
    skin = st.selectbox(_("Skin"), list(skins), format_func=skins.__getitem__, key="designer-phone-skin")
    st.html(phone_html(preset, language, moment, skin))


def phone_html(preset: Preset, language: str, moment: str, skin: str) -> str:
    """The phone as HTML.

    Args:
        moment: ``"bad_framing"``, ``"searching"`` or ``"ready"``.
        skin: ``"light"`` or ``"dark"``.
    """
    overlay, prompt = preset.overlay, preset.prompt(moment, language)
    tone, spot = _MOMENTS[moment]
    rgb = _skin(_TONES[skin], spot).copy()
    draw_guide(rgb, moment, LesionLocation(2 * spot[0] - 1, 2 * spot[1] - 1), overlay)
    text = f'<b dir="auto">{escape(prompt.text)}</b>'
    hint = f'<div class="rt-phone-hint {tone}">{_sign(tone) if overlay.icons else ""}{text}</div>'
    picture = f'<img class="rt-phone-picture" alt="" src="{data_uri(_jpeg(rgb))}">'
    take = escape(_("Take photo"))
    shutter = f'<div class="rt-phone-shutter {tone}">{take}</div>'
    parts = [hint, picture] if overlay.banner == "top" else [picture, hint]
    help_ = drawings.help_panel(moment, prompt.spoken, overlay.help_drawing)
    label = escape(_("A phone that says: {prompt}").format(prompt=prompt.text))
    inside = "".join((*parts, shutter, help_))
    return (
        f'<div class="rt-phone" role="img" aria-label="{label}"><div aria-hidden="true">{inside}</div></div>'
    )


def _sign(tone: Tone) -> str:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="{sign(tone)}"/></svg>'
    )
    address = data_uri(svg.encode("ascii"), "image/svg+xml")
    return f"<i style=\"-webkit-mask: url('{address}'); mask: url('{address}')\"></i>"


@st.cache_resource(show_spinner=False, max_entries=8)
def _skin(tone: float, spot: tuple[float, float]) -> np.ndarray:
    seen = draw(
        "lesion", 16, _SIZE, lesion_extent=0.3, centre=spot, tone=tone, lesion_class="pigmented_macula"
    )
    return seen.rgb


def _jpeg(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=82)
    return out.getvalue()
