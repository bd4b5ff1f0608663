"""Colours of files to sRGB: embedded profiles, code points (nclx, cICP), gamma and chromaticities."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from PIL import Image, ImageCms

Chromaticities = tuple[float, ...]
"""x and y of white, red, green and blue, in this order (eight numbers)."""

_D65: Final = (0.3127, 0.3290)
SRGB: Final[Chromaticities] = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# ITU-T H.273, table 2; what is not listed, or unspecified, is taken for sRGB.
_PRIMARIES: Final[dict[int, Chromaticities]] = {
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
# The same, table 3. Cameras write the television curves (1, 6, 14, 15) where they mean sRGB's.
_GAMMAS: Final[dict[int, float]] = {4: 2.2, 5: 2.8, 8: 1.0}
PQ: Final = 16
HLG: Final = 18

# ITU-R BT.2408: diffuse white lies at 203 of PQ's 10,000 candelas per square metre.
_REFERENCE_WHITE: Final = 203.0
_HLG_PEAK: Final = 1000.0
# Up to here light is shown as it is; what is brighter is compressed into what remains below white.
_KNEE: Final = 0.75
_LUMA_2020: Final = np.array([0.2627, 0.6780, 0.0593], np.float32)
_BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@dataclass(frozen=True)
class Space:
    """The colours of a file that are not sRGB.

    Attributes:
        primaries: chromaticities.
        gamma: exponent from stored value to light; None is sRGB's curve. Unused for PQ and HLG.
        high: ``PQ`` or ``HLG`` for high dynamic range, else 0.
    """

    primaries: Chromaticities
    gamma: float | None = None
    high: int = 0


def of_code_points(primaries: int, transfer: int) -> Space | None:
    """The colours that two code points of ITU-T H.273 stand for; None for sRGB."""
    space = Space(
        _PRIMARIES.get(primaries, SRGB), _GAMMAS.get(transfer), transfer if transfer in (PQ, HLG) else 0
    )
    return None if space == Space(SRGB) else space


def of_gamma(encoding: float | None, primaries: Chromaticities | None) -> Space | None:
    """The colours that a PNG's gAMA (such as 0.45455) and cHRM stand for; None for sRGB.

    A gamma within 5 % of 1 / 2.2 is how editors write sRGB's curve, and chromaticities are rounded.
    """
    gamma = None if not encoding or abs(encoding * 2.2 - 1) < 0.05 else 1 / encoding
    if primaries is None or not _sensible(primaries) or np.allclose(primaries, SRGB, atol=0.002):
        primaries = SRGB
    return None if gamma is None and primaries == SRGB else Space(primaries, gamma)


def converter(space: Space, depth: int) -> Callable[[np.ndarray], np.ndarray]:
    """From pixels of a space without high dynamic range, n x m x 3 of ``depth`` bits, to uint8 sRGB."""
    stored = np.linspace(0, 1, 1 << depth)
    light = _srgb_light(stored) if space.gamma is None else stored**space.gamma
    table = light.astype(np.float32)
    matrix = _to_srgb_matrix(space.primaries)

    def convert(pixels: np.ndarray) -> np.ndarray:
        return _shown(table[pixels] @ matrix.T)

    return convert


def tone_mapper(space: Space, sample: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """From PQ or HLG, n x m x 3 in 0-65535, to uint8 sRGB.

    Args:
        space: the file's colours.
        sample: some of the picture's pixels, n x m x 3, uint16: the brightest of them becomes white, where it
            is brighter than the reference white.
    """
    to_light = _pq_light if space.high == PQ else _hlg_light
    matrix = _to_srgb_matrix(space.primaries)
    # One pixel in a thousand may be noise or a glint.
    peak = max(1.0, float(np.percentile(to_light(sample).max(-1), 99.9)))

    def convert(pixels: np.ndarray) -> np.ndarray:
        return _shown(_compressed(to_light(pixels), peak) @ matrix.T)

    return convert


def through_profile(profile: bytes, mode: str) -> Callable[[Image.Image], Image.Image] | None:
    """A conversion of pictures in a Pillow mode to sRGB by an embedded ICC profile; None for a broken one."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return lambda image: _applied(image, transform)


def from_lab(image: Image.Image) -> Image.Image:
    """A picture in Pillow's mode LAB as sRGB."""
    return _applied(image, _lab_transform())


@cache
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )


def _applied(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # only in-place conversion returns None
    return converted


def _srgb_light(stored: np.ndarray) -> np.ndarray:
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


@cache
def _srgb_table() -> np.ndarray:
    light = np.linspace(0, 1, 65536)
    stored = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * stored).astype(np.uint8)


def _shown(light: np.ndarray) -> np.ndarray:
    """Linear light (1 is white) as uint8 sRGB; what lies outside is cut off."""
    return _srgb_table()[(np.clip(light, 0, 1) * 65535 + 0.5).astype(np.uint16)]


@cache
def _pq_table() -> np.ndarray:
    """Light of each PQ value, with the reference white as 1 (SMPTE ST 2084)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.linspace(0, 1, 65536) ** (1 / m2)
    light = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return (light * (10_000 / _REFERENCE_WHITE)).astype(np.float32)


@cache
def _hlg_table() -> np.ndarray:
    """Scene light (0-1) of each HLG value (ITU-R BT.2100)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    stored = np.linspace(0, 1, 65536)
    return np.where(stored <= 0.5, stored**2 / 3, (np.exp((stored - c) / a) + b) / 12).astype(np.float32)


def _pq_light(pixels: np.ndarray) -> np.ndarray:
    return _pq_table()[np.rint(pixels).astype(np.uint16)]


def _hlg_light(pixels: np.ndarray) -> np.ndarray:
    scene = _hlg_table()[np.rint(pixels).astype(np.uint16)]
    # A display of 1000 candelas per square metre, whose system gamma is 1.2.
    luminance = np.maximum(scene @ _LUMA_2020, 1e-6)[..., None]
    return scene * luminance**0.2 * (_HLG_PEAK / _REFERENCE_WHITE)


def _compressed(light: np.ndarray, peak: float) -> np.ndarray:
    """Bring light up to ``peak`` below 1, all three channels by the same factor, so that hues stay."""
    if peak <= 1:
        return light
    brightest = light.max(-1, keepdims=True)
    over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    most = (peak - _KNEE) / (1 - _KNEE)
    mapped = _KNEE + (1 - _KNEE) * over * (1 + over / most**2) / (1 + over)
    return np.where(brightest > _KNEE, light * (mapped / np.maximum(brightest, 1e-6)), light)


def _sensible(primaries: Chromaticities) -> bool:
    try:
        matrix = _to_xyz(primaries)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return False
    return bool(np.isfinite(matrix).all()) and abs(np.linalg.det(matrix)) > 1e-4


def _white(primaries: Chromaticities) -> np.ndarray:
    x, y = primaries[:2]
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _to_xyz(primaries: Chromaticities) -> np.ndarray:
    pairs = np.reshape(primaries[2:], (3, 2))
    corners = np.column_stack([pairs, 1 - pairs.sum(1)]).T
    return corners * np.linalg.solve(corners, _white(primaries))


@cache
def _to_srgb_matrix(primaries: Chromaticities) -> np.ndarray:
    """From linear light of these primaries to linear sRGB: float32, 3 x 3; white stays white."""
    response = _BRADFORD @ _white(SRGB) / (_BRADFORD @ _white(primaries))
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(response) @ _BRADFORD
    return (np.linalg.inv(_to_xyz(SRGB)) @ adapted @ _to_xyz(primaries)).astype(np.float32)
