"""Drawn photographs of skin: every tone, ten kinds of lesion with a known outline, healthy skin, and no skin.

No one's photograph is used. A scene is a map of reflectance (melanin and blood absorb, in the log of linear
light), a height map whose slopes catch the light, and a camera that exposes it. Only numpy and OpenCV.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import cv2
import numpy as np

from core.lesion.taxonomy import LABELS
from core.synthetic import scenes
from core.synthetic.scenes import Rng, linear, noise, smooth, streaks

Kind = Literal["lesion", "healthy_skin", "no_skin"]
KINDS: Final = ("lesion", "healthy_skin", "no_skin")
LESION_CLASSES: Final = LABELS

# CIE L*, a*, b* of skin by tone 0 (very light) to 1 (very dark): typology angle from about 58 to -55.
_TONES: Final = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_LAB: Final = np.array([[75, 9, 15], [68, 12, 18], [58, 13.5, 20.5], [45, 12.5, 17.5], [31, 9.5, 11.5]])
# How strongly melanin and blood take red, green and blue out of the light (relative absorption).
_MELANIN: Final = np.array([0.62, 1.0, 1.42], np.float32)
_BLOOD: Final = np.array([0.14, 1.0, 0.80], np.float32)


@dataclass(frozen=True)
class Phantom:
    """One drawn photograph.

    Attributes:
        rgb: uint8, H x W x 3.
        mask: bool, H x W: the lesion; the skin when kind is healthy_skin; empty for no_skin.
        kind: lesion, healthy_skin or no_skin.
        lesion_class: one of the ten, or None.
        tone: 0 (very light) to 1 (very dark); also given for no_skin, where it means nothing.
    """

    rgb: np.ndarray
    mask: np.ndarray
    kind: str
    lesion_class: str | None
    tone: float


@dataclass
class _Spot:
    """One element of a lesion: centre, mean radius in pixels, and how the outline wavers."""

    x: float
    y: float
    radius: float
    outline: np.ndarray  # relative radius at 256 angles


@dataclass
class _Skin:
    """What a lesion painter may change, over a window of the picture."""

    melanin: np.ndarray
    blood: np.ndarray
    height: np.ndarray  # pixels, towards the camera
    gloss: np.ndarray
    layers: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)  # colour, opacity


# ---------------------------------------------------------------- outline of lesions


def _outline(rng: Rng, wobble: float, rough: float = 0.02) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    radius = np.ones(256)
    for order in range(2, 6):
        radius += wobble / order * rng.normal() * np.cos(order * angles + rng.uniform(0, 2 * np.pi))
    for order in range(6, 15):
        radius += rough * 5 / order * rng.normal() * np.cos(order * angles + rng.uniform(0, 2 * np.pi))
    return np.clip(radius, 0.45, 1.6).astype(np.float32)


# Per class: fewest and most elements, spread of their sizes, wobble of the outline, its roughness.
_MAKE: Final[dict[str, tuple[int, int, float, float, float]]] = {
    "acne": (7, 15, 0.4, 0.10, 0.0),
    "alopecia": (1, 2, 0.3, 0.22, 0.01),
    "blister": (1, 5, 0.45, 0.14, 0.004),
    "crust": (1, 3, 0.4, 0.40, 0.015),
    "erythema": (1, 3, 0.4, 0.32, 0.01),
    "leukoderma": (2, 6, 0.5, 0.45, 0.02),
    "pigmented_macula": (1, 1, 0.0, 0.28, 0.01),
    "tumor": (1, 1, 0.0, 0.22, 0.006),
    "ulcer": (1, 1, 0.0, 0.32, 0.01),
    "wheal": (2, 6, 0.4, 0.30, 0.006),
}


def _spots(rng: Rng, lesion_class: str, extent: float, centre: tuple[float, float]) -> list[_Spot]:
    """Elements whose common bounding box is ``extent`` pixels on its longer side, around ``centre``."""
    fewest, most, spread, wobble, rough = _MAKE[lesion_class]
    count = int(rng.integers(fewest, most + 1))
    spots: list[_Spot] = []
    for _index in range(count):
        radius = float(np.exp(rng.normal(0, spread)))
        x = y = 0.0
        if spots:
            for _try in range(12):
                reach = 1.5 * np.sqrt(count) * np.sqrt(rng.random())
                turn = rng.uniform(0, 2 * np.pi)
                x, y = reach * np.cos(turn), reach * np.sin(turn)
                gap = min(np.hypot(x - o.x, y - o.y) / (radius + o.radius) for o in spots)
                if gap > (0.75 if lesion_class in ("crust", "erythema", "leukoderma", "alopecia") else 1.1):
                    break
        spots.append(_Spot(x, y, radius, _outline(rng, wobble, rough)))
    angles = np.linspace(0, 2 * np.pi, 256, endpoint=False)
    xs = np.concatenate([o.x + o.radius * o.outline * np.cos(angles) for o in spots])
    ys = np.concatenate([o.y + o.radius * o.outline * np.sin(angles) for o in spots])
    scale = extent / max(np.ptp(xs), np.ptp(ys))
    mid_x, mid_y = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    return [
        _Spot(
            centre[0] + (o.x - mid_x) * scale, centre[1] + (o.y - mid_y) * scale, o.radius * scale, o.outline
        )
        for o in spots
    ]


def _distance(spots: list[_Spot], window: tuple[int, int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Relative distance from the nearest element's centre (1 on its outline), and that element's radius."""
    x0, y0, x1, y1 = window
    xs = np.arange(x0, x1, dtype=np.float32)[None, :]
    ys = np.arange(y0, y1, dtype=np.float32)[:, None]
    nearest = np.full((y1 - y0, x1 - x0), 9, np.float32)
    radius = np.full_like(nearest, spots[0].radius)
    for spot in spots:
        dx, dy = xs - np.float32(spot.x), ys - np.float32(spot.y)
        right, down = np.broadcast_arrays(dx, dy)
        turn = cv2.phase(np.ascontiguousarray(right), np.ascontiguousarray(down))
        table = np.append(spot.outline, spot.outline[0])
        position = (turn * np.float32(128 / np.pi)) % 256
        low = position.astype(np.int32) & 255
        edge = table[low] + (position - low) * (table[low + 1] - table[low])
        away = np.sqrt(dx * dx + dy * dy) / (edge * np.float32(spot.radius))
        closer = away < nearest
        nearest = np.where(closer, away, nearest)
        radius = np.where(closer, np.float32(spot.radius), radius)
    return nearest, radius


# ---------------------------------------------------------------- the ten lesions
# Each painter gets a window of skin, the relative distance d from the nearest element, and its radius r.


def _speckle(rng: Rng, d: np.ndarray, cell: float) -> np.ndarray:
    return noise(rng, d.shape[0], d.shape[1], max(cell, 1.2))


def _acne(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    redness = rng.uniform(0.5, 0.9)
    blotch = 1 + 0.25 * _speckle(rng, d, short * 0.03)
    skin.blood += redness * np.exp(-((d / 0.95) ** 2)) * blotch + 0.16 * np.exp(-((d / 2.4) ** 2))
    skin.height += 0.42 * r * np.exp(-((d / 0.75) ** 2) * 1.4)
    skin.gloss += 0.25 * smooth(d, 1.2, 0.3)
    # About half the papules carry a pus head: decided by the radius, which is one number an element.
    head = np.where(np.sin(r * 91.7) > -0.2, smooth(d, 0.5, 0.28), 0)
    skin.layers.append((linear((0.93, 0.86, 0.62)), 0.8 * head))


def _blister(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    dome = np.sqrt(np.clip(1 - np.minimum(d, 1) ** 2, 0, 1))
    skin.height += 0.55 * r * dome * smooth(d, 1.0, 0.8)
    skin.blood += 0.5 * np.exp(-(((d - 1.08) / 0.22) ** 2)) + 0.28 * np.exp(-((d / 1.7) ** 2))
    bloody = rng.random() < 0.25
    fluid = linear((0.5, 0.2, 0.2)) if bloody else linear((0.93, 0.80, 0.58))
    cloud = 0.5 + 0.1 * _speckle(rng, d, short * 0.02)
    skin.layers.append((fluid, cloud * smooth(d, 1.0, 0.72)))
    skin.gloss += 1.0 * smooth(d, 1.02, 0.9)


def _crust(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    grain, plates = _speckle(rng, d, short * 0.009), _speckle(rng, d, short * 0.035)
    ragged = d + 0.10 * plates + 0.05 * grain
    body = smooth(ragged, 1.02, 0.88)
    crack = smooth(np.abs(plates + 0.35 * grain), 0.14, 0.02)
    skin.blood += 0.5 * np.exp(-((d / 1.45) ** 4)) * (1 + 0.2 * plates)
    honey = rng.random() < 0.5
    light = linear((0.74, 0.56, 0.30)) if honey else linear((0.46, 0.25, 0.17))
    dark = linear((0.50, 0.30, 0.14)) if honey else linear((0.20, 0.09, 0.07))
    skin.layers.append((light, 0.92 * body))
    skin.layers.append((dark, 0.85 * body * smooth(plates + 0.6 * grain, -0.1, 1.2)))
    skin.layers.append((linear((0.45, 0.08, 0.07)), 0.8 * body * crack))
    skin.height += body * (0.07 * r + short * 0.004 * (plates + 0.35 * grain - 1.2 * crack))
    skin.gloss += 0.05 * body


def _erythema(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    blotch, fine = _speckle(rng, d, short * 0.05), _speckle(rng, d, short * 0.012)
    edge = smooth(d + 0.12 * blotch + 0.05 * fine, 1.12, 0.72)
    ring = rng.random() < 0.3
    fill = (0.35 + 0.65 * smooth(d, 0.35, 0.85)) if ring else 1.0
    skin.blood += rng.uniform(0.42, 0.75) * edge * fill * (1 + 0.16 * blotch + 0.12 * fine)
    skin.blood += 0.1 * np.exp(-((d / 1.5) ** 4))
    skin.height += short * 0.0006 * edge * fine


def _leukoderma(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    scallop = d + 0.10 * _speckle(rng, d, short * 0.02) + 0.03 * _speckle(rng, d, short * 0.007)
    bare = smooth(scallop, 1.04, 0.93)
    islands = smooth(_speckle(rng, d, short * 0.016), 1.35, 1.8) * smooth(d, 0.3, 0.9)
    skin.layers.append(
        (linear((0.93, 0.80, 0.74)), (0.82 + 0.04 * _speckle(rng, d, short * 0.05)) * bare * (1 - islands))
    )
    skin.melanin += 0.14 * np.exp(-(((scallop - 1.08) / 0.1) ** 2))


def _pigmented_macula(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    blotch, fine = _speckle(rng, d, short * 0.035), _speckle(rng, d, short * 0.007)
    ragged = d + 0.05 * blotch + 0.025 * fine
    body = smooth(ragged, 1.05, 0.86)
    net = smooth(np.abs(_speckle(rng, d, short * 0.011)), 0.4, 0.05)
    depth = rng.uniform(0.75, 1.35)
    shade = 1 + 0.22 * blotch + 0.08 * fine + 0.22 * net + 0.3 * smooth(d, 0.8, 0.1)
    skin.melanin += depth * body * np.clip(shade, 0.35, 2)
    skin.blood += 0.1 * body


def _tumor(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    lumps = _speckle(rng, d, short * 0.045)
    body = smooth(d, 1.03, 0.86)
    dome = np.sqrt(np.clip(1 - np.minimum(d, 1) ** 2, 0, 1))
    skin.height += r * (0.5 * dome + 0.05 * lumps * body)
    skin.blood += 0.3 * np.exp(-((d / 1.25) ** 4)) + 0.26 * body * (1 + 0.4 * lumps)
    if rng.random() < 0.35:
        skin.melanin += 0.8 * body * smooth(lumps, -0.4, 0.8)
    skin.layers.append((linear((0.90, 0.68, 0.62)), 0.30 * body * smooth(d, 0.5, 0.95)))
    # Fine branching vessels are where a noise field passes through zero.
    vessels = smooth(np.abs(_speckle(rng, d, short * 0.05)), 0.055, 0.012) * body * smooth(d, 0.05, 0.45)
    skin.layers.append((linear((0.62, 0.10, 0.12)), 0.55 * vessels))
    if rng.random() < 0.5:
        pit = smooth(d + 0.08 * lumps, 0.42, 0.28)
        skin.height -= 0.22 * r * pit
        skin.layers.append((linear((0.36, 0.10, 0.08)), 0.8 * pit * (1 + 0.1 * lumps)))
    skin.gloss += 0.75 * body


def _ulcer(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    blotch, grain = _speckle(rng, d, short * 0.05), _speckle(rng, d, short * 0.008)
    middle = _speckle(rng, d, short * 0.02)
    ragged = d + 0.05 * blotch + 0.02 * middle
    bed = smooth(ragged, 0.90, 0.82)
    rim = np.exp(-(((ragged - 0.97) / 0.09) ** 2))
    skin.height += r * (0.10 * rim - 0.20 * smooth(ragged, 0.95, 0.6)) + bed * short * 0.0022 * (
        0.6 * grain + middle
    )
    skin.blood += 0.42 * np.exp(-((d / 1.5) ** 4)) * (1 + 0.2 * blotch)
    skin.melanin += 0.15 * np.exp(-((d / 1.4) ** 4))
    skin.layers.append((linear((0.92, 0.76, 0.66)), 0.5 * rim))
    skin.layers.append((linear((0.58, 0.13, 0.12)), bed * 0.95))
    skin.layers.append((linear((0.74, 0.27, 0.24)), bed * 0.6 * smooth(grain + 0.5 * middle, 0.1, 1.3)))
    skin.layers.append((linear((0.80, 0.68, 0.44)), bed * 0.8 * smooth(blotch + 0.5 * middle, 0.5, 1.4)))
    if rng.random() < 0.5:
        skin.layers.append(
            (linear((0.14, 0.09, 0.08)), bed * 0.85 * smooth(blotch + 0.3 * middle, -0.7, -1.5))
        )
    skin.gloss += 0.8 * bed


def _wheal(rng: Rng, skin: _Skin, d: np.ndarray, r: np.ndarray, short: float) -> None:
    blotch, fine = _speckle(rng, d, short * 0.04), _speckle(rng, d, short * 0.012)
    ragged = d + 0.06 * blotch
    plateau = smooth(ragged, 1.06, 0.5)
    skin.height += 0.13 * r * plateau
    skin.blood += 0.40 * np.exp(-(((ragged - 0.98) / 0.32) ** 2)) * (1 + 0.12 * fine)
    skin.blood += 0.22 * np.exp(-((d / 1.6) ** 2))
    pale = smooth(ragged, 0.95, 0.3)
    skin.melanin -= 0.17 * pale
    skin.blood -= 0.08 * pale
    skin.gloss += 0.12 * plateau


_PAINT: Final[dict[str, Callable[[Rng, _Skin, np.ndarray, np.ndarray, float], None]]] = {
    "acne": _acne,
    "blister": _blister,
    "crust": _crust,
    "erythema": _erythema,
    "leukoderma": _leukoderma,
    "pigmented_macula": _pigmented_macula,
    "tumor": _tumor,
    "ulcer": _ulcer,
    "wheal": _wheal,
}


# ---------------------------------------------------------------- skin and its surroundings


def _albedo(tone: float) -> np.ndarray:
    """Reflectance of skin of a tone in linear sRGB, float32 of 3."""
    lab = np.array([np.interp(tone, _TONES, _LAB[:, i]) for i in range(3)])
    fy = (lab[0] + 16) / 116
    f = np.array([fy + lab[1] / 500, fy, fy - lab[2] / 200])
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2) * np.array([0.9505, 1.0, 1.089])
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    return np.clip(to_rgb @ xyz, 0.01, 1).astype(np.float32)


def _relief(rng: Rng, height: int, width: int, pitch: float) -> np.ndarray:
    """Height of the fine furrows that cross skin at two angles, in pixels; ``pitch`` apart."""
    angle = rng.uniform(0, np.pi)
    one = np.abs(streaks(rng, height, width, pitch, pitch * 3.2, angle))
    two = np.abs(streaks(rng, height, width, pitch, pitch * 3.2, angle + rng.uniform(0.9, 1.4)))
    return np.minimum(np.minimum(one, two), 0.45) * np.float32(0.75 * min(pitch, 6) ** 0.5)


def _body(
    rng: Rng, height: int, width: int, across: float, centre: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Outline and roundness of a limb ``across`` pixels wide that passes through ``centre``.

    Returns:
        alpha: float32, 1 on the body, 0 beside it, a soft edge between.
        shade: float32, light lost where the surface turns away, 1 facing the camera.
    """
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    ys = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1])
    xs = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0])
    along, off = xs * c + ys * s, ys * c - xs * s
    short = min(height, width)
    taper, curve = rng.normal(0, 0.10), rng.normal(0, 0.10)
    half = across / 2 * (1 + np.float32(taper / short) * along)
    half = np.maximum(
        half * (1 + 0.05 * np.sin(along / np.float32(0.5 * across + 1) + rng.uniform(0, 6))), across * 0.2
    )
    bow = np.float32(curve / short) * along * along + np.float32(rng.uniform(-0.22, 0.22) * across)
    t = np.abs(off - bow) / half
    soft = np.float32(2.2 / max(across / 2, 4))
    alpha = smooth(t, 1 + float(soft) / 2, 1 - float(soft) / 2)
    shade = 0.30 + 0.70 * np.sqrt(np.clip(1 - np.minimum(t, 1) ** 2, 0, 1)) ** np.float32(0.7)
    return alpha, shade.astype(np.float32)


def _head(
    rng: Rng, height: int, width: int, across: float, centre: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Outline and roundness of a head seen from above, as ``_body`` gives them for a limb."""
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    reach = 0.18 * across * rng.uniform(-1, 1, 2)
    ys = np.arange(height, dtype=np.float32)[:, None] - np.float32(centre[1] + reach[1])
    xs = np.arange(width, dtype=np.float32)[None, :] - np.float32(centre[0] + reach[0])
    t = np.hypot((xs * c + ys * s) / np.float32(0.62 * across), (ys * c - xs * s) / np.float32(0.5 * across))
    t = t + np.float32(0.02) * noise(rng, height, width, 0.2 * across)
    alpha = smooth(t, 1.015, 0.985)
    shade = 0.30 + 0.70 * np.sqrt(np.clip(1 - np.minimum(t, 1) ** 2, 0, 1)) ** np.float32(0.7)
    return alpha, shade.astype(np.float32)


def _hairs(rng: Rng, canvas: np.ndarray, count: int, length: float, thick: float) -> None:
    """Draw single body hairs on a uint8 canvas (255 = hair)."""
    height, width = canvas.shape
    lie = rng.uniform(0, 2 * np.pi)
    steps = np.linspace(0, 1, 7)
    for _index in range(count):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        turn, bend, size = lie + rng.normal(0, 0.5), rng.normal(0, 0.9), length * rng.uniform(0.5, 1.4)
        turns = turn + bend * steps
        points = np.stack(
            [x + np.cumsum(np.cos(turns)) * size / 7, y + np.cumsum(np.sin(turns)) * size / 7], 1
        )
        shift = np.round(points * 8).astype(np.int32)
        cv2.polylines(
            canvas, [shift], False, int(rng.uniform(110, 255)), max(1, round(thick)), cv2.LINE_AA, 3
        )


def _scalp(
    rng: Rng, height: int, width: int, d: np.ndarray, tone: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hair that covers all but the bare patch (``d`` is 1 on its outline): colour, opacity, height."""
    short = min(height, width)
    angle = rng.uniform(0, np.pi)
    strand, bend = max(1.2, short * 0.0026), short * 0.06
    fine = streaks(rng, height, width, strand, short * 0.22, angle, bend)
    wide = streaks(rng, height, width, strand * 4, short * 0.35, angle + rng.normal(0, 0.1), bend)
    cover = smooth(d + 0.05 * fine + 0.04 * wide + 0.06 * noise(rng, height, width, short * 0.05), 0.90, 1.18)
    opacity = np.clip(cover * (1.3 + 0.45 * fine), 0, 1) * smooth(cover, 0.0, 0.5)
    dark = rng.uniform(0.05, 0.16) if tone > 0.4 else rng.uniform(0.07, 0.42)
    warm = rng.uniform(0.75, 0.95)
    base = linear((dark, dark * warm, dark * warm * warm))
    sheen = noise(rng, height, width, short * 0.25)
    gleam = np.clip(0.75 + 0.35 * fine + 0.2 * wide + 0.25 * sheen, 0.12, 2.4)
    return (
        gleam[..., None] * base * np.float32(1.7),
        opacity,
        (fine * cover * np.float32(0.12)).astype(np.float32),
    )


def _light(rng: Rng, height: int, width: int) -> np.ndarray:
    """Uneven light as indoors: a slope, a broad soft shadow, corners a little darker; about 1."""
    ys = np.linspace(-1, 1, 48, dtype=np.float32)[:, None]
    xs = np.linspace(-1, 1, 64, dtype=np.float32)[None, :]
    angle = rng.uniform(0, 2 * np.pi)
    field = 1 + rng.uniform(0.02, 0.16) * (xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle)))
    field = (
        field * (1 + 0.05 * noise(rng, 48, 64, 20)) * (1 - rng.uniform(0.0, 0.10) * (xs * xs + ys * ys) / 2)
    )
    return cv2.resize(field.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)


_CODES: Final = 4096
_LEVELS: Final = np.linspace(0, 1, _CODES)
_TO_SRGB: Final = np.round(
    255 * np.where(_LEVELS <= 0.0031308, 12.92 * _LEVELS, 1.055 * _LEVELS ** (1 / 2.4) - 0.055)
).astype(np.uint8)


def _develop(light: np.ndarray) -> np.ndarray:
    """Linear light, float32, to sRGB, uint8; over 1 is clipped."""
    return _TO_SRGB[np.clip(light * np.float32(_CODES - 1), 0, _CODES - 1).astype(np.uint16)]


def _photograph(rng: Rng, light: np.ndarray, subject: np.ndarray | None, aim: float) -> np.ndarray:
    """Expose so that the subject's median lies near ``aim`` (linear); slight cast, softness and grain."""
    height, width = light.shape[:2]
    luma = light[::4, ::4] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    inside = luma[subject[::4, ::4]] if subject is not None and subject[::4, ::4].any() else luma
    gain = aim / max(float(np.median(inside)), 1e-3) * np.exp(rng.normal(0, 0.10))
    # Nothing but small highlights may clip on a good photo.
    gain = min(gain, 0.97 / max(float(np.quantile(inside, 0.985)), 1e-3))
    warmth = rng.normal(0, 0.05)
    scale = np.float32(gain) * np.array([1 + warmth, 1, 1 - warmth], np.float32)
    soft = cv2.GaussianBlur(light, (0, 0), max(0.45, 0.0005 * max(height, width)))
    grain = rng.standard_normal((height, width), np.float32)
    rgb = np.empty((height, width, 3), np.uint8)
    for rows in _strips(height):
        noisy = None
        for k in (1, 0, 2):
            part = soft[rows, :, k] * scale[k]
            # A knee as cameras have it: highlights bend instead of breaking off.
            over = np.maximum(part - np.float32(0.8), 0)
            part = np.minimum(part, np.float32(0.8)) + np.float32(0.2) * (over / (over + np.float32(0.35)))
            if noisy is None:  # grain follows the green light
                noisy = np.sqrt(np.maximum(part, 0) + np.float32(0.002)) * grain[rows] * np.float32(0.006)
            rgb[rows, :, k] = _develop(part + noisy)
    return rgb


def _strips(height: int, rows: int = 40) -> Iterator[slice]:
    """Rows of a picture, some at a time: what fits the cache is several times faster."""
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))


def draw(
    kind: Kind,
    seed: int,
    size: tuple[int, int] = (960, 1280),
    lesion_extent: float = 0.35,
    centre: tuple[float, float] = (0.5, 0.5),
    tone: float | None = None,
    lesion_class: str | None = None,
    scene: str | None = None,
) -> Phantom:
    """Draw one good photograph: sharp, well lit, nothing cut off beyond what extent and centre ask for.

    The same arguments draw the same picture.

    Args:
        kind: lesion, healthy_skin or no_skin.
        seed: any whole number.
        size: height and width in pixels.
        lesion_extent: longer side of the lesion's bounding box over the short side of the picture. It also
            sets how near the skin is: at 0.35 skin fills most of the frame, at 0.08 a whole limb is seen.
        centre: where the lesion (or the limb) lies, x and y as shares of width and height.
        tone: 0 (very light) to 1 (very dark); any when None.
        lesion_class: one of ``LESION_CLASSES``; any when None.
        scene: surroundings, one of ``scenes.NAMES``; any when None.

    Raises:
        ValueError: unknown kind or lesion class.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of phantom: {kind}")
    if lesion_class is not None and lesion_class not in LESION_CLASSES:
        raise ValueError(f"unknown lesion class: {lesion_class}")
    rng = np.random.default_rng([seed & 0xFFFFFFFF, KINDS.index(kind)])
    height, width = size
    short = float(min(size))
    shade = rng.uniform(0, 1) if tone is None else float(np.clip(tone, 0, 1))
    if kind == "no_skin":
        view = scenes.paint(rng, height, width, scene)
        view *= cv2.merge([_light(rng, height, width)] * 3)
        rgb = _photograph(rng, view, None, rng.uniform(0.16, 0.34))
        return Phantom(rgb, np.zeros(size, bool), kind, None, shade)

    chosen: str | None = None
    if kind == "lesion":
        chosen = lesion_class or LESION_CLASSES[rng.integers(len(LESION_CLASSES))]
        if chosen == "leukoderma" and tone is None:
            shade = rng.uniform(0.3, 1)
    near = float(np.clip(lesion_extent / 0.35, 0.12, 2.2)) * float(np.exp(rng.normal(0, 0.12)))
    middle = (centre[0] * width, centre[1] * height)

    base = _albedo(shade)
    pitch = float(np.clip(short * 0.011 * near, 1.3, 30))
    mottle = 0.6 * noise(rng, height, width, short * 0.2 * near) + 0.4 * noise(
        rng, height, width, short * 0.05 * near
    )
    melanin = 0.04 * mottle
    blood = 0.03 * noise(rng, height, width, short * 0.08 * near) + 0.02 * noise(rng, height, width, pitch)
    relief = _relief(rng, height, width, pitch)
    melanin -= 0.05 * (relief - relief.mean())
    relief += 0.35 * near * noise(rng, height, width, short * 0.03 * near)
    gloss = np.full((height, width), rng.uniform(0.0, 0.10), np.float32)
    _marks(rng, melanin, blood, short, near, kind)

    layers: list[tuple[tuple[int, int, int, int], np.ndarray, np.ndarray]] = []
    mask = np.zeros(size, bool)
    if chosen is not None:
        spots = _spots(rng, chosen, lesion_extent * short, middle)
        reach = 1.0 if chosen == "alopecia" else max(o.radius for o in spots) * 1.7
        x0 = (
            0
            if chosen == "alopecia"
            else int(np.clip(min(o.x - o.radius for o in spots) - reach, 0, width - 1))
        )
        y0 = (
            0
            if chosen == "alopecia"
            else int(np.clip(min(o.y - o.radius for o in spots) - reach, 0, height - 1))
        )
        x1 = (
            width
            if chosen == "alopecia"
            else int(np.clip(max(o.x + o.radius for o in spots) + reach, x0 + 1, width))
        )
        y1 = (
            height
            if chosen == "alopecia"
            else int(np.clip(max(o.y + o.radius for o in spots) + reach, y0 + 1, height))
        )
        d, r = _distance(spots, (x0, y0, x1, y1))
        mask[y0:y1, x0:x1] = d <= 1
        if chosen == "alopecia":
            colour, opacity, bristle = _scalp(rng, height, width, d, shade)
            relief = relief * np.float32(0.4) + bristle
            layers.append(((0, 0, width, height), colour, opacity))
            gloss += 0.25 * smooth(d, 1, 0.6)
        else:
            part = (slice(y0, y1), slice(x0, x1))
            skin = _Skin(melanin[part], blood[part], relief[part], gloss[part])
            _PAINT[chosen](rng, skin, d, r, short * near)
            layers += [((x0, y0, x1, y1), colour, np.clip(opacity, 0, 1)) for colour, opacity in skin.layers]

    across = short * near * rng.uniform(1.25, 2.4)
    covered = chosen == "alopecia"
    wide = across > 1.9 * max(size) or (covered and lesion_extent > 0.22)
    if wide:
        alpha, round_shade = None, None
    elif covered:
        alpha, round_shade = _head(rng, height, width, across, middle)
    else:
        alpha, round_shade = _body(rng, height, width, across, middle)

    angle = rng.uniform(0, 2 * np.pi)
    tilt = rng.uniform(0.35, 0.65)
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    strands = None
    if not covered:
        hairs = np.zeros(size, np.uint8)
        count = int(rng.gamma(0.8, 45 / max(near, 0.5)) * (0.6 if kind == "lesion" else 1.0))
        _hairs(rng, hairs, min(count, 260), short * 0.11 * near, max(1.0, short * 0.0016 * near))
        strands = hairs.astype(np.float32) * np.float32(rng.uniform(0.35, 0.8) / 255)
    lit = _light(rng, height, width)
    lamp = np.array([np.cos(angle), np.sin(angle)], np.float32)
    view = np.empty((height, width, 3), np.float32)
    hair = linear((0.16, 0.11, 0.08))
    for rows in _strips(height):
        sx, sy = slope_x[rows], slope_y[rows]
        facing = 1 - np.float32(tilt) * (lamp[0] * sx + lamp[1] * sy)
        facing = np.clip(facing / np.sqrt(1 + 0.5 * (sx * sx + sy * sy)), 0.35, 1.6) * lit[rows]
        if round_shade is not None:
            facing *= round_shade[rows]
        # A highlight sits where the slope mirrors the lamp.
        miss = (sx + np.float32(0.42) * lamp[0]) ** 2 + (sy + np.float32(0.42) * lamp[1]) ** 2
        shine = gloss[rows] * np.exp(miss * np.float32(-22)) * np.float32(0.55)
        for k in range(3):
            plane = base[k] * np.exp(melanin[rows] * -_MELANIN[k] - blood[rows] * _BLOOD[k])
            for (x0, y0, x1, y1), colour, opacity in layers:
                top, low = max(y0, rows.start), min(y1, rows.stop)
                if top < low:
                    region = plane[top - rows.start : low - rows.start, x0:x1]
                    laid = colour[k] if colour.ndim == 1 else colour[top - y0 : low - y0, :, k]
                    region += opacity[top - y0 : low - y0] * (laid - region)
            if strands is not None:
                plane += strands[rows] * (hair[k] - plane)
            view[rows, :, k] = plane * facing + shine
    skin_mask = np.ones(size, bool)
    if alpha is not None:
        around = scenes.paint(rng, height, width, scene or _around(rng))
        # The limb lies on its surroundings and throws a soft shadow there.
        coarse = cv2.resize(alpha, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
        dark = cv2.GaussianBlur(coarse, (0, 0), max(1.0, 0.02 * across / 8 * 2 + 1.5))
        shift = np.array(
            [[1, 0, np.cos(angle) * 0.02 * short / 8], [0, 1, np.sin(angle) * 0.02 * short / 8]], np.float32
        )
        dark = cv2.warpAffine(
            dark, shift, (coarse.shape[1], coarse.shape[0]), borderMode=cv2.BORDER_REPLICATE
        )
        shade_there = lit * (1 - np.float32(0.55) * cv2.resize(dark, (width, height)))
        for rows in _strips(height):
            for k in range(3):
                beside = around[rows, :, k] * shade_there[rows]
                view[rows, :, k] = beside + alpha[rows] * (view[rows, :, k] - beside)
        skin_mask = alpha > 0.5
    aim = float(np.interp(shade, [0, 0.5, 0.75, 1], [0.42, 0.27, 0.16, 0.085])) * (0.9 if covered else 1.0)
    rgb = _photograph(rng, view, mask if covered and mask.any() else skin_mask, aim)
    return Phantom(rgb, mask & skin_mask if chosen is not None else skin_mask, kind, chosen, shade)


def _around(rng: Rng) -> str:
    return str(rng.choice(["wall", "cloth", "cloth", "wood", "tiles", "carpet"]))


def _marks(rng: Rng, melanin: np.ndarray, blood: np.ndarray, short: float, near: float, kind: str) -> None:
    """What all skin has: freckles, pores, now and then a faint vein or a crease."""
    height, width = melanin.shape
    dots = np.zeros((height, width), np.uint8)
    for _index in range(int(rng.gamma(1.2, 9))):
        place = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        radius = short * near * rng.uniform(0.0015, 0.0045)
        cv2.circle(dots, place, max(1, round(radius)), int(rng.uniform(40, 140)), -1, cv2.LINE_AA)
    pores = np.zeros((height, width), np.uint8)
    count = int(min(1400, 260 / max(near, 0.2) ** 2))
    for x, y in zip(rng.integers(0, width, count), rng.integers(0, height, count), strict=True):
        cv2.circle(pores, (int(x), int(y)), max(1, round(short * near * 0.0016)), 90, -1, cv2.LINE_AA)
    soft = max(0.6, short * near * 0.0012)
    melanin += cv2.GaussianBlur(dots, (0, 0), soft).astype(np.float32) * np.float32(1 / 255)
    melanin += cv2.GaussianBlur(pores, (0, 0), soft * 0.8).astype(np.float32) * np.float32(0.5 / 255)
    if rng.random() < 0.35:
        vein = np.abs(
            streaks(
                rng,
                height,
                width,
                short * 0.25 * near,
                short * 0.9 * near,
                rng.uniform(0, np.pi),
                short * 0.1,
            )
        )
        blue = smooth(vein, 0.10, 0.0) * np.float32(rng.uniform(0.05, 0.12))
        melanin += blue * np.float32(0.5)
        blood -= blue * np.float32(0.3)
    if rng.random() < 0.3:
        fold = streaks(
            rng, height, width, short * 0.9 * near, short * 9 * near, rng.uniform(0, np.pi), short * 0.04
        )
        fold = np.abs(fold)
        melanin += smooth(fold, 0.012, 0.0) * np.float32(0.25)
