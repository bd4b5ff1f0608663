"""The shapes over the live picture: where the spot belongs, and how it is going; never colour alone."""

from typing import Final

import cv2
import numpy as np

from core.guidance.conditions import OPEN_KEYS, family
from core.guidance.parts import Overlay
from core.quality.where import Where

PLAIN: Final = Overlay(ring=True, size=0.3, arrow=True, arrow_from=0.3)
_DARK: Final = (24, 32, 32)
_LIGHT: Final = (255, 255, 255)
_GOOD: Final = (140, 235, 190)


def draw_guide(
    rgb: np.ndarray, key: str, where: Where | None = None, overlay: Overlay = PLAIN, progress: float = 0.0
) -> None:
    """Draw the guide onto a picture, in place.

    Three shapes that differ in form: four corners while something is to be put right, a dotted ring while
    checking, and a closed ring with a tick when the photo can be taken. Each has a dark edge, so that
    it is seen on every skin and in every light. When the framing is to be put right, an arrow leads from the
    spot to the middle: it shows the way whether or not the picture is mirrored.

    Args:
        rgb: uint8 RGB, H x W x 3.
        key: the condition shown now.
        where: the spot, where it is known.
        overlay: what of it is drawn, and how large.
        progress: of the countdown (0-1) at whose end the photo takes itself: an arc outside the ring, drawn
            even without the guide.
    """
    height, width = rgb.shape[:2]
    centre = (width // 2, height // 2)
    radius = max(4, round(min(height, width) * overlay.size))
    thin = max(2, round(min(height, width) / 160))
    strokes = {"ready": _ready, "counting": _ready, "searching": _dots}.get(key, _corners)
    colour = _GOOD if key in OPEN_KEYS else _LIGHT
    passes = ((_DARK, thin * 2 + 1), (colour, thin))
    if key in OPEN_KEYS and progress > 0:
        around = (radius + 6 * thin,) * 2
        for tint, thickness in passes:
            cv2.ellipse(rgb, centre, around, -90, 0, 360 * progress, tint, thickness + 3 * thin, cv2.LINE_AA)
    for tint, thickness in passes:
        if overlay.ring:
            strokes(rgb, centre, radius, tint, thickness)
        if not overlay.arrow or family(key) != "bad_framing" or where is None:
            continue
        if key != "too_close" and where.off >= overlay.arrow_from:
            _arrow(rgb, centre, where, tint, thickness)


def _corners(rgb: np.ndarray, centre: tuple[int, int], radius: int, tint: tuple, thickness: int) -> None:
    arm = radius // 3
    for across in (-1, 1):
        for down in (-1, 1):
            x, y = centre[0] + across * radius, centre[1] + down * radius
            points = np.array([(x - across * arm, y), (x, y), (x, y - down * arm)], np.int32)
            cv2.polylines(rgb, [points], False, tint, thickness, cv2.LINE_AA)


def _arrow(rgb: np.ndarray, centre: tuple[int, int], where: Where, tint: tuple, thickness: int) -> None:
    spot = np.array([centre[0] * (1 + where.x), centre[1] * (1 + where.y)])
    way = np.array(centre) - spot
    length = float(np.hypot(*way))
    ring = max(3, round(min(centre) * 0.12))
    if length < 3 * ring:
        return
    start, end = spot + way * ring / length, spot + way * 0.7
    cv2.circle(rgb, tuple(spot.round().astype(int).tolist()), ring, tint, thickness, cv2.LINE_AA)
    head = 1.5 * ring / float(np.hypot(*(end - start)))
    ends = [tuple(point.round().astype(int).tolist()) for point in (start, end)]
    cv2.arrowedLine(rgb, *ends, tint, thickness, cv2.LINE_AA, tipLength=head)


def _dots(rgb: np.ndarray, centre: tuple[int, int], radius: int, tint: tuple, thickness: int) -> None:
    for start in range(0, 360, 30):
        cv2.ellipse(rgb, centre, (radius, radius), 0, start, start + 12, tint, thickness, cv2.LINE_AA)


def _ready(rgb: np.ndarray, centre: tuple[int, int], radius: int, tint: tuple, thickness: int) -> None:
    cv2.circle(rgb, centre, radius, tint, thickness, cv2.LINE_AA)
    x, y = centre[0], centre[1] + radius
    size = max(4, radius // 5)
    cv2.circle(rgb, (x, y), size, _DARK, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(rgb, (x, y), size, tint, max(1, thickness // 2), cv2.LINE_AA)
    tick = np.array(
        [(x - size // 2, y), (x - size // 8, y + size // 3), (x + size // 2, y - size // 3)], np.int32
    )
    cv2.polylines(rgb, [tick], False, tint, thickness, cv2.LINE_AA)
