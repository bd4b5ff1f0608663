"""What happened, when: one flat row an event, kept in memory, on disk only with consent."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Final = 1

EventName = Literal[
    "session_started",
    "consent_given",
    "consent_declined",
    "consent_withdrawn",
    "task_started",
    "camera_started",
    "camera_failed",
    "frame_assessed",
    "prompt_shown",
    "prompt_cleared",
    "gate_opened",
    "gate_closed",
    "capture_attempted",
    "capture_blocked",
    "photo_captured",
    "photo_retaken",
    "photo_accepted",
    "gate_overridden",
    "upload_assessed",
    "help_opened",
    "prediction_shown",
    "gradcam_toggled",
    "questionnaire_submitted",
    "task_completed",
    "task_abandoned",
    "data_exported",
    "data_deleted",
    "session_ended",
    "note_added",
]
EVENT_NAMES: Final = get_args(EventName)
Source = Literal["live", "camera", "upload"]


class Event(BaseModel):
    """One row of a session's log.

    Attributes:
        seq: 0, 1, 2 ... within the session.
        ts: UTC, ISO 8601 with milliseconds.
        t_ms: milliseconds since the session's start on a clock that never goes back; use this for durations.
        attempt: which try at a photo this belongs to, from 1; 0 outside of any.
        properties: what else is known, plain values only; never pixels, names or addresses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    event_id: str
    session_id: str
    participant_id: str | None = None
    study_id: str | None = None
    variant: str | None = None
    seq: Annotated[int, Field(ge=0)]
    ts: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    t_ms: Annotated[float, Field(ge=0)]
    page: str = ""
    task_id: str | None = None
    attempt: Annotated[int, Field(ge=0)] = 0
    event: EventName
    source: Source | None = None
    properties: Mapping[str, Any] = Field(default_factory=dict)


class EventLog:
    """The events of one session; any thread may add to it.

    Args:
        clock: seconds that never go back, such as ``time.monotonic``.
        now: the time of day, with its zone.
        new_id: a new identifier each call; random unless a test says otherwise.
        participant_id, study_id, variant: stand on every row.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: uuid4().hex,
        *,
        participant_id: str | None = None,
        study_id: str | None = None,
        variant: str | None = None,
    ) -> None:
        self._clock = clock
        self._now = now
        self._new_id = new_id
        self._start = clock()
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._file: Path | None = None
        self.session_id = new_id()
        self._common = {"participant_id": participant_id, "study_id": study_id, "variant": variant}

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far, oldest first."""
        with self._lock:
            return tuple(self._events)

    @property
    def file(self) -> Path | None:
        """Where the events are being written to, or None while they stay in memory."""
        return self._file

    def use_variant(self, variant: str | None) -> None:
        """From now on rows carry this variant: another preset is in use."""
        with self._lock:
            self._common["variant"] = variant

    def add(
        self,
        event: EventName,
        *,
        page: str = "",
        source: Source | None = None,
        attempt: int = 0,
        task_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
        ago_ms: float = 0.0,
        event_id: str | None = None,
    ) -> Event:
        """Append one event, to the file too when there is consent.

        Args:
            ago_ms: how long ago it happened, for one that waited in a browser. ``t_ms`` is 0 for what
                happened before this session; ``ts`` says when all the same.
            event_id: the identifier that it has already; a new one by default.

        Raises:
            pydantic.ValidationError: an event name that the schema does not know.
        """
        with self._lock:
            row = Event(
                event_id=event_id or self._new_id(),
                session_id=self.session_id,
                seq=len(self._events),
                ts=_timestamp(self._now() - timedelta(milliseconds=ago_ms)),
                t_ms=max(0.0, round((self._clock() - self._start) * 1000 - ago_ms, 1)),
                page=page,
                task_id=task_id,
                attempt=attempt,
                event=event,
                source=source,
                properties=dict(properties or {}),
                **self._common,
            )
            self._events.append(row)
            if self._file is not None:
                _append(self._file, row.model_dump_json() + "\n")
        return row

    def to_jsonl(self) -> str:
        """All events, one JSON object a line."""
        return "".join(event.model_dump_json() + "\n" for event in self.events)

    def keep_in(self, directory: Path) -> Path:
        """Consent was given: write all events so far, and each one to come, to a file in ``directory``.

        Raises:
            OSError: the directory cannot be written to; the log goes on in memory.
        """
        with self._lock:
            if self._file is None:
                directory.mkdir(parents=True, exist_ok=True)
                file = directory / f"{self.session_id}.jsonl"
                _append(file, "".join(event.model_dump_json() + "\n" for event in self._events))
                self._file = file
            return self._file

    def forget_file(self) -> None:
        """Consent was withdrawn: remove the file and keep what follows in memory only."""
        with self._lock:
            if self._file is not None:
                self._file.unlink(missing_ok=True)
                self._file = None


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _append(file: Path, text: str) -> None:
    # Opened anew each time: a row is on disk once this returns, and no handle outlives the session.
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text)
