"""How to take a photo of the skin that helps: our own drawings, with the words beside them."""

from html import escape
from typing import Final

import streamlit as st

from core.i18n import _
from core.text.drawings import guide_drawing, picture
from core.ui import session

_FOLDED_KEY: Final = "practise-guide"


def folded() -> None:
    """The guide on the Practise page, folded away; that it was opened goes into the log."""
    title = _("How to take a photo that helps")
    with st.expander(title, icon=":material/help:", key=_FOLDED_KEY, on_change=_folded_or_opened):
        section()


def _folded_or_opened() -> None:
    if st.session_state.get(_FOLDED_KEY):
        session.event_log().add("help_opened", page="practise", properties={"help": "guide"})


def section() -> None:
    """Draw the guide; it needs a heading above it."""
    st.html(f'<div class="rt-guide">{_distances()}{"".join(_rules())}</div>')
    st.markdown(
        "\n".join(
            "- " + line
            for line in (
                _(
                    "**Sharpness:** hold still, tap the spot on the screen to focus, move back if it stays "
                    "blurred."
                ),
                _(
                    "**Preparation:** wipe the lens, move hair, clothes and jewellery away; a second person "
                    "helps."
                ),
            )
        )
    )


def _distances() -> str:
    shown = (
        ("distance-context", _("1. An arm's length away: the whole part of the body.")),
        ("distance-regional", _("2. A hand's length away: the skin around the spot.")),
        ("distance-close", _("3. As close as it stays sharp: the spot, with skin all around it.")),
    )
    figures = "".join(_figure(name, caption, "") for name, caption in shown)
    title, words = (
        _("Three distances"),
        _("Three photos say more than one: from far, from near and close up."),
    )
    caption = f"<h3>{escape(title)}</h3><p>{escape(words)}</p>"
    return f'<section class="rt-three">{caption}<div>{figures}</div></section>'


def _rules() -> list[str]:
    shown = (
        (
            "guide-light",
            _("Light"),
            _("By a window, out of direct sun. No lamp close to the skin, and no shadow on it."),
            _("With a cross: a lamp close above the spot. With a tick: daylight from a window."),
        ),
        (
            "guide-background",
            _("Background"),
            _("Something plain behind it, such as a grey, green or blue cloth."),
            _("With a cross: a chequered cloth. With a tick: a plain grey one."),
        ),
        (
            "guide-angle",
            _("Angle"),
            _("The camera straight above the spot, level with the skin."),
            _("With a cross: a camera at a slant. With a tick: a camera straight above the spot."),
        ),
        (
            "guide-scale",
            _("Size"),
            _("A ruler or a coin beside the spot, never on it."),
            _("With a cross: a coin on the spot. With a tick: a ruler and a coin beside it."),
        ),
    )
    return [
        f"<section><h3>{escape(title)}</h3>{_figure(name, words, alt)}</section>"
        for name, title, words, alt in shown
    ]


def _figure(name: str, words: str, alt: str) -> str:
    drawn = picture(guide_drawing(name), alt)
    return f"<figure>{drawn}<figcaption>{escape(words)}</figcaption></figure>"
