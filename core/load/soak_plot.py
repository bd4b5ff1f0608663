"""A soak as a plot: the server's memory while streams came and went, and the slope of its second half."""

import math
from collections.abc import Sequence

from core.load.figures import trend
from core.reports.svg import Frame, Plot, line, text

_WIDTH, _HEIGHT = 640.0, 260.0
_STEPS_MB = (50, 100, 200, 500, 1000, 2000)
_MOST_STEPS = 6


def memory_plot(samples: Sequence[tuple[float, float]]) -> Plot:
    """Memory over time, from 0 up, with the least-squares line of the second half.

    Args:
        samples: seconds since the first stream, ascending, and MiB; twelve at least.
    """
    minutes, memory = [at / 60 for at, _mb in samples], [mb for _at, mb in samples]
    late = trend(samples)
    step = next((one for one in _STEPS_MB if max(memory) / one <= _MOST_STEPS), _STEPS_MB[-1])
    top = step * math.ceil(max(memory) / step)
    frame = Frame(52, 44, _WIDTH - 68, 164, 0, minutes[-1], 0, top)
    parts = [frame.box()]
    for value in range(0, top + 1, step):
        parts.append(line(frame.left, frame.y(value), frame.left + frame.width, frame.y(value), "grid"))
        parts.append(text(frame.left - 6, frame.y(value) + 4, str(value), "quiet small", "end"))
    for minute in _minutes(minutes[-1]):
        parts.append(
            text(frame.x(minute), frame.top + frame.height + 16, str(minute), "quiet small", "middle")
        )
    parts.append(frame.path(list(zip(minutes, memory, strict=True)), "line ours"))
    parts.append(frame.path([(at / 60, mb) for at, mb in late.line], "line other"))
    parts.append(text(frame.left + frame.width / 2, _HEIGHT - 12, "minutes", "quiet small", "middle"))
    title = "Memory of the server (MiB) while cameras start and stop"
    parts.append(text(frame.left, 20, title, "strong"))
    interval = f"95 % interval {late.a_minute - late.reach:.2f} to {late.a_minute + late.reach:.2f}"
    told = f"Second half, dashed: {late.a_minute:+.2f} MiB a minute, {interval}"
    parts.append(text(frame.left, 36, told, "quiet small"))
    return Plot("soak", title, told, _WIDTH, _HEIGHT, "".join(parts), says_title=True)


def _minutes(last: float) -> range:
    """Whole minutes for the axis below: seven at most."""
    step = next((one for one in (1, 2, 5, 10, 20, 60) if last / one < 7), 120)
    return range(0, math.floor(last) + 1, step)
