"""The shapes over the live picture: where the spot belongs, and how it is going; never colour alone."""

from typing import Final

import cv2
import numpy as np

_RING: Final = 0.30
_DARK: Final = (24, 32, 32)
_LIGHT: Final = (255, 255, 255)
_GOOD: Final = (140, 235, 190)


def draw_guide(rgb: np.ndarray, key: str) -> None:
    """Draw the guide onto a picture, in place.

    Three shapes that differ in form: four corners while something is to be put right, a dotted ring while
    checking, and a closed ring with a tick when the photo can be taken. Each has a dark edge, so that
    it is seen on every skin and in every light.

    Args:
        rgb: uint8 RGB, H x W x 3.
        key: the condition shown now.
    """
    height, width = rgb.shape[:2]
    centre = (width // 2, height // 2)
    radius = max(4, round(min(height, width) * _RING))
    thin = max(2, round(min(height, width) / 160))
    strokes = {"ready": _ready, "searching": _dots}.get(key, _corners)
    colour = _GOOD if key == "ready" else _LIGHT
    for tint, thickness in ((_DARK, thin * 2 + 1), (colour, thin)):
        strokes(rgb, centre, radius, tint, thickness)


def _corners(rgb: np.ndarray, centre: tuple[int, int], radius: int, tint: tuple, thickness: int) -> None:
    arm = radius // 3
    for across in (-1, 1):
        for down in (-1, 1):
            x, y = centre[0] + across * radius, centre[1] + down * radius
            points = np.array([(x - across * arm, y), (x, y), (x, y - down * arm)], np.int32)
            cv2.polylines(rgb, [points], False, tint, thickness, cv2.LINE_AA)


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
