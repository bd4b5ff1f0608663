"""WebP: its size is read from the header, since the decoder sets memory aside before it can be asked."""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from PIL import Image

from core.decoding import colour
from core.decoding.limits import MOST_PARTS, Refusal, check_memory, check_size
from core.decoding.picture import Picture
from core.decoding.pillow import opened, orientation_of, picture_of, rows_of

_ANIMATED: Final = 2
# Measured, a pixel: without transparency, with it or lossless, and what Pillow takes for an animation beside
# the picture itself.
_OPAQUE_BYTES: Final = 6
_STILL_BYTES: Final = 8
_ANIMATION_BYTES: Final = 12


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode a WebP; of an animated one the first frame.

    Raises:
        Refusal: ``corrupt``, ``too_complex``, or for its size.
    """
    parts = dict(reversed(list(_parts(data))))
    width, height, animated = _head(parts)
    check_size(width, height)
    profile, orientation = parts.get(b"ICCP"), orientation_of(parts.get(b"EXIF", b""))
    if animated:
        check_memory((4.0 + _ANIMATION_BYTES) * width * height, long_side is None)
        image = opened(data, "WEBP", long_side is None)
        image.load()
        return picture_of(image, rows_of(image, profile), orientation)
    plain = b"VP8 " in parts and b"ALPH" not in parts
    check_memory(float(_OPAQUE_BYTES if plain else _STILL_BYTES) * width * height, long_side is None)
    try:
        stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None or stored.shape[:2] != (height, width):
        raise Refusal("corrupt")
    convert = colour.through_profile(profile, "RGB") if profile else None

    def rows(top: int, below: int) -> np.ndarray:
        strip = stored[top:below]
        rgb = np.ascontiguousarray(strip[..., 2::-1])
        if strip.shape[2] == 4:
            part = Image.fromarray(np.dstack([rgb, strip[..., 3]]))
            rgb = np.asarray(rows_of(part)(0, len(strip)))
        return np.asarray(convert(Image.fromarray(rgb))) if convert else rgb

    return Picture(width, height, width, height, rows, orientation=orientation)


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _part in range(MOST_PARTS):
        if at + 8 > len(data):
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise Refusal("too_complex")


def _head(parts: dict[bytes, bytes]) -> tuple[int, int, bool]:
    """Width, height, and whether it is animated."""
    if len(head := parts.get(b"VP8X", b"")) >= 10:
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height, bool(head[0] & _ANIMATED)
    if len(head := parts.get(b"VP8 ", b"")) >= 10:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return width, height, False
    if len(head := parts.get(b"VP8L", b"")) >= 5:
        packed = int.from_bytes(head[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, False
    raise Refusal("corrupt")
