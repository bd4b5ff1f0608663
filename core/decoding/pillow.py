"""Pictures that Pillow decodes: any of its modes to 8-bit RGB, a strip at a time; BMP and AVIF."""

import io
import warnings
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

from core.decoding import colour
from core.decoding.limits import Refusal, check_memory, check_size
from core.decoding.picture import Finish, Picture, Rows

# Pillow warns from 89 megapixels on; the limit here is lower and its refusal is a sentence, not a warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# What it says of odd tags is of no use to a person: the photo is read, or refused with a sentence.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# The only ones of Pillow's plugins that are loaded.
_PLUGINS: Final = (
    AvifImagePlugin,
    BmpImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
_ORIENTATION_TAG: Final = 0x0112
_BYTES_A_PIXEL: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}


def opened(data: bytes, kind: str, all_pixels: bool, beside: float = 0) -> Image.Image:
    """A picture whose header was read and found to be of a usable size; nothing is decoded yet.

    Args:
        data: the file.
        kind: Pillow's name of the only format that is tried.
        all_pixels: whether all pixels are wanted.
        beside: bytes a pixel that the decoder takes beside the picture itself.

    Raises:
        Refusal: for its size or the memory it would take.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=(kind,))
    except Image.DecompressionBombError:
        raise Refusal("too_many_pixels") from None
    check_size(*image.size)
    pixels = image.size[0] * image.size[1]
    check_memory(pixels * (_BYTES_A_PIXEL.get(image.mode, 4) + beside), all_pixels)
    return image


def decode_bmp(data: bytes, long_side: int | None) -> Picture:
    """Decode a BMP."""
    image = opened(data, "BMP", long_side is None)
    image.load()
    return picture_of(image, rows_of(image, image.info.get("icc_profile")))


def decode_avif(data: bytes, long_side: int | None) -> Picture:
    """Decode an AVIF, where this Pillow can.

    Raises:
        Refusal: ``unsupported_kind`` where it cannot.
    """
    if not features.check("avif"):
        raise Refusal("unsupported_kind")
    # Its decoder holds the planes and the interleaved pixels beside the picture (measured: 9.3 bytes in all).
    image = opened(data, "AVIF", long_side is None, beside=6)
    image.load()
    profile = image.info.get("icc_profile")
    # Pillow does not tell the code points of the colours; the box that holds them is found by its name.
    at = data.find(b"colrnclx")
    space = None
    if at >= 0 and not profile:
        points = data[at + 8 : at + 12]
        space = colour.of_code_points(int.from_bytes(points[:2], "big"), int.from_bytes(points[2:], "big"))
    return in_space(picture_of(image, rows_of(image, profile)), space)


def picture_of(image: Image.Image, rows: Rows, orientation: int | None = None) -> Picture:
    """A picture of an image that Pillow has loaded."""
    width, height = image.size
    turned = orientation_of(image.info.get("exif", b"")) if orientation is None else orientation
    return Picture(width, height, width, height, rows, orientation=turned)


def in_space(picture: Picture, space: colour.Space | None, depth: int = 8) -> Picture:
    """The picture in sRGB whose rows (of ``depth`` bits a channel) are in ``space``; None is sRGB already."""
    if space is None:
        return picture
    stored = picture.rows
    if not space.high:
        convert = colour.converter(space, depth)
        return _with(picture, lambda top, below: convert(stored(top, below)))

    def wide(top: int, below: int) -> np.ndarray:
        pixels = stored(top, below)
        return pixels.astype(np.uint16) * 257 if depth == 8 else pixels

    step = max(1, picture.lines // 64)
    sample = [
        wide(top, top + 1)[:, :: max(1, picture.columns // 256)] for top in range(0, picture.lines, step)
    ]
    return _with(picture, wide, colour.tone_mapper(space, np.concatenate(sample)))


def orientation_of(exif: bytes) -> int:
    """The EXIF orientation, 1-8; 1 where there is none or the block is broken."""
    if not exif:
        return 1
    try:
        block = Image.Exif()
        block.load(exif)
        found = int(block.get(_ORIENTATION_TAG, 1))
    except Exception:  # a broken EXIF block is no reason to refuse sound pixels
        return 1
    return found if 1 <= found <= 8 else 1


def rows_of(image: Image.Image, profile: bytes | None = None, top: float | None = None) -> Rows:
    """The rows of a loaded image as uint8 RGB.

    Args:
        image: of any mode.
        profile: its ICC profile.
        top: the value of white in a picture of whole numbers or floating ones; found out where not known.
    """
    width, mode = image.size[0], image.mode

    def strip(first: int, below: int) -> Image.Image:
        return image.crop((0, first, width, below))

    if mode == "LAB":
        return lambda first, below: np.asarray(colour.from_lab(strip(first, below)))
    if mode.startswith("I") or mode == "F":
        return _levels(image, top)
    if mode == "CMYK":
        convert = colour.through_profile(profile, mode) if profile else None
        to_rgb = convert or (lambda part: part.convert("RGB"))
        return lambda first, below: np.asarray(to_rgb(strip(first, below)))
    # A profile of a one-channel picture says nothing about its three channels.
    convert = colour.through_profile(profile, "RGB") if profile and mode not in ("1", "L") else None
    has_alpha = mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info

    def rows(first: int, below: int) -> np.ndarray:
        part = strip(first, below)
        part = _on_white(part) if has_alpha else part.convert("RGB")
        return np.asarray(convert(part) if convert else part)

    return rows


def _with(picture: Picture, rows: Rows, finish: Finish | None = None) -> Picture:
    return Picture(
        picture.width,
        picture.height,
        picture.columns,
        picture.lines,
        rows,
        finish,
        picture.orientation,
    )


def _on_white(part: Image.Image) -> Image.Image:
    # White is what a browser or a photo viewer would show behind it.
    above = part.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", above.size, (255, 255, 255, 255)), above).convert("RGB")


def _levels(image: Image.Image, top: float | None) -> Rows:
    """16-bit, 32-bit or floating grey levels as uint8 (Pillow would clip them at 255)."""
    width = image.size[0]
    white = top if top is not None else _white_of(image)

    def rows(first: int, below: int) -> np.ndarray:
        grey = _finite(np.asarray(image.crop((0, first, width, below))))
        scaled = np.clip(np.rint(grey * (255.0 / white)), 0, 255).astype(np.uint8)
        return np.repeat(scaled[..., None], 3, axis=2)

    return rows


def _finite(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)


def _white_of(image: Image.Image) -> float:
    if image.mode.startswith("I;16"):
        return 65535.0
    width, height = image.size
    step = max(1, 1_000_000 // width)
    highest = max(
        float(_finite(np.asarray(image.crop((0, y, width, min(height, y + step))))).max())
        for y in range(0, height, step)
    )
    steps = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    return next((step for step in steps if highest <= step), highest)
