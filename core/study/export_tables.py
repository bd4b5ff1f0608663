"""The tables of a study: fixed columns, each described, and plain values."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.spreadsheet import Cell
from core.study.events import Event
from core.study.measures import TaskRun, Time, prompt_figures, task_runs
from core.study.questionnaires import QUESTIONNAIRES, Score, scores_of
from core.study.records import StudyData, devices_of

Kind = Literal["string", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column: its name, its type, what it holds and its unit, empty for none."""

    name: str
    kind: Kind
    description: str
    unit: str = ""


@dataclass(frozen=True)
class DataTable:
    """A table of a study.

    Attributes:
        name: small letters only.
        rows: one cell a column; None where there is no value.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def head(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


_SESSION: Final = Column("session_id", "string", "Random name of the session")
_PARTICIPANT: Final = Column("participant_id", "string", "Random code of the participant, never a name")
_STUDY: Final = Column("study_id", "string", "The study")
_TASK: Final = Column("task_id", "string", "The task's name in the design; empty outside of any")
_ARM: Final = Column("condition_id", "string", "The arm (condition) under which it happened")
_T_MS: Final = Column(
    "t_ms", "number", "Time since the session's start on a clock that never goes back", "ms"
)

_EVENT_COLUMNS: Final = (
    Column("schema_version", "integer", "Version of the event schema"),
    Column("event_id", "string", "Random name of the event"),
    _SESSION,
    _PARTICIPANT,
    _STUDY,
    Column("variant", "string", "The arm or preset in use"),
    Column("seq", "integer", "Place within the session's log, in the order of arrival"),
    Column("ts", "string", "When it happened, UTC, ISO 8601 with milliseconds"),
    _T_MS,
    Column("page", "string", "The page on which it happened"),
    _TASK,
    Column("attempt", "integer", "Which try at a photo it belongs to, from 1; 0 outside of any"),
    Column("event", "string", "What happened"),
    Column("source", "string", "live, camera or upload, where a photo is concerned"),
    Column("properties_json", "string", "What else is known of it, as a JSON object"),
)
_TASK_COLUMNS: Final = (
    _SESSION,
    _PARTICIPANT,
    _TASK,
    _ARM,
    Column("ending", "string", "completed, abandoned, withdrawn or unfinished"),
    Column("start_ms", "number", "When the task was started, on the session's clock", "ms"),
    Column("time_on_task_ms", "number", "From the start to the end of the task", "ms"),
    Column(
        "time_to_first_pass_ms",
        "number",
        "From the first camera picture to the first unlocked shutter, or under observation without one",
        "ms",
    ),
    Column(
        "time_to_first_pass_reached", "boolean", "Whether the shutter was ever unlocked; empty: no camera"
    ),
    Column(
        "time_to_accepted_photo_ms",
        "number",
        "From the task's start to the accepted photo, or under observation without one",
        "ms",
    ),
    Column("time_to_accepted_photo_reached", "boolean", "Whether a photo was accepted"),
    Column("accepted_by_override", "boolean", "Whether that photo did not pass and was used all the same"),
    Column("attempts", "integer", "Tries at a photo with the camera"),
    Column("presses", "integer", "How often the shutter was pressed, or pressed itself"),
    Column("refusals", "integer", "Photos that were taken and did not pass"),
    Column("retakes", "integer", "Photos that were accepted and taken anew"),
    Column("uploads", "integer", "Photos that were chosen as files"),
    Column("overrides", "integer", "Photos that were used although they did not pass"),
    Column("prompts", "integer", "Prompts about the picture that were shown"),
    Column("prompts_fixed", "integer", "Of these, how many went because what they asked for was done"),
    Column("prompt_dwell_ms", "number", "Time with a prompt about the picture on screen", "ms"),
    Column("prompts_reported_wrong", "integer", "How often a prompt was reported as wrong"),
    Column("help_opened", "integer", "How often help was opened"),
    Column("camera_failures", "integer", "How often the camera failed"),
    Column(
        "way_changed",
        "boolean",
        "Whether pictures were checked on the server although the arm says otherwise: this device could not",
    ),
)
_PROMPT_COLUMNS: Final = (
    _SESSION,
    _PARTICIPANT,
    _TASK,
    _ARM,
    Column("prompt", "string", "The coarse condition that the prompt was about"),
    Column("prompt_at_ms", "number", "When it was first shown, on the session's clock", "ms"),
    Column("dwell_ms", "number", "How long it was on screen", "ms"),
    Column(
        "time_to_fix_ms", "number", "From when it was shown to when it was done, or under observation", "ms"
    ),
    Column("time_to_fix_reached", "boolean", "Whether what it asked for was done"),
)
_ANSWER_COLUMNS: Final = (
    _SESSION,
    _PARTICIPANT,
    _TASK,
    _ARM,
    Column("questionnaire", "string", "sus, umux_lite, nasa_tlx, seq, screening or comments"),
    Column("item", "string", "The item's name"),
    Column("answer", "string", "The answer as given; empty where it was left out"),
    Column("answer_number", "number", "The answer as a number, where it is one"),
    Column("answered_at", "string", "When, ISO 8601 with its zone"),
)
_SCORE_COLUMNS: Final = (
    _SESSION,
    _PARTICIPANT,
    _TASK,
    _ARM,
    Column("questionnaire", "string", "sus, umux_lite, nasa_tlx, seq, screening or comments"),
    Column("score", "number", "The questionnaire's score; empty where an item is missing"),
    Column("items_answered", "integer", "How many of its items were answered"),
    Column("items", "integer", "How many items it has"),
)
_NOTE_COLUMNS: Final = (
    _SESSION,
    _PARTICIPANT,
    _T_MS,
    Column("note_kind", "string", "The kind of the note or mark"),
    Column("note", "string", "What the facilitator wrote"),
)
_PARTICIPANT_COLUMNS: Final = (
    _PARTICIPANT,
    _SESSION,
    Column("condition_order", "string", "The arms that were given, in their order, with > between them"),
    Column("task_order", "string", "The tasks in their order, with > between them"),
    Column(
        "status",
        "string",
        "live, completed, declined (or left before agreeing), screened_out, withdrawn or ended (broken off)",
    ),
    Column("language", "string", "The session's language, as a code"),
    Column("design_version", "integer", "Version of the design that this participant met"),
    Column("design_hash", "string", "SHA-256 of that design"),
    Column("consent_hash", "string", "SHA-256 of the consent text that this participant was shown"),
    Column("started_at", "string", "When the session began, ISO 8601 with its zone"),
    Column("ended_at", "string", "When it ended; empty while it goes on"),
    Column("simulated", "boolean", "Whether it was made up by a program"),
    Column("tasks_completed", "integer", "Tasks that were completed"),
    Column("tasks_started", "integer", "Tasks that were started"),
    Column("device", "string", "phone, tablet, computer or unknown, at the first task; empty before any"),
)


def tables_of(data: StudyData) -> tuple[DataTable, ...]:
    """Every table of a study: events, tasks, prompts, participants, answers, scores and notes."""
    who = {session.session_id: session.participant_id for session in data.sessions}
    runs = task_runs(data)
    return (
        DataTable("events", _EVENT_COLUMNS, tuple(map(_event, data.events))),
        DataTable("tasks", _TASK_COLUMNS, tuple(map(_task, runs))),
        DataTable("prompts", _PROMPT_COLUMNS, tuple(row for run in runs for row in _prompts(run))),
        DataTable("participants", _PARTICIPANT_COLUMNS, tuple(_participants(data, runs))),
        DataTable("answers", _ANSWER_COLUMNS, tuple(_answers(data, who))),
        DataTable("scores", _SCORE_COLUMNS, tuple(_score(one, who) for one in scores_of(data))),
        DataTable(
            "notes",
            _NOTE_COLUMNS,
            tuple((n.session_id, who.get(n.session_id), float(n.at_ms), n.kind, n.text) for n in data.notes),
        ),
    )


def _event(event: Event) -> tuple[Cell, ...]:
    properties = json.dumps(dict(event.properties), ensure_ascii=False, sort_keys=True, default=str)
    return (
        event.schema_version,
        event.event_id,
        event.session_id,
        event.participant_id,
        event.study_id,
        event.variant,
        event.seq,
        event.ts,
        event.t_ms,
        event.page,
        event.task_id,
        event.attempt,
        event.event,
        event.source,
        properties,
    )


def _pair(time: Time | None) -> tuple[Cell, Cell]:
    return (None, None) if time is None else (float(time.ms), time.reached)


def _task(run: TaskRun) -> tuple[Cell, ...]:
    figures = prompt_figures([run])
    return (
        run.session_id,
        run.participant_id,
        run.task,
        run.arm,
        run.ending,
        float(run.start_ms),
        float(run.duration.ms),
        *_pair(run.first_pass),
        *_pair(run.accepted),
        run.accepted_by_override,
        run.attempts,
        run.presses,
        run.refusals,
        run.retakes,
        run.uploads,
        run.overrides,
        sum(one.shown for one in figures),
        sum(one.fixed for one in figures),
        float(sum(one.dwell_ms for one in figures)),
        sum(run.reported_wrong.values()),
        run.help_opened,
        run.camera_failures,
        run.way_changed,
    )


def _prompts(run: TaskRun) -> list[tuple[Cell, ...]]:
    head = (run.session_id, run.participant_id, run.task, run.arm)
    return [
        (*head, one.key, float(one.at_ms), float(one.dwell_ms), *_pair(one.to_fix)) for one in run.episodes
    ]


def _participants(data: StudyData, runs: Sequence[TaskRun]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    devices = devices_of(data)
    for one in data.sessions:
        own = [run for run in runs if run.session_id == one.session_id]
        rows.append(
            (
                one.participant_id,
                one.session_id,
                ">".join(one.arms),
                ">".join(one.tasks),
                one.status,
                one.language,
                one.design_version,
                one.design_hash,
                one.consent_hash,
                one.started_at.isoformat(),
                one.ended_at.isoformat() if one.ended_at else None,
                one.simulated,
                sum(run.ending == "completed" for run in own),
                len(own),
                devices.get(one.session_id),
            )
        )
    return rows


def _answers(data: StudyData, who: dict[str, str]) -> list[tuple[Cell, ...]]:
    return [
        (
            one.session_id,
            who.get(one.session_id),
            one.task,
            one.arm,
            one.questionnaire,
            one.item,
            None if one.value is None else str(one.value),
            float(one.value) if isinstance(one.value, int | float) else None,
            one.answered_at.isoformat(),
        )
        for one in data.answers
    ]


def _score(one: Score, who: dict[str, str]) -> tuple[Cell, ...]:
    items = len(QUESTIONNAIRES[one.questionnaire].items)
    head = (one.session_id, who.get(one.session_id), one.task, one.arm)
    return (*head, one.questionnaire, one.value, one.answered, items)
