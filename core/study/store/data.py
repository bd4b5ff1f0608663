"""A study's data as a whole: read at one moment, or added from elsewhere."""

import secrets
from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.study.design import StudyDesign
from core.study.records import AnswerRecord, NoteRecord, StudyData
from core.study.store.over import end_old
from core.study.store.rows import answer_row, event_row, events_of, found, note_row, record_of
from core.study.store.studies import Studies
from core.study.tables import AnswerRow, DesignRow, EventRow, NoteRow, SessionRow, StudyRow, TombstoneRow


class Data(Studies):
    """The part of the store that reads and adds whole studies."""

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

    def add_data(self, data: StudyData, owner: str = "") -> str:
        """A new study, closed, with designs and sessions from elsewhere, such as simulated ones; its new id.

        Sessions get new ids, so that the same data can be added twice.
        """
        if not data.designs:
            raise ValueError("data without a design")
        study_id = self.create(data.designs[max(data.designs)], owner)
        with self.database.writing() as db:
            found(db, StudyRow, study_id, lock=True).state = "closed"
            for number, design in sorted(data.designs.items()):
                db.add(
                    DesignRow(
                        study_id=study_id,
                        version=number,
                        hash=design.hash,
                        consent_hash=design.consent.hash,
                        design=design.model_dump(mode="json"),
                        frozen_at=self.now(),
                    )
                )
            rows = {}
            for one in data.sessions:
                rows[one.session_id] = row = SessionRow(
                    session_id=secrets.token_hex(16),
                    study_id=study_id,
                    participant_id=one.participant_id,
                    design_version=one.design_version,
                    design_hash=one.design_hash,
                    consent_hash=one.consent_hash,
                    arms=list(one.arms),
                    tasks=list(one.tasks),
                    language=one.language,
                    status=one.status,
                    started_at=one.started_at,
                    last_seen_at=one.last_seen_at,
                    ended_at=one.ended_at,
                    consented_at=None if one.status == "declined" else one.started_at,
                    photos_agreed=False,
                    step=0,
                    step_begun=False,
                    panel=dict(one.panel),
                    simulated=one.simulated,
                    resume_hash=None,
                )
                db.add(row)
            db.flush()
            seq: Counter[str] = Counter()
            for event in data.events:
                db.add(event_row(rows[event.session_id], event, seq[event.session_id]))
                seq[event.session_id] += 1
            for answer in data.answers:
                db.add(answer_row(rows[answer.session_id], answer))
            for note in data.notes:
                db.add(note_row(rows[note.session_id], note, self.now()))
        return study_id


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
