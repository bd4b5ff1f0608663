"""The load bench and the soak: streams come, and what each of them gets is measured."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from core.i18n import _
from core.load.figures import Step, capacity, delay_s, ramp, step, trend
from core.load.film import FRAMES, RATE
from core.load.server import Bench, running

SETTLE_S: Final = 5.0
"""Streams that have just come are not measured: connections are being made, and a machine at its first."""
ARRIVE_S: Final = 60.0
"""Streams of which no verdict was seen by then are measured as they are: as not served."""
SAMPLE_S: Final = 2.0
LEAST_SAMPLES: Final = 12
"""However short a soak is: half of them have a slope and an interval."""
LEFT_S: Final = 150.0
"""After so long nothing should be left of those who closed their page: Streamlit keeps a session for two
minutes, in case its visitor comes back."""


def load(
    most: int,
    seconds: float,
    port: int | None = None,
    progress: Callable[[str], object] = lambda text: None,
    naive: bool = False,
) -> list[Step]:
    """Raise the number of streams (1, 2, 4, ... ``most``) until one is not coached any more.

    Args:
        most: streams at the end.
        seconds: that each number is measured for.
        port: the server's; a free one where None.
        progress: called with what is measured next.
        naive: whether the app to compare with is measured, which needs torch.
    """
    steps: list[Step] = []
    with running(port, naive) as bench:
        for streams in ramp(most):
            progress(_("Measuring with {streams} streams").format(streams=streams))
            bench.let(streams)
            _arrive(bench, streams)
            steps.append(_measured(bench, streams, seconds))
            if not steps[-1].holds:
                break
        bench.let(0)
    return steps


def _arrive(bench: Bench, streams: int) -> None:
    """Wait until so many streams get verdicts, then a moment more."""
    until = time.monotonic() + ARRIVE_S
    while time.monotonic() < until:
        since = time.monotonic() - SETTLE_S
        if len({one.stream for one in bench.seen() if one.at > since}) >= streams:
            break
        time.sleep(0.2)
    time.sleep(SETTLE_S)


def _measured(bench: Bench, streams: int, seconds: float) -> Step:
    begin, before = time.monotonic(), bench.use()
    time.sleep(seconds)
    end, after = time.monotonic(), bench.use()
    return step(
        bench.seen(),
        streams=streams,
        window=(begin, end),
        delay=partial(delay_s, epoch=bench.epoch, frames=FRAMES, rate=RATE),
        cores=(after.cpu_s - before.cpu_s) / (end - begin),
        memory_mb=after.memory_mb,
    )


def figures(steps: Sequence[Step], naive: Sequence[Step] = ()) -> dict[str, Any]:
    """The capacity and the steps towards it, as plain values; and the ratios to an app, if there is one."""
    found: dict[str, Any] = {"capacity_streams": capacity(steps), "steps": [one.as_dict() for one in steps]}
    if naive:
        found["naive"] = figures(naive)
        found["one_stream_over_naive"] = _ratios(steps[0].as_dict(), naive[0].as_dict())
    return found


def _ratios(ours: dict[str, Any], other: dict[str, Any]) -> dict[str, float | None]:
    pairs = {name: (ours[name], other[name]) for name in ("rate", "p95_s", "cores")}
    return {name: round(a / b, 3) if a is not None and b else None for name, (a, b) in pairs.items()}


def soak(
    minutes: float,
    most: int,
    port: int | None = None,
    seed: int = 0,
    progress: Callable[[str], object] = lambda text: None,
) -> dict[str, Any]:
    """Let streams start and stop every few seconds, and see what the server holds on to.

    Returns:
        MiB a minute with the half width of its 95 % interval (``trend``); threads, open files and sockets
        with no stream, before the first and after the last; streams that were started; ``samples``, each
        seconds since the first stream and MiB.
    """
    rng, started = random.Random(seed), 0  # noqa: S311, no secret
    samples: list[tuple[float, float]] = []
    with running(port) as bench:
        bench.let(1)  # what is loaded with the first stream is no leak
        time.sleep(SETTLE_S)
        bench.let(0)
        time.sleep(SETTLE_S)
        first, begin, streams = bench.use(), time.monotonic(), 0
        while (now := time.monotonic() - begin) < 60 * minutes or len(samples) < LEAST_SAMPLES:
            wanted = rng.choice([count for count in range(most + 1) if count != streams])
            started += max(0, wanted - streams)
            bench.let(wanted)
            streams = wanted
            time.sleep(rng.uniform(SAMPLE_S, 2 * SAMPLE_S))
            samples.append((now, bench.use().memory_mb))
            progress(f"{now:.0f} s  {streams} streams  {samples[-1][1]:.0f} MiB")
        bench.let(0)
        time.sleep(LEFT_S)
        last, verdicts = bench.use(), len(bench.seen())
    late = trend(samples)
    return {
        "minutes": minutes,
        "streams_started": started,
        "verdicts": verdicts,
        "memory_mb_a_minute": round(late.a_minute, 3),
        "memory_mb_a_minute_reach": round(late.reach, 3),
        "memory_mb": [round(first.memory_mb, 1), round(last.memory_mb, 1)],
        "threads": [first.threads, last.threads],
        "files_and_sockets": [first.files, last.files],
        "samples": [[round(at, 1), round(mb, 1)] for at, mb in samples],
    }
