"""Taking part: a link is looked at, a session begins, moves on, comes back and ends."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.study.allocation import Given, allocate, open_arms
from core.study.design import SessionStatus, StudyDesign
from core.study.events import Event
from core.study.records import SessionRecord
from core.study.store.base import Base
from core.study.store.links import LinkKind
from core.study.store.over import end_old, forget_person
from core.study.store.rows import design_of, event_row, found, newest_row, record_of, taken
from core.study.store.values import TOKEN_BYTES, clean, hash_of
from core.study.tables import DesignRow, LinkRow, SessionRow, StudyRow

Refusal = Literal["unavailable", "full", "used"]
_LONGEST_PANEL_VALUE: Final = 200


@dataclass(frozen=True)
class Invitation:
    """What a link leads to, before anything has begun."""

    study_id: str
    version: int
    design: StudyDesign
    kind: LinkKind


@dataclass(frozen=True)
class Refused:
    """No session: no open study has this link (or never had), all places are taken, or the link was used."""

    reason: Refusal


@dataclass(frozen=True)
class Begun:
    """A session began, or may go on.

    Attributes:
        resume_token: opens it again; for the participant's browser alone.
    """

    session_id: str
    resume_token: str = field(repr=False)


@dataclass(frozen=True)
class Ended:
    """The session is over: how it ended, or None where none is known.

    Attributes:
        session_id: whoever has its resume token may still take its data away or delete it; None for unknown.
    """

    status: SessionStatus | None
    session_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class SessionState:
    """A session as it stands.

    Attributes:
        step: index into the design's steps, see :mod:`core.study.session`.
        step_begun: whether a task of that step was started.
    """

    record: SessionRecord
    design: StudyDesign
    step: int
    step_begun: bool
    consented: bool
    photos_agreed: bool


class Sessions(Base):
    """The part of the store that lets people take part."""

    def look(self, token: str) -> Invitation | Refused:
        """What a link leads to; nothing begins, and no single-use link burns."""
        with self.database.reading() as db:
            link = db.scalars(select(LinkRow).filter_by(token_hash=hash_of(token))).first()
            study = None if link is None else db.get(StudyRow, link.study_id)
            return _invitation(db, link, study)

    def begin(
        self,
        token: str,
        language: str = "en",
    ) -> Begun | Refused:
        """The participant confirmed the start: allocate and burn a single-use link, at once or not at all.

        Args:
            language: one of the design's; else its first is taken.
        """
        now = self.now()
        with self.database.writing() as db:
            study_id = db.scalars(select(LinkRow.study_id).filter_by(token_hash=hash_of(token))).first()
            if study_id is None:
                return Refused("unavailable")
            # Whoever begins in this study at the same moment waits here.
            study = db.scalars(select(StudyRow).filter_by(study_id=study_id).with_for_update()).first()
            link = db.scalars(select(LinkRow).filter_by(token_hash=hash_of(token))).first()
            invitation = _invitation(db, link, study)
            if isinstance(invitation, Refused):
                return invitation
            assert link is not None
            design = invitation.design
            if link.arm is not None and link.arm not in {arm.name for arm in design.arms}:
                return Refused("unavailable")  # a later version has not this arm
            if link.arm is None and design.allocation.kind == "fixed":
                return Refused("unavailable")
            given = allocate(design, taken(db, study_id), now, link.arm)
            if given == "full":
                return Refused("full")
            if link.kind == "single":
                link.used_at = now
            version = newest_row(db, study_id)
            assert version is not None
            return self._add_session(
                db,
                version,
                design,
                given,
                language=language,
                panel={},  # they lead back to persons: not before the consent
                participant_id=secrets.token_hex(8),
            )

    def resume(self, resume_token: str) -> Begun | Ended:
        """A participant comes back: what the study's policy makes of it.

        ``Begun`` has the same session, or under ``restart`` a new one with the same arms and a new token. A
        session that had gone stale may go on although its place was given to somebody else.
        """
        now = self.now()
        with self.database.writing() as db:
            row = db.scalars(
                select(SessionRow).filter_by(resume_hash=hash_of(resume_token)).with_for_update()
            ).first()
            if row is None:
                return Ended(None)
            if row.status != "live":
                return Ended(row.status, row.session_id)  # type: ignore[arg-type]
            version, design = design_of(db, row)
            old = now - row.started_at > timedelta(hours=design.resume.most_hours)
            if not old and design.resume.policy == "resume":
                row.last_seen_at = max(row.last_seen_at, now)
                return Begun(row.session_id, resume_token)
            row.status, row.ended_at = "ended", row.last_seen_at
            if old or design.resume.policy == "end":
                return Ended("ended", row.session_id)
            row.resume_hash = None
            given = Given(tuple(row.arms), tuple(row.tasks))
            return self._add_session(
                db,
                version,
                design,
                given,
                language=row.language,
                panel=row.panel,
                participant_id=row.participant_id,
            )

    def session(self, session_id: str) -> SessionState:
        """A session as it stands.

        Raises:
            StudyError: it was deleted, or never was.
        """
        with self.database.reading() as db:
            row = found(db, SessionRow, session_id)
            return SessionState(
                record_of(row),
                design_of(db, row)[1],
                row.step,
                row.step_begun,
                row.consented_at is not None,
                row.photos_agreed,
            )

    def live_sessions(self, study_id: str) -> tuple[SessionRecord, ...]:
        """Sessions that are under way, for who watches; the one seen last comes first."""
        end_old(self, study_id)
        with self.database.reading() as db:
            rows = db.scalars(
                select(SessionRow)
                .filter_by(study_id=study_id, status="live")
                .order_by(SessionRow.last_seen_at.desc(), SessionRow.session_id)
            )
            return tuple(map(record_of, rows))

    def consent(self, session_id: str, *, photos: bool, parameters: Mapping[str, str] | None = None) -> None:
        """The participant agrees, and to kept photos too where they said so and the design asks for it.

        Args:
            parameters: those of the link's address; kept are the ones that the design names.
        """
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id, lock=True)
            design = design_of(db, row)[1]
            row.consented_at, row.photos_agreed = self.now(), photos and design.consent.photos is not None
            given = {name: (parameters or {}).get(name) for name in design.completion.passed_on}
            panel = {name: clean(value)[:_LONGEST_PANEL_VALUE] for name, value in given.items() if value}
            row.panel = dict(row.panel) | panel

    def decline(self, session_id: str, event: Event) -> None:
        """The participant does not agree: what stays is that somebody declined, without who.

        Args:
            event: the row that says so; it is stored without the participant's code.
        """
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id, lock=True)
            if row.status != "live" or row.consented_at is not None:
                return
            forget_person(row)
            row.ended_at = row.last_seen_at = self.now()
            db.add(event_row(row, event, 0))

    def move(self, session_id: str, step: int, *, begun: bool = False) -> None:
        """The participant is at this step now; ``begun`` says that its task was started."""
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id, lock=True)
            row.step, row.step_begun, row.last_seen_at = step, begun, max(row.last_seen_at, self.now())

    def seen(self, session_id: str) -> None:
        """The participant is still there: the session does not go stale."""
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id, lock=True)
            row.last_seen_at = max(row.last_seen_at, self.now())

    def end(self, session_id: str, status: SessionStatus) -> None:
        """A live session ends with this status; one that ended before stays as it is.

        Where that was the last place of all arms, counting completed sessions, the study is paused.
        """
        with self.database.writing() as db:
            row = found(db, SessionRow, session_id)
            study = found(db, StudyRow, row.study_id, lock=True)
            row = found(db, SessionRow, session_id, lock=True)
            if row.status != "live":
                return
            row.status, row.ended_at, row.last_seen_at = status, self.now(), self.now()
            newest = newest_row(db, study.study_id)
            if status != "completed" or study.state != "open" or newest is None:
                return
            db.flush()
            completed = [one for one in taken(db, study.study_id) if one.status == "completed"]
            design = StudyDesign.model_validate(newest.design)
            left = open_arms(design, completed)
            within = design.allocation.kind == "latin_square"
            if not left or (within and len(left) < len(design.arms)):
                study.state, study.changed_at = "paused", self.now()

    def _add_session(
        self,
        db: Session,
        version: DesignRow,
        design: StudyDesign,
        given: Given,
        *,
        language: str,
        panel: Mapping[str, str],
        participant_id: str,
    ) -> Begun:
        now, token = self.now(), secrets.token_urlsafe(TOKEN_BYTES)
        session_id = secrets.token_hex(16)
        db.add(
            SessionRow(
                session_id=session_id,
                study_id=version.study_id,
                participant_id=participant_id,
                design_version=version.version,
                design_hash=version.hash,
                consent_hash=version.consent_hash,
                arms=list(given.arms),
                tasks=list(given.tasks),
                language=language if language in design.languages else design.languages[0],
                status="live",
                started_at=now,
                last_seen_at=now,
                photos_agreed=False,
                step=0,
                step_begun=False,
                panel=dict(panel),
                simulated=False,
                resume_hash=hash_of(token),
            )
        )
        db.flush()
        return Begun(session_id, token)


def _invitation(db: Session, link: LinkRow | None, study: StudyRow | None) -> Invitation | Refused:
    if link is None or study is None or study.state != "open" or link.disabled_at is not None:
        return Refused("unavailable")
    newest = newest_row(db, study.study_id)
    if newest is None:
        return Refused("unavailable")
    if link.kind == "single" and link.used_at is not None:
        return Refused("used")
    design = StudyDesign.model_validate(newest.design)
    return Invitation(study.study_id, newest.version, design, link.kind)  # type: ignore[arg-type]
