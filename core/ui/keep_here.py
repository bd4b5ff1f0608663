"""“Keep everything on this device”: photo, result and heat map stay in the browser that took the photo."""

from typing import Any, Final

import streamlit as st

from core.i18n import _
from core.lesion.taxonomy import taxonomy_of
from core.runtime.weights import WeightsError
from core.text.device_card import device_words
from core.ui import engines, session, study_arm

_TICK_KEY: Final = "practise-keep-here"
_KEPT_KEY: Final = "keep_on_device"
_SERVER_KEY: Final = "server_all_the_same"
LESION: Final = "lesion"
"""The network that browsers are given; the one that a person picked for the server's card does not count."""


def wanted() -> bool:
    """Whether photos of this visit are to stay on the device: as the person says, else as the preset does.

    Never in a study's task: what was accepted there is for the server to note.
    """
    if study_arm.current() is not None:
        return False
    picked = session.visit().kept.get(_KEPT_KEY)
    return session.preset().photo.keep_on_device if picked is None else bool(picked)


def tick() -> None:
    """Let the person choose; nothing where browsers have no network for kinds of skin change."""
    if LESION not in engines.manifest().networks:
        return
    st.checkbox(
        _("Keep everything on this device"),
        value=wanted(),
        key=session.control(_TICK_KEY),
        on_change=_ticked,
        help=_(
            "Your photo is not sent: this browser also finds out what it looks most like. For that it "
            "fetches a second network once, about {size} MB."
        ).format(size=_megabytes()),
    )


def _megabytes() -> int:
    return max(1, round(engines.lesion_download() / 1e6))


def _ticked() -> None:
    ticked = session.value_of(_TICK_KEY)
    # Streamlit tells of a control that only came back to the page, too.
    if ticked is not None and ticked != wanted():
        session.visit().kept[_KEPT_KEY] = ticked


def words() -> dict[str, Any]:
    """What the browser's card says."""
    entry = engines.manifest().networks.get(LESION)
    try:
        taxonomy = taxonomy_of(entry) if entry is not None else None
    except WeightsError as error:
        engines.stop(error)
    return device_words(session.preset(), entry, taxonomy)


def held_back(why: str) -> bool:
    """Whether the page must not go on: the photo was to stay here, and only the server can check it.

    Draws why, and the way on.

    Args:
        why: the browser cannot check pictures, in a sentence; empty where the person chose the server.
    """
    if not why or not wanted() or session.visit().kept.get(_SERVER_KEY):
        return False
    st.warning(
        _("Your photos were to stay on this device, but here only the server can check them."),
        icon=":material/lock:",
    )
    st.button(
        _("Use the server all the same"),
        key="practise-server-all-the-same",
        on_click=session.visit().kept.__setitem__,
        args=(_SERVER_KEY, True),
    )
    return True
