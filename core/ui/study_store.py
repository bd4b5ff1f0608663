"""The study store of this server, opened once for all pages."""

import os

import streamlit as st

from core.data_folder import data_folder
from core.study import database, photos
from core.study.server import open_store
from core.study.store import StudyStore


def store() -> StudyStore:
    """The store; what is past its retention is deleted when it is opened.

    Raises:
        StudyError: the database or the photos' key cannot be used; it is tried again with the next call.
    """
    return _open(
        os.environ.get(database.VARIABLE, ""), os.environ.get(photos.VARIABLE, ""), str(data_folder())
    )


@st.cache_resource(show_spinner=False)
def _open(_url: str, _key: str, folder: str) -> StudyStore:
    return open_store(clean_up=True)
