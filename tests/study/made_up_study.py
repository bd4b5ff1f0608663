"""Sessions and logs written down in a test, as short as can be."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.study.design import Arm, Consent, StudyDesign, Task
from core.study.events import Event
from core.study.records import AnswerRecord, SessionRecord, StudyData
from core.study.store import StudyStore
from core.study.store.rows import answer_row, event_row, found
from core.study.tables import DesignRow, SessionRow, StudyRow

BEGIN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
Row = tuple[Any, ...]


def made_up_design(**changes: Any) -> StudyDesign:
    whole = {
        "title": "Prompts",
        "consent": Consent(text={"en": "I agree."}),
        "arms": (Arm(name="plain", preset="quiet"), Arm(name="coached", preset="coach")),
        "tasks": (Task(name="arm_spot", title={"en": "Spot"}, scenario={"en": "Take a photo."}),),
    }
    return StudyDesign(**(whole | changes))


def made_up_session(name: str = "s1", **changes: Any) -> SessionRecord:
    whole = {
        "session_id": name,
        "participant_id": f"p-{name}",
        "study_id": "study",
        "design_version": 1,
        "design_hash": "d" * 64,
        "consent_hash": "c" * 64,
        "arms": ("coached",),
        "tasks": ("arm_spot",),
        "language": "en",
        "status": "completed",
        "started_at": BEGIN,
        "last_seen_at": BEGIN + timedelta(minutes=5),
        "ended_at": BEGIN + timedelta(minutes=5),
    }
    return SessionRecord(**(whole | changes))


def made_up_events(rows: Sequence[Row], session: str = "s1", **common: Any) -> tuple[Event, ...]:
    """One event a row: milliseconds, name, properties (optional), other columns (optional)."""
    events = []
    for seq, (t_ms, name, *more) in enumerate(rows):
        properties, others = (*more, {}, {})[:2]
        moment = BEGIN + timedelta(milliseconds=t_ms)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
        whole = {"event_id": f"{session}-{seq}", "session_id": session, "seq": seq, "ts": stamp, "t_ms": t_ms}
        task = {"task_id": "arm_spot"} if name.startswith("task_") else {}
        events.append(Event(**(whole | task | common | others), event=name, properties=properties))
    return tuple(events)


def made_up_data(
    sessions: Sequence[SessionRecord],
    events: Sequence[Event] = (),
    answers: Sequence[AnswerRecord] = (),
    design: StudyDesign | None = None,
) -> StudyData:
    return StudyData("study", {1: design or made_up_design()}, tuple(sessions), tuple(events), tuple(answers))


def answer(
    item: str, value: Any, questionnaire: str = "sus", session: str = "s1", **changes: Any
) -> AnswerRecord:
    whole = {
        "session_id": session,
        "task": None,
        "arm": "coached",
        "questionnaire": questionnaire,
        "item": item,
        "value": value,
        "answered_at": BEGIN,
    }
    return AnswerRecord(**(whole | changes))


def add_data(store: StudyStore, data: StudyData) -> str:
    """A new study, closed, with designs and sessions that were made up; its new id."""
    study_id = store.create(data.designs[max(data.designs)])
    with store.database.writing() as db:
        found(db, StudyRow, study_id, lock=True).state = "closed"
        for number, design in data.designs.items():
            row = {"version": number, "hash": design.hash, "consent_hash": design.consent.hash}
            kept = design.model_dump(mode="json")
            db.add(DesignRow(study_id=study_id, design=kept, frozen_at=store.now(), **row))
        rows = {}
        for one in data.sessions:
            taken = {"photos_agreed": False, "step": 0, "step_begun": False, "resume_hash": None}
            whole = vars(one) | {"session_id": secrets.token_hex(16), "study_id": study_id}
            whole |= {"arms": list(one.arms), "tasks": list(one.tasks), "panel": dict(one.panel)}
            consented = None if one.status == "declined" else one.started_at
            rows[one.session_id] = SessionRow(consented_at=consented, **whole, **taken)
        db.add_all(rows.values())
        db.flush()
        seq: Counter[str] = Counter()
        for event in data.events:
            db.add(event_row(rows[event.session_id], event, seq[event.session_id]))
            seq[event.session_id] += 1
        db.add_all(answer_row(rows[one.session_id], one) for one in data.answers)
    return study_id
