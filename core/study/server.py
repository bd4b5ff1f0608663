"""The study store of this server: its database, its photos, and the purge at its start and once a day."""

import logging
import os
import threading
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from core.data_folder import data_folder
from core.study import database
from core.study.database import open_database
from core.study.faults import StudyError
from core.study.photos import open_photos
from core.study.retention import purge
from core.study.store import StudyStore

_LOG: Final = logging.getLogger(__name__)
_DAY_S: Final = 24 * 3600.0


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


def purge_here() -> None:
    """Delete what is past its retention, where this server has studies; what keeps it from that is logged."""
    if not (os.environ.get(database.VARIABLE) or (data_folder() / database.FILE_NAME).exists()):
        return
    try:
        open_store(clean_up=True).database.close()
    except (StudyError, SQLAlchemyError, OSError):
        _LOG.exception("Sessions that are past their retention cannot be deleted now")


def purge_daily() -> None:
    """Do so now and once a day from now on, beside the server's own work: it may run for months."""

    def go_on() -> None:
        while True:
            purge_here()
            time.sleep(_DAY_S)

    threading.Thread(target=go_on, name="study-purge", daemon=True).start()
