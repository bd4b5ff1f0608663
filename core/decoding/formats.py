"""One decoder for each kind of file."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from core.decoding import heif, jpeg, pillow, png, tiff, webp
from core.decoding.kinds import kind_of
from core.decoding.picture import Picture, at_most, strips

cv2.setNumThreads(1)
_DECODERS = {
    "jpeg": jpeg.decode,
    "png": png.decode,
    "webp": webp.decode,
    "heif": heif.decode,
    "avif": pillow.decode_avif,
    "tiff": tiff.decode,
    "bmp": pillow.decode_bmp,
}


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode a file of any kind that is read, large enough for ``long_side`` (None: all pixels).

    Raises:
        Refusal: the file cannot be used.
        Exception: whatever a decoder raises on broken data.
    """
    return _DECODERS[kind_of(data)](data, long_side)


def decoded(data: bytes, long_side: int | None) -> tuple[dict[str, Any], Iterator[np.ndarray]]:
    """Decode a file: what it is (see `core.decoding.worker`), and its pixels in strips, uint8 sRGB."""
    picture = decode(data, long_side)
    header = {"width": picture.width, "height": picture.height, "orientation": picture.orientation}
    if long_side is None:
        return header | {"columns": picture.columns, "lines": picture.lines}, strips(picture)
    pixels = np.ascontiguousarray(at_most(picture, long_side))
    return header | {"columns": pixels.shape[1], "lines": pixels.shape[0]}, iter([pixels])
