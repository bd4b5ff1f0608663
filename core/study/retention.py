"""Deletion that really removes, on request or when the time is over; and what a participant may take away.

Of a deleted session or study there stays a tombstone: a hash of its random id, why, and on which day.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.spreadsheet import csv_of
from core.study.design import StudyDesign, text_in
from core.study.faults import StudyError
from core.study.store import StudyStore
from core.study.store.over import end_old
from core.study.store.rows import no_session, no_study
from core.study.tables import DesignRow, PhotoRow, SessionRow, StudyRow, TombstoneRow

Reason = Literal["withdrawn", "asked", "expired", "researcher"]
_ORPHAN_S: Final = 3600.0


@dataclass(frozen=True)
class Purged:
    """What a purge removed: sessions, and files of photos that no session has any more."""

    sessions: int
    photos: int


def delete_session(store: StudyStore, session_id: str, reason: Reason) -> None:
    """Delete a session: its rows, its photos' files, and what the database's file held of it.

    It counts as withdrawn, and is in no result any more, before its files go: where that is broken off, the
    next purge goes on.

    Raises:
        StudyError: there is none.
        OSError: a file cannot be deleted; the next purge tries again.
    """
    with store.database.writing() as db:
        marked = db.execute(
            update(SessionRow)
            .where(SessionRow.session_id == session_id)
            .values(status="withdrawn", resume_hash=None, participant_id="", panel={}, ended_at=store.now())
            .returning(SessionRow.study_id)
        ).scalar()
        if marked is None:
            raise no_session()
        # Why, should it be broken off.
        db.merge(_tombstone(store, session_id, marked, "session", reason))
    for name in store.photo_names(session_id):
        _remove_photo(store, name)
    with store.database.writing() as db:
        _delete_rows(db, session_id)
    store.database.truncate_log()


def delete_study(store: StudyStore, study_id: str) -> None:
    """Delete a study with all its sessions, versions, links, people and tokens; the audit log stays.

    Raises:
        StudyError: there is none.
        OSError: a photo cannot be deleted.
    """
    with store.database.writing() as db:
        if db.get(StudyRow, study_id) is None:
            raise no_study()
        db.execute(update(StudyRow).where(StudyRow.study_id == study_id).values(state="closed"))
        sessions = db.scalars(select(SessionRow.session_id).filter_by(study_id=study_id)).all()
    for session_id in sessions:
        for name in store.photo_names(session_id):
            _remove_photo(store, name)
    with store.database.writing() as db:
        db.execute(delete(StudyRow).where(StudyRow.study_id == study_id))
        db.execute(delete(TombstoneRow).where(TombstoneRow.study_id == study_id))
        db.merge(_tombstone(store, study_id, study_id, "study", "researcher"))
    store.database.truncate_log()


def purge(store: StudyStore) -> Purged:
    """Delete sessions that are past their design's retention or withdrawn, and photos without a session.

    To be called when a server starts, and from time to time. Sessions that cannot be resumed any more
    end, too.
    """
    end_old(store)
    now, gone = store.now(), 0
    with store.database.reading() as db:
        rows = db.execute(
            select(
                SessionRow.session_id,
                SessionRow.study_id,
                SessionRow.design_version,
                SessionRow.started_at,
                SessionRow.status,
            )
        ).all()
        days = {
            (row.study_id, row.version): StudyDesign.model_validate(row.design).retention_days
            for row in db.scalars(select(DesignRow))
        }
    for session_id, study_id, version, started_at, status in rows:
        expired = now - started_at > timedelta(days=days[study_id, version])
        if expired or status == "withdrawn":
            try:
                delete_session(store, session_id, _why(store, session_id, expired))
            except StudyError:  # another server was faster
                continue
            gone += 1
    return Purged(gone, _remove_orphans(store))


def participant_data(store: StudyStore, session_id: str) -> bytes:
    """Everything that is stored of a session, as a ZIP archive for its participant.

    Raises:
        StudyError: it was deleted.
    """
    data = store.load_session(session_id)
    if not data.sessions:
        raise no_session()
    (record,) = data.sessions
    design = data.designs[record.design_version]
    answers = [
        (one.task, one.arm, one.questionnaire, one.item, one.value, one.answered_at.isoformat())
        for one in data.answers
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        about = asdict(record) | {"study": design.title}
        archive.writestr("session.json", json.dumps(about, indent=2, default=str) + "\n")
        archive.writestr("consent.txt", text_in(design.consent.text, record.language) + "\n")
        archive.writestr("events.jsonl", "".join(event.model_dump_json() + "\n" for event in data.events))
        head = ("task", "arm", "questionnaire", "item", "value", "answered_at")
        archive.writestr("answers.csv", csv_of(head, answers))
        if data.notes:
            notes = [asdict(note) for note in data.notes]
            archive.writestr("notes.json", json.dumps(notes, indent=2) + "\n")
        for number, name in enumerate(store.photo_names(session_id), 1):
            if store.photos is not None:
                picture = store.photos.read(name)
                suffix = "png" if picture.startswith(b"\x89PNG") else "jpg"
                archive.writestr(f"photos/photo-{number}.{suffix}", picture)
    return out.getvalue()


def _delete_rows(db: Session, session_id: str) -> None:
    # Events, answers, notes and photos' rows go with it: the database's own rule.
    db.execute(delete(SessionRow).where(SessionRow.session_id == session_id))


def _remove_photo(store: StudyStore, name: str) -> None:
    if store.photos is not None:
        store.photos.remove(name)


def _why(store: StudyStore, session_id: str, expired: bool) -> Reason:
    with store.database.reading() as db:
        known = db.get(TombstoneRow, _hash(session_id))
    if known is not None:
        return known.reason  # type: ignore[return-value]
    return "expired" if expired else "withdrawn"


def _remove_orphans(store: StudyStore) -> int:
    """Photos whose row was never committed, or went before them."""
    if store.photos is None:
        return 0
    with store.database.reading() as db:
        known = set(db.scalars(select(PhotoRow.name)))
    orphans = [
        name
        for name, written in store.photos.names()
        if name not in known and store.now().timestamp() - written > _ORPHAN_S
    ]
    for name in orphans:
        store.photos.remove(name)
    return len(orphans)


def _tombstone(store: StudyStore, whose: str, study_id: str, kind: str, reason: Reason) -> TombstoneRow:
    return TombstoneRow(
        id_hash=_hash(whose),
        study_id=study_id,
        kind=kind,
        reason=reason,
        deleted_on=store.now().date().isoformat(),
    )


def _hash(whose: str) -> str:
    return hashlib.sha256(f"retake tombstone {whose}".encode()).hexdigest()
