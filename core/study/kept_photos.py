"""The photos that participants agreed to have kept, as files for the study's owner."""

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

from sqlalchemy import select

from core.spreadsheet import csv_of
from core.study.export import slug
from core.study.store import StudyStore
from core.study.tables import PhotoRow, SessionRow

HEAD: Final = ("file", "participant_id", "session_id", "task_id", "condition_id", "attempt", "taken_at")


def photo_count(store: StudyStore, study_id: str) -> int:
    """How many photos of a study are kept."""
    return len(_rows(store, study_id))


def photos_zip(store: StudyStore, study_id: str) -> bytes:
    """All kept photos of a study as a ZIP archive, with a table that says whose each is.

    A photo that is deleted meanwhile is left out.

    Raises:
        StudyError: there is no such study, or a photo was encrypted with another key.
    """
    store.summary(study_id)  # raises where there is none
    listed, out = [], io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for number, (photo, participant) in enumerate(_rows(store, study_id), 1):
            if store.photos is None or photo.name not in store.photo_names(photo.session_id):
                continue
            picture = store.photos.read(photo.name)
            suffix = "png" if picture.startswith(b"\x89PNG") else "jpg"
            file = PurePosixPath("photos", f"{number:04d}-{participant}-{slug(photo.task or '')}.{suffix}")
            archive.writestr(f"study-{slug(study_id)}/{file}", picture)
            listed.append(
                (
                    *(str(file), participant, photo.session_id, photo.task, photo.arm, photo.attempt),
                    photo.taken_at.isoformat(),
                )
            )
        archive.writestr(f"study-{slug(study_id)}/photos.csv", csv_of(HEAD, listed))
    return out.getvalue()


def _rows(store: StudyStore, study_id: str) -> list[tuple[PhotoRow, str]]:
    """Photos with their participants, in the order in which they were taken."""
    with store.database.reading() as db:
        found = db.execute(
            select(PhotoRow, SessionRow.participant_id)
            .join(SessionRow, SessionRow.session_id == PhotoRow.session_id)
            .where(SessionRow.study_id == study_id, SessionRow.status != "withdrawn")
            .order_by(PhotoRow.taken_at, PhotoRow.name)
        )
        return [(photo, participant) for photo, participant in found]
