"""A draft as its participants would meet it: ``/take-part?preview=KEY``. Nothing of it is stored."""

import secrets
import threading
from collections import OrderedDict
from typing import Final

import streamlit as st

from core.study.design import StudyDesign
from core.study.links import PAGE

QUERY: Final = "preview"
_MOST: Final = 50


class Previews:
    """Designs that are looked at now, by a random key; the oldest are forgotten. Any thread may ask."""

    def __init__(self) -> None:
        self._designs: OrderedDict[str, tuple[StudyDesign, str | None]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, design: StudyDesign, arm: str | None) -> str:
        """Keep a design; returns its key."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._designs[key] = (design, arm)
            while len(self._designs) > _MOST:
                self._designs.popitem(last=False)
        return key

    def find(self, key: str) -> tuple[StudyDesign, str | None] | None:
        """The design of a key and the arm to show, or None: never was, or forgotten."""
        with self._lock:
            return self._designs.get(key)


@st.cache_resource(show_spinner=False)
def previews() -> Previews:
    """The previews of this server."""
    return Previews()


def start_preview(design: StudyDesign, arm: str | None = None) -> str:
    """Make a preview of a design; returns its address, from the app's root: ``take-part?preview=KEY``.

    Args:
        arm: the arm to show; by the design's allocation where None.
    """
    return f"{PAGE}?{QUERY}={previews().add(design, arm)}"
