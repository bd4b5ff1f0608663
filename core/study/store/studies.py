"""Studies: drafts that may be edited, versions that may not, and whether people may take part."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.study.design import StudyDesign
from core.study.store.base import Base
from core.study.store.over import end_old
from core.study.store.rows import found, newest_row
from core.study.tables import DesignRow, RoleRow, SessionRow, StudyRow

StudyState = Literal["draft", "open", "paused", "closed"]


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


class Studies(Base):
    """The part of the store that holds studies and their versions."""

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
            return StudyDesign.model_validate(found(db, StudyRow, study_id).draft)

    def edit(self, study_id: str, design: StudyDesign) -> None:
        """Replace the draft; frozen versions stay as they are, and so does what people are given."""
        with self.database.writing() as db:
            row = found(db, StudyRow, study_id, lock=True)
            row.draft, row.changed_at = design.model_dump(mode="json"), self.now()

    def freeze(self, study_id: str) -> Version:
        """Make the draft the newest version, never changed again; the newest where it is the same already."""
        with self.database.writing() as db:
            return self._freeze(db, found(db, StudyRow, study_id, lock=True))

    def versions(self, study_id: str) -> tuple[Version, ...]:
        """All frozen versions, the oldest first."""
        with self.database.reading() as db:
            found(db, StudyRow, study_id)
            rows = db.scalars(select(DesignRow).filter_by(study_id=study_id).order_by(DesignRow.version))
            return tuple(map(_version, rows))

    def open(self, study_id: str) -> Version:
        """Let people take part, in the draft as it is now; returns its version."""
        with self.database.writing() as db:
            row = found(db, StudyRow, study_id, lock=True)
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
        end_old(self, study_id)
        with self.database.reading() as db:
            return _summary(db, found(db, StudyRow, study_id))

    def studies(self) -> tuple[StudySummary, ...]:
        """All studies, the newest first; who may see which is :mod:`core.study.access`'s to say."""
        end_old(self)
        with self.database.reading() as db:
            rows = db.scalars(select(StudyRow).order_by(StudyRow.created_at.desc(), StudyRow.study_id)).all()
            return tuple(_summary(db, row) for row in rows)

    def _set_state(self, study_id: str, state: StudyState) -> None:
        with self.database.writing() as db:
            row = found(db, StudyRow, study_id, lock=True)
            row.state, row.changed_at = state, self.now()

    def _freeze(self, db: Session, row: StudyRow) -> Version:
        design = StudyDesign.model_validate(row.draft)
        newest = newest_row(db, row.study_id)
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


def _version(row: DesignRow) -> Version:
    return Version(row.version, row.hash, row.frozen_at, StudyDesign.model_validate(row.design))


def _summary(db: Session, row: StudyRow) -> StudySummary:
    newest, draft = newest_row(db, row.study_id), StudyDesign.model_validate(row.draft)
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
