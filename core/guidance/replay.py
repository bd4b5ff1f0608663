"""How soon the right prompt is shown, how often it changes, how long it is wrong: with smoothing and without.

``python -m core.guidance.replay FILE...`` for sessions' logs or streams of one JSON object a line; without a
file, on made-up streams.
"""

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.guidance.conditions import OPEN_KEYS
from core.guidance.controller import GuidanceController
from core.guidance.preset import Preset, PresetError, load_preset
from core.guidance.stabiliser import Stabiliser
from core.guidance.streams import Stream, StreamError, read, synthetic_stream


class Clock:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class Smoother(Protocol):
    """Turns the condition of each frame into the one that is shown."""

    def __call__(self, key: str) -> str:
        """Count one frame; returns what is shown."""
        ...


class Unsmoothed:
    """No smoothing: what the frame says."""

    def __call__(self, key: str) -> str:
        """The same."""
        return key


class GatedController:
    """The guidance controller as the camera has it: "ready" also waits for the steady second of the gate."""

    def __init__(self, preset: Preset, clock: Clock) -> None:
        self._controller = GuidanceController(preset, clock)

    def __call__(self, key: str) -> str:
        """Count one frame."""
        shown = self._controller.see(key).key
        return "ready" if shown in OPEN_KEYS else shown


def smoothers(preset: Preset) -> dict[str, Callable[[Clock], Smoother]]:
    """What is measured, by name; each makes a new smoother."""
    timing = preset.timing
    ours = f"Retake: {timing.window_ms} ms, half-life {timing.half_life_ms} ms, lead {timing.lead:g}"
    return {
        "no smoothing": lambda clock: Unsmoothed(),
        ours: lambda clock: Stabiliser(preset, clock).update,
        "Retake with the gate": lambda clock: GatedController(preset, clock),
    }


@dataclass(frozen=True)
class Measured:
    """How a smoother did.

    Attributes:
        first_correct: median and 95th percentile of the seconds from a change of the true condition to the
            first frame that shows it; those that were never shown count as infinite.
        never: share (0-1) of changes after which it was not shown before the next.
        changes: of the hint on screen, a minute.
        wrong: share (0-1) of the time in which something else was on screen.
        shortest: seconds that the shortest hint stayed.
    """

    first_correct: tuple[float, float]
    never: float
    changes: float
    wrong: float
    shortest: float


def measure(streams: Sequence[Stream], smoother: Callable[[Clock], Smoother]) -> Measured:
    """Run streams through a smoother, a new one each."""
    waits: list[float] = []
    stays: list[float] = []
    changes, wrong, whole = 0, 0.0, 0.0
    for stream in streams:
        clock = Clock()
        see = smoother(clock)
        truth, since, waiting = "", 0.0, False
        shown, shown_since = "", 0.0
        for number, frame in enumerate(stream):
            clock.now = frame.at
            if frame.truth != truth:
                waits += [math.inf] if waiting else []
                truth, since, waiting = frame.truth, frame.at, True
            now = see(frame.key)
            if waiting and now == truth:
                waits.append(frame.at - since)
                waiting = False
            if shown not in ("", "searching") and now != shown:  # "searching" stands before the first hint
                changes += 1
                stays.append(frame.at - shown_since)
            if now != shown:
                shown, shown_since = now, frame.at
            if number + 1 < len(stream):
                lasts = stream[number + 1].at - frame.at
                whole += lasts
                wrong += lasts * (now != truth)
        waits += [math.inf] if waiting else []
    never = sum(math.isinf(wait) for wait in waits) / len(waits)
    first = tuple(float(np.quantile(waits, part, method="higher")) for part in (0.5, 0.95))
    return Measured(
        first_correct=(first[0], first[1]),
        never=never,
        changes=changes / whole * 60 if whole else 0.0,
        wrong=wrong / whole if whole else 0.0,
        shortest=min(stays, default=math.inf),
    )


def table(rows: Mapping[str, Measured]) -> str:
    """The comparison as Markdown."""
    lines = [
        "| smoother | first correct hint, median | 95th percentile | never said | changes a minute "
        "| wrong hint on screen | shortest stay |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in rows.items():
        median, late = (f"{wait:.2f} s" if math.isfinite(wait) else "never" for wait in one.first_correct)
        shortest = f"{one.shortest:.2f} s" if math.isfinite(one.shortest) else "-"
        shares = f"{one.never:.0%} | {one.changes:.1f} | {one.wrong:.0%}"
        lines.append(f"| {name} | {median} | {late} | {shares} | {shortest} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a file cannot be replayed, 2 for wrong usage, else 0."""
    parser = argparse.ArgumentParser(prog="python -m core.guidance.replay", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="a session's log, or a stream")
    parser.add_argument(
        "--preset", default="balanced", metavar="NAME|FILE", help="whose timing (%(default)s)"
    )
    parser.add_argument(
        "--made", type=int, default=200, metavar="N", help="how many made-up streams (%(default)s)"
    )
    args = parser.parse_args(argv)
    try:
        preset = load_preset(args.preset)
        if args.files:
            streams = [read(path, preset) for path in args.files]
        else:
            streams = [synthetic_stream(seed, preset) for seed in range(max(1, args.made))]
    except (PresetError, StreamError) as error:
        print(error.message, file=sys.stderr)
        return 1
    print(table({name: measure(streams, smoother) for name, smoother in smoothers(preset).items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
