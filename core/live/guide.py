"""The shapes over the live picture: where the spot belongs, and how it is going; never colour alone."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from core.guidance.conditions import OPEN_KEYS, family
from core.guidance.contrast import Rgb, layers, opposite, rgb_of
from core.guidance.outline import Line, Point, State, circle, outline
from core.guidance.preset_schema import Overlay
from core.quality.localization import LesionLocation

# OpenCV draws at fractions of a pixel when given how many of their bits there are.
_BITS: Final = 3


@dataclass(frozen=True)
class Stroke:
    """A line to draw, in pixels; its points are filled where it has no width."""

    points: Line
    width: float
    colour: Rgb


def draw_guide(
    rgb: np.ndarray, key: str, where: LesionLocation | None, overlay: Overlay, progress: float = 0.0
) -> None:
    """Draw the guide onto a picture, in place; see :func:`strokes`.

    Args:
        rgb: uint8 RGB, H x W x 3.
    """
    height, width = rgb.shape[:2]
    for stroke in strokes(key, width, height, where, overlay, progress):
        points = [np.round(np.array(stroke.points) * 2**_BITS).astype(np.int32)]
        if stroke.width:
            cv2.polylines(rgb, points, False, stroke.colour, max(1, round(stroke.width)), cv2.LINE_AA, _BITS)
        else:
            cv2.fillPoly(rgb, points, stroke.colour, cv2.LINE_AA, _BITS)


def strokes(
    key: str, width: int, height: int, where: LesionLocation | None, overlay: Overlay, progress: float = 0.0
) -> Iterator[Stroke]:
    """What is drawn over a picture, the lowest first. The twin of ``guideStrokes`` in ``guide.js``.

    The outline has three forms: in pieces while something is to be put right, in dots while checking, and
    closed with a tick when the photo can be taken. Each line has an edge, so that it is seen on every skin
    and in every light. When the framing is to be put right, an arrow leads from the spot to the middle: it
    shows the way whether or not the picture is mirrored.

    Args:
        key: the condition shown now.
        width, height: of the picture, in pixels.
        where: the spot, where it is known.
        overlay: what of it is drawn, and how.
        progress: of the countdown (0-1) at whose end the photo takes itself: an arc outside the outline,
            drawn even without it.
    """
    short = min(width, height)
    centre = (width / 2, height / 2)
    radius = max(4.0, short * overlay.size)
    thin = max(2.0, short * overlay.thickness / 160)
    good = key in OPEN_KEYS
    colour = rgb_of(overlay.colour_ready if good else overlay.colour)
    tints = layers(colour)
    widths = [thin + (thin + 1) * below for below in range(len(tints) - 1, -1, -1)]
    if good and progress > 0:
        arc = _placed(circle(radius + 6 * thin, progress), centre)
        yield from (Stroke(arc, each + 3 * thin, tint) for each, tint in zip(widths, tints, strict=True))
    lines: list[Line] = []
    if overlay.ring:
        lines += [_placed(line, centre, radius) for line in outline(overlay.shape, state_of(key))]
    off = where is not None and overlay.arrow and where.off >= overlay.arrow_from
    if where is not None and off and family(key) == "bad_framing" and key != "too_close":
        lines += _arrow(centre, where)
    for each, tint in zip(widths, tints, strict=True):
        yield from (Stroke(line, each, tint) for line in lines)
    if overlay.ring and good:
        size = max(4.0, radius / 5)
        # A large outline reaches the lower edge: its tick stays within the picture.
        yield from _tick((centre[0], min(centre[1] + radius, height - size - thin)), size, thin, colour)


def state_of(key: str) -> State:
    """Which form the outline has for a condition."""
    return "ready" if key in OPEN_KEYS else "searching" if key == "searching" else "fault"


def _placed(line: Line, centre: Point, scale: float = 1.0) -> Line:
    return tuple((centre[0] + x * scale, centre[1] + y * scale) for x, y in line)


def _tick(at: Point, size: float, thin: float, colour: Rgb) -> Iterator[Stroke]:
    x, y = at
    disc = _placed(circle(size, steps=36), at)
    yield Stroke(disc, 0.0, opposite(colour))
    yield Stroke(disc, max(1.0, thin / 2), colour)
    tick = ((x - size / 2, y), (x - size / 8, y + size / 3), (x + size / 2, y - size / 3))
    yield Stroke(tick, thin, colour)


def _arrow(centre: Point, where: LesionLocation) -> list[Line]:
    x, y = centre[0] * (1 + where.x), centre[1] * (1 + where.y)
    across, down = centre[0] - x, centre[1] - y
    length = math.hypot(across, down)
    ring = max(3.0, min(centre) * 0.12)
    if length < 3 * ring:
        return []
    start = (x + across * ring / length, y + down * ring / length)
    end = (x + across * 0.7, y + down * 0.7)
    angle = math.atan2(down, across)
    wings = [
        (end[0] - 1.5 * ring * math.cos(angle + turn), end[1] - 1.5 * ring * math.sin(angle + turn))
        for turn in (math.pi / 4, -math.pi / 4)
    ]
    return [_placed(circle(ring, steps=36), (x, y)), (start, end), (wings[0], end, wings[1])]
