"""Where the skin is in a picture, and the place that stands out from it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from core.quality.image_stats import SKIN_CB, SKIN_CR, SKIN_LUMA

# A spot stands out from the skin around it by this distance in CIELAB; what is smaller than a speck is noise.
_SPOT_CONTRAST: Final = 8.0
_SPECK_SHARE: Final = 0.0008
# Below this share of the frame there is no skin for a spot to stand out from.
_LEAST_SKIN: Final = 0.02


@dataclass(frozen=True, eq=False)
class SkinAndSpot:
    """What was found in a picture of h x w pixels.

    Attributes:
        skin: bool, h x w: where the colours are those of skin.
        body: bool, h x w: the same with its holes filled.
        away: float32, h x w: distance in CIELAB from the skin's own colour there (light and the body's shape
            taken off); 0 everywhere without skin.
        candidates: bool, h x w: every place within the body that stands out.
        spot: bool, h x w: the largest of them; empty when there is none.
    """

    skin: np.ndarray
    body: np.ndarray
    away: np.ndarray
    candidates: np.ndarray
    spot: np.ndarray


def skin_and_spot(rgb: np.ndarray) -> SkinAndSpot:
    """Find skin and spot.

    Args:
        rgb: uint8 RGB, h x w x 3, of about a hundred pixels a side: fine structure only costs time here.
    """
    smooth = cv2.GaussianBlur(rgb, (0, 0), 1)
    skin = _skin(smooth)
    nothing = np.zeros_like(skin)
    if skin.mean() < _LEAST_SKIN:
        return SkinAndSpot(skin, skin, np.zeros(skin.shape, np.float32), nothing, nothing)
    # A lesion need not have skin's colours: fill the outline's holes.
    outlines, _levels = cv2.findContours(skin.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(skin.shape, np.uint8), outlines, -1, 1, cv2.FILLED)
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # What bends slowly over the skin is light and the body's shape, not a spot.
    off = lab - _trend(lab, skin)
    away = np.sqrt(np.einsum("ijk,ijk->ij", off, off))
    seen = away[skin]
    usual = float(np.partition(seen, len(seen) // 2)[len(seen) // 2])
    candidate = (away > max(_SPOT_CONTRAST, 3 * usual)) & (filled > 0)
    # Along the body's own edge shading and background bleed in.
    inner = cv2.erode(np.pad(filled, 1, constant_values=1), _disc(max(rgb.shape[:2]) // 60))
    candidate &= inner[1:-1, 1:-1] > 0
    whole = cv2.morphologyEx(candidate.astype(np.uint8), cv2.MORPH_CLOSE, _disc(max(rgb.shape[:2]) // 40))
    count, places, stats, _centres = cv2.connectedComponentsWithStats(whole)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if count > 1 else 0
    found = bool(largest) and stats[largest, cv2.CC_STAT_AREA] >= _SPECK_SHARE * skin.size
    return SkinAndSpot(skin, filled > 0, away, whole > 0, places == largest if found else nothing)


def _disc(radius: int) -> np.ndarray:
    radius = max(1, radius)
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _skin(rgb: np.ndarray) -> np.ndarray:
    """Where the colours are those of skin, with small holes closed and specks removed."""
    lowest, highest = zip(SKIN_LUMA, SKIN_CR, SKIN_CB, strict=True)
    mask = cv2.inRange(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), lowest, highest)
    disc = _disc(max(rgb.shape[:2]) // 100)
    return cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), cv2.MORPH_CLOSE, disc) > 0


@lru_cache(maxsize=4)
def _terms(rows: int, columns: int) -> np.ndarray:
    """1, x, y and their products at each pixel, -1 to 1: float32, rows x columns x 6."""
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j].astype(np.float32)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _trend(lab: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """A quadratic surface through the skin's colours, fitted twice: then without what lies far off."""
    terms = _terms(*skin.shape)
    # Every third pixel each way is plenty for six coefficients.
    known = skin[::3, ::3]
    values, colours = terms[::3, ::3][known], lab[::3, ::3][known]
    chosen = np.ones(len(values), bool)
    fit = np.zeros((terms.shape[-1], 3), np.float32)
    for _turn in range(2):
        if chosen.sum() < 60:
            return np.broadcast_to(np.median(lab[skin], axis=0), lab.shape)
        normal = values[chosen].T @ values[chosen] + 1e-3 * np.eye(len(fit), dtype=np.float32)
        fit = np.linalg.solve(normal, values[chosen].T @ colours[chosen])
        off = ((colours - values @ fit) ** 2).sum(axis=1)
        chosen = off <= np.sort(off)[int(0.6 * (len(off) - 1))]
    return (terms.reshape(-1, len(fit)) @ fit).reshape(lab.shape)
