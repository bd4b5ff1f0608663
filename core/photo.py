"""Bytes to Photo: decode, orient, strip metadata, enforce limits. The only place that trusts no one.

Everything that enters Retake as a file (upload, camera still, command line) comes through `read_photo` and
leaves it as plain sRGB pixels. A file that cannot be used raises `PhotoError`, whose one sentence says what
to do.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from core.runtime.preprocess import WORKING_LONG_SIDE, shrink
from core.words import _

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 64_000_000
MIN_SHORT_SIDE: Final = 64
SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".hif", ".tif", ".tiff", ".bmp"}
)

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP")
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_ORIENTATION_TAG: Final = 0x0112
_TRANSPOSE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener()
# Pillow warns from 89 megapixels on; the limit here is lower and its refusal is a sentence, not a warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# What it says of odd tags is of no use to a person: the photo is read, or refused with a sentence.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class PhotoError(Exception):
    """A file that cannot be used.

    Attributes:
        code: one of ``not_found``, ``is_folder``, ``unreadable``, ``empty``, ``file_too_big``,
            ``not_an_image``, ``corrupt``, ``too_many_pixels``, ``too_small``.
        message: one translated sentence that says what is wrong and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


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
        """Decode the whole picture: uint8 RGB, height x width x 3. Slow for large files, and not cached."""
        if isinstance(self._source, np.ndarray):
            return self._source
        return _decode(self._source, reduced=False)[0]

    def jpeg(self, long_side: int | None = None, quality: int = 92) -> bytes:
        """Encode as a baseline JPEG with pixels and nothing else: no EXIF, no GPS, no profile, no comment.

        Args:
            long_side: shrink so that the longest side is at most this many pixels; None keeps the full size.
            quality: JPEG quality, 1-95.
        """
        enough = long_side is not None and long_side <= max(self.small.shape[:2])
        rgb = self.small if enough else self.full()
        if long_side is not None:
            rgb = shrink(rgb, long_side)
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "JPEG", quality=quality)
        return out.getvalue()


def read_photo(data: bytes | Path, name: str = "") -> Photo:
    """Read a picture file: JPEG, PNG, WebP, HEIC/HEIF, TIFF or BMP (the first frame of an animated one).

    Size limits are checked from the file's header, before any pixel is decoded. A large JPEG is decoded at a
    reduced scale (1/2, 1/4 or 1/8) that is still at least 640 px on its longest side.

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
        raise _file_too_big()
    small, width, height = _decode(data, reduced=True)
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
    _check_size(width, height)
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
            raise _file_too_big()
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


def _file_too_big() -> PhotoError:
    return PhotoError(
        "file_too_big", _("This file is larger than 20 MB. Please choose a smaller copy of the photo.")
    )


def _too_many_pixels() -> PhotoError:
    return PhotoError(
        "too_many_pixels",
        _("This photo has more than 64 megapixels. Please choose a smaller copy of the photo."),
    )


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < MIN_SHORT_SIDE:
        raise PhotoError(
            "too_small",
            _("This photo is too small: its shorter side needs 64 pixels or more. Please choose another."),
        )


def _corrupt() -> PhotoError:
    return PhotoError(
        "corrupt", _("This photo is damaged or incomplete. Please copy or take it again and retry.")
    )


def _looks_like_a_photo(data: bytes) -> bool:
    """Tell a damaged photo from something else altogether, by the first bytes that each format must have."""
    if data[4:8] == b"ftyp":
        return data[8:12] in _HEIF_BRANDS
    if data[:4] == b"RIFF":
        return data[8:12] == b"WEBP"
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"BM"))


def _decode(data: bytes, reduced: bool) -> tuple[np.ndarray, int, int]:
    """Decode to upright sRGB uint8: (pixels, full width, full height); at working size when ``reduced``."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except Exception:  # the decoders raise nearly anything on hostile headers
        if _looks_like_a_photo(data):
            raise _corrupt() from None
        raise PhotoError(
            "not_an_image",
            _("Retake cannot read this file as a photo. Please choose a JPEG, PNG, WebP, HEIC, TIFF or BMP."),
        ) from None
    with image:
        width, height = image.size
        _check_size(width, height)
        try:
            if reduced:
                # Only the JPEG decoder heeds this; it keeps both sides at least this long.
                image.draft(image.mode, _working_size(width, height))
            image.load()
            # After loading, since the TIFF decoder turns the picture itself and PNG may keep EXIF at its end.
            orientation = _orientation(image)
            profile = image.info.get("icc_profile")
            picture, is_srgb = _to_rgb(image, profile)
            pixels = np.asarray(picture)
            if reduced:
                pixels = _fit(pixels, width, height)
            if profile and not is_srgb:
                pixels = np.asarray(_to_srgb(Image.fromarray(pixels), profile))
            if orientation in _TRANSPOSE:
                pixels = np.asarray(Image.fromarray(pixels).transpose(_TRANSPOSE[orientation]))
        except Exception:  # truncated data, broken tables, out of memory: the same advice for all
            raise _corrupt() from None
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return pixels, width, height


def _working_size(width: int, height: int) -> tuple[int, int]:
    """The smallest size that is still enough: 640 px on the longer side, exactly."""
    longest = max(width, height)
    return max(1, width * WORKING_LONG_SIDE // longest), max(1, height * WORKING_LONG_SIDE // longest)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # a broken EXIF block is no reason to refuse sound pixels
        return 1


def _fit(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Area-resample to the size `shrink` would give the whole picture, whatever scale this was decoded at."""
    scale = WORKING_LONG_SIDE / max(width, height)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _to_rgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """Convert any of Pillow's modes to 8-bit RGB; says whether the colours are sRGB already."""
    mode = image.mode
    if mode == "RGB":
        return image, not profile
    if mode == "CMYK":
        if profile:
            converted = _to_srgb(image, profile)
            if converted.mode == "RGB":
                return converted, True
        return image.convert("RGB"), True
    if mode == "LAB":
        return _convert(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))), True
    if mode.startswith("I") or mode == "F":
        return Image.fromarray(_to_8_bit(np.asarray(image))).convert("RGB"), True
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        above = image.convert("RGBA")
        # White is what a browser or a photo viewer would show behind it.
        white = Image.new("RGBA", above.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, above).convert("RGB"), not profile
    # A profile of a one-channel picture says nothing about its three channels.
    return image.convert("RGB"), not profile or mode in ("1", "L")


def _to_8_bit(values: np.ndarray) -> np.ndarray:
    """Scale 16-bit, 32-bit or floating grey levels to uint8 (Pillow would clip them at 255)."""
    if values.dtype.itemsize == 2:
        top = 65535.0
    else:
        steps = (1.0, 255.0, 65535.0) if values.dtype.kind == "f" else (255.0, 65535.0)
        values = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
        highest = values.max()
        top = next((step for step in steps if highest <= step), highest)
    return np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert through an embedded colour profile (phones save Display P3); a broken one is ignored."""
    try:
        return _convert(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


def _convert(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None  # only in-place conversion returns None
    return converted
