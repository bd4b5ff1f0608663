"""Drawn pictures to try a preset on: each fault at rising severity, and a film of a person taking a photo."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np

from core.quality.labels import EXPLANATIONS
from core.synthetic.degrade import to_linear, to_srgb, worsen
from core.synthetic.phantoms import Phantom, draw

SEVERITIES: Final = 5
ROWS: Final = ("too_far_away", "bad_framing", "blurry", "dark", "bright", "low_resolution", "plain")
"""Rows of the strip: a fault (light twice) from mild to hopeless; ``plain``: clear, another clear one of a
deep tone, skin without a spot, no skin twice."""

_EXTENTS: Final = (0.26, 0.17, 0.12, 0.085, 0.05)
_CENTRES: Final = (0.62, 0.74, 0.84, 0.93, 1.02)
_LIGHT: Final = ("dark", "bright")
_SMALL, _LARGE = (480, 640), (720, 960)

RATE: Final = 7
"""Frames a second of the film."""
FILM_SECONDS: Final = 24.0
_FRAME: Final = (640, 480)


def picture(row: str, place: int) -> np.ndarray:
    """One picture of the strip: uint8 RGB, of 4:3.

    Args:
        row: one of ``ROWS``.
        place: 0 (mild) to ``SEVERITIES`` - 1 (hopeless).

    Raises:
        ValueError: another row or place.
    """
    if row not in ROWS or not 0 <= place < SEVERITIES:
        raise ValueError(f"no picture {place} in row {row}")
    if row == "plain":
        return _plain(place)
    if row == "too_far_away":
        return _spot(16, _SMALL, extent=_EXTENTS[place]).rgb
    if row == "bad_framing":
        return _spot(16, _SMALL, centre=_CENTRES[place]).rgb
    base = _base()
    fault, mode = ("bad_light", row) if row in _LIGHT else (row, _MODES[row])
    severity = 0.15 + 0.85 * place / (SEVERITIES - 1)
    return worsen(base.rgb, base.mask, fault, severity, np.random.default_rng(5), mode=mode)


_MODES: Final = {"blurry": "motion", "low_resolution": "pixels"}
assert {"bad_light", *(row for row in ROWS if row not in ("plain", *_LIGHT))} == set(EXPLANATIONS)


def _spot(seed: int, size: tuple[int, int], extent: float = 0.4, centre: float = 0.5) -> Phantom:
    return draw(
        "lesion",
        seed,
        size,
        lesion_extent=extent,
        centre=(centre, 0.5),
        tone=0.35,
        lesion_class="pigmented_macula",
    )


@cache
def _base() -> Phantom:
    return _spot(11, _LARGE)


def _plain(place: int) -> np.ndarray:
    if place == 0:
        return _base().rgb
    if place == 1:
        return draw("lesion", 12, _SMALL, lesion_extent=0.4, tone=0.85, lesion_class="wheal").rgb
    if place == 2:
        return draw("healthy_skin", 18, _SMALL, tone=0.4).rgb
    return draw("no_skin", 42 + place - 3, _SMALL).rgb


def thumbnail(rgb: np.ndarray, width: int = 180) -> np.ndarray:
    """A picture made small: uint8, 3/4 as high as wide."""
    return cv2.resize(rgb, (width, width * 3 // 4), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True)
class _Pose:
    """How the camera is held at a moment of the film.

    Attributes:
        moment: seconds.
        extent: longer side of the spot over the short side of the frame.
        off: how far the spot lies to the right of the middle, over the frame's width.
        blur: deviation in percent of the long side.
        light: how much of the light there is, 0-1.
    """

    moment: float
    extent: float
    off: float = 0.0
    blur: float = 0.0
    light: float = 1.0


# Far away, nearer but at the edge, to the middle but shaking, steady; a hand's shadow; steady again. Between
# two moments everything changes evenly, as a hand does it.
_POSES: Final = (
    _Pose(0.0, 0.1),
    _Pose(3.5, 0.1),
    _Pose(5.0, 0.30, off=0.38),
    _Pose(7.0, 0.34, off=0.40),
    _Pose(8.2, 0.40, blur=1.1),
    _Pose(10.6, 0.42, blur=0.9),
    _Pose(11.2, 0.42),
    _Pose(15.0, 0.42),
    _Pose(15.6, 0.42, light=0.05),
    _Pose(18.4, 0.42, light=0.05),
    _Pose(19.0, 0.42),
    _Pose(FILM_SECONDS, 0.42),
)
# The hand trembles: single blurred pictures, which need no hint.
_TREMBLES: Final = (9.3, 12.3, 13.1, 13.9, 20.4, 22.0)
_TREMBLE: Final = 1.3  # percent of the long side
_WIDE: Final = (1800, 2400)
_WIDE_EXTENT: Final = 0.1


@cache
def _wide() -> Phantom:
    return _spot(16, _WIDE, extent=_WIDE_EXTENT)


def film() -> Iterator[tuple[float, np.ndarray]]:
    """The film, frame by frame: its moment in seconds, and uint8 RGB, 480 x 640.

    A camera's noise and a hand's drift are in it, the same each time.
    """
    rng = np.random.default_rng(7)
    for number in range(int(FILM_SECONDS * RATE)):
        moment = number / RATE
        yield moment, _frame(_pose(moment), number, rng)


def _pose(moment: float) -> _Pose:
    times = [pose.moment for pose in _POSES]

    def even(name: str) -> float:
        return float(np.interp(moment, times, [getattr(pose, name) for pose in _POSES]))

    return _Pose(moment, even("extent"), even("off"), even("blur"), even("light"))


def _frame(pose: _Pose, number: int, rng: np.random.Generator) -> np.ndarray:
    scene = _wide().rgb
    height, width = scene.shape[:2]
    # The window of the scene that the camera sees; where it reaches beyond the scene, the edge is mirrored.
    zoom = _WIDE_EXTENT / pose.extent
    wide, high = width * zoom, height * zoom
    x = width / 2 - pose.off * wide + 0.004 * wide * np.sin(number / 3)
    y = height / 2 + 0.004 * high * np.cos(number / 4)
    scale = _FRAME[0] / wide
    move = np.array(
        [[scale, 0, _FRAME[0] / 2 - x * scale], [0, scale, _FRAME[1] / 2 - y * scale]], np.float32
    )
    if scale < 0.5:
        scene = cv2.resize(scene, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        move[:, :2] *= 2
    light = to_linear(
        cv2.warpAffine(scene, move, _FRAME, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )
    blur = pose.blur + (_TREMBLE if any(number == round(moment * RATE) for moment in _TREMBLES) else 0)
    if blur > 0.05:
        light = cv2.GaussianBlur(light, (0, 0), blur / 100 * _FRAME[0])
    noise = rng.normal(0, 2, light.shape[:2]).astype(np.float32)[..., None]
    return np.clip(to_srgb(light * np.float32(pose.light)) + noise, 0, 255).astype(np.uint8)
