"""What a study's sessions leave behind, as the measures, the exports and the results page read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.study.design import SessionStatus, StudyDesign
from core.study.events import Event


@dataclass(frozen=True)
class SessionRecord:
    """One participant's session.

    Attributes:
        session_id: random, the same as in its events.
        participant_id: a random code, never a name.
        design_version, design_hash, consent_hash: of what this participant met.
        arms: the arms given, in their order; one between subjects.
        tasks: the tasks' names, in their order.
        started_at, last_seen_at, ended_at: with their zone; ``ended_at`` is None while it is live.
        panel: parameters that a recruiting panel's link gave.
        simulated: whether it was made by the demo or the simulation.
    """

    session_id: str
    participant_id: str
    study_id: str
    design_version: int
    design_hash: str
    consent_hash: str
    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    language: str
    status: SessionStatus
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    panel: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True)
class AnswerRecord:
    """One answer to one item, apart from the interaction log.

    Attributes:
        task: the task that it followed, None for what is asked once.
        arm: the arm that it is about; None for what is asked before any.
        questionnaire: a name of :mod:`core.study.questionnaires`, ``screening`` or ``comments``.
        value: a number on the item's scale, a choice's name or a text; None where it was left out.
    """

    session_id: str
    task: str | None
    arm: str | None
    questionnaire: str
    item: str
    value: int | float | str | None
    answered_at: datetime


@dataclass(frozen=True)
class NoteRecord:
    """A facilitator's note or mark, with the time on the session's clock."""

    session_id: str
    at_ms: float
    kind: str
    text: str
    author: str


@dataclass(frozen=True)
class StudyData:
    """Everything that was recorded in one study, in the order of the sessions' starts.

    Attributes:
        designs: each version of the design that a session met, by its version.
        events: the events of all sessions; each session's are in the order of their ``seq``.
        deleted: how many sessions were deleted, by the reason: ``withdrawn``, ``asked`` (by the participant),
            ``expired`` or ``researcher``. Nothing else of them is left.
    """

    study_id: str
    designs: Mapping[int, StudyDesign]
    sessions: tuple[SessionRecord, ...]
    events: tuple[Event, ...]
    answers: tuple[AnswerRecord, ...]
    notes: tuple[NoteRecord, ...] = ()
    deleted: Mapping[str, int] = field(default_factory=dict)


def devices_of(data: StudyData) -> dict[str, str]:
    """The kind of device of each session that began a task and reported it, by the session."""
    return {
        event.session_id: str(event.properties["device"])
        for event in reversed(data.events)
        if event.event == "task_started" and "device" in event.properties
    }
