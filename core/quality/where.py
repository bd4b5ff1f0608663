"""Where in the frame is skin, and where on it the lesion? For "no skin" and for the framing hint."""

from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np

from core.runtime.manifest import NetworkEntry
from core.runtime.preprocess import network_input
from core.runtime.probability import sigmoid

PLANES: Final = ("skin", "lesion")


class Runs(Protocol):
    """What is needed of an engine, see ``core.runtime.engine.Engine``."""

    def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        """Answer a batch (float32, N x 3 x S x S) with ``logits`` (float32, N x 2 x s x s)."""
        ...


@dataclass(frozen=True)
class Where:
    """What a frame shows, and where.

    Attributes:
        skin_share: share of the frame that is skin, lesion included, 0-1.
        lesion_centre: middle of the largest lesion's box, (x, y) from the middle of the frame: -1 is the left
            or upper edge, 1 the right or lower one; None when no lesion is found.
        lesion_extent: longer side of that box over the short side of the frame, as the design measures
            distance; None when no lesion is found.
    """

    skin_share: float
    lesion_centre: tuple[float, float] | None
    lesion_extent: float | None


@dataclass(frozen=True)
class Levels:
    """What counts.

    Attributes:
        skin, lesion: probability (0-1) from which a cell of the answer does.
        cells: cells that a lesion must have; fewer are taken for noise.
    """

    skin: float = 0.5
    lesion: float = 0.5
    cells: int = 4


def find(chances: np.ndarray, width: int, height: int, levels: Levels | None = None) -> Where:
    """Read skin and lesion from the segmenter's answer.

    Args:
        chances: 2 x s x s, probability of skin and of lesion in each cell of the squeezed frame.
        width, height: of the picture, in any unit; their ratio undoes the squeeze.
        levels: what counts; the usual ones when None.
    """
    levels = levels or Levels()
    skin, lesion = chances[0] >= levels.skin, chances[1] >= levels.lesion
    share = float((skin | lesion).mean())
    count, _cells, stats, _centres = cv2.connectedComponentsWithStats(lesion.astype(np.uint8))
    if count < 2:
        return Where(share, None, None)
    x, y, wide, high, area = (int(v) for v in stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))])
    if area < levels.cells:
        return Where(share, None, None)
    rows, columns = lesion.shape
    centre = ((2 * x + wide) / columns - 1, (2 * y + high) / rows - 1)
    extent = max(wide / columns * width, high / rows * height) / min(width, height)
    return Where(share, centre, extent)


class Segmenter:
    """The segmenter as it is served; thread-safe, as its engine is."""

    name = "segmenter"

    def __init__(self, engine: Runs, entry: NetworkEntry, levels: Levels | None = None) -> None:
        """Args are the engine, its manifest entry, and what counts.

        Raises:
            ValueError: the entry is of a network that answers something else.
        """
        if tuple(entry.labels) != PLANES:
            raise ValueError(f"not a segmenter: {entry.labels}")
        self._engine = engine
        self._entry = entry
        self._levels = levels or Levels()

    def chances(self, rgb: np.ndarray) -> np.ndarray:
        """Probability of skin and of lesion over a picture: float64, 2 x s x s, the whole frame squeezed.

        Args:
            rgb: uint8 RGB, H x W x 3, any size.
        """
        entry = self._entry
        batch = network_input(rgb, entry.input_size, entry.mean, entry.std)
        return sigmoid(self._engine.run(batch)["logits"][0])

    def look(self, rgb: np.ndarray) -> Where:
        """Say where a picture (uint8 RGB, H x W x 3, any size) shows skin, and a lesion."""
        height, width = rgb.shape[:2]
        return find(self.chances(rgb), width, height, self._levels)
