"""The eleven faults of the behaviour ladder: each one put plainly on a good photograph, at full size.

These are not the degradations that the networks are trained on (``core/synthetic/degrade.py``): they are
simple, strong and separate, so that a person who looks at the result names the same fault.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from core.quality.labels import CONDITIONS
from core.synthetic.degrade import disc_kernel, to_linear, to_srgb
from training.data.sources import Box

Fault = Callable[[np.ndarray, Box, np.random.Generator, float], np.ndarray]
"""Takes a good photograph (uint8 RGB, H x W x 3), the lesion's box in its pixels, a generator, and how strong
the fault is: 1 as in the ladder, less is milder."""

_DEFOCUS: Final = 0.04  # diameter of the disc over the long side
_MOTION: Final = 0.05  # length of the straight path over the long side
_DARK: Final = 0.1  # of the light
_BRIGHT: Final = 6.0  # times the light
_SHADOW: Final = 8.0  # times less light in the shade
_NEAR: Final = 0.6  # share of the lesion's box that still fits into the frame, each way
_PIXELS: Final = 100  # across the short side
_JPEG: Final = 6  # quality


def defocus(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """A lens out of focus: a disc of 4 % of the long side over the whole picture."""
    radius = _DEFOCUS * strength * max(rgb.shape[:2]) / 2
    return _filtered(rgb, disc_kernel(radius / 2))


def motion(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """A straight path of 5 % of the long side, in any direction."""
    length = _MOTION * strength * max(rgb.shape[:2])
    half = int(length / 2) + 2
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    for place in np.linspace(-length / 2, length / 2, 400):
        x, y = half + place * np.cos(angle), half + place * np.sin(angle)
        column, row = int(x), int(y)
        right, low = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer([1 - low, low], [1 - right, right])
    return _filtered(rgb, kernel / kernel.sum())


def dark(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """A tenth of the light, with the noise that a camera adds to it."""
    light = to_linear(rgb) * np.float32(_DARK / strength)
    noise = rng.normal(0, 1, light.shape).astype(np.float32)
    return to_srgb(light + noise * np.sqrt(np.maximum(light, 0) * 4e-4 + 4e-6).astype(np.float32))


def bright(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Six times the light, clipped."""
    return to_srgb(to_linear(rgb) * np.float32(_BRIGHT * strength))


def glare(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """A white reflection over the middle of the lesion that hides about half of it."""
    height, width = rgb.shape[:2]
    x0, y0, x1, y1 = box
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (xs - np.float32((x0 + x1) / 2)) / np.float32(0.4 * (x1 - x0))
    down = (ys - np.float32((y0 + y1) / 2)) / np.float32(0.4 * (y1 - y0))
    shine = np.exp(-((across**2 + down**2) ** 2))
    return to_srgb(to_linear(rgb) + 1.6 * strength * shine[..., None])


def shadow(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """The edge of a shadow across the lesion's middle: an eighth of the light on one side."""
    height, width = rgb.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = (xs - (box[0] + box[2]) / 2) * np.cos(angle) + (ys - (box[1] + box[3]) / 2) * np.sin(angle)
    lit = np.clip(along / (0.04 * min(height, width)) + 0.5, 0, 1).astype(np.float32)
    shade = 1 / (_SHADOW * strength)
    field = shade + (1 - shade) * lit
    # The camera exposes for the whole: the lit part stays within range.
    return to_srgb(to_linear(rgb) * field[..., None])


def near(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """So near that the lesion runs out of the frame on all sides."""
    x0, y0, x1, y1 = box
    spare = (1 - min(_NEAR / strength, 0.9)) / 2
    return _window(
        rgb,
        (
            x0 + spare * (x1 - x0),
            y0 + spare * (y1 - y0),
            x1 - spare * (x1 - x0),
            y1 - spare * (y1 - y0),
        ),
    )


def cut(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Half of the lesion outside the frame: an edge runs through its middle."""
    height, width = rgb.shape[:2]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    # The edge that leaves most of the photograph, so that the lesion keeps its size.
    windows = {
        "left": (x, 0, width, height),
        "right": (0, 0, x, height),
        "top": (0, y, width, height),
        "bottom": (0, 0, width, y),
    }
    areas = {name: (b[2] - b[0]) * (b[3] - b[1]) for name, b in windows.items()}
    return _window(rgb, windows[max(areas, key=lambda name: areas[name])])


LOSSES: Final = ("small", "blocks", "compressed")
"""The ways in which detail is lost: a small file, one enlarged in blocks, or hard JPEG compression."""


def low_resolution(rgb: np.ndarray, box: Box, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Detail lost in one of the three ways."""
    return without_detail(rgb, LOSSES[int(rng.integers(len(LOSSES)))], strength)


def without_detail(rgb: np.ndarray, way: str, strength: float = 1.0) -> np.ndarray:
    """The picture with detail lost in one of ``LOSSES``."""
    height, width = rgb.shape[:2]
    if way == "compressed":
        done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, round(_JPEG / strength)])
        assert done
        return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy()
    scale = _PIXELS / strength / min(height, width)
    small = cv2.resize(rgb, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    if way == "small":
        return small
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "defocus": defocus,
        "motion": motion,
        "dark": dark,
        "bright": bright,
        "glare": glare,
        "shadow": shadow,
        "near": near,
        "cut": cut,
        "low_resolution": low_resolution,
    }
)
"""The faults that are put on a photograph; the two that need another one are in ``behaviour``: ``far`` and
``empty``."""

LIGHT: Final = frozenset({"bad_light", "too_dark", "too_bright", "glare", "shadow"})
_FRAMING: Final = frozenset({"bad_framing", "move_left", "move_right", "move_up", "move_down", "too_close"})
RIGHT: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "defocus": frozenset({"blurry"}),
        "motion": frozenset({"blurry"}),
        "dark": LIGHT - {"too_bright", "glare"},
        "bright": LIGHT - {"too_dark", "shadow"},
        "glare": LIGHT - {"too_dark", "shadow"},
        "shadow": LIGHT - {"too_bright", "glare"},
        "far": frozenset({"too_far_away"}),
        "near": _FRAMING,
        "cut": _FRAMING,
        "low_resolution": frozenset({"low_resolution"}),
        "empty": frozenset({"no_skin"}),
    }
)
"""The prompts that are right for each fault: its condition or one that refines it, but not its opposite."""


def coarse(fault: str) -> str:
    """The condition that a fault of the ladder comes under."""
    return next(key for key in RIGHT[fault] if key in CONDITIONS)


def _filtered(rgb: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A blur of linear light."""
    return to_srgb(cv2.filter2D(to_linear(rgb), -1, kernel, borderType=cv2.BORDER_REFLECT))


def _window(rgb: np.ndarray, box: Box) -> np.ndarray:
    """A part of the picture, enlarged to the long side of the whole."""
    height, width = rgb.shape[:2]
    x0, y0 = max(0, round(box[0])), max(0, round(box[1]))
    x1, y1 = min(width, max(x0 + 8, round(box[2]))), min(height, max(y0 + 8, round(box[3])))
    part = rgb[y0:y1, x0:x1]
    scale = max(height, width) / max(part.shape[:2])
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    return cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
