"""Our own drawings of how to take a photo and how not, with the words for those who do not see them."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from core.data_uri import data_uri
from core.i18n import _

_HELP: Final = Path(__file__).parents[1] / "browser" / "web"
_GUIDE: Final = Path(__file__).parent / "drawings"

DRAWINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no_skin": "no_skin",
        "healthy_skin": "healthy_skin",
        **dict.fromkeys(("bad_framing", "move_left", "move_right", "move_up", "move_down"), "framing"),
        "too_far_away": "far",
        "too_close": "close",
        "bad_light": "light",
        "too_dark": "dark",
        "too_bright": "bright",
        "glare": "glare",
        "shadow": "shadow",
        "blurry": "blur",
        "low_resolution": "detail",
    }
)
"""The drawing of each condition that has one."""


def help_drawing(name: str) -> str:
    """The SVG of a help drawing: how not on the left, how on the right."""
    return (_HELP / f"help-{name}.svg").read_text(encoding="utf-8")


def guide_drawing(name: str) -> str:
    """The SVG of a drawing of the photo guide."""
    return (_GUIDE / f"{name}.svg").read_text(encoding="utf-8")


def help_words() -> dict[str, str]:
    """What each help drawing shows, by its name."""
    return {
        "no_skin": _("With a cross: a cup on a table. With a tick: a spot on the skin."),
        "healthy_skin": _("With a cross: skin without a spot. With a tick: a spot in the middle."),
        "framing": _("With a cross: the spot at the edge, cut off. With a tick: the spot in the middle."),
        "far": _("With a cross: an arm with a tiny spot. With a tick: the spot seen large."),
        "close": _("With a cross: the spot fills the picture. With a tick: skin all around the spot."),
        "light": _("With a cross: half of it dark, half too bright. With a tick: even light."),
        "dark": _("With a cross: a dark picture. With a tick: a bright one."),
        "bright": _("With a cross: a picture washed out by the sun. With a tick: soft light."),
        "glare": _("With a cross: a white shine over the spot. With a tick: no shine."),
        "shadow": _("With a cross: a shadow over half of the spot. With a tick: no shadow."),
        "blur": _("With a cross: a blurred spot. With a tick: a sharp one."),
        "detail": _("With a cross: a spot made of coarse squares. With a tick: a clear one."),
    }


def picture(svg: str, alt: str) -> str:
    """A drawing as an HTML picture; its ids stay its own."""
    return f'<img alt="{escape(alt)}" src="{data_uri(svg.encode("utf-8"), "image/svg+xml")}">'


def help_panel(key: str, sentence: str, drawn: bool = True) -> str:
    """The help for a condition as HTML, empty where there is no drawing of it.

    Args:
        key: the condition that stayed.
        sentence: what its prompt says at length.
        drawn: whether the drawing is in it.
    """
    name = DRAWINGS.get(key)
    if name is None:
        return ""
    drawing = picture(help_drawing(name), help_words()[name]) if drawn else ""
    title = f"<b>{escape(_('This may help'))}</b>"
    return f'<section class="rt-help">{title}{drawing}<p>{escape(sentence)}</p></section>'
