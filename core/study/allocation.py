"""Who gets which arm, in which order: pure functions of the design and of the sessions counted so far.

Which sessions count is :func:`counted`'s to say: completed ones, and live ones that were seen lately, as
:class:`core.study.design.Allocation` states. Places that others gave up are given out again first, so that
those that count stay balanced whoever declines or leaves.
"""

import random
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Literal, TypeVar

from core.study.design import Allocation, SessionStatus, StudyDesign

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Taken:
    """What allocation needs to know of a session.

    Attributes:
        arms, tasks: what it was given, in its order.
        last_seen_at: with its zone.
    """

    arms: tuple[str, ...]
    tasks: tuple[str, ...]
    status: SessionStatus
    last_seen_at: datetime


@dataclass(frozen=True)
class Given:
    """What a new session gets: arms and tasks, each in its order."""

    arms: tuple[str, ...]
    tasks: tuple[str, ...]


def allocate(
    design: StudyDesign, taken: Iterable[Taken], now: datetime, link_arm: str | None = None
) -> Given | Literal["full"]:
    """What the next session gets, or ``"full"`` where no place is left.

    Args:
        taken: the study's sessions so far, in any order; those that do not count are left out here.
        link_arm: the arm that the link names; it goes before the design's kind of allocation, for moderators.

    Raises:
        ValueError: the link names no arm of the design, or none although the allocation is by link.
    """
    sessions = counted(design.allocation, taken, now)
    arms = _arms(design, sessions, link_arm)
    if arms is None:
        return "full"
    return Given(arms, _tasks(design, sessions, arms))


def counted(allocation: Allocation, taken: Iterable[Taken], now: datetime) -> list[Taken]:
    """Those sessions that fill a place: completed ones, and where the rule has it so live ones, not stale."""
    fresh = now - timedelta(minutes=allocation.stale_minutes)
    live = allocation.counted == "completed_and_live"
    return [
        one
        for one in taken
        if one.status == "completed" or (live and one.status == "live" and one.last_seen_at >= fresh)
    ]


def open_arms(design: StudyDesign, sessions: Iterable[Taken]) -> tuple[str, ...]:
    """Arms that still have a place, in the design's order, given the sessions that count."""
    filled = Counter(arm for one in sessions for arm in one.arms)
    return tuple(arm.name for arm in design.arms if arm.most is None or filled[arm.name] < arm.most)


def least_filled(choices: Sequence[T], so_far: Iterable[T], seed: int) -> T:
    """The choice that occurred least often so far; ties go by an order that the seed decides.

    Each round of ties has its own order: with one order for all, who comes next could be told from the start.

    Args:
        choices: at least one, all different.
        so_far: what was chosen before; others than ``choices`` do not matter.
    """
    filled = Counter(so_far)
    fewest = min(filled[choice] for choice in choices)
    for choice in _shuffled(choices, seed, fewest):
        if filled[choice] == fewest:
            return choice
    raise AssertionError("one of them has the fewest")


def next_in_blocks(
    arms: Sequence[str], so_far: Iterable[str], size: int, seed: int, may: Iterable[str] | None = None
) -> str:
    """The first place in the seeded list of blocks that nobody has, among the arms that may be given.

    Args:
        arms: all arms; every block of ``size``, a multiple of their number, holds each equally often.
        may: those with a place left, at least one; all by default.
    """
    left, allowed = Counter(so_far), set(arms if may is None else may)
    for arm in permuted_blocks(arms, size, seed):
        if left[arm] > 0:
            left[arm] -= 1
        elif arm in allowed:
            return arm
    raise AssertionError("the list has no end")


def permuted_blocks(arms: Sequence[str], size: int, seed: int) -> Iterator[str]:
    """The endless list: each block has every arm ``size / len(arms)`` times, in a seeded order."""
    if size % len(arms):
        raise ValueError("the block's size is not a multiple of the number of arms")
    for number in count():
        yield from _shuffled(list(arms) * (size // len(arms)), seed, number)


def williams(names: Sequence[T]) -> tuple[tuple[T, ...], ...]:
    """A balanced Latin square: orders in which each follows each other equally often (Williams, 1949).

    Returns:
        as many orders as there are names where that number is even (or 1), twice as many where it is odd;
        each name stands equally often in every place.
    """
    size = len(names)
    first = [0]
    for step in range(1, size):
        first.append((step + 1) // 2 if step % 2 else size - step // 2)
    rows = [tuple((place + shift) % size for place in first) for shift in range(size)]
    if size % 2 and size > 1:
        rows += [row[::-1] for row in rows]
    return tuple(tuple(names[place] for place in row) for row in rows)


def _arms(design: StudyDesign, sessions: list[Taken], link_arm: str | None) -> tuple[str, ...] | None:
    rule, names = design.allocation, [arm.name for arm in design.arms]
    left = open_arms(design, sessions)
    if rule.kind == "latin_square":
        if len(left) < len(names):  # everybody gets every arm
            return None
        return least_filled(williams(names), (one.arms for one in sessions), rule.seed)
    if link_arm is not None:
        if link_arm not in names:
            raise ValueError(f"the link names the arm {link_arm}, which the design has not")
        return (link_arm,) if link_arm in left else None
    if rule.kind == "fixed":
        raise ValueError("the link names no arm, and the design allocates by link")
    if not left:
        return None
    so_far = [one.arms[0] for one in sessions if one.arms]
    if rule.kind == "blocks":
        return (next_in_blocks(names, so_far, rule.block or len(names), rule.seed, left),)
    return (least_filled(left, so_far, rule.seed),)


def _tasks(design: StudyDesign, sessions: list[Taken], arms: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(task.name for task in design.tasks)
    if design.allocation.tasks == "as_written":
        return names
    # Balanced within each arm, else an arm could get the easy order more often.
    alike = (one.tasks for one in sessions if one.arms == arms)
    return least_filled(williams(names), alike, design.allocation.seed)


def _shuffled(things: Sequence[T], seed: int, number: int) -> list[T]:
    order = list(things)
    random.Random(f"{seed}:{number}").shuffle(order)  # noqa: S311, a design gives the same orders everywhere
    return order
