"""What a session leaves: events, answers, a facilitator's notes, and photos where they may be kept."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.i18n import _
from core.study.events import Event
from core.study.faults import StudyError
from core.study.records import AnswerRecord, NoteRecord
from core.study.store.base import Base
from core.study.store.rows import answer_row, event_row, events_of, found, next_seq, note_row
from core.study.tables import AnswerRow, EventRow, PhotoRow, SessionRow

_CHUNK: Final = 500


class Traces(Base):
    """The part of the store that holds what happened in sessions."""

    def append(self, session_id: str, events: Sequence[Event]) -> int:
        """Add events of one session, in this order; those that are there already are passed over.

        They are numbered here, without a gap, and carry the session's participant, study and consent,
        whatever they came with.

        Returns:
            how many were new.

        Raises:
            StudyError: the session was deleted, or its participant has not agreed.
            ValueError: an event of another session.
        """
        if any(event.session_id != session_id for event in events):
            raise ValueError("an event of another session")
        with self.database.writing() as db:
            row = _agreed(db, session_id)
            known = set[str]()
            for start in range(0, len(events), _CHUNK):
                names = [event.event_id for event in events[start : start + _CHUNK]]
                known |= set(
                    db.scalars(
                        select(EventRow.event_id).where(
                            EventRow.session_id == session_id, EventRow.event_id.in_(names)
                        )
                    )
                )
            seq = next_seq(db, session_id)
            new = 0
            for event in events:
                if event.event_id not in known:
                    known.add(event.event_id)
                    db.add(event_row(row, event, seq + new))
                    new += 1
            row.last_seen_at = max(row.last_seen_at, self.now())
            return new

    def events(self, session_id: str) -> tuple[Event, ...]:
        """A session's events, in the order of their ``seq``."""
        with self.database.reading() as db:
            return tuple(
                events_of(db, EventRow.session_id == session_id, found(db, SessionRow, session_id).study_id)
            )

    def answer(self, session_id: str, answers: Sequence[AnswerRecord]) -> None:
        """Store answers; one to the same item of the same task and arm takes the earlier one's place."""
        with self.database.writing() as db:
            row = _agreed(db, session_id)
            for one in answers:
                if one.session_id != session_id:
                    raise ValueError("an answer of another session")
                db.execute(
                    delete(AnswerRow).where(
                        AnswerRow.session_id == session_id,
                        AnswerRow.task.is_not_distinct_from(one.task),
                        AnswerRow.arm.is_not_distinct_from(one.arm),
                        AnswerRow.questionnaire == one.questionnaire,
                        AnswerRow.item == one.item,
                    )
                )
                db.add(answer_row(row, one))
            row.last_seen_at = max(row.last_seen_at, self.now())

    def add_note(self, session_id: str, at_ms: float, kind: str, text: str, author: str) -> None:
        """A facilitator's note or mark."""
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id, lock=True)
            db.add(note_row(row, NoteRecord(session_id, at_ms, kind, text, author), self.now()))

    def keep_photo(
        self,
        session_id: str,
        data: bytes,
        *,
        task: str | None = None,
        arm: str | None = None,
        attempt: int = 0,
    ) -> str | None:
        """Keep a photo, encrypted, where its participant ticked so; None where they did not.

        Args:
            data: a PNG or JPEG without metadata.

        Returns:
            its random name.

        Raises:
            StudyError: it is none, or has metadata.
        """
        if self.photos is None or not self._photos_agreed(session_id):
            return None
        name = self.photos.write(data)
        try:
            with self.database.writing() as db:
                row = found(db, SessionRow, session_id, lock=True)
                if not row.photos_agreed:
                    raise StudyError(_("This participant has not agreed yet."))
                db.add(
                    PhotoRow(
                        name=name,
                        session_id=session_id,
                        consent_hash=row.consent_hash,
                        task=task,
                        arm=arm,
                        attempt=attempt,
                        taken_at=self.now(),
                    )
                )
        except BaseException:
            self.photos.remove(name)
            raise
        return name

    def photo_names(self, session_id: str) -> tuple[str, ...]:
        """The names of a session's kept photos, the oldest first; :class:`PhotoStore` reads them."""
        with self.database.reading() as db:
            return tuple(
                db.scalars(
                    select(PhotoRow.name)
                    .filter_by(session_id=session_id)
                    .order_by(PhotoRow.taken_at, PhotoRow.name)
                )
            )

    def _photos_agreed(self, session_id: str) -> bool:
        with self.database.reading() as db:
            return found(db, SessionRow, session_id).photos_agreed


def _agreed(db: Session, session_id: str) -> SessionRow:
    row = found(db, SessionRow, session_id, lock=True)
    if row.consented_at is None:
        raise StudyError(_("This participant has not agreed yet."))
    return row
