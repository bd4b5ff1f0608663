"""What happened, when: one flat row an event, kept in memory, in a file or a study's store only with consent.

A log never fails whoever adds to it: what cannot be written stays in memory and is written with a later row.
"""

import logging
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION: Final = 1
_LOGGER: Final = logging.getLogger(__name__)

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
    "hint_reported_wrong",
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
Trouble = Literal["unsaved", "undeleted"]
FRAMES_KEPT_EVERY_MS: Final = 500.0
"""A study's store takes ``frame_assessed`` no closer together than this."""
_TRY_AGAIN_S: Final = 1.0


class Event(BaseModel):
    """One row of a session's log.

    Attributes:
        session_id: the visit that it belongs to. A row that waited in a browser while its visit was forgotten
            here keeps that visit's id, and stands in the log of the visit that brought it.
        seq: 0, 1, 2 ... within the log, in the order of arrival; ``t_ms`` tells the order of happening.
        ts: UTC, ISO 8601 with milliseconds.
        t_ms: milliseconds since its visit's start on a clock that never goes back; use this for durations.
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


Sink = Callable[[Sequence[Event]], object]
"""Takes rows of one session, in their order; they are safe once it returns. It may get a row twice."""


class EventLog:
    """The events of one session; any thread may add to it.

    Args:
        clock: seconds that never go back, such as ``time.monotonic``.
        now: the time of day, with its zone.
        new_id: a new identifier each call; random unless a test says otherwise.
        participant_id, study_id, variant: stand on every row.
        session_id: of a session that began before; a new one by default.
        begun_ms: how long ago that was.
        earlier: its events so far, where they are stored already.
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
        session_id: str | None = None,
        begun_ms: float = 0.0,
        earlier: Iterable[Event] = (),
    ) -> None:
        self._clock = clock
        self._now = now
        self._new_id = new_id
        self._start = clock() - begun_ms / 1000
        self._lock = threading.Lock()
        self._events: list[Event] = list(earlier)
        self._file: Path | None = None
        self._written = 0  # rows in the file
        self._size = 0  # its bytes
        self._leftover: Path | None = None  # a file that could not be deleted
        self._trouble: Trouble | None = None
        self._sink: Sink | None = None
        self._unsent: list[Event] = []  # rows that the sink is to have
        self._offered = len(self._events)  # rows that were looked at for that
        # Their times, sorted.
        self._frames_kept = sorted(row.t_ms for row in self._events if row.event == "frame_assessed")
        self._try_after = float("-inf")
        # From when on which task and arm were under way, the earliest first.
        self._tasks: list[tuple[float, str | None, str | None]] = []
        self.session_id = session_id or new_id()
        # Milliseconds to add to the times of logs that this one goes on from; see `absorb`.
        self._offsets = {self.session_id: 0.0}
        self._common: dict[str, Any] = {
            "participant_id": participant_id,
            "study_id": study_id,
            "variant": variant,
        }

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far, in the order of arrival."""
        with self._lock:
            return tuple(self._events)

    @property
    def file(self) -> Path | None:
        """Where the events are being written to, or None while they stay in memory."""
        return self._file

    @property
    def trouble(self) -> Trouble | None:
        """What the disk last refused: to save the rows, or to delete their file; it is tried again."""
        return self._trouble

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the session's start."""
        return (self._clock() - self._start) * 1000

    @property
    def attempts(self) -> int:
        """The highest number of an attempt so far; 0 before any."""
        return max((event.attempt for event in self.events if event.session_id == self.session_id), default=0)

    def knows(self, visit: str) -> bool:
        """Whether this is a visit's log: its own, or one that it absorbed."""
        return visit in self._offsets

    def use_variant(self, variant: str | None) -> None:
        """From now on rows carry this variant: another preset is in use."""
        with self._lock:
            self._common["variant"] = variant

    def use_task(self, task_id: str | None, variant: str | None, since_ms: float | None = None) -> None:
        """From a time on, rows that name no task carry this one, and this variant in place of the log's.

        What arrives late from a browser carries those of the time when it happened.

        Args:
            since_ms: on the session's clock, not before an earlier call's; now by default.
        """
        with self._lock:
            since = self.elapsed_ms if since_ms is None else since_ms
            # Rows are rounded to a tenth; the row that begins the task is one of it.
            self._tasks.append((round(since, 1), task_id, variant))

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
        at_ms: float | None = None,
        visit: str | None = None,
        event_id: str | None = None,
    ) -> Event:
        """Append one event, to the file or store too when there is consent. What refuses it raises nothing.

        Args:
            ago_ms: how long ago it happened, for one that waited in a browser. ``t_ms`` is 0 for what
                happened before this session; ``ts`` says when all the same.
            at_ms: when it happened on its visit's clock, where that is known; goes before ``ago_ms`` in
                ``t_ms``, and in ``ts`` where it is this visit's own.
            visit: the visit that it belongs to, where that may be another one; this one by default.
            event_id: the identifier that it has already; a new one by default.

        Raises:
            pydantic.ValidationError: an event name that the schema does not know.
        """
        with self._lock:
            elapsed = self.elapsed_ms
            session_id, common = self.session_id, self._common
            if visit is not None and not self.knows(visit):
                session_id, common = visit, {}
                t_ms = elapsed if at_ms is None else at_ms
            elif at_ms is not None:
                t_ms = min(elapsed, at_ms + self._offsets[visit or self.session_id])
                ago_ms = elapsed - max(0.0, t_ms)
            else:
                t_ms = elapsed - ago_ms
            t_ms = max(0.0, round(t_ms, 1))
            if common is self._common:
                under_way = [one for one in self._tasks if one[0] <= t_ms]
                if under_way:
                    _since, task, variant = under_way[-1]
                    task_id, common = task_id or task, common | {"variant": variant or common["variant"]}
            row = Event(
                event_id=event_id or self._new_id(),
                session_id=session_id,
                seq=len(self._events),
                ts=_timestamp(self._now() - timedelta(milliseconds=ago_ms)),
                t_ms=t_ms,
                page=page,
                task_id=task_id,
                attempt=attempt,
                event=event,
                source=source,
                properties=dict(properties or {}),
                **common,
            )
            self._events.append(row)
            self._save()
        return row

    def absorb(self, other: "EventLog") -> None:
        """Go on with the rows of a log that a page began before it told whose visit it belongs to.

        Its ``session_started`` is left out: the visit had begun. What a browser brings later for the other
        log is this one's, too. A second time does nothing.
        """
        if self.knows(other.session_id):
            return
        offset = (other._start - self._start) * 1000
        with self._lock:
            for name, more in other._offsets.items():
                self._offsets[name] = more + offset
            for row in other.events:
                own = row.session_id == other.session_id
                if own and row.event == "session_started":
                    continue
                moved = {"session_id": self.session_id, "t_ms": max(0.0, round(row.t_ms + offset, 1))}
                place = {"seq": len(self._events)} | (moved if own else {})
                self._events.append(row.model_copy(update=place))
            self._save()

    def to_jsonl(self) -> str:
        """All events, one JSON object a line."""
        return _lines(self.events)

    def keep_in(self, directory: Path) -> Path:
        """Consent was given: write all events so far, and each one to come, to a file in ``directory``.

        Raises:
            OSError: the directory cannot be written to; the log goes on in memory.
        """
        with self._lock:
            if self._file is None:
                directory.mkdir(parents=True, exist_ok=True)
                file = directory / f"{self.session_id}.jsonl"
                self._written = self._size = 0
                try:
                    self._write(file)
                except OSError:
                    self._leftover = file
                    raise
                self._file, self._leftover, self._trouble = file, None, None
            return self._file

    def forget_file(self) -> None:
        """Consent was withdrawn: remove the file and keep what follows in memory only.

        Where it cannot be removed :attr:`trouble` says so, and it is tried again with each event.
        """
        with self._lock:
            if self._file is not None:
                self._file, self._leftover = None, self._file
                self._trouble = None
                self._save()

    def keep_with(self, sink: Sink) -> None:
        """Consent was given: hand this session's rows so far, and each one to come, to a study's store.

        Rows of other visits stay in memory, and so do frames closer than :data:`FRAMES_KEPT_EVERY_MS` to one
        that was handed over. A sink that raises is tried again with a later row, not within the next second:
        :attr:`trouble` says so.
        """
        with self._lock:
            self._sink = sink
            self._save()

    def flush(self) -> bool:
        """Try at once what is not saved yet; whether nothing is left."""
        with self._lock:
            self._try_after = float("-inf")
            self._save()
            return self._trouble is None

    def forget_sink(self) -> None:
        """Consent was withdrawn, or the session ended: what follows stays in memory."""
        with self._lock:
            self._sink, self._unsent = None, []
            self._save()

    def _send(self) -> bool:
        """Hand rows to the sink; whether none is left."""
        if self._sink is None:
            return True
        self._unsent += [row for row in self._events[self._offered :] if self._is_for_sink(row)]
        self._offered = len(self._events)
        if not self._unsent:
            return True
        now = self._clock()
        if now < self._try_after:
            return False
        try:
            self._sink(tuple(self._unsent))
        except Exception:  # whatever ails a database, no page fails for it
            if self._trouble is None:
                _LOGGER.exception("The store refuses a session's events; they stay in memory")
            self._try_after = now + _TRY_AGAIN_S
            return False
        self._unsent = []
        return True

    def _is_for_sink(self, row: Event) -> bool:
        if row.session_id != self.session_id:
            return False
        if row.event != "frame_assessed":
            return True
        kept, place = self._frames_kept, bisect_left(self._frames_kept, row.t_ms)
        nearest = kept[max(0, place - 1) : place + 1]
        if any(abs(one - row.t_ms) < FRAMES_KEPT_EVERY_MS for one in nearest):
            return False
        insort(kept, row.t_ms)
        return True

    def _save(self) -> None:
        """Bring disk and store in step with the consent; what they refuse is left for the next time."""
        sent = self._send()
        self._save_file()
        if not sent and self._trouble is None:
            self._trouble = "unsaved"

    def _save_file(self) -> None:
        refused: Trouble | None = None
        try:
            if self._leftover is not None:
                refused = "undeleted"
                if self._leftover.parent.is_dir():
                    self._leftover.unlink(missing_ok=True)
                self._leftover = None
            if self._file is not None:
                refused = "unsaved"
                self._write(self._file)
        except OSError:
            if self._trouble is None:
                _LOGGER.exception("The disk refuses a session log; it goes on in memory")
            self._trouble = refused
        else:
            self._trouble = None

    def _write(self, file: Path) -> None:
        # Opened anew each time: a row is on disk once this returns, and no handle outlives the session.
        with file.open("ab") as stream:
            if stream.tell() < self._size:  # it was taken away, or emptied: all of it again
                self._written = self._size = 0
            # Half a row is left where a full disk ended the last one.
            stream.truncate(self._size)
            data = _lines(self._events[self._written :]).encode()
            stream.write(data)
        self._written, self._size = len(self._events), self._size + len(data)


def _lines(events: Iterable[Event]) -> str:
    return "".join(event.model_dump_json() + "\n" for event in events)


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
