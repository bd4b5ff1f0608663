"""What the browser sends: checked, each thing taken once, the photo judged again. No Streamlit here.

The browser is the person's own, and so is what it sends: it may be broken, forged, or sent twice, and its
clock may be wrong. Everything is checked before it is used. An event that cannot be used is left out alone; a
photo that cannot be used gets a sentence, and the browser need not keep it longer.
"""

import base64
import binascii
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.guidance.preset_schema import ShotName
from core.i18n import _
from core.photo import Photo, PhotoError, read_photo
from core.quality.verdict import Assessor, PassRule, Verdict
from core.serving import counters
from core.study.events import EventLog

_LOG: Final = logging.getLogger(__name__)
MOST_EVENTS: Final = 500
# In base64 this stays below the 16 MB that ASGI servers take in one message.
MOST_BYTES: Final = 10 * 1024 * 1024
_LONGEST_TEXT: Final = 80
_MOST_IN_ONE: Final = 24
_MONTH_MS: Final = 31 * 24 * 3600 * 1000.0
_JPEG: Final = b"\xff\xd8\xff"

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Visit = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Attempt = Annotated[int, Field(ge=0, le=100_000)]
# What a camera may bring about. Consent, sessions and questionnaires are for the server to note.
BrowserEvent = Literal[
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
    "prediction_shown",
    "gradcam_toggled",
    "note_added",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Row(_Part):
    """One event as the browser noted it.

    Attributes:
        t_ms: milliseconds since its page was loaded, on a clock that never goes back.
        ago_ms: how long before the message was sent it happened, by the clock of the day where its page was
            loaded anew since. Clocks are set: what cannot be is taken for the nearest that can, 0 to 31 days.
        visit: the visit that it belongs to, a log's ``session_id``, or the page's own name where no server
            told it one; None for the visit that brings it.
        visit_ms: milliseconds since that visit's start; taken for 0 where it is less.
    """

    id: Id
    name: BrowserEvent
    t_ms: Annotated[float, Field(ge=0)]
    ago_ms: float
    attempt: Attempt
    properties: dict[str, Any]
    visit: Visit | None = None
    visit_ms: float | None = None

    @field_validator("ago_ms", "visit_ms")
    @classmethod
    def _possible(cls, milliseconds: float | None) -> float | None:
        return None if milliseconds is None else min(max(milliseconds, 0.0), _MONTH_MS)

    @field_validator("properties")
    @classmethod
    def _plain(cls, properties: dict[str, Any]) -> dict[str, Any]:
        if not _is_plain(properties, depth=2):
            raise ValueError("plain values only: short text, numbers, and short lists or tables of these")
        return properties


class Still(_Part):
    """A photo that the person accepted.

    Attributes:
        jpeg: base64.
        overridden: whether the person uses it although it did not pass.
        practising: whether skin without a spot was let pass.
        shot: which photo of a series it is; None for a photo alone.
    """

    id: Id
    jpeg: Annotated[str, Field(max_length=MOST_BYTES * 4 // 3 + 4)]
    attempt: Attempt
    overridden: bool
    practising: bool
    shot: ShotName | None = None


class Message(_Part):
    """What comes in one go: events, oldest first, and a photo where one was accepted, yet to be checked."""

    id: Id
    events: Annotated[tuple[Any, ...], Field(max_length=MOST_EVENTS)]
    photo: Any = None


@dataclass(frozen=True)
class Answer:
    """That a message came; ``sentence`` says why something in it could not be used, else it is empty."""

    message: str
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class ReceivedPhoto:
    """A photo from the browser, judged here: this verdict is the one that counts.

    Attributes:
        sent_as: the id that the browser gave it; empty for one that was taken on the server.
    """

    photo: Photo
    verdict: Verdict
    overridden: bool
    shot: ShotName | None = None
    sent_as: str = ""


class Once:
    """Remembers ids, so that a thing that comes twice counts once; any thread may ask.

    Args:
        most: how many to remember; the oldest are forgotten.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def first(self, identity: str) -> bool:
        """Whether this id comes for the first time."""
        with self._lock:
            if identity in self._seen:
                return False
            self._seen[identity] = None
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
            return True

    def __contains__(self, identity: str) -> bool:
        """Whether this id came before."""
        with self._lock:
            return identity in self._seen


def handle_message(
    value: Any,
    *,
    log: EventLog,
    events_seen: Once,
    photos_seen: Once,
    assessor: Callable[[], Assessor],
    rule: Callable[[bool, ShotName | None], PassRule],
    log_of: Callable[[str], EventLog | None] = lambda _visit: None,
) -> tuple[Answer | None, ReceivedPhoto | None]:
    """Take in what the browser sent.

    Args:
        value: as it came; nothing of it is trusted.
        log: where the events of this visit go, with the ids that the browser gave them.
        events_seen, photos_seen: what came before: events on this server, photos in this visit.
        assessor: judges the photo; asked for only when there is one.
        rule: what passes, by whether skin without a spot may, and by the photo of a series. Whatever one of
            the two raises leaves the photo as one that has not come yet.
        log_of: the log of a visit where it is still there, by its ``session_id``; else ``log`` takes the
            event, which keeps its visit's id and time.

    Returns:
        the answer for the browser (None when the message is too broken to be answered), and a photo that came
        for the first time.
    """
    unreadable = _("What this page sent could not be read. Reload the page and take the photo again.")
    try:
        message = Message.model_validate(_as_tuples(value))
    except ValidationError:
        name = value.get("id") if isinstance(value, dict) else None
        if isinstance(name, str) and len(name) <= _LONGEST_TEXT:
            return Answer(name, unreadable), None
        return None, None
    for row in _rows(message.events):
        if events_seen.first(row.id):
            _note((log_of(row.visit) if row.visit is not None else None) or log, row)
    if message.photo is None:
        return Answer(message.id), None
    try:
        still = Still.model_validate(message.photo)
    except ValidationError:
        return Answer(message.id, unreadable), None
    if still.id in photos_seen:
        return Answer(message.id), None
    try:
        received = _judged(still, assessor(), rule)
    except PhotoError as error:
        photos_seen.first(still.id)
        counters.refused("device_still", error.code)
        properties = {"error": error.code}
        log.add("capture_blocked", page="practise", source="live", properties=properties)
        return Answer(message.id, error.message), None
    # Not before it was judged: where that is broken off, the photo comes again and must count.
    return Answer(message.id), received if photos_seen.first(still.id) else None


def _rows(events: Iterable[Any]) -> Iterator[Row]:
    """The events that can be used; one that cannot takes no other with it, and no photo."""
    for event in events:
        try:
            yield Row.model_validate(event)
        except ValidationError as error:
            wrong = [".".join(map(str, fault["loc"])) for fault in error.errors()]
            _LOG.warning("An event from a browser is left out for its %s", ", ".join(wrong[:4]))


def _as_tuples(value: Any) -> Any:
    # Strict models take JSON's lists only as such; this is where JSON becomes Python.
    if isinstance(value, dict) and isinstance(value.get("events"), list):
        return {**value, "events": tuple(value["events"])}
    return value


def _note(log: EventLog, row: Row) -> None:
    log.add(
        row.name,
        page="practise",
        source="live",
        attempt=row.attempt,
        # Durations within one page load are best taken from the browser's own clock.
        properties={**row.properties, "on_device": True, "page_ms": round(row.t_ms, 1)},
        ago_ms=row.ago_ms,
        at_ms=row.visit_ms,
        visit=row.visit,
        event_id=row.id,
    )


def _judged(
    still: Still, assessor: Assessor, rule: Callable[[bool, ShotName | None], PassRule]
) -> ReceivedPhoto:
    try:
        data = base64.b64decode(still.jpeg, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data.startswith(_JPEG):
        raise PhotoError(
            "not_an_image", _("The photo did not arrive as a picture. Please take another photo.")
        )
    photo = read_photo(data, "photo.jpg")
    passes = rule(still.practising, still.shot)
    verdict = assessor.assess(photo.small, passes, width=photo.width, height=photo.height)
    counters.judged("device_still", verdict)
    return ReceivedPhoto(photo, verdict, still.overridden and not verdict.passes, still.shot, still.id)


def _is_plain(value: Any, depth: int) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if value is None or isinstance(value, bool | int | float):
        return True
    if depth == 0 or not isinstance(value, dict | list) or len(value) > _MOST_IN_ONE:
        return False
    if isinstance(value, list):
        return all(_is_plain(part, depth - 1) for part in value)
    return all(
        isinstance(key, str) and len(key) <= _LONGEST_TEXT and _is_plain(one, depth - 1)
        for key, one in value.items()
    )
