"""Drawn surroundings without skin: cloth, wood, walls, tiles, paper, leaves, things on a desk.

Part of the phantom generator: ``paint`` gives the reflectance of a scene in linear light. Only numpy and
OpenCV, and every random number comes from the generator passed in.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

Rng = np.random.Generator


def smooth(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Smooth step: 0 at ``low`` and below, 1 at ``high`` and above (``high`` may be the smaller one)."""
    t = np.clip((x - np.float32(low)) / np.float32(high - low), 0, 1)
    return t * t * (3 - 2 * t)


def noise(rng: Rng, height: int, width: int, cell: float) -> np.ndarray:
    """Smooth random field, float32, about mean 0 and deviation 1, features ``cell`` pixels wide."""
    cell = max(cell, 1.0)
    if cell > 16:  # broad fields are drawn small: the eye cannot tell and it is much faster
        small = noise(rng, -(-height // 4), -(-width // 4), cell / 4)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    rows, columns = int(np.ceil(height / cell)) + 3, int(np.ceil(width / cell)) + 3
    grid = rng.standard_normal((rows, columns), np.float32)
    if cell == 1:
        return grid[:height, :width]
    dx, dy = rng.uniform(0.5, 1.5, 2)
    shrink = np.array([[1 / cell, 0, dx], [0, 1 / cell, dy]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    field = cv2.warpAffine(grid, shrink, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return field * np.float32(1.25)


def streaks(
    rng: Rng, height: int, width: int, thin: float, long: float, angle: float, bend: float = 0.0
) -> np.ndarray:
    """Random field stretched along ``angle`` (radians): grain of wood, furrows of skin, strands of hair.

    Args:
        thin, long: feature size in pixels across and along the grain.
        bend: how far the grain wanders, in pixels.
    """
    diagonal = float(np.hypot(height, width)) * 1.1 + 4 * bend
    grid = rng.standard_normal(
        (int(diagonal / max(thin, 1)) + 4, int(diagonal / max(long, 1)) + 4), np.float32
    )
    c, s = np.cos(angle), np.sin(angle)
    # Output pixel (x, y) reads the grid at (along / long, across / thin), both kept positive.
    along = np.array([c, s]) / max(long, 1)
    across = np.array([-s, c]) / max(thin, 1)
    centre = np.array([width / 2, height / 2])
    offset = np.array([grid.shape[1] / 2 - along @ centre, grid.shape[0] / 2 - across @ centre])
    matrix = np.array([[*along, offset[0]], [*across, offset[1]]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    if bend <= 0:
        return 1.25 * cv2.warpAffine(
            grid, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT
        )
    wander = noise(rng, height, width, 0.6 * min(height, width)) * np.float32(bend / max(thin, 1))
    ys = np.arange(height, dtype=np.float32)[:, None]
    xs = np.arange(width, dtype=np.float32)[None, :]
    u = np.float32(along[0]) * xs + (np.float32(along[1]) * ys + np.float32(offset[0]))
    v = np.float32(across[0]) * xs + (np.float32(across[1]) * ys + np.float32(offset[1])) + wander
    return 1.25 * cv2.remap(grid, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def linear(rgb: tuple[float, float, float]) -> np.ndarray:
    """Colour as eyes name it (gamma-encoded, 0-1) to linear light, float32 of 3."""
    return np.array(rgb, np.float32) ** np.float32(2.2)


def hue(rng: Rng, saturation: tuple[float, float], value: tuple[float, float]) -> np.ndarray:
    """A random colour in linear light."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(*saturation), rng.uniform(*value)]]], np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] ** np.float32(2.2)


def _tint(field: np.ndarray, colour: np.ndarray) -> np.ndarray:
    field = field.astype(np.float32, copy=False)
    return cv2.merge([field * part for part in colour.astype(np.float32)])


def _grey(field: np.ndarray) -> np.ndarray:
    field = field.astype(np.float32, copy=False)
    return cv2.merge([field, field, field])


def _wall(rng: Rng, height: int, width: int) -> np.ndarray:
    short = min(height, width)
    grain = 1 + 0.02 * noise(rng, height, width, short / 8) + 0.025 * noise(rng, height, width, 2.5)
    return _tint(grain, hue(rng, (0.02, 0.25), (0.45, 0.92)))


def _cloth(rng: Rng, height: int, width: int) -> np.ndarray:
    """Woven or knitted cloth with soft folds, plain, striped or checked."""
    short = min(height, width)
    angle = rng.uniform(0, np.pi)
    folds = streaks(rng, height, width, short * rng.uniform(0.12, 0.35), short * 1.2, angle, short * 0.08)
    pitch = max(2.5, short * rng.uniform(0.004, 0.012))
    ys = np.arange(height, dtype=np.float32)[:, None]
    xs = np.arange(width, dtype=np.float32)[None, :]
    weave = np.sin(xs * np.float32(2 * np.pi / pitch)) * np.sin(ys * np.float32(2 * np.pi / pitch))
    cloth = 1 + 0.16 * folds + 0.07 * weave + 0.04 * noise(rng, height, width, 1.6)
    base = hue(rng, (0.0, 0.5), (0.2, 0.9))
    out = _tint(cloth, base)
    if rng.random() < 0.4:
        second = np.clip(
            base * np.float32(rng.uniform(0.2, 0.7)) + 0.3 * hue(rng, (0.0, 0.6), (0.1, 0.9)), 0, 1
        )
        wide = short * rng.uniform(0.03, 0.12)
        c, s = np.cos(angle + 0.4), np.sin(angle + 0.4)
        bent = noise(rng, height, width, short / 2) * np.float32(short * 0.02)
        stripe = smooth(np.sin((xs * c + ys * s + bent) / np.float32(wide) * np.pi), -0.1, 0.1)
        if rng.random() < 0.5:
            stripe = 0.5 * (
                stripe + smooth(np.sin((ys * c - xs * s + bent) / np.float32(wide) * np.pi), -0.1, 0.1)
            )
        out += _tint(cloth * stripe, second - base)
    return out


def _wood(rng: Rng, height: int, width: int) -> np.ndarray:
    short = min(height, width)
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.12)
    broad = streaks(rng, height, width, short * 0.06, short * 2.5, angle, short * 0.05)
    fine = streaks(rng, height, width, max(1.5, short * 0.003), short * 0.5, angle, short * 0.05)
    rings = 0.5 + 0.5 * np.sin(broad * np.float32(rng.uniform(2, 5)))
    light = linear((0.72, rng.uniform(0.52, 0.6), rng.uniform(0.34, 0.46))) * np.float32(
        rng.uniform(0.4, 1.2)
    )
    dark = light * np.float32(rng.uniform(0.35, 0.65))
    wood = light + _tint(rings * np.float32(0.7), dark - light)
    wood *= _grey(1 + 0.12 * fine)
    if rng.random() < 0.6:
        c, s = np.cos(angle), np.sin(angle)
        ys = np.arange(height, dtype=np.float32)[:, None]
        xs = np.arange(width, dtype=np.float32)[None, :]
        across = (ys * c - xs * s) / np.float32(short * rng.uniform(0.18, 0.4)) + rng.uniform(0, 1)
        plank = np.floor(across)
        gap = np.abs(across - plank - 0.5)
        wood *= _grey(1 - 0.75 * smooth(gap, 0.492, 0.5))
        wood *= _grey(1 + 0.12 * np.sin(plank * 12.9898) * 1.0)
    return wood


def _tiles(rng: Rng, height: int, width: int) -> np.ndarray:
    short = min(height, width)
    size = short * rng.uniform(0.15, 0.5)
    angle = rng.normal(0, 0.25)
    c, s = np.cos(angle), np.sin(angle)
    ys = np.arange(height, dtype=np.float32)[:, None]
    xs = np.arange(width, dtype=np.float32)[None, :]
    u, v = (xs * c + ys * s) / np.float32(size), (ys * c - xs * s) / np.float32(size)
    joint = np.maximum(np.abs(u - np.round(u)), np.abs(v - np.round(v)))
    seam = smooth(np.minimum(np.abs(u - np.round(u)), np.abs(v - np.round(v))), 0.03, 0.015)
    del joint
    shade = 1 + 0.06 * np.sin(np.round(u - 0.5) * 12.99 + np.round(v - 0.5) * 78.2)
    marble = np.abs(noise(rng, height, width, short / 5) + 0.5 * noise(rng, height, width, short / 14))
    field = shade * (1 - 0.12 * smooth(marble, 0.25, 0.0))
    colour = hue(rng, (0.0, 0.15), (0.5, 0.95))
    return _tint(field * (1 - 0.45 * seam), colour)


def _paper(rng: Rng, height: int, width: int) -> np.ndarray:
    """A printed page: lines of word-like marks, sometimes a heading or a table."""
    short = min(height, width)
    page: np.ndarray = np.full((height, width), 0.86, np.float32)
    line = short * rng.uniform(0.018, 0.04)
    left, right = width * rng.uniform(0.05, 0.15), width * rng.uniform(0.85, 0.95)
    y = height * rng.uniform(0.02, 0.12)
    ink = np.zeros((height, width), np.uint8)
    while y < height * 0.97:
        x, end = left, right if rng.random() < 0.8 else rng.uniform(left + 0.3 * (right - left), right)
        thick = line * (0.8 if rng.random() < 0.08 else 0.48)
        while x < end:
            word = line * rng.uniform(0.8, 4.2)
            step = max(2.0, thick * 0.62)
            letter = x
            while letter < min(x + word, end):
                top, low = y - thick * rng.uniform(0.45, 0.95), y + thick * rng.choice([0.0, 0.0, 0.25])
                bar = max(1, int(thick * 0.14))
                a, b = (int(letter), int(top)), (int(letter + step * rng.uniform(0, 0.5)), int(low))
                cv2.line(ink, a, b, 255, bar, cv2.LINE_AA)
                if rng.random() < 0.6:
                    cv2.ellipse(
                        ink, (int(letter + step * 0.35), int(y - thick * 0.25)),
                        (max(1, int(step * 0.3)), max(1, int(thick * 0.24))), 0,
                        int(rng.uniform(0, 180)), 320, 255, bar, cv2.LINE_AA,
                    )  # fmt: skip
                letter += step
            x += word + line * 0.6
        y += line * rng.choice([1.5, 1.5, 1.5, 2.4])
    page -= ink.astype(np.float32) * np.float32(0.78 / 255)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 8), rng.uniform(1.05, 1.35))
    page = cv2.warpAffine(page, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=0.86)
    page = page * (1 + 0.02 * noise(rng, height, width, short / 3))
    return _tint(page, linear((1.0, rng.uniform(0.95, 1.0), rng.uniform(0.86, 1.0))))


def _leaves(rng: Rng, height: int, width: int) -> np.ndarray:
    short = min(height, width)
    out = _tint(0.5 + 0.15 * noise(rng, height, width, short / 6), linear((0.16, 0.24, 0.1)))
    out = np.ascontiguousarray(np.clip(out, 0.005, 1))
    count = int(rng.integers(160, 260))
    for index in range(count):
        length = short * rng.uniform(0.07, 0.2)
        wide, angle = length * rng.uniform(0.3, 0.5), rng.uniform(0, 2 * np.pi)
        x, y = rng.uniform(-0.05, 1.05) * width, rng.uniform(-0.05, 1.05) * height
        depth = 0.35 + 0.65 * index / count
        colour = linear((rng.uniform(0.25, 0.45), rng.uniform(0.38, 0.56), rng.uniform(0.16, 0.28))) * depth
        t = np.linspace(0, np.pi, 14)
        across = np.sin(t) ** 1.3 * wide / 2
        along = -np.cos(t) * length / 2
        upper, lower = np.stack([along, across], 1), np.stack([along, -across], 1)
        c, s = np.cos(angle), np.sin(angle)
        spin = np.array([[c, s], [-s, c]])
        place = np.array([x, y])
        shadow = (np.concatenate([upper, lower[::-1]]) @ spin + place + short * 0.012).astype(np.int32)
        cv2.fillPoly(
            out,
            [shadow],
            (out[min(height - 1, max(0, int(y))), min(width - 1, max(0, int(x)))] * 0.3).tolist(),
            cv2.LINE_AA,
        )
        cv2.fillPoly(out, [(upper @ spin + place).astype(np.int32)], colour.tolist(), cv2.LINE_AA)
        cv2.fillPoly(out, [(lower @ spin + place).astype(np.int32)], (colour * 0.82).tolist(), cv2.LINE_AA)
        ends = np.array([[-length / 2, 0], [length / 2, 0]]) @ spin + place
        vein = (colour * 1.35).tolist()
        cv2.line(
            out,
            ends[0].astype(int).tolist(),
            ends[1].astype(int).tolist(),
            vein,
            max(1, int(short * 0.003)),
            cv2.LINE_AA,
        )
    return out * _grey(1 + 0.06 * noise(rng, height, width, 3))


def _desk(rng: Rng, height: int, width: int) -> np.ndarray:
    """A table with things on it: boxes, cups, pens, books, each with a soft shadow and a lit side."""
    short = min(height, width)
    out = np.ascontiguousarray(
        np.clip(_wood(rng, height, width) if rng.random() < 0.6 else _wall(rng, height, width), 0.01, 1)
    )
    lean = rng.uniform(-0.04, 0.04, 2) * short
    for _index in range(int(rng.integers(3, 8))):
        x, y = rng.uniform(0.08, 0.92) * width, rng.uniform(0.08, 0.92) * height
        kind = rng.choice(["box", "cup", "pen"])
        colour = hue(rng, (0.0, 0.6), (0.15, 0.95))
        shape = np.zeros((height, width), np.uint8)
        if kind == "cup":
            size = int(short * rng.uniform(0.06, 0.17))
            cv2.circle(shape, (int(x), int(y)), size, 255, -1, cv2.LINE_AA)
        else:
            wide, tall = (
                (rng.uniform(0.1, 0.35), rng.uniform(0.1, 0.3))
                if kind == "box"
                else (rng.uniform(0.25, 0.5), 0.022)
            )
            corners = cv2.boxPoints(((x, y), (wide * short, tall * short), rng.uniform(0, 180)))
            cv2.fillPoly(shape, [corners.astype(np.int32)], 255, cv2.LINE_AA)
        alpha = shape.astype(np.float32) / 255
        shift = np.array([[1, 0, lean[0] + short * 0.012], [0, 1, lean[1] + short * 0.016]], np.float32)
        small = cv2.resize(
            cv2.warpAffine(alpha, shift, (width, height)),
            None,
            fx=0.25,
            fy=0.25,
            interpolation=cv2.INTER_AREA,
        )
        shadow = cv2.resize(cv2.GaussianBlur(small, (0, 0), max(0.6, short * 0.004)), (width, height))
        out *= _grey(1 - 0.62 * shadow)
        gradient = 1 + 0.12 * noise(rng, height, width, short * 0.5)
        out += _grey(alpha) * (_tint(gradient, colour) - out)
        if kind == "cup":
            cv2.circle(
                out,
                (int(x), int(y)),
                int(size * 0.8),
                (colour * rng.uniform(0.15, 0.5)).tolist(),
                -1,
                cv2.LINE_AA,
            )
        elif kind == "box" and rng.random() < 0.7:
            centre = ((x, y), (wide * short * 0.6, tall * short * 0.18), 0)
            label = cv2.boxPoints(centre).astype(np.int32)
            cv2.fillPoly(out, [label], hue(rng, (0, 0.4), (0.6, 0.95)).tolist(), cv2.LINE_AA)
    return out


def _carpet(rng: Rng, height: int, width: int) -> np.ndarray:
    short = min(height, width)
    tufts = noise(rng, height, width, max(2.0, short * 0.007))
    patches = noise(rng, height, width, short * 0.2)
    base = hue(rng, (0.03, 0.4), (0.25, 0.75))
    other = base * np.float32(rng.uniform(0.6, 0.9))
    mixed = base + _tint(smooth(patches, -1, 1), other - base)
    return mixed * _grey(1 + 0.22 * tufts)


_PAINTERS: Final[dict[str, Callable[[Rng, int, int], np.ndarray]]] = {
    "wall": _wall,
    "cloth": _cloth,
    "wood": _wood,
    "tiles": _tiles,
    "paper": _paper,
    "leaves": _leaves,
    "desk": _desk,
    "carpet": _carpet,
}
NAMES: Final = tuple(_PAINTERS)


def paint(rng: Rng, height: int, width: int, name: str | None = None) -> np.ndarray:
    """Paint a scene without skin: reflectance in linear light, float32 height x width x 3 in 0.003-1.

    Args:
        name: one of ``NAMES``; chosen at random when None.
    """
    painter = _PAINTERS[name if name is not None else NAMES[rng.integers(len(NAMES))]]
    return np.clip(painter(rng, height, width), 0.003, 1).astype(np.float32)
