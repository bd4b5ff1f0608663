"""Marks of a collection in its photographs, taken off before a network is trained on them.

A watermark, an ink ring or a banner names the collection, and within a collection the classes are not drawn
evenly: a network would learn the mark. Photographs to be evaluated keep theirs, as people's would.
"""

from typing import Final

import cv2
import numpy as np

from training.data.sources import Box

# What of a photograph remains, as shares of its width and height (x0, y0, x1, y1).
KEPT: Final[dict[str, Box]] = {
    "ncinevus": (0.22, 0.22, 0.78, 0.78),
    "suhaasbites": (0.06, 0.06, 0.94, 0.94),
    "burnutsho": (0.0, 0.0, 1.0, 0.9),
}
# Where a white watermark lies, and how much brighter than its surroundings it is (levels).
WATERMARKS: Final[dict[str, Box]] = {"dermnetnz": (0.03, 0.65, 0.5, 0.99)}
_BRIGHTER: Final = 18


def without_marks(rgb: np.ndarray, slug: str) -> np.ndarray:
    """A photograph (uint8 RGB, H x W x 3) of the source ``slug`` cut or painted free of its known marks.

    Returns:
        a picture of the same size, but for sources whose edges are cut off; the photograph itself for all
        other sources.
    """
    if slug in KEPT:
        left, top, right, bottom = pixels(KEPT[slug], rgb)
        return np.ascontiguousarray(rgb[top:bottom, left:right])
    if slug in WATERMARKS:
        return _painted_over(rgb, WATERMARKS[slug])
    return rgb


def pixels(box: Box, rgb: np.ndarray) -> tuple[int, int, int, int]:
    """A box in shares of a picture as whole pixels."""
    height, width = rgb.shape[:2]
    return round(box[0] * width), round(box[1] * height), round(box[2] * width), round(box[3] * height)


def _painted_over(rgb: np.ndarray, box: Box) -> np.ndarray:
    """What is white and narrow inside the box, filled in from around it."""
    left, top, right, bottom = pixels(box, rgb)
    part = np.ascontiguousarray(rgb[top:bottom, left:right])
    if min(part.shape[:2]) < 8:
        return rgb
    side = max(rgb.shape[:2]) // 14 | 1
    around = cv2.medianBlur(part, max(side, 3))
    # The mark adds white: every channel rises, whatever lies below.
    risen = (part.astype(np.int16) - around).min(-1) > _BRIGHTER
    mask = cv2.dilate(risen.astype(np.uint8), np.ones((3, 3), np.uint8))
    out = rgb.copy()
    out[top:bottom, left:right] = cv2.inpaint(part, mask, 3, cv2.INPAINT_TELEA)
    return out
