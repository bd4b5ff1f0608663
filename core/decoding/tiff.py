"""TIFF: its first picture, unless that is a preview; raw files of cameras are TIFFs too and are not read."""

import struct
from typing import Final

from PIL import Image, UnidentifiedImageError

from core.decoding.limits import Refusal
from core.decoding.picture import Picture, Rows
from core.decoding.pillow import opened, orientation_of, picture_of, rows_of

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _SAMPLE_FORMAT, _SUBFILE_TYPE = 277, 339, 254
_DNG_VERSION: Final = 50706
_RAW_PHOTOMETRICS: Final = frozenset({32803, 34892})
_SIGNED, _FLOATING = 2, 3
_MOST_TAGS: Final = 4096
_INTEGER_TYPES: Final = {1: "B", 3: "H", 4: "I"}
_ORIENTATION: Final = 0x0112


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode the first picture of a TIFF.

    Raises:
        Refusal: ``unsupported_kind`` for raw files, floating colours and other kinds that are not read.
    """
    tags = _first_tags(data)
    samples, sample_format = tags.get(_SAMPLES, 1), tags.get(_SAMPLE_FORMAT, 1)
    if (
        _DNG_VERSION in tags
        or data[8:10] == b"CR"
        or tags.get(_PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or tags.get(_SUBFILE_TYPE, 0) & 1
        or (sample_format == _FLOATING and samples > 1)
    ):
        raise Refusal("unsupported_kind")
    try:
        image = opened(data, "TIFF", long_side is None)
    except (UnidentifiedImageError, SyntaxError):
        # The file is well-formed, so what Pillow does not know is its kind.
        raise Refusal("unsupported_kind" if _WIDTH in tags and _HEIGHT in tags else "corrupt") from None
    image.load()
    rows = rows_of(image, image.info.get("icc_profile"), _white(image, tags))
    if image.mode.startswith("I") and tags.get(_PHOTOMETRIC) == 0:
        rows = _negative(rows)
    try:
        # After loading, since Pillow turns such a picture itself.
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken tags are no reason to refuse sound pixels
        orientation = orientation_of(b"")
    return picture_of(image, rows, orientation)


def _white(image: Image.Image, tags: dict[int, int]) -> float | None:
    """The value of white in grey levels of 9 to 16 bits; None where it must be found out."""
    bits = tags.get(_BITS, 1)
    if not image.mode.startswith("I") or not 8 < bits <= 16:
        return None
    return float((1 << (bits - 1 if tags.get(_SAMPLE_FORMAT) == _SIGNED else bits)) - 1)


def _negative(rows: Rows) -> Rows:
    """Where 0 is white; Pillow turns 8-bit pictures of this kind itself."""
    return lambda top, below: 255 - rows(top, below)


def _first_tags(data: bytes) -> dict[int, int]:
    """The first value of each whole-numbered tag of the first picture.

    Raises:
        Refusal: ``corrupt`` when there is no table of tags.
    """
    order = "<" if data[:2] == b"II" else ">"
    try:
        at = struct.unpack_from(order + "I", data, 4)[0]
        count = min(struct.unpack_from(order + "H", data, at)[0], _MOST_TAGS)
        tags = {}
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, values = struct.unpack_from(order + "HHI", data, entry)
            letter = _INTEGER_TYPES.get(kind)
            if letter is None or not values:
                continue
            inside = values * struct.calcsize(letter) <= 4
            place = entry + 8 if inside else struct.unpack_from(order + "I", data, entry + 8)[0]
            tags[tag] = struct.unpack_from(order + letter, data, place)[0]
    except struct.error:
        raise Refusal("corrupt") from None
    return tags
