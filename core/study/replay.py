"""What was on screen at a moment of a session, read off its log: for a replay with a scrubber."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.study.events import Event

_OPEN: Final = "gate_opened"


@dataclass(frozen=True)
class ScreenState:
    """What a participant had before them.

    Attributes:
        t_ms: the moment, on the session's clock.
        task: the task that was going on, None between tasks.
        camera: whether camera pictures came.
        prompt: the key of the prompt on screen; None for none. ``prompt_since_ms`` is since when.
        raw: what the newest picture was found to be before smoothing; None for not known.
        flagged: faults of the newest sampled frame; ``passes`` whether it would pass, None without one.
        shutter_open: whether the shutter was unlocked.
        attempt: the try at a photo, from 1; 0 before any.
        photos, refused: how many were taken and how many of them did not pass, in this task.
        accepted: whether a photo was accepted in this task.
        last: the newest event, None before the first.
    """

    t_ms: float
    task: str | None = None
    camera: bool = False
    prompt: str | None = None
    prompt_since_ms: float | None = None
    raw: str | None = None
    flagged: tuple[str, ...] = ()
    passes: bool | None = None
    shutter_open: bool = False
    attempt: int = 0
    photos: int = 0
    refused: int = 0
    accepted: bool = False
    last: Event | None = None


def state_at(events: Iterable[Event], t_ms: float) -> ScreenState:
    """The screen of one session at a moment; events of that very moment have happened.

    Args:
        events: of one session, in any order.
        t_ms: milliseconds on the session's clock.
    """
    state = ScreenState(t_ms)
    for event in in_order(event for event in events if event.t_ms <= t_ms):
        state = _after(state, event)
    return state


def in_order(events: Iterable[Event]) -> Sequence[Event]:
    """Events in the order in which they happened."""
    return sorted(events, key=lambda event: (event.t_ms, event.seq))


def _after(state: ScreenState, event: Event) -> ScreenState:
    properties, name = event.properties, event.event
    state = replace(state, last=event, attempt=max(state.attempt, event.attempt))
    if name == "task_started":
        return ScreenState(state.t_ms, task=event.task_id, attempt=state.attempt, last=event)
    if name in ("task_completed", "task_abandoned", "session_ended"):
        return ScreenState(state.t_ms, attempt=state.attempt, last=event)
    if name == "camera_started":
        return replace(state, camera=True)
    if name == "camera_failed":
        return replace(state, camera=False, shutter_open=False)
    if name == "prompt_shown":
        raw = str(properties.get("raw_key") or properties.get("key"))
        return replace(
            state, prompt=str(properties.get("key")), prompt_since_ms=event.t_ms, raw=raw, camera=True
        )
    if name == "prompt_cleared" and properties.get("key") == state.prompt:
        return replace(state, prompt=None, prompt_since_ms=None)
    if name == "frame_assessed":
        flagged = tuple(map(str, properties.get("flagged", ())))
        return replace(state, camera=True, flagged=flagged, passes=properties.get("passes"))
    if name in (_OPEN, "gate_closed"):
        return replace(state, shutter_open=name == _OPEN)
    if name == "photo_captured":
        return replace(state, photos=state.photos + 1)
    if name == "capture_blocked" and properties.get("reason") == "refused":
        return replace(state, refused=state.refused + 1)
    if name == "photo_accepted":
        return replace(state, accepted=True)
    if name == "photo_retaken":
        return replace(state, accepted=False)
    return state
