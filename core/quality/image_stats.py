"""Statistics of a picture: how the light falls on the skin, where the skin is, and what moved.

These say which light and which way, once a network has found that light or framing are at fault; they find
no fault themselves. Measured on the network's own square of the picture, in whole numbers, so that Python
and the browser agree.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

CELL: Final = 8
"""Side of a cell, in pixels of the square."""

# Skin of every tone lies in a small part of the chroma plane (Chai and Ngan 1999), here made wider for warm
# and cold light; what is nearly black or white has no colour to tell.
SKIN_CR: Final = (132, 185)
SKIN_CB: Final = (70, 128)
SKIN_LUMA: Final = (16, 250)
WHITE: Final = 245  # the least of red, green and blue from which a pixel has no colour left
ENOUGH: Final = 0.08  # share of the frame that must be skin; else the whole frame is measured
# Light across the subject is compared between these shares of its cells.
LOW, HIGH = 0.06, 0.94
# A picture with less contrast than this (levels) has nothing to move.
PLAIN: Final = 6.0


@dataclass(frozen=True, eq=False)
class ImageStats:
    """What was measured.

    Attributes:
        skin: share (0-1) of the frame that the skin's outline covers.
        x, y: the middle of the skin, from the middle of the frame: -1 is the left or upper edge, 1 the
            opposite.
        luma: median brightness (0-1) of the skin, or of the frame where there is too little skin.
        blown: share (0-1) of it that is white.
        shading: brightest to darkest light across it, in linear light, at least 1.
        cells: mean luma (0-255) of the squares of 8 x 8 pixels: int32, n x n.
    """

    skin: float
    x: float
    y: float
    luma: float
    blown: float
    shading: float
    cells: np.ndarray = field(repr=False)

    @property
    def brightest(self) -> float:
        """Mean brightness (0-1) of the brightest cell."""
        return float(self.cells.max()) / 255

    @property
    def has_skin(self) -> bool:
        """Whether the light was measured on skin, not on the whole frame."""
        return self.skin >= ENOUGH


def image_stats(square: np.ndarray) -> ImageStats:
    """Measure a picture.

    Args:
        square: uint8 RGB, S x S x 3 with S a multiple of 8: the network's square of it.
    """
    red, green, blue = (square[..., part].astype(np.int32) for part in range(3))
    luma = (77 * red + 150 * green + 29 * blue) >> 8
    cr = 128 + ((red - luma) * 183 >> 8)
    cb = 128 + ((blue - luma) * 144 >> 8)
    skin = (luma >= SKIN_LUMA[0]) & (luma <= SKIN_LUMA[1])
    skin &= (cr >= SKIN_CR[0]) & (cr <= SKIN_CR[1]) & (cb >= SKIN_CB[0]) & (cb <= SKIN_CB[1])
    outline = _outline(_cells(skin.astype(np.int32)) * 2 >= CELL * CELL)
    count = square.shape[0] // CELL
    covered = int(outline.sum())
    share = covered / outline.size
    middle = (2 * np.arange(count) + 1) / count - 1
    x = float(outline.sum(axis=0) @ middle) / covered if covered else 0.0
    y = float(outline.sum(axis=1) @ middle) / covered if covered else 0.0
    subject = outline if share >= ENOUGH else np.ones_like(outline)
    inside = np.kron(subject, np.ones((CELL, CELL), bool))
    cells = _cells(luma) // (CELL * CELL)
    light = np.sort(cells[subject])
    low, high = (float(light[int(part * len(light))]) for part in (LOW, HIGH))
    white = np.minimum(np.minimum(red, green), blue)[inside] >= WHITE
    levels = np.sort(luma[inside])
    return ImageStats(
        skin=share,
        x=x,
        y=y,
        luma=float(levels[len(levels) // 2]) / 255,
        blown=float(white.sum()) / len(levels),
        shading=(_linear(high) + 1e-3) / (_linear(low) + 1e-3),
        cells=cells,
    )


def moved(before: ImageStats, now: ImageStats) -> float:
    """How much of a picture is elsewhere: 0 for the same, about 1 for another picture.

    The change of the cells over their own contrast; more or less light on all of them is no move. Pictures
    that were measured on squares of different sizes are taken for different ones.
    """
    if before.cells.shape != now.cells.shape:
        return 1.0
    first, second = (one.cells - one.cells.mean() for one in (before, now))
    return float(np.abs(second - first).mean() / max(np.abs(first).mean(), PLAIN))


def _cells(values: np.ndarray) -> np.ndarray:
    """Sums over the squares of 8 x 8."""
    count = values.shape[0] // CELL
    return values.reshape(count, CELL, count, CELL).sum(axis=(1, 3))


def _outline(skin: np.ndarray) -> np.ndarray:
    """Skin cells and what lies between them both ways: a shine has no skin's colours, but skin all around."""
    across, down = np.zeros_like(skin), np.zeros_like(skin)
    for line in range(len(skin)):
        for place, filled in ((skin[line], across[line]), (skin[:, line], down[:, line])):
            found = np.flatnonzero(place)
            if found.size:
                filled[found[0] : found[-1] + 1] = True
    return across & down


def _linear(luma: float) -> float:
    return (luma / 255) ** 2.2
