"""The outline over the live picture, by shape: where the skin or the part of the body belongs.

Lines are points from the middle of the picture, x to the right and y down, in units of the guide's size. Both
ways of Practise draw these: the server itself, and browsers, which are sent them with the preset.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final, Literal, get_args

Shape = Literal["corners_then_ring", "ring", "corners", "hand", "face", "foot"]
State = Literal["fault", "searching", "ready"]
Point = tuple[float, float]
Line = tuple[Point, ...]
SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
STATES: Final[tuple[State, ...]] = get_args(State)

_SQUARE: Final[Line] = ((1, 1), (-1, 1), (-1, -1), (1, -1), (1, 1))
_ARM: Final = 1 / 3
# How far apart pieces of a line are, and what share of it they cover: only many small ones make a hand.
_DOTS: Final = (2 * math.pi / 12, 0.4)
_SMALL_DOTS: Final = (0.15, 0.25)
_DASHES: Final = (0.34, 0.56)
_CURVE_STEPS: Final = 5

# The right side of a head from chin to crown; the left is its mirror image.
_HALF_FACE: Final[Line] = (
    (0.0, 1.0), (0.24, 0.94), (0.44, 0.74), (0.58, 0.46), (0.645, 0.2), (0.72, 0.17), (0.78, -0.02),
    (0.79, -0.2), (0.725, -0.24), (0.67, -0.2), (0.67, -0.5), (0.53, -0.8), (0.28, -0.96), (0.0, -1.0),
)  # fmt: skip
_CURVES: Final[dict[str, Line]] = {
    "hand": (
        (0.0, 1.0), (-0.25, 0.97), (-0.33, 0.7), (-0.42, 0.4), (-0.5, 0.1), (-0.62, -0.2), (-0.68, -0.4),
        (-0.61, -0.49), (-0.52, -0.42), (-0.42, -0.16), (-0.36, -0.07), (-0.34, -0.16), (-0.41, -0.5),
        (-0.42, -0.74), (-0.34, -0.84), (-0.25, -0.76), (-0.18, -0.4), (-0.13, -0.14), (-0.1, -0.4),
        (-0.1, -0.8), (-0.06, -0.96), (0.02, -1.0), (0.09, -0.94), (0.11, -0.76), (0.1, -0.4), (0.12, -0.13),
        (0.19, -0.4), (0.26, -0.7), (0.34, -0.85), (0.43, -0.82), (0.45, -0.68), (0.39, -0.35), (0.34, -0.02),
        (0.36, 0.18), (0.44, 0.18), (0.56, 0.0), (0.67, -0.12), (0.77, -0.12), (0.79, -0.02), (0.68, 0.24),
        (0.52, 0.5), (0.36, 0.74), (0.27, 0.97),
    ),
    "face": (*_HALF_FACE, *((-x, y) for x, y in _HALF_FACE[-2:0:-1])),
    "foot": (
        (0.0, 1.0), (-0.17, 0.94), (-0.25, 0.76), (-0.24, 0.5), (-0.19, 0.2), (-0.22, -0.06), (-0.32, -0.3),
        (-0.37, -0.52), (-0.37, -0.76), (-0.31, -0.94), (-0.2, -1.0), (-0.09, -0.94), (-0.06, -0.78),
        (-0.05, -0.66), (-0.02, -0.8), (0.05, -0.88), (0.12, -0.82), (0.13, -0.7), (0.14, -0.62),
        (0.17, -0.72), (0.23, -0.77), (0.29, -0.7), (0.28, -0.58), (0.28, -0.52), (0.32, -0.6), (0.37, -0.62),
        (0.42, -0.54), (0.4, -0.44), (0.4, -0.38), (0.45, -0.43), (0.5, -0.38), (0.5, -0.25), (0.46, -0.05),
        (0.41, 0.2), (0.35, 0.5), (0.29, 0.76), (0.19, 0.94),
    ),
}  # fmt: skip


@cache
def outline(shape: Shape, state: State) -> tuple[Line, ...]:
    """The lines of a shape in one of three states, which differ in form and not by colour alone.

    Args:
        shape: what is outlined; ``"corners_then_ring"`` are corners for a fault, else a ring.
        state: ``"fault"`` is drawn in long pieces, ``"searching"`` in dots, ``"ready"`` as a closed line.

    Returns:
        lines of at least two points; a closed one ends where it began. (0, 1), where the
        tick goes, lies on every closed one.
    """
    if shape == "corners_then_ring":
        shape = "corners" if state == "fault" else "ring"
    path = _closed(shape)
    if state == "ready":
        return (path,)
    if state == "searching":
        return _pieces(path, *(_SMALL_DOTS if shape in _CURVES else _DOTS))
    if shape == "corners":
        return tuple(
            ((across * (1 - _ARM), down), (across, down), (across, down * (1 - _ARM)))
            for across in (-1, 1)
            for down in (-1, 1)
        )
    return _pieces(path, math.pi / 2, 0.5, 0.25) if shape == "ring" else _pieces(path, *_DASHES)


def circle(radius: float, share: float = 1.0, steps: int = 72) -> Line:
    """Points along a circle round (0, 0), from the top and with the clock, over a share (0-1) of it."""
    count = max(1, math.ceil(steps * share))
    turns = (2 * math.pi * share * step / count for step in range(count + 1))
    return tuple((radius * math.sin(turn), -radius * math.cos(turn)) for turn in turns)


def _closed(shape: str) -> Line:
    if shape == "ring":
        return tuple((round(x, 4), round(y, 4)) for x, y in circle(1.0))
    return _SQUARE if shape == "corners" else _curve(_CURVES[shape])


def _curve(through: Sequence[Point]) -> Line:
    """A closed smooth line through points (Catmull-Rom)."""
    points, count = [], len(through)
    for place in range(count):
        before, start, end, after = (through[(place + step) % count] for step in (-1, 0, 1, 2))
        for step in range(_CURVE_STEPS):
            points.append(_between(before, start, end, after, step / _CURVE_STEPS))
    return (*points, points[0])


def _between(before: Point, start: Point, end: Point, after: Point, at: float) -> Point:
    def along(a: float, b: float, c: float, d: float) -> float:
        bend = (2 * a - 5 * b + 4 * c - d) * at**2 + (3 * b - a - 3 * c + d) * at**3
        return round(b + ((c - a) * at + bend) / 2, 4)

    return (
        along(before[0], start[0], end[0], after[0]),
        along(before[1], start[1], end[1], after[1]),
    )


def _pieces(path: Line, period: float, share: float, offset: float = 0.0) -> tuple[Line, ...]:
    """Equal pieces of a closed line.

    Args:
        period: about so far from the start of one to the start of the next.
        share: of that which is drawn.
        offset: of the first, in periods.
    """
    ends = [0.0]
    for one, other in pairwise(path):
        ends.append(ends[-1] + math.dist(one, other))
    count = max(2, round(ends[-1] / period))
    each = ends[-1] / count
    return tuple(
        _part(path, ends, (place + offset) * each, (place + offset + share) * each) for place in range(count)
    )


def _part(path: Line, ends: Sequence[float], start: float, end: float) -> Line:
    inside = [point for point, at in zip(path, ends, strict=True) if start < at < end]
    return (_at(path, ends, start), *inside, _at(path, ends, end))


def _at(path: Line, ends: Sequence[float], distance: float) -> Point:
    place = next((place for place, at in enumerate(ends) if at >= distance and place), len(ends) - 1)
    length = ends[place] - ends[place - 1]
    share = (distance - ends[place - 1]) / length if length else 0.0
    one, other = path[place - 1], path[place]
    return (
        round(one[0] + (other[0] - one[0]) * share, 4),
        round(one[1] + (other[1] - one[1]) * share, 4),
    )
