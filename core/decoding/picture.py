"""A decoded picture whose rows are handed out in strips, so that no second copy of it is ever held."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

_STRIP_BYTES: Final = 4_000_000
# Up to here the whole picture is resampled at once, exactly as `core.runtime.preprocess.shrink` does it.
_AT_ONCE_PIXELS: Final = 16_000_000

Rows = Callable[[int, int], np.ndarray]
Finish = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, before it is turned upright.

    Attributes:
        width, height: size of the whole picture in pixels, as stored.
        columns, lines: size of what was decoded: the same, or less where the decoder reduces.
        rows: pixels of the lines from the first to before the second number, n x columns x 3: uint8 sRGB, or
            uint16 in the file's own colours where ``finish`` is given.
        finish: turns the file's own colours (0-65535, uint16 or float32, n x m x 3) into uint8 sRGB.
        orientation: EXIF value 1-8.
    """

    width: int
    height: int
    columns: int
    lines: int
    rows: Rows
    finish: Finish | None = None
    orientation: int = 1


def strips(picture: Picture) -> Iterator[np.ndarray]:
    """All that was decoded, from top to bottom: uint8 sRGB, n x columns x 3, a few MB at a time."""
    for pixels in _strips(picture):
        yield picture.finish(pixels) if picture.finish else pixels


def at_most(picture: Picture, long_side: int) -> np.ndarray:
    """The picture area-resampled so that its longest side is at most ``long_side`` pixels; never enlarged.

    Returns:
        uint8 sRGB, h x w x 3, as stored (not turned upright).
    """
    scale = long_side / max(picture.width, picture.height)
    if scale >= 1:
        return np.concatenate(list(strips(picture)))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    if picture.columns * picture.lines <= _AT_ONCE_PIXELS:
        whole = picture.rows(0, picture.lines)
        small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    else:
        small = _resampled(picture, size)
        if not picture.finish:
            small = np.rint(small).astype(np.uint8)
    return picture.finish(small) if picture.finish else small


def _strips(picture: Picture) -> Iterator[np.ndarray]:
    step = max(1, _STRIP_BYTES // (3 * picture.columns))
    for top in range(0, picture.lines, step):
        yield picture.rows(top, min(top + step, picture.lines))


def _resampled(picture: Picture, size: tuple[int, int]) -> np.ndarray:
    """Area resampling of a large picture strip by strip: float32, h x w x 3."""
    width, height = size
    out = np.zeros((height, width * 3), np.float32)
    edges = np.arange(height + 1) * (picture.lines / height)
    top = 0
    for strip in _strips(picture):
        rows = np.arange(top, top + len(strip))
        first = int(np.searchsorted(edges, top, "right")) - 1
        last = int(np.searchsorted(edges, top + len(strip), "left"))
        above, below = edges[first:last, None], edges[first + 1 : last + 1, None]
        shares = np.clip(np.minimum(below, rows + 1) - np.maximum(above, rows), 0, None)
        narrow = cv2.resize(strip.astype(np.float32), (width, len(strip)), interpolation=cv2.INTER_AREA)
        weights = (shares * (height / picture.lines)).astype(np.float32)
        out[first:last] += weights @ narrow.reshape(len(strip), width * 3)
        top += len(strip)
    return out.reshape(height, width, 3)
