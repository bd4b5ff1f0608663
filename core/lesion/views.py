"""Other views of one photo: cut to the spot, and mirrored.

Mishra et al. 2019 advise that the lesion should fill the field of view. Averaging over mirror images is no
advice of theirs; it is offered with its measured gain (``training.evaluation.gain``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from core.runtime.preprocess import shrink

FLIPS: Final = ((), (3,), (2,), (2, 3))
"""Axes of an N x channels x h x w array that each view turns round: none, left-right, up-down, both."""

# The lesion is where places are at LEVEL or above, joined to one at PEAK. Around all of them comes
# MARGIN (a share of the longer side). The cut is worth offering while it is at most MOST of the photo, and is
# never narrower than LEAST of its short side. Chosen on phantoms; measured on others in
# tests/lesion/test_shipped_spots.py.
LEVEL: Final = 0.25
PEAK: Final = 0.3
MARGIN: Final = 0.25
MOST: Final = 0.4
LEAST: Final = 0.3
_FINE: Final = 112


@dataclass(frozen=True)
class Box:
    """A part of a picture, its edges as shares of width and height: 0 <= x0 < x1 <= 1, likewise y."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def share(self) -> float:
        """How much of the picture it is, 0-1."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point (shares of width and height) lies in it."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in a picture of this size; at least one pixel wide and high."""
        left, top = min(round(self.x0 * width), width - 1), min(round(self.y0 * height), height - 1)
        return left, top, max(round(self.x1 * width), left + 1), max(round(self.y1 * height), top + 1)


def crop(rgb: np.ndarray, box: Box) -> np.ndarray:
    """Cut a part out of a picture, from its working size (640 px), so that all cameras look alike.

    Args:
        rgb: uint8, H x W x 3, any size.

    Returns:
        uint8, h x w x 3: what a network may be given in place of the whole.
    """
    working = shrink(rgb)
    left, top, right, bottom = box.pixels(*working.shape[:2])
    return np.ascontiguousarray(working[top:bottom, left:right])


def averaged(run: Callable[[np.ndarray], dict[str, np.ndarray]], batch: np.ndarray) -> dict[str, np.ndarray]:
    """A network's outputs, averaged over the four mirror images of its input.

    Feature maps are turned back first, so that a head that is affine after average pooling gives the averaged
    logits for the averaged map, and Grad-CAM of the average is Grad-CAM of the average map.

    Args:
        run: the network; called once a view.
        batch: float32, N x 3 x S x S.

    Returns:
        what ``run`` returns, float32.
    """
    sums: dict[str, np.ndarray] = {}
    for axes in FLIPS:
        for name, output in run(np.ascontiguousarray(np.flip(batch, axes))).items():
            upright = np.flip(output, axes) if output.ndim == batch.ndim else output
            sums[name] = sums[name] + upright if name in sums else upright.astype(np.float64)
    return {name: (total / len(FLIPS)).astype(np.float32) for name, total in sums.items()}


def spot(places: np.ndarray, height: int, width: int) -> Box | None:
    """A box round the lesion, where it fills little of the photo.

    Args:
        places: float, h x w: how likely (0-1) each part of the whole photo is lesion, as ``ImageQX.places``
            gives it. (The lesion classifier's own feature map tells how much it sees, not where the lesion
            is: docs/decisions/lesion-network.md.)
        height, width: of the photo; the box is square in its pixels, as far as the photo reaches.

    Returns:
        None where no lesion is likely, or it fills the photo well enough.
    """
    fine = cv2.resize(np.asarray(places, np.float32), (_FINE, _FINE), interpolation=cv2.INTER_LINEAR)
    _count, parts = cv2.connectedComponents((fine >= LEVEL).astype(np.uint8))
    lesion = np.isin(parts, np.unique(parts[fine >= PEAK])) & (parts > 0)
    if not lesion.any():
        return None
    rows, columns = np.flatnonzero(lesion.any(axis=1)), np.flatnonzero(lesion.any(axis=0))
    left, right = int(columns[0]) * width / _FINE, int(columns[-1] + 1) * width / _FINE
    top, bottom = int(rows[0]) * height / _FINE, int(rows[-1] + 1) * height / _FINE
    side = max(max(right - left, bottom - top) * (1 + 2 * MARGIN), LEAST * min(height, width))
    wide, high = min(side, width), min(side, height)
    x = float(np.clip((left + right - wide) / 2, 0, width - wide))
    y = float(np.clip((top + bottom - high) / 2, 0, height - high))
    box = Box(x / width, y / height, min((x + wide) / width, 1.0), min((y + high) / height, 1.0))
    return box if box.share <= MOST else None
