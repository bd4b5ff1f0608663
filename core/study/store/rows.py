"""Rows of the database: looked up, locked, made from records, and turned into records again."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.i18n import _
from core.study.allocation import Taken
from core.study.design import SessionStatus, StudyDesign
from core.study.events import Event
from core.study.faults import StudyError
from core.study.records import AnswerRecord, NoteRecord, SessionRecord
from core.study.store.values import clean, plain_values
from core.study.tables import AnswerRow, DesignRow, EventRow, NoteRow, SessionRow, StudyRow

_Row = TypeVar("_Row", StudyRow, SessionRow)


def no_study() -> StudyError:
    """That there is no study of this id."""
    return StudyError(_("There is no such study. Please check its name and try again."))


def no_session() -> StudyError:
    """That a session was deleted, or never was."""
    return StudyError(_("This session is not there any more."))


_MISSING: Final[dict[type, Callable[[], StudyError]]] = {StudyRow: no_study, SessionRow: no_session}


def found(db: Session, kind: type[_Row], name: str, *, lock: bool = False) -> _Row:
    """The row of a study or session, by its id.

    Args:
        lock: whether it is to be changed: others who lock it wait, and what it holds is read anew.

    Raises:
        StudyError: there is none.
    """
    row = db.get(kind, name, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise _MISSING[kind]()
    return row


def newest_row(db: Session, study_id: str) -> DesignRow | None:
    """The newest frozen version of a study, if any."""
    return db.scalars(
        select(DesignRow).filter_by(study_id=study_id).order_by(DesignRow.version.desc()).limit(1)
    ).first()


def design_of(db: Session, session: SessionRow) -> tuple[DesignRow, StudyDesign]:
    """The version that a session began with."""
    row = db.get_one(DesignRow, (session.study_id, session.design_version))
    return row, StudyDesign.model_validate(row.design)


def taken(db: Session, study_id: str) -> list[Taken]:
    """Who has which arm and tasks, as allocation counts them."""
    rows = db.execute(
        select(SessionRow.arms, SessionRow.tasks, SessionRow.status, SessionRow.last_seen_at).filter_by(
            study_id=study_id
        )
    )
    return [
        Taken(tuple(arms), tuple(tasks), cast(SessionStatus, status), seen)
        for arms, tasks, status, seen in rows
    ]


def record_of(row: SessionRow) -> SessionRecord:
    """A session as results have it."""
    return SessionRecord(
        session_id=row.session_id,
        participant_id=row.participant_id,
        study_id=row.study_id,
        design_version=row.design_version,
        design_hash=row.design_hash,
        consent_hash=row.consent_hash,
        arms=tuple(row.arms),
        tasks=tuple(row.tasks),
        language=row.language,
        status=row.status,  # type: ignore[arg-type]
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        ended_at=row.ended_at,
        panel=row.panel,
        simulated=row.simulated,
    )


def next_seq(db: Session, session_id: str) -> int:
    """The number of a session's next event, from 0."""
    last = db.scalar(select(func.max(EventRow.seq)).filter_by(session_id=session_id))
    return 0 if last is None else last + 1


def event_row(session: SessionRow, event: Event, seq: int) -> EventRow:
    """An event as it is stored: with the session's participant and consent, whatever it came with."""
    return EventRow(
        session_id=session.session_id,
        seq=seq,
        event_id=clean(event.event_id)[:200],
        schema_version=event.schema_version,
        consent_hash=session.consent_hash,
        participant_id=session.participant_id or None,
        # Between subjects there is one arm, whatever a page says; else the log knows which it is now.
        variant=session.arms[0] if len(session.arms) == 1 else event.variant,
        ts=event.ts,
        t_ms=event.t_ms,
        page=clean(event.page),
        task_id=event.task_id,
        attempt=event.attempt,
        event=event.event,
        source=event.source,
        properties=plain_values(event.properties),
    )


def events_of(db: Session, which: Any, study_id: str) -> Iterable[Event]:
    """The events that a condition picks, each session's in the order of their ``seq``."""
    rows = db.scalars(select(EventRow).where(which).order_by(EventRow.session_id, EventRow.seq))
    for row in rows:
        yield Event(
            schema_version=row.schema_version,
            event_id=row.event_id,
            session_id=row.session_id,
            participant_id=row.participant_id,
            study_id=study_id,
            variant=row.variant,
            seq=row.seq,
            ts=row.ts,
            t_ms=row.t_ms,
            page=row.page,
            task_id=row.task_id,
            attempt=row.attempt,
            event=row.event,  # type: ignore[arg-type]
            source=row.source,  # type: ignore[arg-type]
            properties=row.properties,
        )


def answer_row(session: SessionRow, answer: AnswerRecord) -> AnswerRow:
    """An answer as it is stored."""
    return AnswerRow(
        session_id=session.session_id,
        consent_hash=session.consent_hash,
        task=answer.task,
        arm=answer.arm,
        questionnaire=answer.questionnaire,
        item=answer.item,
        value=clean(answer.value) if isinstance(answer.value, str) else answer.value,
        answered_at=answer.answered_at,
    )


def note_row(session: SessionRow, note: NoteRecord, now: datetime) -> NoteRow:
    """A facilitator's note as it is stored."""
    return NoteRow(
        session_id=session.session_id,
        consent_hash=session.consent_hash,
        at_ms=note.at_ms,
        kind=note.kind,
        text=clean(note.text),
        author=note.author,
        created_at=now,
    )
