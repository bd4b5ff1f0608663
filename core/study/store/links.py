"""Links: made, listed, and disabled again."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update

from core.i18n import _
from core.study.design import StudyDesign
from core.study.faults import StudyError
from core.study.store.base import Base
from core.study.store.rows import found
from core.study.store.values import TOKEN_BYTES, clean, hash_of
from core.study.tables import LinkRow, StudyRow

LinkKind = Literal["open", "single"]


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


class Links(Base):
    """The part of the store that holds the links to studies."""

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
            draft = StudyDesign.model_validate(found(db, StudyRow, study_id, lock=True).draft)
            if arm is not None and arm not in {one.name for one in draft.arms}:
                raise StudyError(_("The study has no arm {name}.").format(name=arm))
            if arm is None and draft.allocation.kind == "fixed":
                raise StudyError(_("In this study each link names its arm. Please choose one."))
            for _turn in range(count):
                token = secrets.token_urlsafe(TOKEN_BYTES)
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
