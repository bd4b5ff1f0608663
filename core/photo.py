"""Bytes to Photo: decode, orient, strip metadata, enforce limits. The only place that trusts no one.

Everything that enters Retake as a file (upload, camera still, command line) comes through `read_photo` and
leaves it as plain sRGB pixels. A file that cannot be used raises `PhotoError`, whose one sentence says what
to do. Decoding itself happens in a process of its own, with limits: `core.decoding`.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from core.decoding import pool
from core.decoding.limits import MAX_BYTES, MAX_PIXELS, MIN_SHORT_SIDE, Refusal, check_size
from core.errors import CodedError
from core.i18n import _
from core.runtime.preprocess import WORKING_LONG_SIDE, shrink

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MIN_SHORT_SIDE",
    "SUFFIXES",
    "Photo",
    "PhotoError",
    "photo_from_array",
    "read_photo",
]

_LOG: Final = logging.getLogger(__name__)
# What such files are usually called; their content alone decides what they are.
SUFFIXES: Final = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".tif",
        ".tiff",
        ".bmp",
    }
)


class PhotoError(CodedError):
    """A file that cannot be used.

    Attributes:
        code: one of ``not_found``, ``is_folder``, ``unreadable``, ``empty``, ``file_too_big``,
            ``not_an_image``, ``unsupported_kind``, ``corrupt``, ``too_complex``, ``too_many_pixels``,
            ``too_small``; ``cannot_decode`` when something is wrong with this computer, not with the file.
        message: one translated sentence that says what is wrong and what to do.
    """


@dataclass(frozen=True, eq=False)
class Photo:
    """One usable picture, upright, in sRGB, without metadata.

    The file's bytes are held back for `full` to decode and never handed out, as they may name a place.

    Attributes:
        name: what to call it, usually the file's name; may be empty.
        width, height: size in pixels of the whole picture after orientation.
        small: uint8 RGB, h x w x 3, longest side at most 640 px; what networks see.
        sha256: hexadecimal digest of the file's bytes (of the pixels for `photo_from_array`).
    """

    name: str
    width: int
    height: int
    small: np.ndarray = field(repr=False)
    sha256: str
    _source: bytes | np.ndarray = field(repr=False)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        source = self._source
        return self.small.nbytes + (source.nbytes if isinstance(source, np.ndarray) else len(source))

    def full(self) -> np.ndarray:
        """Decode the whole picture: uint8 RGB, height x width x 3. Slow for large files, and not cached.

        Pages make do with `small` and `jpeg`: this may take more memory than one photo should.

        Raises:
            PhotoError: the picture is too complex to hold all its pixels.
        """
        if isinstance(self._source, np.ndarray):
            return self._source
        return _decode(self._source, None)[0]

    def jpeg(self, long_side: int | None = None, quality: int = 92) -> bytes:
        """Encode as a baseline JPEG with pixels and nothing else: no EXIF, no GPS, no profile, no comment.

        Args:
            long_side: shrink so that the longest side is at most this many pixels; None keeps the full size.
            quality: JPEG quality, 1-95.
        """
        if long_side is None:
            rgb = self.full()
        elif long_side <= max(self.small.shape[:2]):
            rgb = shrink(self.small, long_side)
        elif isinstance(self._source, np.ndarray):
            rgb = shrink(self._source, long_side)
        else:
            rgb = _decode(self._source, long_side)[0]
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "JPEG", quality=quality)
        return out.getvalue()


def read_photo(data: bytes | Path, name: str = "") -> Photo:
    """Read a picture file: JPEG, PNG, WebP, HEIC/HEIF, AVIF, TIFF, BMP; of an animated one the first frame.

    The kind of a file is read from its content. Size and cost are checked from the file's header, before any
    pixel is decoded. A large JPEG is decoded at a reduced scale (1/2, 1/4 or 1/8) that is still at least
    640 px on its longest side.

    Args:
        data: the file's bytes, or its path.
        name: what to call the photo; a path's own name when left empty.

    Raises:
        PhotoError: the file cannot be used; its ``message`` says why and what to do.
    """
    if isinstance(data, Path):
        name = name or data.name
        data = _read_file(data)
    if not data:
        raise PhotoError("empty", _("This file is empty. Please choose the photo again."))
    if len(data) > MAX_BYTES:
        raise _refused("file_too_big")
    small, width, height = _decode(data, WORKING_LONG_SIDE)
    return Photo(name, width, height, small, hashlib.sha256(data).hexdigest(), data)


def photo_from_array(rgb: np.ndarray, name: str = "") -> Photo:
    """Make a Photo of pixels that are at hand already, such as a camera frame (uint8 RGB, H x W x 3).

    Raises:
        PhotoError: too many pixels, or a side that is too short.
        ValueError: not an array of that kind.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"expected uint8 H x W x 3, got {rgb.dtype} {rgb.shape}")
    height, width = rgb.shape[:2]
    try:
        check_size(width, height)
    except Refusal as refusal:
        raise _refused(refusal.code) from None
    pixels = np.array(rgb, order="C")
    pixels.setflags(write=False)
    digest = hashlib.sha256(f"{width}x{height}:".encode() + pixels.data.cast("B")).hexdigest()
    return Photo(name, width, height, shrink(pixels), digest, pixels)


def _read_file(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PhotoError(
                "is_folder", _("This is a folder, not a photo. Please choose a photo inside it.")
            )
        if path.stat().st_size > MAX_BYTES:
            raise _refused("file_too_big")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # a pipe or device has no size to check beforehand
    except (FileNotFoundError, NotADirectoryError):
        raise PhotoError(
            "not_found", _("There is no file at this path. Please check its name and try again.")
        ) from None
    except (OSError, ValueError):
        raise PhotoError(
            "unreadable", _("This file could not be opened. Please check that you may read it.")
        ) from None


def _decode(data: bytes, long_side: int | None) -> tuple[np.ndarray, int, int]:
    """Decode to upright sRGB uint8: (pixels, full width, full height); see `core.decoding.pool.decode`."""
    try:
        return pool.decode(data, long_side)
    except Refusal as refusal:
        raise _refused(refusal.code) from None
    except (pool.CannotStart, OSError):
        _LOG.exception("No process could be started to decode a photo")
        raise _refused("cannot_decode") from None


def _refused(code: str) -> PhotoError:
    return PhotoError(code, _SENTENCES[code]())


_SENTENCES: Final[Mapping[str, Callable[[], str]]] = {
    "file_too_big": lambda: _("This file is larger than 20 MB. Please choose a smaller copy of the photo."),
    "not_an_image": lambda: _(
        "Retake cannot read this file as a photo. Please choose a JPEG, PNG, WebP, HEIC, TIFF or BMP."
    ),
    "unsupported_kind": lambda: _(
        "Retake cannot read this kind of photo. Please choose a JPEG, PNG or HEIC."
    ),
    "corrupt": lambda: _("This photo is damaged or incomplete. Please copy or take it again and retry."),
    "too_complex": lambda: _(
        "This photo is too complex to open. Please choose a smaller copy of it, as a JPEG."
    ),
    "too_many_pixels": lambda: _(
        "This photo has more than 64 megapixels. Please choose a smaller copy of the photo."
    ),
    "too_small": lambda: _(
        "This photo is too small: its shorter side needs 64 pixels or more. Please choose another."
    ),
    "cannot_decode": lambda: _("Photos cannot be opened on this computer right now. Please try again later."),
}
