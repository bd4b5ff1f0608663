"""The study store of this server: its database, its photos, and the purge at its start."""

from core.study.database import open_database
from core.study.photos import open_photos
from core.study.retention import purge
from core.study.store import StudyStore


def open_store(*, clean_up: bool = False) -> StudyStore:
    """The store that the settings name: ``RETAKE_DATABASE_URL``, ``RETAKE_PHOTO_KEY``, ``RETAKE_DATA``.

    Args:
        clean_up: whether to delete what is past its retention; a server does so when it starts.

    Raises:
        StudyError: the database or the photos' key cannot be used.
    """
    store = StudyStore(open_database(), open_photos())
    if clean_up:
        purge(store)
    return store
