"""A simulated study to look at: every part of the results page has something to show."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

import numpy as np

from core.study.behaviour import BEGIN, Behaviour, Visit, visit
from core.study.design import Arm, Consent, SessionStatus, StudyDesign, Task
from core.study.events import Event
from core.study.questionnaires import QUESTIONNAIRES, Questionnaire
from core.study.records import AnswerRecord, NoteRecord, SessionRecord, StudyData

STUDY_ID: Final = "demo"
_SEED: Final = 20261102
_PARTICIPANTS: Final = 40
_COMMENTS: Final = (
    "The arrow helped me most.",
    "It kept asking me to hold still.",
    "I did not know how close to go at first.",
    "Quick and clear.",
    "Holding the phone over my own arm was awkward.",
)
DESIGN: Final = StudyDesign(
    title="Demo: do spoken directions help? (simulated data)",
    consent=Consent(text={"en": "This is a demonstration. All participants are simulated."}),
    arms=(Arm(name="plain", preset="quiet"), Arm(name="coached", preset="coach")),
    tasks=(
        Task(
            name="forearm",
            title={"en": "A spot on your forearm"},
            scenario={
                "en": "You noticed a spot on your forearm. Take a photo that you would send to a doctor."
            },
        ),
        Task(
            name="drawing",
            title={"en": "A spot on a printed sheet"},
            scenario={"en": "Take a photo of the spot on the sheet in front of you."},
            subject="drawing",
        ),
    ),
    after=("sus", "umux_lite", "nasa_tlx"),
    wrong_hint_button=True,
    plan="Time to accepted photo, coached against plain, log-rank test, two-sided at 0.05.",
)


def demo_study() -> StudyData:
    """Two arms of 20 simulated participants, and a few who declined, left or withdrew. The same each time."""
    rng = np.random.default_rng(_SEED)
    sessions: list[SessionRecord] = []
    events: list[Event] = []
    answers: list[AnswerRecord] = []
    for place in range(_PARTICIPANTS + 3):
        arm = DESIGN.arms[place % 2].name
        status: SessionStatus = (
            "completed"
            if place < _PARTICIPANTS
            else ("declined", "declined", "withdrawn")[place - _PARTICIPANTS]
        )
        session = _session(place, arm, status)
        behaviour = Behaviour(
            fix_s=11.0 if arm == "plain" else 6.0,
            patience_s=170.0,
            wrong=0.05 if arm == "plain" else 0.02,
        )
        found = visit(rng, session, DESIGN, behaviour, frames=True)
        if status != "completed":
            sessions.append(session)
            continue  # who declines or withdraws leaves no rows
        if place == 17:  # closed the page in the second task
            cut = next(i for i, row in enumerate(found.events) if row.task_id == "drawing") + 9
            found = Visit(found.events[:cut], found.slowness, (), found.events[cut].t_ms / 60_000)
            session = _session(place, arm, "ended")
        else:
            answers += _answers(rng, session, found)
        sessions.append(_ended(session, found.minutes))
        events += found.events
    noted = sessions[4]
    start = next(
        row.t_ms for row in events if row.session_id == noted.session_id and row.event == "task_started"
    )
    note = NoteRecord(noted.session_id, start + 21_000, "problem", "Covers the lens with a finger.", "demo")
    return StudyData(STUDY_ID, {1: DESIGN}, tuple(sessions), tuple(events), tuple(answers), (note,))


def _session(place: int, arm: str, status: SessionStatus) -> SessionRecord:
    started = BEGIN + timedelta(minutes=25 * place)
    return SessionRecord(
        session_id=f"demo{place:028d}",
        participant_id=f"P{place + 1:03d}",
        study_id=STUDY_ID,
        design_version=1,
        design_hash=DESIGN.hash,
        consent_hash=DESIGN.consent.hash,
        arms=(arm,),
        tasks=tuple(task.name for task in DESIGN.tasks),
        language="en",
        status=status,
        started_at=started,
        last_seen_at=started,
        ended_at=started,
        simulated=True,
    )


def _ended(session: SessionRecord, minutes: float) -> SessionRecord:
    end = session.started_at + timedelta(minutes=round(minutes, 3))
    return replace(session, last_seen_at=end, ended_at=end)


def _answers(rng: np.random.Generator, session: SessionRecord, found: Visit) -> list[AnswerRecord]:
    """Answers that go with how the session went: slow people and those who gave up like it less."""
    liking = 0.78 - 0.22 * (found.slowness - 1) - 0.12 * len(found.abandoned)
    liking += 0.06 if session.arms[0] == "coached" else -0.06
    rows: list[AnswerRecord] = []

    def add(questionnaire: str, item: str, value: int | str | None, task: str | None = None) -> None:
        at = session.started_at + timedelta(minutes=found.minutes)
        rows.append(AnswerRecord(session.session_id, task, session.arms[0], questionnaire, item, value, at))

    for task in DESIGN.tasks:
        for name in task.after:
            eased = liking - (0.3 if task.name in found.abandoned else 0)
            _fill(rng, QUESTIONNAIRES[name], eased, partial(add, task=task.name))
    for name in DESIGN.after:
        # One person leaves an item out: its score is incomplete and not imputed.
        skipped = "sus_7" if session.participant_id == "P012" else None
        _fill(rng, QUESTIONNAIRES[name], liking, add, skipped)
    if rng.random() < 0.3:
        add("comments", "comment", str(rng.choice(_COMMENTS)))
    return rows


def _fill(
    rng: np.random.Generator,
    questionnaire: Questionnaire,
    liking: float,
    add: Callable[[str, str, int | None], None],
    skipped: str | None = None,
) -> None:
    steps = (questionnaire.highest - questionnaire.lowest) // questionnaire.step
    for item in questionnaire.items:
        good = min(max(float(rng.normal(liking, 0.13)), 0.0), 1.0)
        place = round(steps * (1 - good if item.reversed else good))
        value = None if item.name == skipped else questionnaire.lowest + questionnaire.step * place
        add(questionnaire.name, item.name, value)
