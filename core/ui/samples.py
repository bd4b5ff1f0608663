"""Drawn photographs for people with none at hand: some that work, and one for each thing that goes wrong."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import streamlit as st
from PIL import Image

from core.i18n import _
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import Kind, draw

_SIZE: Final = (960, 1280)
_THUMBNAIL_LONG_SIDE: Final = 328


@dataclass(frozen=True)
class _Recipe:
    kind: Kind = "lesion"
    seed: int = 1
    extent: float = 0.42
    centre: tuple[float, float] = (0.5, 0.5)
    tone: float | None = None
    lesion_class: str | None = "pigmented_macula"
    fault: str | None = None
    severity: float = 0.8


_RECIPES: Final = {
    "clear": _Recipe(seed=11, tone=0.3),
    "clear-deep-tone": _Recipe(seed=12, tone=0.85, lesion_class="wheal"),
    "dark": _Recipe(seed=13, tone=0.5, fault="bad_light"),
    "blurred": _Recipe(seed=14, tone=0.4, fault="blurry"),
    "little-detail": _Recipe(seed=23, tone=0.4, fault="low_resolution", severity=0.65),
    "far": _Recipe(seed=16, tone=0.35, extent=0.07),
    "edge": _Recipe(seed=16, tone=0.6, centre=(0.95, 0.5)),
    "plain-skin": _Recipe(seed=18, kind="healthy_skin", tone=0.4, lesion_class=None),
    "no-skin": _Recipe(seed=42, kind="no_skin", lesion_class=None),
}


def titles() -> dict[str, str]:
    """What each sample is called, by name, in the order to show them."""
    return {
        "clear": _("A clear photo"),
        "clear-deep-tone": _("Clear, deep skin tone"),
        "dark": _("Difficult light"),
        "blurred": _("Blurred"),
        "little-detail": _("Little detail"),
        "far": _("Too far away"),
        "edge": _("Cut off"),
        "plain-skin": _("No spot"),
        "no-skin": _("No skin"),
    }


@st.cache_data(show_spinner=False, max_entries=len(_RECIPES))
def jpeg(name: str) -> bytes:
    """A sample as a JPEG, drawn once; raises KeyError for other names."""
    return _encode(_drawn(_RECIPES[name]), 92)


@st.cache_data(show_spinner=False, max_entries=len(_RECIPES))
def thumbnail(name: str) -> bytes:
    """The same, small."""
    picture = Image.open(io.BytesIO(jpeg(name)))
    picture.thumbnail((_THUMBNAIL_LONG_SIDE, _THUMBNAIL_LONG_SIDE))
    return _encode(np.asarray(picture), 85)


def _drawn(recipe: _Recipe) -> np.ndarray:
    phantom = draw(
        recipe.kind,
        recipe.seed,
        _SIZE,
        lesion_extent=recipe.extent,
        centre=recipe.centre,
        tone=recipe.tone,
        lesion_class=recipe.lesion_class,
    )
    if recipe.fault is None:
        return phantom.rgb
    rng = np.random.default_rng(recipe.seed)
    return worsen(phantom.rgb, phantom.mask, recipe.fault, recipe.severity, rng)


def _encode(rgb: np.ndarray, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality)
    return out.getvalue()
