"""Where in the frame is the lesion? For the arrow that shows which way to move."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

# Probability from which a place counts as lesion.
LEVEL: Final = 0.3


@dataclass(frozen=True)
class LesionLocation:
    """The middle of a lesion, from the middle of the frame: -1 is the left or upper edge, 1 the opposite.

    ``size`` is the larger of the shares (0-1) of the frame's width and height that it takes; 0 if not known.
    """

    x: float
    y: float
    size: float = 0.0

    @property
    def off(self) -> float:
        """How far from the middle: 0 there, 1 at the middle of an edge."""
        return math.hypot(self.x, self.y)


def likeliest(places: np.ndarray, level: float = LEVEL) -> np.ndarray | None:
    """The places at ``level`` or above that touch the likeliest one: bool, s x s.

    Args:
        places: float, s x s, probability (0-1) that each part of a picture is lesion.

    Returns:
        None when no place reaches the level.
    """
    top = np.unravel_index(int(np.argmax(places)), places.shape)
    if places[top] < level:
        return None
    _count, parts = cv2.connectedComponents((places >= level).astype(np.uint8))
    return parts == parts[top]


def find(places: np.ndarray, level: float = LEVEL) -> LesionLocation | None:
    """Read the likeliest lesion off a map of places.

    Of the places at ``level`` or above, those that touch the likeliest one count, each by its probability.

    Args:
        places: float, s x s, probability (0-1) that each part of the squeezed frame is lesion.

    Returns:
        None when no place reaches the level.
    """
    found = likeliest(places, level)
    if found is None:
        return None
    weights = np.where(found, places, 0.0)
    rows, columns = places.shape
    y = float(weights.sum(axis=1) @ (2 * np.arange(rows) + 1) / rows / weights.sum()) - 1
    x = float(weights.sum(axis=0) @ (2 * np.arange(columns) + 1) / columns / weights.sum()) - 1
    spans = (np.ptp(np.flatnonzero(found.any(axis=axis))) + 1 for axis in (0, 1))
    size = max(float(span) / side for span, side in zip(spans, (columns, rows), strict=True))
    return LesionLocation(x, y, size)
