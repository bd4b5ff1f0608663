"""JPEG: decoded at the smallest scale that is enough, and refused when the decoder complains.

OpenCV's decoder (libjpeg-turbo) writes what it thinks of the data to the standard error stream, where
`core.decoding.stderr` reads it; Pillow's keeps it to itself.
"""

import io
import re
from typing import Final

import cv2
import numpy as np
from PIL import Image

from core.decoding import colour, stderr
from core.decoding.jpeg_file import JpegFile, parse
from core.decoding.limits import Refusal, check_memory
from core.decoding.picture import Picture, Rows
from core.decoding.pillow import orientation_of, rows_of

_REDUCED: Final = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_EXTRANEOUS: Final = re.compile(rb"(\d+) extraneous bytes before marker")
_FILLING: Final = 128
_NEARLY: Final = 2
_LEAST_FILLED: Final = 0.04
# Some cameras fill the last sector, or write a byte or two too many.
_SPARE_BYTES: Final = 2
_MOST_PADDING: Final = 64


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode a JPEG; with ``long_side`` at a scale (1/2, 1/4, 1/8) that still has as many pixels or more.

    Raises:
        Refusal: see `core.decoding.jpeg_file.parse`; ``corrupt`` when its data are damaged or end too early.
    """
    file = parse(data)
    factor = reduction(file.width, file.height, long_side)
    columns, lines = -(-file.width // factor), -(-file.height // factor)
    bytes_a_pixel = 4 if len(file.components) == 4 else 3
    check_memory(file.coefficient_bytes + bytes_a_pixel * columns * lines, long_side is None)
    orientation = orientation_of(file.exif)
    if len(file.components) == 4:
        _decoded(file, 8)
        rows = _four_colours(file, factor)
    else:
        rows = _through_profile(_decoded(file, factor), file)
    return Picture(file.width, file.height, columns, lines, rows, orientation=orientation)


def reduction(width: int, height: int, long_side: int | None) -> int:
    """By what a JPEG's sides may be divided while decoding: 1, 2, 4 or 8."""
    if long_side is None:
        return 1
    return next((one for one in (8, 4, 2) if max(width, height) >= one * long_side), 1)


def _decoded(file: JpegFile, factor: int) -> np.ndarray:
    """Pixels in BGR; raises when the decoder fails or complains of the data."""
    flags = _REDUCED[factor] | cv2.IMREAD_IGNORE_ORIENTATION
    with stderr.captured_stderr() as captured:
        try:
            bgr = cv2.imdecode(np.frombuffer(file.clean, np.uint8), flags)
        except cv2.error:
            bgr = None
    if bgr is None or _damaged(captured.text, file) or _ends_in_filling(bgr):
        raise Refusal("corrupt")
    return bgr


def _ends_in_filling(bgr: np.ndarray) -> bool:
    """Whether the picture ends in the mid-grey with which viewers fill what is missing.

    A damaged photo that some program has opened and saved again is a sound file; only this shows.
    """
    lines = len(bgr)
    tail = max(1, int(np.ceil(_LEAST_FILLED * lines)))
    return _filled(bgr[lines - 1]) and _filled(bgr[lines - tail :]) and not _filled(bgr[: lines - tail])


def _filled(part: np.ndarray) -> bool:
    return bool(part.min() >= _FILLING - _NEARLY and part.max() <= _FILLING + _NEARLY)


def _damaged(text: bytes, file: JpegFile) -> bool:
    if b"Corrupt JPEG data" not in text and b"Premature end" not in text:
        return False
    spare = _EXTRANEOUS.search(text)
    allowed = _SPARE_BYTES + min(_MOST_PADDING, max(scan.padding for scan in file.scans))
    return spare is None or int(spare[1]) > allowed


def _through_profile(bgr: np.ndarray, file: JpegFile) -> Rows:
    # A profile of a one-channel picture says nothing about its three channels.
    usable = file.profile if len(file.components) == 3 else None
    convert = colour.through_profile(usable, "RGB") if usable else None

    def rows(top: int, below: int) -> np.ndarray:
        rgb = np.ascontiguousarray(bgr[top:below, :, ::-1])
        return np.asarray(convert(Image.fromarray(rgb))) if convert else rgb

    return rows


def _four_colours(file: JpegFile, factor: int) -> Rows:
    image = Image.open(io.BytesIO(file.clean), formats=("JPEG",))
    if factor > 1:
        # Pillow takes the largest scale that keeps both sides at least this long.
        image.draft(None, (file.width // factor, file.height // factor))
    image.load()
    return rows_of(image, file.profile)
