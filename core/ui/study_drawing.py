"""Drawn skin as the subject of a task, shown here and on another screen: no one's skin is needed."""

from typing import Final

import streamlit as st

from core.i18n import _
from core.study.links import PAGE
from core.ui import samples

QUERY: Final = "drawing"
_SAMPLES: Final = ("clear", "clear-deep-tone")


def number_of(place: int) -> int:
    """Which drawing a task has, by its place among the tasks: another one than the task before."""
    return place % len(_SAMPLES)


def offer(number: int) -> None:
    """Show a drawing, and how to get it onto another screen or onto paper."""
    st.markdown(_("Photograph this picture: on another screen, or printed. It is drawn, and shows nobody."))
    data = samples.jpeg(_SAMPLES[number])
    st.image(data, width="stretch", alt=_("Drawn skin with one spot in the middle"))
    address = f"{_server()}/{PAGE}?{QUERY}={number + 1}"
    st.markdown(_("On the other screen, open {address}").format(address=f"`{address}`"))
    st.download_button(
        _("Download the picture"),
        data=data,
        file_name=f"drawn-skin-{number + 1}.jpg",
        mime="image/jpeg",
        icon=":material/download:",
        on_click="ignore",
        key="study-drawing-download",
    )


def page() -> None:
    """The drawing alone, as large as the screen lets it be."""
    asked = str(st.query_params.get(QUERY, ""))
    number = number_of(int(asked) - 1) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0
    st.markdown(_("Point the camera of your phone at this picture."))
    st.image(samples.jpeg(_SAMPLES[number]), width="stretch", alt=_("Drawn skin with one spot in the middle"))


def _server() -> str:
    """Where the app is, without the page's name."""
    url = (st.context.url or "").split("?")[0].rstrip("/")
    return url.removesuffix(f"/{PAGE}")
