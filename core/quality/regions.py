"""Five parts of a picture, all of one size: its four corners and its middle (Jeong et al. 2024)."""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np

from core.runtime.preprocess import shrink

REGIONS: Final = ("top_left", "top_right", "bottom_left", "bottom_right", "middle")
"""The parts, in the order in which a network is shown them."""

SHARE: Final = 0.85
"""A part's width and height over the picture's: they overlap, and each shows nearly all that is framed."""

MAP_SIDE: Final = 128
"""Side of the map that shows the parts."""

# How much a part counts at its own edge for a place in the map, where its middle counts one more.
_AT_THE_EDGE: Final = 0.1
# Parts whose scores (0-4) differ by less are alike: none of them is the weak one.
_ALIKE: Final = 0.25


def bounds(width: int, height: int) -> dict[str, tuple[int, int, int, int]]:
    """Where each part lies in a picture: (left, top, right, bottom) in pixels, all of one size.

    Args:
        width, height: of the picture, in pixels.
    """
    wide, high = max(1, round(SHARE * width)), max(1, round(SHARE * height))
    right, low = width - wide, height - high
    starts = {
        "top_left": (0, 0),
        "top_right": (right, 0),
        "bottom_left": (0, low),
        "bottom_right": (right, low),
        "middle": (right // 2, low // 2),
    }
    return {name: (x, y, x + wide, y + high) for name, (x, y) in starts.items()}


def regions(rgb: np.ndarray, size: int = 224) -> np.ndarray:
    """The parts of a picture as a network is shown them.

    They are cut from the picture at its working size (longest side at most 640 px), so that photographs of
    all cameras look alike, and brought to a square without keeping the aspect.

    Args:
        rgb: uint8, H x W x 3, any size.
        size: side of the squares, in pixels.

    Returns:
        uint8, 5 x size x size x 3, in the order of ``REGIONS``.
    """
    working = shrink(rgb)
    height, width = working.shape[:2]
    parts = []
    for left, top, right, bottom in bounds(width, height).values():
        part = working[top:bottom, left:right]
        # Area resampling is exact downwards, and blocky upwards.
        larger = min(part.shape[:2]) < size
        way = cv2.INTER_LINEAR if larger else cv2.INTER_AREA
        parts.append(cv2.resize(part, (size, size), interpolation=way))
    return np.stack(parts)


def part_map(parts: Mapping[str, float], strong: bool = False) -> np.ndarray:
    """Where the weakest part is hottest: float32, 128 x 128, 0-1; all zeros where the parts are alike.

    Parts overlap: a place takes the mean of those that show it, each counting the more the nearer the place
    is to its middle.

    Args:
        parts: score (0-4) of each part.
        strong: the strongest is hottest instead.
    """
    heat = np.zeros((MAP_SIDE, MAP_SIDE), np.float32)
    if max(parts.values()) - min(parts.values()) < _ALIKE:
        return heat
    weights = np.zeros_like(heat)
    for name, (left, top, right, bottom) in bounds(MAP_SIDE, MAP_SIDE).items():
        across = 1 + _AT_THE_EDGE - np.abs(np.linspace(-1, 1, right - left, dtype=np.float32))
        weight = np.outer(across, across)
        heat[top:bottom, left:right] += weight * (parts[name] if strong else -parts[name])
        weights[top:bottom, left:right] += weight
    heat /= weights
    heat -= heat.min()
    return heat / heat.max()


def weakest(parts: Mapping[str, float]) -> str | None:
    """The part that spoils a photo: the name of the one that scores lowest, None where all are alike."""
    if not parts or max(parts.values()) - min(parts.values()) < _ALIKE:
        return None
    return min(parts, key=lambda name: parts[name])
