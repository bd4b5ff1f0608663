"""The tables of the study database. Answers and interaction log stand apart; nothing here holds a picture.

Each row that a participant leaves carries the hash of the consent text that they read.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC in every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """As it is stored; a time without a zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC; SQLite forgets the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Plain values as JSON in ASCII: whatever a person typed, every database stores it alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """As it is stored."""
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """As it was."""
        return None if value is None else json.loads(value)


class Table(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


_ID = String(64)
_SLUG = String(40)
_HASH = String(64)


def _of_study() -> Mapped[str]:
    return mapped_column(_ID, ForeignKey("studies.study_id", ondelete="CASCADE"), index=True)


def _of_session() -> Mapped[str]:
    return mapped_column(_ID, ForeignKey("sessions.session_id", ondelete="CASCADE"), index=True)


class StudyRow(Table):
    """A study: its draft, and whether people can take part."""

    __tablename__ = "studies"

    study_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    draft: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class DesignRow(Table):
    """A frozen version of a design; never changed."""

    __tablename__ = "designs"

    study_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("studies.study_id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    hash: Mapped[str] = mapped_column(_HASH)
    consent_hash: Mapped[str] = mapped_column(_HASH)
    design: Mapped[dict[str, Any]] = mapped_column(Json)
    frozen_at: Mapped[datetime] = mapped_column(Moment)


class LinkRow(Table):
    """A link to a study. ``token`` is kept for open ones alone, so that they can be shown again."""

    __tablename__ = "links"

    link_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    study_id: Mapped[str] = _of_study()
    kind: Mapped[str] = mapped_column(String(10))
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    token: Mapped[str | None] = mapped_column(String(100))
    arm: Mapped[str | None] = mapped_column(_SLUG)
    label: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Table):
    """A participant's session."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "study_id", "started_at"),)

    session_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    study_id: Mapped[str] = mapped_column(_ID, ForeignKey("studies.study_id", ondelete="CASCADE"))
    participant_id: Mapped[str] = mapped_column(_ID)
    design_version: Mapped[int] = mapped_column(Integer)
    design_hash: Mapped[str] = mapped_column(_HASH)
    consent_hash: Mapped[str] = mapped_column(_HASH)
    arms: Mapped[list[str]] = mapped_column(Json)
    tasks: Mapped[list[str]] = mapped_column(Json)
    language: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    consented_at: Mapped[datetime | None] = mapped_column(Moment)
    photos_agreed: Mapped[bool] = mapped_column()
    step: Mapped[int] = mapped_column(Integer)
    step_begun: Mapped[bool] = mapped_column()
    panel: Mapped[dict[str, str]] = mapped_column(Json)
    simulated: Mapped[bool] = mapped_column()
    resume_hash: Mapped[str | None] = mapped_column(_HASH, unique=True)


class EventRow(Table):
    """One event; numbered without a gap within its session."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("session_id", "event_id"),)

    session_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("sessions.session_id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(200))
    schema_version: Mapped[int] = mapped_column(Integer)
    consent_hash: Mapped[str] = mapped_column(_HASH)
    participant_id: Mapped[str | None] = mapped_column(_ID)
    variant: Mapped[str | None] = mapped_column(Text)
    ts: Mapped[str] = mapped_column(String(24))
    t_ms: Mapped[float] = mapped_column()
    page: Mapped[str] = mapped_column(Text)
    task_id: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(String(40))
    source: Mapped[str | None] = mapped_column(String(10))
    properties: Mapped[dict[str, Any]] = mapped_column(Json)


class AnswerRow(Table):
    """One answer to one item; answered again, the later answer stands."""

    __tablename__ = "answers"

    answer_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    session_id: Mapped[str] = _of_session()
    consent_hash: Mapped[str] = mapped_column(_HASH)
    task: Mapped[str | None] = mapped_column(_SLUG)
    arm: Mapped[str | None] = mapped_column(_SLUG)
    questionnaire: Mapped[str] = mapped_column(_SLUG)
    item: Mapped[str] = mapped_column(String(100))
    value: Mapped[Any] = mapped_column(Json)
    answered_at: Mapped[datetime] = mapped_column(Moment)


class NoteRow(Table):
    """A facilitator's note or mark."""

    __tablename__ = "notes"

    note_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    session_id: Mapped[str] = _of_session()
    consent_hash: Mapped[str] = mapped_column(_HASH)
    at_ms: Mapped[float] = mapped_column()
    kind: Mapped[str] = mapped_column(_SLUG)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(Moment)


class PhotoRow(Table):
    """A photo that was kept: the random name of its encrypted file."""

    __tablename__ = "photos"

    name: Mapped[str] = mapped_column(_ID, primary_key=True)
    session_id: Mapped[str] = _of_session()
    consent_hash: Mapped[str] = mapped_column(_HASH)
    task: Mapped[str | None] = mapped_column(_SLUG)
    arm: Mapped[str | None] = mapped_column(_SLUG)
    attempt: Mapped[int] = mapped_column(Integer)
    taken_at: Mapped[datetime] = mapped_column(Moment)


class TombstoneRow(Table):
    """That something was deleted; it says nothing of what."""

    __tablename__ = "tombstones"

    id_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    study_id: Mapped[str] = mapped_column(_ID, index=True)
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20))
    deleted_on: Mapped[str] = mapped_column(String(10))


class SettingRow(Table):
    """What the server remembers, such as the hash of the researchers' passphrase."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class TryRow(Table):
    """One try at the passphrase."""

    __tablename__ = "tries"

    try_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    caller: Mapped[str] = mapped_column(_HASH, index=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)


class RoleRow(Table):
    """What a researcher may do in a study."""

    __tablename__ = "roles"

    study_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("studies.study_id", ondelete="CASCADE"), primary_key=True
    )
    identity: Mapped[str] = mapped_column(String(320), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))


class AuditRow(Table):
    """Which researcher looked at or did what; it outlives the study."""

    __tablename__ = "audit"

    audit_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(Moment)
    identity: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(40))
    study_id: Mapped[str | None] = mapped_column(_ID, index=True)
    detail: Mapped[str] = mapped_column(Text)


class ApiTokenRow(Table):
    """A token that may read a study's results."""

    __tablename__ = "api_tokens"

    token_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    study_id: Mapped[str] = _of_study()
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    label: Mapped[str] = mapped_column(String(200))
    created_by: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
