import numpy as np
import pytest
import streamlit as st
from argon2 import PasswordHasher
from streamlit.runtime.state.session_state import SessionState

from core.designer import pictures
from core.live import stream
from core.study import access

COLOURS = {"dark": (30, 20, 15), "bright": (245, 215, 200)}


def _picture(row, _place):
    return np.full((48, 64, 3), COLOURS.get(row, (200, 140, 120)), np.uint8)


def _film():
    for number in range(int(pictures.FILM_SECONDS * pictures.RATE)):
        moment = number / pictures.RATE
        yield moment, _picture("dark" if moment < 8 else "skin", 0)


@pytest.fixture
def drawings(monkeypatch):
    """Plain colours in place of the Designer's drawings, which take seconds: dark, bright, and skin."""
    monkeypatch.setattr(pictures, "picture", _picture)
    monkeypatch.setattr(pictures, "film", _film)
    # Other tests may have looked at other drawings, or at these with another network.
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def _quick_passphrases(monkeypatch):
    """A passphrase is to be slow to guess: each server hashes two as it starts, and one at each try."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(access, "PasswordHasher", lambda: quick)


@pytest.fixture
def no_camera(monkeypatch):
    """The server's camera is there and off."""
    off = stream.StreamState(playing=False, connecting=False)
    monkeypatch.setattr(stream, "camera_stream", lambda *_args, **_more: off)


@pytest.fixture
def all_said_to_change(monkeypatch):
    """From the call on every control on a page is said to have changed, in every run; no button is pressed.

    Streamlit does so with a control whose state it had let go of when the browser still had it.
    """

    def changed(state, widget):
        return state._new_widget_state.widget_metadata[widget].value_type != "trigger_value"

    return lambda: monkeypatch.setattr(SessionState, "_widget_changed", changed)
