"""HEIC and HEIF: the photo itself, never a preview inside it, with the colours that its boxes tell."""

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image

from core.decoding import colour
from core.decoding.heif_file import has_a_hole
from core.decoding.limits import MEMORY, Refusal, check_memory, check_size
from core.decoding.picture import Picture, Rows
from core.decoding.pillow import in_space, rows_of

pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.AUX_IMAGES = False
_CHANNELS: Final = {"L": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4, "I": 1}
_PLANES: Final[Mapping[object, float]] = {400: 1.0, 420: 1.5, 422: 2.0, 444: 3.0}


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode the primary image of a HEIC or HEIF file. The decoder turns it upright itself.

    Raises:
        Refusal: ``corrupt``, ``unsupported_kind`` for another codec inside, or for its size.
    """
    if has_a_hole(data):
        raise Refusal("corrupt")
    try:
        image = _opened(data, long_side is None)
        pixels = _pixels(image)
    except (MemoryError, Refusal):
        raise
    except Exception as error:  # the decoder raises nearly anything on hostile headers
        raise Refusal(_code(str(error))) from None
    width, height = image.size
    check_size(width, height)
    depth = 16 if pixels.dtype == np.uint16 else 8
    profile = image.info.get("icc_profile")
    space = None if profile else _space(image.info.get("nclx_profile"))
    if depth == 8:
        picture = Picture(width, height, width, height, _rows(pixels, profile))
        return in_space(picture, space)
    picture = Picture(width, height, width, height, _wide_rows(pixels))
    if space is None:
        eight = _rows(pixels, profile, shift=8)
        return Picture(width, height, width, height, eight)
    return in_space(picture, space, depth=16)


def _opened(data: bytes, all_pixels: bool) -> Any:
    """The primary image, not decoded yet; of more than 8 bits a channel where there is memory for them."""
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, remove_stride=False)
    image = file[file.primary_index]
    width, height = image.size
    check_size(width, height)
    channels = _CHANNELS.get(image.mode.split(";")[0], 4)
    planes = _PLANES.get(image.info.get("chroma"), 3.0)
    if "16" not in image.mode:
        check_memory((planes + channels) * width * height, all_pixels)
        return image
    if 2 * (planes + channels) * width * height <= MEMORY or all_pixels:
        check_memory(2 * (planes + channels) * width * height, all_pixels)
        return image
    check_memory((2 * planes + channels) * width * height, all_pixels)
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True, remove_stride=False)
    return file[file.primary_index]


def _pixels(image: Any) -> np.ndarray:
    """A decoded image as uint8 or uint16, H x W x C, without copying it."""
    depth = np.dtype("<u2" if "16" in image.mode else np.uint8)
    data, channels = image.data, _CHANNELS[image.mode.split(";")[0]]
    width, height = image.size  # only now is it the decoded one
    steps = (image.stride, channels * depth.itemsize, depth.itemsize)
    return np.ndarray((height, width, channels), depth, data, strides=steps)


def _code(message: str) -> Any:
    if "not been built in" in message or "nsupported codec" in message:
        return "unsupported_kind"
    return "too_complex" if "emory" in message else "corrupt"


def _space(points: dict[str, Any] | None) -> colour.Space | None:
    if not points:
        return None
    return colour.of_code_points(int(points["color_primaries"]), int(points["transfer_characteristics"]))


def _rows(pixels: np.ndarray, profile: bytes | None, shift: int = 0) -> Rows:
    def rows(top: int, below: int) -> np.ndarray:
        strip = np.ascontiguousarray(pixels[top:below])
        if shift:
            strip = (strip >> shift).astype(np.uint8)
        if strip.shape[2] == 1:
            strip = strip[..., 0]
        return rows_of(Image.fromarray(strip), profile)(0, len(strip))

    return rows


def _wide_rows(pixels: np.ndarray) -> Rows:
    def rows(top: int, below: int) -> np.ndarray:
        strip = pixels[top:below]
        colours = strip[..., :3] if strip.shape[2] >= 3 else np.repeat(strip[..., :1], 3, axis=2)
        if strip.shape[2] in (2, 4):
            alpha = strip[..., -1:].astype(np.uint32)
            colours = ((colours * alpha + 65535 * (65535 - alpha)) // 65535).astype(np.uint16)
        return np.ascontiguousarray(colours)

    return rows
