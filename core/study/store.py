"""The study store: what the pages call. Every change is committed before it returns.

A study has a draft, which may be edited, and frozen versions, which may not. People take part in the newest
version; a session keeps the version that it began with. Tokens are random; the store keeps the hash of those
that open one participant's session. Whoever asks for a study that is unknown, or not open, gets one answer.
"""

import hashlib
import math
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, cast

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.i18n import _
from core.study.allocation import Given, Taken, allocate, open_arms
from core.study.database import Database
from core.study.design import SessionStatus, StudyDesign
from core.study.events import Event
from core.study.faults import StudyError
from core.study.photos import PhotoStore
from core.study.records import AnswerRecord, NoteRecord, SessionRecord, StudyData
from core.study.tables import (
    AnswerRow,
    DesignRow,
    EventRow,
    LinkRow,
    NoteRow,
    PhotoRow,
    RoleRow,
    SessionRow,
    StudyRow,
    TombstoneRow,
)

StudyState = Literal["draft", "open", "paused", "closed"]
LinkKind = Literal["open", "single"]
Refusal = Literal["unavailable", "full", "used"]
Reason = Literal["withdrawn", "asked", "expired", "researcher"]
_TOKEN_BYTES: Final = 32
_LONGEST_PANEL_VALUE: Final = 200
_CHUNK: Final = 500


@dataclass(frozen=True)
class Version:
    """A frozen version: what a preregistration names is its hash and date."""

    version: int
    hash: str
    frozen_at: datetime
    design: StudyDesign


@dataclass(frozen=True)
class StudySummary:
    """A study in a list.

    Attributes:
        version: the newest frozen version, 0 for none.
        draft_differs: whether the draft is another one than the newest version.
        sessions: how many there are, by their status.
    """

    study_id: str
    title: str
    state: StudyState
    version: int
    draft_differs: bool
    created_at: datetime
    sessions: Mapping[str, int]


@dataclass(frozen=True)
class Link:
    """A link to a study.

    Attributes:
        token: what stands in its address; "" for a single-use one, except where it was just made.
        label: the batch's name, or what the researcher wrote.
    """

    link_id: str
    kind: LinkKind
    token: str = field(repr=False)
    arm: str | None
    label: str
    created_at: datetime
    used_at: datetime | None = None
    disabled: bool = False


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


class StudyStore:
    """All studies of a server; any thread, and any server with the same database, may ask.

    Args:
        photos: where kept photos lie; without it none is kept.
        now: the time of day, with its zone.
    """

    def __init__(
        self,
        database: Database,
        photos: PhotoStore | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.photos = photos
        self.now = now

    # Studies.

    def create(self, design: StudyDesign, owner: str = "") -> str:
        """A new study with this draft; returns its random id.

        Args:
            owner: the researcher's identity, see :mod:`core.study.access`; nobody's by default.
        """
        study_id, now = secrets.token_hex(8), self.now()
        draft = design.model_dump(mode="json")
        with self.database.writing() as db:
            db.add(StudyRow(study_id=study_id, state="draft", draft=draft, created_at=now, changed_at=now))
            if owner:
                db.flush()
                db.add(RoleRow(study_id=study_id, identity=owner, role="owner"))
        return study_id

    def copy(self, study_id: str, owner: str = "") -> str:
        """A new study with another one's draft, and none of its sessions, links and people."""
        return self.create(self.draft(study_id), owner)

    def draft(self, study_id: str) -> StudyDesign:
        """The design as it is being written.

        Raises:
            StudyError: there is no such study, as everywhere here.
        """
        with self.database.reading() as db:
            return StudyDesign.model_validate(_study(db, study_id).draft)

    def edit(self, study_id: str, design: StudyDesign) -> None:
        """Replace the draft; frozen versions stay as they are, and so does what people are given."""
        with self.database.writing() as db:
            row = _locked(db, study_id)
            row.draft, row.changed_at = design.model_dump(mode="json"), self.now()

    def freeze(self, study_id: str) -> Version:
        """Make the draft the newest version, never changed again; the newest where it is the same already."""
        with self.database.writing() as db:
            return self._freeze(db, _locked(db, study_id))

    def versions(self, study_id: str) -> tuple[Version, ...]:
        """All frozen versions, the oldest first."""
        with self.database.reading() as db:
            _study(db, study_id)
            rows = db.scalars(select(DesignRow).filter_by(study_id=study_id).order_by(DesignRow.version))
            return tuple(map(_version, rows))

    def open(self, study_id: str) -> Version:
        """Let people take part, in the draft as it is now; returns its version."""
        with self.database.writing() as db:
            row = _locked(db, study_id)
            version = self._freeze(db, row)
            row.state, row.changed_at = "open", self.now()
            return version

    def pause(self, study_id: str) -> None:
        """No new sessions; those that began go on."""
        self._set_state(study_id, "paused")

    def close(self, study_id: str) -> None:
        """No new sessions for good, as a word to the researcher: it may be opened again."""
        self._set_state(study_id, "closed")

    def summary(self, study_id: str) -> StudySummary:
        """One study, as in the list."""
        with self.database.reading() as db:
            return _summary(db, _study(db, study_id))

    def studies(self) -> tuple[StudySummary, ...]:
        """All studies, the newest first; who may see which is :mod:`core.study.access`'s to say."""
        with self.database.reading() as db:
            rows = db.scalars(select(StudyRow).order_by(StudyRow.created_at.desc(), StudyRow.study_id)).all()
            return tuple(_summary(db, row) for row in rows)

    def _set_state(self, study_id: str, state: StudyState) -> None:
        with self.database.writing() as db:
            row = _locked(db, study_id)
            row.state, row.changed_at = state, self.now()

    def _freeze(self, db: Session, row: StudyRow) -> Version:
        design = StudyDesign.model_validate(row.draft)
        newest = _newest(db, row.study_id)
        if newest is not None and newest.hash == design.hash:
            return _version(newest)
        made = DesignRow(
            study_id=row.study_id,
            version=1 if newest is None else newest.version + 1,
            hash=design.hash,
            consent_hash=design.consent.hash,
            design=design.model_dump(mode="json"),
            frozen_at=self.now(),
        )
        db.add(made)
        db.flush()
        return _version(made)

    # Links.

    def add_links(
        self,
        study_id: str,
        kind: LinkKind = "open",
        *,
        count: int = 1,
        arm: str | None = None,
        label: str = "",
    ) -> tuple[Link, ...]:
        """New links; the tokens of single-use ones are here for the only time.

        Args:
            count: how many, 1 to 1000; more than one is a batch.
            arm: the arm that everybody with these links gets; by the design's allocation where None.
            label: the batch's name.
        """
        if not 1 <= count <= 1000:
            raise StudyError(_("Please ask for 1 to 1000 links at once."))
        now, made = self.now(), []
        with self.database.writing() as db:
            draft = StudyDesign.model_validate(_locked(db, study_id).draft)
            if arm is not None and arm not in {one.name for one in draft.arms}:
                raise StudyError(_("The study has no arm {name}.").format(name=arm))
            if arm is None and draft.allocation.kind == "fixed":
                raise StudyError(_("In this study each link names its arm. Please choose one."))
            for _turn in range(count):
                token = secrets.token_urlsafe(_TOKEN_BYTES)
                link_id = secrets.token_hex(8)
                db.add(
                    LinkRow(
                        link_id=link_id,
                        study_id=study_id,
                        kind=kind,
                        token_hash=hash_of(token),
                        token=token if kind == "open" else None,
                        arm=arm,
                        label=clean(label)[:200],
                        created_at=now,
                    )
                )
                made.append(Link(link_id, kind, token, arm, label, now))
        return tuple(made)

    def links(self, study_id: str) -> tuple[Link, ...]:
        """All links of a study, the oldest first."""
        with self.database.reading() as db:
            rows = db.scalars(
                select(LinkRow).filter_by(study_id=study_id).order_by(LinkRow.created_at, LinkRow.link_id)
            )
            return tuple(
                Link(
                    row.link_id,
                    row.kind,  # type: ignore[arg-type]
                    row.token or "",
                    row.arm,
                    row.label,
                    row.created_at,
                    row.used_at,
                    row.disabled_at is not None,
                )
                for row in rows
            )

    def disable_link(self, study_id: str, link_id: str) -> None:
        """From now on this link leads nowhere."""
        with self.database.writing() as db:
            db.execute(
                update(LinkRow)
                .where(LinkRow.link_id == link_id, LinkRow.study_id == study_id)
                .values(disabled_at=self.now())
            )

    # Taking part.

    def look(self, token: str) -> Invitation | Refused:
        """What a link leads to; nothing begins, and no single-use link burns."""
        with self.database.reading() as db:
            link = db.scalars(select(LinkRow).filter_by(token_hash=hash_of(token))).first()
            study = None if link is None else db.get(StudyRow, link.study_id)
            return self._invitation(db, link, study)

    def begin(
        self,
        token: str,
        language: str = "en",
        parameters: Mapping[str, str] | None = None,
    ) -> Begun | Refused:
        """The participant confirmed the start: allocate and burn a single-use link, at once or not at all.

        Args:
            language: one of the design's; else its first is taken.
            parameters: those of the link's address; kept are the ones that the design names.
        """
        now = self.now()
        with self.database.writing() as db:
            found = db.scalars(select(LinkRow.study_id).filter_by(token_hash=hash_of(token))).first()
            if found is None:
                return Refused("unavailable")
            # Whoever begins in this study at the same moment waits here.
            study = db.scalars(select(StudyRow).filter_by(study_id=found).with_for_update()).first()
            link = db.scalars(select(LinkRow).filter_by(token_hash=hash_of(token))).first()
            invitation = self._invitation(db, link, study)
            if isinstance(invitation, Refused):
                return invitation
            assert link is not None
            design = invitation.design
            if link.arm is not None and link.arm not in {arm.name for arm in design.arms}:
                return Refused("unavailable")  # a later version has not this arm
            if link.arm is None and design.allocation.kind == "fixed":
                return Refused("unavailable")
            given = allocate(design, _taken(db, found), now, link.arm)
            if given == "full":
                return Refused("full")
            if link.kind == "single":
                link.used_at = now
            version = _newest(db, found)
            assert version is not None
            kept = {name: (parameters or {}).get(name) for name in design.completion.passed_on}
            panel = {name: clean(value)[:_LONGEST_PANEL_VALUE] for name, value in kept.items() if value}
            return self._add_session(
                db,
                version,
                design,
                given,
                language=language,
                panel=panel,
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
            version = db.get_one(DesignRow, (row.study_id, row.design_version))
            design = StudyDesign.model_validate(version.design)
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
            row = _session(db, session_id)
            version = db.get_one(DesignRow, (row.study_id, row.design_version))
            return SessionState(
                _record(row),
                StudyDesign.model_validate(version.design),
                row.step,
                row.step_begun,
                row.consented_at is not None,
                row.photos_agreed,
            )

    def live_sessions(self, study_id: str) -> tuple[SessionRecord, ...]:
        """Sessions that are under way, for who watches; the one seen last comes first."""
        with self.database.reading() as db:
            rows = db.scalars(
                select(SessionRow)
                .filter_by(study_id=study_id, status="live")
                .order_by(SessionRow.last_seen_at.desc(), SessionRow.session_id)
            )
            return tuple(map(_record, rows))

    def consent(self, session_id: str, *, photos: bool) -> None:
        """The participant agrees, and to kept photos too where they said so and the design asks for it."""
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            version = db.get_one(DesignRow, (row.study_id, row.design_version))
            offered = StudyDesign.model_validate(version.design).consent.photos is not None
            row.consented_at, row.photos_agreed = self.now(), photos and offered

    def decline(self, session_id: str, event: Event) -> None:
        """The participant does not agree: what stays is that somebody declined, without who.

        Args:
            event: the row that says so; it is stored without the participant's code.
        """
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            if row.status != "live" or row.consented_at is not None:
                return
            row.participant_id, row.panel, row.resume_hash, row.language = "", {}, None, "en"
            row.status, row.ended_at, row.last_seen_at = "declined", self.now(), self.now()
            db.add(_event_row(row, event, 0))

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
            row = _locked_session(db, session_id)
            if row.consented_at is None:
                raise StudyError(_("This participant has not agreed yet."))
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
            seq = _next_seq(db, session_id)
            new = 0
            for event in events:
                if event.event_id not in known:
                    known.add(event.event_id)
                    db.add(_event_row(row, event, seq + new))
                    new += 1
            row.last_seen_at = max(row.last_seen_at, self.now())
            return new

    def events(self, session_id: str) -> tuple[Event, ...]:
        """A session's events, in the order of their ``seq``."""
        with self.database.reading() as db:
            return tuple(_events(db, EventRow.session_id == session_id, _session(db, session_id).study_id))

    def answer(self, session_id: str, answers: Sequence[AnswerRecord]) -> None:
        """Store answers; one to the same item of the same task and arm takes the earlier one's place."""
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            if row.consented_at is None:
                raise StudyError(_("This participant has not agreed yet."))
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
                db.add(
                    AnswerRow(
                        session_id=session_id,
                        consent_hash=row.consent_hash,
                        task=one.task,
                        arm=one.arm,
                        questionnaire=one.questionnaire,
                        item=one.item,
                        value=clean(one.value) if isinstance(one.value, str) else one.value,
                        answered_at=one.answered_at,
                    )
                )
            row.last_seen_at = max(row.last_seen_at, self.now())

    def move(self, session_id: str, step: int, *, begun: bool = False) -> None:
        """The participant is at this step now; ``begun`` says that its task was started."""
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            row.step, row.step_begun, row.last_seen_at = step, begun, max(row.last_seen_at, self.now())

    def seen(self, session_id: str) -> None:
        """The participant is still there: the session does not go stale."""
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            row.last_seen_at = max(row.last_seen_at, self.now())

    def end(self, session_id: str, status: SessionStatus) -> None:
        """A live session ends with this status; one that ended before stays as it is.

        Where that was the last place of all arms, counting completed sessions, the study is paused.
        """
        with self.database.writing() as db:
            row = _session(db, session_id)
            study = _locked(db, row.study_id)
            row = _locked_session(db, session_id)
            if row.status != "live":
                return
            row.status, row.ended_at, row.last_seen_at = status, self.now(), self.now()
            newest = _newest(db, study.study_id)
            if status != "completed" or study.state != "open" or newest is None:
                return
            db.flush()
            completed = [one for one in _taken(db, study.study_id) if one.status == "completed"]
            design = StudyDesign.model_validate(newest.design)
            left = open_arms(design, completed)
            within = design.allocation.kind == "latin_square"
            if not left or (within and len(left) < len(design.arms)):
                study.state, study.changed_at = "paused", self.now()

    def add_note(self, session_id: str, at_ms: float, kind: str, text: str, author: str) -> None:
        """A facilitator's note or mark."""
        with self.database.writing() as db:
            row = _locked_session(db, session_id)
            db.add(
                NoteRow(
                    session_id=session_id,
                    consent_hash=row.consent_hash,
                    at_ms=at_ms,
                    kind=kind,
                    text=clean(text),
                    author=author,
                    created_at=self.now(),
                )
            )

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
        if self.photos is None or not self.session(session_id).photos_agreed:
            return None
        name = self.photos.write(data)
        try:
            with self.database.writing() as db:
                row = _locked_session(db, session_id)
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

    # Results.

    def load(self, study_id: str) -> StudyData:
        """Everything that was recorded in a study, at one moment. Withdrawn sessions are left out."""
        with self.database.reading() as db:
            _study(db, study_id)
            return _load(db, study_id, SessionRow.study_id == study_id)

    def load_session(self, session_id: str) -> StudyData:
        """What one session left, in the same form: for the participant who asks for it."""
        with self.database.reading() as db:
            row = _session(db, session_id)
            return _load(db, row.study_id, SessionRow.session_id == session_id)

    def add_data(self, data: StudyData, owner: str = "") -> str:
        """A new study, closed, with designs and sessions from elsewhere, such as simulated ones; its new id.

        Sessions get new ids, so that the same data can be added twice.
        """
        if not data.designs:
            raise ValueError("data without a design")
        study_id = self.create(data.designs[max(data.designs)], owner)
        with self.database.writing() as db:
            _locked(db, study_id).state = "closed"
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
                db.add(_event_row(rows[event.session_id], event, seq[event.session_id]))
                seq[event.session_id] += 1
            for answer in data.answers:
                row = rows[answer.session_id]
                db.add(
                    AnswerRow(
                        session_id=row.session_id,
                        consent_hash=row.consent_hash,
                        task=answer.task,
                        arm=answer.arm,
                        questionnaire=answer.questionnaire,
                        item=answer.item,
                        value=answer.value,
                        answered_at=answer.answered_at,
                    )
                )
            for note in data.notes:
                row = rows[note.session_id]
                db.add(
                    NoteRow(
                        session_id=row.session_id,
                        consent_hash=row.consent_hash,
                        at_ms=note.at_ms,
                        kind=note.kind,
                        text=note.text,
                        author=note.author,
                        created_at=self.now(),
                    )
                )
        return study_id

    def _invitation(self, db: Session, link: LinkRow | None, study: StudyRow | None) -> Invitation | Refused:
        if link is None or study is None or study.state != "open" or link.disabled_at is not None:
            return Refused("unavailable")
        newest = _newest(db, study.study_id)
        if newest is None:
            return Refused("unavailable")
        if link.kind == "single" and link.used_at is not None:
            return Refused("used")
        design = StudyDesign.model_validate(newest.design)
        return Invitation(study.study_id, newest.version, design, link.kind)  # type: ignore[arg-type]

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
        now, token = self.now(), secrets.token_urlsafe(_TOKEN_BYTES)
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


def hash_of(token: str) -> str:
    """SHA-256 of a random token, as 64 hexadecimal digits: looked up in the database's index."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def clean(text: str) -> str:
    """A text as every database takes it: no NUL, no half of a pair of surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _plain(value: Any) -> Any:
    """Plain values as JSON has them, as in the file: what is no number is null."""
    if isinstance(value, Mapping):
        return {clean(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value))


def no_study() -> StudyError:
    """That there is no study of this id."""
    return StudyError(_("There is no such study. Please check its name and try again."))


def _study(db: Session, study_id: str) -> StudyRow:
    row = db.get(StudyRow, study_id)
    if row is None:
        raise no_study()
    return row


def _locked(db: Session, study_id: str) -> StudyRow:
    row = db.scalars(select(StudyRow).filter_by(study_id=study_id).with_for_update()).first()
    if row is None:
        raise no_study()
    return row


def no_session() -> StudyError:
    """That a session was deleted, or never was."""
    return StudyError(_("This session is not there any more."))


def _session(db: Session, session_id: str) -> SessionRow:
    row = db.get(SessionRow, session_id)
    if row is None:
        raise no_session()
    return row


def _locked_session(db: Session, session_id: str) -> SessionRow:
    row = db.scalars(
        select(SessionRow)
        .filter_by(session_id=session_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise no_session()
    return row


def _newest(db: Session, study_id: str) -> DesignRow | None:
    return db.scalars(
        select(DesignRow).filter_by(study_id=study_id).order_by(DesignRow.version.desc()).limit(1)
    ).first()


def _version(row: DesignRow) -> Version:
    return Version(row.version, row.hash, row.frozen_at, StudyDesign.model_validate(row.design))


def _summary(db: Session, row: StudyRow) -> StudySummary:
    newest, draft = _newest(db, row.study_id), StudyDesign.model_validate(row.draft)
    counts = db.execute(
        select(SessionRow.status, func.count()).filter_by(study_id=row.study_id).group_by(SessionRow.status)
    )
    return StudySummary(
        row.study_id,
        draft.title,
        row.state,  # type: ignore[arg-type]
        newest.version if newest else 0,
        newest is None or newest.hash != draft.hash,
        row.created_at,
        dict(counts.all()),
    )


def _taken(db: Session, study_id: str) -> list[Taken]:
    rows = db.execute(
        select(SessionRow.arms, SessionRow.tasks, SessionRow.status, SessionRow.last_seen_at).filter_by(
            study_id=study_id
        )
    )
    return [
        Taken(tuple(arms), tuple(tasks), cast(SessionStatus, status), seen)
        for arms, tasks, status, seen in rows
    ]


def _record(row: SessionRow) -> SessionRecord:
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


def _next_seq(db: Session, session_id: str) -> int:
    last = db.scalar(select(func.max(EventRow.seq)).filter_by(session_id=session_id))
    return 0 if last is None else last + 1


def _event_row(session: SessionRow, event: Event, seq: int) -> EventRow:
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
        properties=_plain(event.properties),
    )


def _events(db: Session, which: Any, study_id: str) -> Iterable[Event]:
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


def _load(db: Session, study_id: str, which: Any) -> StudyData:
    sessions = [
        _record(row)
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
        _events(db, EventRow.session_id.in_(inside), study_id), key=lambda one: place[one.session_id]
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
