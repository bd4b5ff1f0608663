"""Learning rate and picture size over a training run."""

import math
from collections.abc import Sequence


def restart_rate(
    progress: float, peak: float, floor: float = 0.0, cycles: int = 3, warmup: float = 0.02
) -> float:
    """Cosine annealing with warm restarts, each cycle twice as long as the one before.

    Mishra et al. 2019, equation 1 as it is meant: v/2 (1 + cos(t pi / T)) + e.

    Args:
        progress: how much of the run is done, 0-1.
        peak: v, the rate at the start of a cycle.
        floor: e, added throughout.
        cycles: how many cycles make the run.
        warmup: share of the run in which the rate first climbs.

    Returns:
        The learning rate.
    """
    progress = min(max(progress, 0.0), 1.0)
    unit = 1 / (2**cycles - 1)
    start, length = 0.0, unit
    for _cycle in range(cycles - 1):
        if progress < start + length:
            break
        start, length = start + length, 2 * length
    share = min((progress - start) / length, 1.0)
    climb = min(1.0, (progress + 1e-3) / warmup) if warmup > 0 else 1.0
    return climb * peak / 2 * (1 + math.cos(share * math.pi)) + floor


def size_at(progress: float, sizes: Sequence[tuple[float, int]]) -> int:
    """Side of the training pictures: the last of ``sizes`` (from which progress, pixels) that has begun."""
    size = sizes[0][1]
    for begin, pixels in sizes:
        if progress >= begin:
            size = pixels
    return size
