"""Raw conditions to replay: read from a session's log, or made up with the network's measured errors."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, Field

from core.errors import UserFacingError
from core.guidance.conditions import KEYS
from core.guidance.hint import condition
from core.guidance.preset import Preset
from core.i18n import _
from core.quality.verdict import Verdict

# How often a frame is called what it is: recall on the benchmark at each explanation's best threshold, of no
# skin, and the share of good photos that pass (docs/results-2026-11-21.md).
RIGHT: Final = {
    "bad_framing": 0.58, "too_far_away": 0.54, "bad_light": 0.80, "blurry": 0.79, "low_resolution": 0.77,
    "no_skin": 0.94, "ready": 0.85,
}  # fmt: skip
# What a frame is called instead: false alarms by 1 - specificity; a fault is mostly overlooked.
_ALARM: Final = {
    "bad_framing": 0.09, "bad_light": 0.11, "blurry": 0.05, "low_resolution": 0.15, "too_far_away": 0.06,
}  # fmt: skip
_OVERLOOKED: Final = 0.6
# A mistake is about the picture, so that the next frames share it: this many frames on average.
_RUN: Final = 3.0
# How often a frame of bad light is resolved into a finer condition (docs/decisions/stabiliser.md).
_REFINED: Final = {"bad_light": ("too_dark", 0.9), "bad_framing": ("move_up", 0.8)}
# Hindsight: what most frames showed this many seconds around a moment.
_AROUND: Final = 1.5


@dataclass(frozen=True)
class Frame:
    """One frame: when (seconds), the condition seen, and the condition in truth."""

    at: float
    key: str
    truth: str


Stream = Sequence[Frame]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class StreamError(UserFacingError):
    """A file that cannot be replayed; ``message`` is a sentence that says what to do."""


class _Given(BaseModel):
    """A line that somebody wrote: what was seen when, and what was true."""

    t: Finite
    key: str
    truth: str | None = None


class _Seen(BaseModel):
    """The verdict in a row of a session's log."""

    quality: dict[str, Finite]
    label: str
    explanations: dict[str, Finite]
    flagged: tuple[str, ...]
    passes: bool


class _Logged(BaseModel):
    """A row of a session's log in which a frame was assessed."""

    t_ms: Finite
    properties: _Seen


def synthetic_stream(seed: int, preset: Preset, steps: int = 6) -> Stream:
    """A person puts one thing right after the other, seen by a network that errs as often as was measured.

    Args:
        seed: any whole number; the same one makes the same stream.
        steps: how many things there are to put right before the picture passes; each lasts 3 to 7 seconds.
    """
    rng = np.random.default_rng([seed, 6])
    faults = [key for key in RIGHT if key != "ready"]
    frames: list[Frame] = []
    now = 0.0
    before = ""
    for turn in range(steps + 1):
        coarse = "ready"
        if turn < steps:
            coarse = str(rng.choice([key for key in (*faults, "ready") if key != before]))
        before = coarse
        fine, share = _REFINED.get(coarse, (coarse, 1.0))
        end = now + rng.uniform(3, 7)
        wrong = ""
        while now < end:
            now += float(rng.uniform(0.10, 0.16))
            wrong = _mistake(rng, coarse, wrong)
            key = wrong or (fine if rng.random() < share else coarse)
            frames.append(Frame(round(now, 3), key, fine if preset.refine.light else coarse))
    return frames


def _mistake(rng: np.random.Generator, truth: str, wrong: str) -> str:
    """What a frame is called by mistake, or "" when it is called right."""
    right = RIGHT[truth]
    if wrong:
        return "" if rng.random() < 1 / _RUN else wrong
    if rng.random() >= (1 - right) / right / _RUN:
        return ""
    if truth != "ready" and rng.random() < _OVERLOOKED:
        return "ready"
    others = {key: share for key, share in _ALARM.items() if key != truth}
    shares = np.array(list(others.values()))
    return str(rng.choice(list(others), p=shares / shares.sum()))


def read(path: Path, preset: Preset) -> Stream:
    """Read a stream from a file of one JSON object a line.

    Either a session's log (its ``frame_assessed`` rows; the truth is then judged with hindsight),
    or lines of ``t`` (seconds), ``key`` and, where it is known, ``truth``.

    Raises:
        StreamError: the file cannot be read, or holds no frame.
    """
    frames: list[tuple[float, str, str | None]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = _("{path} cannot be read ({reason}). Give a file of one JSON object a line.")
        raise StreamError(message.format(path=path, reason=error)) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            frame = _frame(json.loads(line), preset)
        except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
            message = _("{path}, line {line}: this is no row of a session's log, and no frame.")
            raise StreamError(message.format(path=path, line=number)) from None
        if frame is not None:
            frames.append(frame)
    if not frames:
        raise StreamError(_("{path} holds no assessed frame.").format(path=path))
    keys = [(at, key) for at, key, _truth in frames]
    return [Frame(at, key, truth or hindsight(keys, at)) for at, key, truth in frames]


def _frame(row: Any, preset: Preset) -> tuple[float, str, str | None] | None:
    if "event" not in row:
        given = _Given.model_validate(row)
        if given.key not in KEYS or given.truth not in (None, *KEYS):
            raise ValueError(given.key)
        return given.t, given.key, given.truth
    if row["event"] != "frame_assessed":
        return None
    logged = _Logged.model_validate(row)
    seen = logged.properties
    verdict = Verdict(
        assessor="log",
        width=0,
        height=0,
        quality=seen.quality,
        label=seen.label,
        explanations=seen.explanations,
        flagged=seen.flagged,
        passes=seen.passes,
        nearest=max(seen.explanations, key=lambda name: seen.explanations[name], default=None),
        milliseconds=0.0,
    )
    return logged.t_ms / 1000, condition(verdict, preset) or "ready", None


def hindsight(frames: Iterable[tuple[float, str]], at: float) -> str:
    """What most frames around a moment showed, before it and after."""
    near = [key for moment, key in frames if abs(moment - at) <= _AROUND]
    return max(dict.fromkeys(near), key=near.count)
