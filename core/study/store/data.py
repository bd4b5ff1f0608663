"""A study's data as a whole, read at one moment."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.study.design import StudyDesign
from core.study.records import AnswerRecord, NoteRecord, StudyData
from core.study.store.over import end_old
from core.study.store.rows import events_of, found, record_of
from core.study.store.studies import Studies
from core.study.tables import AnswerRow, DesignRow, EventRow, NoteRow, SessionRow, StudyRow, TombstoneRow


class Data(Studies):
    """The part of the store that reads whole studies."""

    def load(self, study_id: str) -> StudyData:
        """Everything that was recorded in a study, at one moment. Withdrawn sessions are left out."""
        end_old(self, study_id)
        with self.database.reading() as db:
            found(db, StudyRow, study_id)
            return _load(db, study_id, SessionRow.study_id == study_id)

    def load_session(self, session_id: str) -> StudyData:
        """What one session left, in the same form: for the participant who asks for it."""
        with self.database.reading() as db:
            row = found(db, SessionRow, session_id)
            return _load(db, row.study_id, SessionRow.session_id == session_id)


def _load(db: Session, study_id: str, which: Any) -> StudyData:
    sessions = [
        record_of(row)
        for row in db.scalars(
            select(SessionRow)
            .where(which, SessionRow.status != "withdrawn")
            .order_by(SessionRow.started_at, SessionRow.session_id)
        )
    ]
    place = {one.session_id: number for number, one in enumerate(sessions)}
    inside = select(SessionRow.session_id).where(which, SessionRow.status != "withdrawn")
    designs = {
        row.version: StudyDesign.model_validate(row.design)
        for row in db.scalars(select(DesignRow).filter_by(study_id=study_id).order_by(DesignRow.version))
    }
    met = {one.design_version for one in sessions}
    events = sorted(
        events_of(db, EventRow.session_id.in_(inside), study_id), key=lambda one: place[one.session_id]
    )
    answers = db.scalars(
        select(AnswerRow).where(AnswerRow.session_id.in_(inside)).order_by(AnswerRow.answer_id)
    )
    notes = db.scalars(
        select(NoteRow).where(NoteRow.session_id.in_(inside)).order_by(NoteRow.at_ms, NoteRow.note_id)
    )
    gone = db.execute(
        select(TombstoneRow.reason, func.count())
        .filter_by(study_id=study_id, kind="session")
        .group_by(TombstoneRow.reason)
    )
    return StudyData(
        study_id,
        {version: design for version, design in designs.items() if version in met},
        tuple(sessions),
        tuple(events),
        tuple(
            sorted(
                (
                    AnswerRecord(
                        *(row.session_id, row.task, row.arm, row.questionnaire, row.item, row.value),
                        answered_at=row.answered_at,
                    )
                    for row in answers
                ),
                key=lambda one: place[one.session_id],
            )
        ),
        tuple(
            sorted(
                (NoteRecord(row.session_id, row.at_ms, row.kind, row.text, row.author) for row in notes),
                key=lambda one: place[one.session_id],
            )
        ),
        deleted=dict(gone.all()),
    )
