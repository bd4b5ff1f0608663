"""How fine the structure of a picture is: what tells blur, shake and lost detail from a sharp picture.

Measured on the network's detail view, in whole numbers, so that Python and the browser agree. The mean
squared difference of the brightness of two pixels grows with the distance between them: slowly in a sharp
picture, with the square of the distance in one that is blurred over that distance. Blur by movement shows in
one direction alone.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

DIRECTIONS: Final = ((1, 0), (0, 1), (1, 1), (1, -1))
DISTANCES: Final = (1, 2, 4, 8, 16)
FLOOR: Final = 0.5  # squared levels: below it differences are rounding
# Steps between neighbouring rows or columns are compared with those around them; an edge of the picture's own
# counts no more than MOST levels in any place, and below LITTLE levels a step is rounding.
AROUND: Final = 4
MOST: Final = 16
LITTLE: Final = 0.25


@dataclass(frozen=True)
class Texture:
    """What was measured.

    Attributes:
        soft: exponent (about 0 to 2) with which differences grow from 2 to 8 pixels, in the direction where
            it is largest; 2 is a blur over all of that.
        smear: how much smaller it is in the direction where it is smallest.
        soft_wide: as ``soft``, from 4 to 16 pixels.
        fine, medium: logarithm to base 2 of the mean squared difference (levels) at 1 and at 2 pixels, in the
            direction where it is smallest.
        equal: share (0-1) of neighbours with the same brightness, across or down, whichever is smaller.
        flat: share (0-1) of pixels that equal both the neighbour across and the one below.
        blocks: how much steps from one row to the next, and from one column to the next, whichever is less,
            differ from those around them (0 or more, root mean square of logarithms to base 2): the grid of
            a picture enlarged in blocks, or of hard compression. Noise hides it less than equal neighbours.
    """

    soft: float
    smear: float
    soft_wide: float
    fine: float
    medium: float
    equal: float
    flat: float
    blocks: float


def texture(detail: np.ndarray) -> Texture:
    """Measure a picture.

    Args:
        detail: uint8 RGB, S x S x 3 with S over 16: the network's detail view of it.
    """
    red, green, blue = (detail[..., part].astype(np.int64) for part in range(3))
    luma = (77 * red + 150 * green + 29 * blue) >> 8
    growth = np.array(
        [[_mean_square(luma, dx * far, dy * far) for far in DISTANCES] for dx, dy in DIRECTIONS]
    )
    levels = np.log2(growth + FLOOR)
    near, wide = (levels[:, 3] - levels[:, 1]) / 2, (levels[:, 4] - levels[:, 2]) / 2
    across, down = luma[:, 1:] == luma[:, :-1], luma[1:] == luma[:-1]
    return Texture(
        soft=float(near.max()),
        smear=float(near.max() - near.min()),
        soft_wide=float(wide.max()),
        fine=float(levels[:, 0].min()),
        medium=float(levels[:, 1].min()),
        equal=min(float(across.mean()), float(down.mean())),
        flat=float((across[:-1] & down[:, :-1]).mean()),
        blocks=min(_unevenness(np.diff(luma, axis=1)), _unevenness(np.diff(luma, axis=0).T)),
    )


def _unevenness(steps: np.ndarray) -> float:
    """How much the columns of steps differ from those around them; whole numbers, rows x columns."""
    mean = np.minimum(np.abs(steps), MOST).sum(axis=0) / len(steps)
    around = np.median(np.lib.stride_tricks.sliding_window_view(mean, 2 * AROUND + 1), axis=1)
    ratio = np.log2((mean[AROUND:-AROUND] + LITTLE) / (around + LITTLE))
    return float(np.sqrt((ratio**2).mean()))


def _mean_square(luma: np.ndarray, dx: int, dy: int) -> float:
    """Mean squared difference of pixels that lie ``dx`` across and ``dy`` down from each other."""
    height, width = luma.shape
    first = luma[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    second = luma[max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)]
    return int(((first - second) ** 2).sum()) / first.size


def levels_of(square: np.ndarray) -> tuple[float, float]:
    """Brightness (0-1) that half and that 5 % of the pixels of a picture reach.

    Args:
        square: uint8 RGB, S x S x 3: the network's square of it.
    """
    red, green, blue = (square[..., part].astype(np.int64) for part in range(3))
    ordered = np.sort(((77 * red + 150 * green + 29 * blue) >> 8).ravel())
    return ordered[len(ordered) // 2] / 255, ordered[math.floor(len(ordered) * 0.95)] / 255
