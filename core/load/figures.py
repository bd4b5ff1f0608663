"""From what was observed to figures: rates, delays, and the capacity that follows. No processes here."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import linregress
from scipy.stats import t as student_t

LEAST_RATE: Final = 3.0
"""Verdicts a second that a stream must get to count."""
LONGEST_S: Final = 0.5
"""Seconds from camera to verdict that 95 of 100 verdicts must stay under."""

BLOCKS: Final = 6
"""Parts of the time that a slope goes through."""


@dataclass(frozen=True)
class Seen:
    """One verdict: of which stream, of which frame of the film, and when (seconds, monotonic)."""

    stream: str
    frame: int
    at: float


@dataclass(frozen=True)
class Step:
    """What so many streams got.

    Attributes:
        streams: cameras that were connected.
        served: cameras of which at least one verdict was seen.
        rate, least_rate: verdicts a second, the mean over streams and the stream with the fewest.
        p50_s, p95_s, p99_s: camera to verdict, in seconds; nan without a verdict.
        cores: of the server, in processor seconds a second.
        memory_mb: of the server, resident, in MiB.
    """

    streams: int
    served: int
    rate: float
    least_rate: float
    p50_s: float
    p95_s: float
    p99_s: float
    cores: float
    memory_mb: float

    @property
    def holds(self) -> bool:
        """Whether every stream is coached: often enough, soon enough."""
        return self.served == self.streams and self.least_rate >= LEAST_RATE and self.p95_s < LONGEST_S

    def as_dict(self) -> dict[str, Any]:
        """As plain values for JSON; what is not a number is None."""
        plain = {name: None if value != value else round(value, 4) for name, value in asdict(self).items()}
        return plain | {"holds": self.holds}


def read_seen(text: str) -> list[Seen]:
    """Verdicts from lines ``STREAM FRAME SECONDS``; a last line that is not whole is left out."""
    whole = text[: text.rfind("\n") + 1]
    return [Seen(name, int(frame), float(at)) for name, frame, at in map(str.split, whole.splitlines())]


def delay_s(seen: Seen, epoch: float, frames: int, rate: float) -> float:
    """Seconds from a frame's moment in the film to its verdict.

    The film begins at ``epoch`` and runs in a loop of ``frames`` frames, ``rate`` a second, for all cameras
    alike; delays are distinguished up to one loop.
    """
    return (seen.at - epoch - seen.frame / rate) % (frames / rate)


def step(
    seen: Sequence[Seen],
    *,
    streams: int,
    window: tuple[float, float],
    delay: Callable[[Seen], float],
    cores: float,
    memory_mb: float,
) -> Step:
    """The figures of a window (seconds, monotonic) in which so many streams were connected."""
    begin, end = window
    within = [one for one in seen if begin <= one.at < end]
    counts: dict[str, int] = {}
    for one in within:
        counts[one.stream] = counts.get(one.stream, 0) + 1
    delays = [delay(one) for one in within]
    p50, p95, p99 = np.quantile(delays, (0.5, 0.95, 0.99)) if delays else (math.nan,) * 3
    rates = [count / (end - begin) for count in counts.values()]
    rates += [0.0] * (streams - len(rates))
    return Step(
        streams=streams,
        served=len(counts),
        rate=sum(rates) / streams,
        least_rate=min(rates),
        p50_s=float(p50),
        p95_s=float(p95),
        p99_s=float(p99),
        cores=cores,
        memory_mb=memory_mb,
    )


def ramp(most: int) -> Iterator[int]:
    """1, 2, 4, 8, ... and ``most`` at the end."""
    streams = 1
    while streams < most:
        yield streams
        streams *= 2
    yield most


def capacity(steps: Sequence[Step]) -> int:
    """The most streams of which every one was coached, before the first step that did not hold."""
    best = 0
    for one in steps:
        if not one.holds:
            break
        best = one.streams
    return best


def slope(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Least-squares slope a second, and the half width of its 95 % interval.

    What follows closely is alike, so that points by themselves would make the interval too narrow: the time
    is cut into parts of equal length, and the line goes through their means (Student's t with two degrees of
    freedom less than parts that have points).

    Args:
        times: seconds, ascending, with points in three parts at least.
        values: as many.
    """
    x, y = np.asarray(times, float), np.asarray(values, float)
    part = np.minimum((BLOCKS * (x - x[0]) / (x[-1] - x[0])).astype(int), BLOCKS - 1)
    here = np.unique(part)
    x, y = (np.array([one[part == block].mean() for block in here]) for one in (x, y))
    line = linregress(x, y)
    return float(line.slope), float(line.stderr * student_t.ppf(0.975, len(here) - 2))


@dataclass(frozen=True)
class Trend:
    """How memory went in the second half of a soak: caches fill in the first.

    Attributes:
        a_minute: least-squares slope, in MiB a minute.
        reach: half the width of its 95 % interval, in MiB a minute.
        line: where the line begins and ends, each seconds and MiB.
    """

    a_minute: float
    reach: float
    line: tuple[tuple[float, float], tuple[float, float]]


def trend(samples: Sequence[tuple[float, float]]) -> Trend:
    """The trend of the later half of samples; each is seconds, ascending, and MiB; twelve at least."""
    late = samples[len(samples) // 2 :]
    times, values = [at for at, _mb in late], [mb for _at, mb in late]
    a_second, reach = slope(times, values)
    middle, level = sum(times) / len(late), sum(values) / len(late)
    begin, end = ((at, level + a_second * (at - middle)) for at in (times[0], times[-1]))
    return Trend(60 * a_second, 60 * reach, (begin, end))


def table(steps: Sequence[Step]) -> str:
    """The steps as lines of text, one below the other."""
    head = f"{'streams':>8}{'a second':>10}{'fewest':>8}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}"
    lines = [head + f"{'cores':>7}{'MiB':>7}{'holds':>7}"]
    for one in steps:
        delays = "".join(
            f"{'-' if value != value else round(value * 1000):>8}"
            for value in (one.p50_s, one.p95_s, one.p99_s)
        )
        lines.append(
            f"{one.streams:>8}{one.rate:>10.1f}{one.least_rate:>8.1f}{delays}"
            f"{one.cores:>7.2f}{one.memory_mb:>7.0f}{'yes' if one.holds else 'no':>7}"
        )
    return "\n".join(lines)
