"""How soon the right thing is said, how often it changes, how long it is wrong: smoothers compared.

``python -m core.guidance.replay FILE...`` for sessions' logs or streams of one JSON object a line; without a
file, on made-up streams.
"""

import argparse
import math
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.guidance.coach import Coach
from core.guidance.conditions import CALM_KEYS, OPEN_KEYS
from core.guidance.preset import Preset, PresetError, load_preset
from core.guidance.stabiliser import Stabiliser
from core.guidance.streams import Stream, StreamError, made, read


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


class Raw:
    """No smoothing: what the frame says."""

    def __call__(self, key: str) -> str:
        """The same."""
        return key


class MovingAverage:
    """What most frames of the last second say."""

    def __init__(self, clock: Clock, seconds: float = 1.0) -> None:
        self._clock, self._seconds = clock, seconds
        self._frames: deque[tuple[float, str]] = deque()

    def __call__(self, key: str) -> str:
        """Count one frame."""
        self._frames.append((self._clock.now, key))
        while self._frames[0][0] < self._clock.now - self._seconds:
            self._frames.popleft()
        keys = [name for _at, name in self._frames]
        return max(dict.fromkeys(keys), key=keys.count)


class Exponential:
    """Exponential smoothing: each frame moves the share of every condition a little."""

    def __init__(self, weight: float = 0.2) -> None:
        self._weight = weight
        self._shares: dict[str, float] = {}

    def __call__(self, key: str) -> str:
        """Count one frame."""
        for name in {*self._shares, key}:
            self._shares[name] = (1 - self._weight) * self._shares.get(name, 0.0)
        self._shares[key] += self._weight
        return max(self._shares, key=lambda name: self._shares[name])


class Decayed:
    """Votes over 3 s that lose 5 % with each newer frame, times their share; hints stay their time."""

    def __init__(self, preset: Preset, clock: Clock, seconds: float = 3.0, decay: float = 0.95) -> None:
        self._timing, self._clock, self._seconds, self._decay = preset.timing, clock, seconds, decay
        self._frames: deque[tuple[float, str]] = deque()
        self._shown, self._since = "searching", -math.inf

    def __call__(self, key: str) -> str:
        """Count one frame."""
        now = self._clock.now
        self._frames.append((now, key))
        while self._frames[0][0] < now - self._seconds:
            self._frames.popleft()
        weights: dict[str, float] = {}
        counts: dict[str, int] = {}
        for age, (_at, name) in enumerate(reversed(self._frames)):
            weights[name] = weights.get(name, 0.0) + self._decay**age
            counts[name] = counts.get(name, 0) + 1
        best = max(weights, key=lambda name: weights[name] * counts[name])
        stay = self._timing.calm_ms if self._shown in CALM_KEYS else self._timing.hint_ms
        if best != self._shown and now - self._since >= stay / 1000:
            self._shown, self._since = best, now
        return self._shown


class Whole:
    """The coach as the camera has it: "ready" also waits for the steady second of the gate."""

    def __init__(self, preset: Preset, clock: Clock) -> None:
        self._coach = Coach(preset, clock)

    def __call__(self, key: str) -> str:
        """Count one frame."""
        shown = self._coach.see(key).key
        return "ready" if shown in OPEN_KEYS else shown


def smoothers(preset: Preset) -> dict[str, Callable[[Clock], Smoother]]:
    """The smoothers that are compared, by name; each makes a new one."""
    timing = preset.timing
    ours = f"Retake: {timing.window_ms} ms, half-life {timing.half_life_ms} ms, lead {timing.lead:g}"
    return {
        "no smoothing": lambda clock: Raw(),
        "moving average, 1 s": MovingAverage,
        "exponential, 0.2 a frame": lambda clock: Exponential(),
        "3000 ms, 0.95 a frame": lambda clock: Decayed(preset, clock),
        ours: lambda clock: Stabiliser(preset, clock).update,
        "Retake with the gate": lambda clock: Whole(preset, clock),
    }


@dataclass(frozen=True)
class Measured:
    """How a smoother did.

    Attributes:
        first_correct: median and 95th percentile of the seconds from a change of what is to be said to the
            first frame that says so; those that were never said count as infinite.
        never: share (0-1) of changes after which it was not said before the next.
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
            streams = [made(seed, preset) for seed in range(max(1, args.made))]
    except (PresetError, StreamError) as error:
        print(error.message, file=sys.stderr)
        return 1
    print(table({name: measure(streams, smoother) for name, smoother in smoothers(preset).items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
