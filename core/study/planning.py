"""How many participants a comparison of times needs, before anybody takes part."""

import math
from typing import Final

from core.study.statistics import power_of_times

SIZES: Final = (8, 10, 15, 20, 30, 40, 60, 80)
"""Participants an arm that are looked at."""
ENOUGH: Final = 0.8
_STUDIES: Final = 400


def power_by_size(
    medians_s: tuple[float, float], log_sd: float, limit_s: float | None = None
) -> tuple[tuple[int, float], ...]:
    """The power (0-1) of the primary comparison for several sizes of study, the smallest first.

    Sizes beyond the first at which hardly a difference would be missed (0.99) are left out.

    Args:
        medians_s: the expected median time of each arm, in seconds, more than 0.
        log_sd: standard deviation of the times' natural logarithm, more than 0.
        limit_s: after so many seconds a task is ended; None for never.
    """
    found: list[tuple[int, float]] = []
    first, second = medians_s
    for size in SIZES:
        reached = power_of_times(
            size,
            (first * 1000, second * 1000),
            log_sd,
            limit_ms=math.inf if limit_s is None else limit_s * 1000,
            studies=_STUDIES,
        )
        found.append((size, reached))
        if reached >= 0.99:
            break
    return tuple(found)


def enough(found: tuple[tuple[int, float], ...]) -> int | None:
    """The smallest size of study that finds the difference in 4 of 5 studies; None where none does."""
    return next((size for size, reached in found if reached >= ENOUGH), None)
