"""Sessions that cannot be resumed any more: they end, whether or not their page was closed.

A page that is closed in the middle of a task reports nothing. Such a session belongs into the results, with
its times censored: left out, it would flatter the arm in which more people gave up.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from core.study.design import StudyDesign
from core.study.store.base import Base
from core.study.tables import DesignRow, SessionRow


def end_old(store: Base, study_id: str | None = None) -> int:
    """End live sessions that are older than their design lets anybody come back to; returns how many.

    One whose page is still open stays: it was seen within the design's ``stale_minutes``. One without consent
    is left as a declined one is: a row without a person.

    Args:
        study_id: of this study alone; of all by default.
    """
    now, live = store.now(), select(SessionRow).filter_by(status="live")
    if study_id is not None:
        live = live.filter_by(study_id=study_id)
    with store.database.reading() as db:
        rows = db.scalars(live).all()
        designs = {
            (row.study_id, row.version): StudyDesign.model_validate(row.design)
            for row in (
                db.get_one(DesignRow, key) for key in {(one.study_id, one.design_version) for one in rows}
            )
        }
        old = [one.session_id for one in rows if _is_old(one, designs[one.study_id, one.design_version], now)]
    if not old:
        return 0
    ended = 0
    with store.database.writing() as db:
        for row in db.scalars(select(SessionRow).where(SessionRow.session_id.in_(old)).with_for_update()):
            if row.status == "live" and _is_old(row, designs[row.study_id, row.design_version], now):
                end_unfinished(row)
                ended += 1
    return ended


def end_unfinished(row: SessionRow) -> None:
    """A session is over although its participant did not come to its end."""
    row.status, row.ended_at = "ended", row.last_seen_at
    if row.consented_at is None:
        forget_person(row)


def forget_person(row: SessionRow) -> None:
    """What stays of a session without consent: that there was one."""
    row.participant_id, row.panel, row.resume_hash, row.language = "", {}, None, "en"
    row.status = "declined"


def _is_old(row: SessionRow, design: StudyDesign, now: datetime) -> bool:
    return now - row.started_at > timedelta(hours=design.resume.most_hours) and now - row.last_seen_at > (
        timedelta(minutes=design.allocation.stale_minutes)
    )
