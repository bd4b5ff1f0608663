"""The classical assessor: blur, light, distance and framing measured with no network at all.

After TrueImage (Vodrahalli et al. 2020), as described: a skin segmentation first, then one interpretable
check for each fault. It is the baseline to beat, and what Retake falls back on where no network can run. Each
check is one measurement in the units of DESIGN's table of where faults begin; a probability says how far the
measurement lies past that limit, in units of the table's scatter.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from core.explain import Explanation
from core.explain.closed_form import normalised
from core.quality.image_stats import SKIN_CB, SKIN_CR, SKIN_LUMA
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, Verdict, judge
from core.runtime.preprocess import WORKING_LONG_SIDE, shrink

_SKIN_SHARE, _SKIN_SCATTER = 0.10, 0.03
# A spot stands out from the skin around it by this distance in CIELAB, and covers this share of the frame;
# what is smaller than a speck is noise.
_SPOT_CONTRAST: Final = 8.0
_SPECK_SHARE: Final = 0.0008
_SPOT_SHARE, _SPOT_SCATTER = 0.002, 0.0008
# Edges at least this wide, in pixels at the working size, are measured at a smaller size.
_WIDE_BLUR: Final = 6.0


@dataclass(frozen=True)
class Measures:
    """What is measured in one picture, at the working size (longest side 640 px).

    Attributes:
        skin: bool, h x w: where skin is.
        spot: bool, h x w: the largest place that stands out from the skin; empty when there is none.
        skin_share: of the frame, 0-1.
        spot_extent: longer side of the spot's box over the frame's short side; 0 without a spot.
        off_centre: distance from the spot's centre to the frame's centre over the short side.
        cut: share (0-1) of the spot's outline that lies on the frame's border.
        blur: Gaussian-equivalent deviation over the frame's long side, on the subject.
        luma: median luma (0-1) of the subject.
        clipped: share (0-1) of the subject that is black or white.
        shading: brightest to darkest light across the subject, a ratio of at least 1.
        pixels: effective pixels across the short side.
    """

    skin: np.ndarray
    spot: np.ndarray
    skin_share: float
    spot_extent: float
    off_centre: float
    cut: float
    blur: float
    luma: float
    clipped: float
    shading: float
    pixels: float


def measure(rgb: np.ndarray, width: int | None = None, height: int | None = None) -> Measures:
    """Measure a picture.

    Args:
        rgb: uint8 RGB, H x W x 3, any size.
        width, height: the picture's own size when ``rgb`` is a reduced copy, in pixels.
    """
    short_side = min(width or rgb.shape[1], height or rgb.shape[0])
    small = shrink(rgb, WORKING_LONG_SIDE)
    rows, columns = small.shape[:2]
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    skin = _skin(small)
    spot = _spot(small, skin)
    found = bool(spot.any())
    # Judge the spot and its surroundings where there is one, else the skin, else the whole frame.
    subject = cv2.dilate(spot.astype(np.uint8), _disc(max(rows, columns) // 20)) > 0 if found else skin
    if subject.mean() < 0.01:
        subject = np.ones_like(skin)
    extent = off_centre = cut = 0.0
    if found:
        x, y, w, h = cv2.boundingRect(spot.astype(np.uint8))
        extent = max(w, h) / min(rows, columns)
        off_centre = math.hypot(x + w / 2 - columns / 2, y + h / 2 - rows / 2) / min(rows, columns)
        border = np.concatenate([spot[0], spot[-1], spot[:, 0], spot[:, -1]]).sum()
        cut = float(border) / (2 * (w + h))
    return Measures(
        skin=skin,
        spot=spot,
        skin_share=float(skin.mean()),
        spot_extent=extent,
        off_centre=off_centre,
        cut=cut,
        blur=_blur(luma, subject) / max(rows, columns),
        luma=float(np.median(luma[subject])) / 255,
        clipped=float(np.mean((luma[subject] <= 4) | (luma[subject] >= 251))),
        shading=_shading(luma, subject),
        pixels=short_side / _repeats(small),
    )


def faults(measures: Measures) -> dict[str, float]:
    """Probability (0-1) of each explanation: 0.5 where DESIGN's table says that the fault begins.

    Distance and framing mean nothing where there is no skin.
    """
    m = measures
    skin = _past(m.skin_share - _SKIN_SHARE, _SKIN_SCATTER)
    size = m.spot_extent if m.spot_extent else m.skin_share
    far = _past(0.12 - size, 0.03) if m.spot_extent else _past(0.15 - size, 0.05)
    return {
        "bad_framing": skin * max(_past(m.cut - 0.15, 0.08), _past(m.off_centre - 0.33, 0.06)),
        "bad_light": max(
            _past(0.22 - m.luma, 0.04),
            _past(m.luma - 0.85, 0.04),
            _past(m.clipped - 0.12, 0.04),
            _past(m.shading - 4, 1),
        ),
        "blurry": _past(math.log(max(m.blur, 1e-6) / 0.005), math.log(1.4)),
        "low_resolution": _past(math.log(190 / m.pixels), math.log(1.25)),
        "too_far_away": skin * far,
    }


def classes(measures: Measures, explanations: Mapping[str, float]) -> dict[str, float]:
    """Probability of each quality class, summing to 1.

    No skin when too little of the frame has its colours; else poor quality as far as the worst fault goes;
    the rest is split between lesion and healthy skin by how much of the skin stands out.
    """
    skin = _past(measures.skin_share - _SKIN_SHARE, _SKIN_SCATTER)
    poor = max(explanations.values())
    spot = _past(float(measures.spot.mean()) - _SPOT_SHARE, _SPOT_SCATTER)
    return {
        "lesion": skin * (1 - poor) * spot,
        "no_skin": 1 - skin,
        "healthy_skin": skin * (1 - poor) * (1 - spot),
        "poor_quality": skin * poor,
    }


class Classical:
    """The classical assessor; has no state and may be shared by all threads."""

    name = "classical"

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """The clock gives seconds."""
        self._clock = clock

    def rule(self, healthy_skin_passes: bool = False, point: str = "") -> PassRule:
        """The pass rule: a fault counts from its limit on, which is probability 0.5 by construction.

        The checks have no operating points: whatever ``point`` is asked for, this is the rule.
        """
        return PassRule(dict.fromkeys(EXPLANATIONS, 0.5), healthy_skin_passes)

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        """Assess one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size; a photo's ``small`` will do.
            rule: what passes.
            width, height: the photo's own size when ``rgb`` is a reduced copy.
        """
        started = self._clock()
        measures = measure(rgb, width, height)
        explanations = faults(measures)
        return judge(
            assessor=self.name,
            width=rgb.shape[1] if width is None else width,
            height=rgb.shape[0] if height is None else height,
            quality=classes(measures, explanations),
            explanations=explanations,
            rule=rule,
            milliseconds=(self._clock() - started) * 1000,
        )

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """Where a check looked: the skin, the spot, what lacks detail, or what is too dark or bright.

        Raises:
            KeyError: no such explanation or quality class.
        """
        if target not in (*EXPLANATIONS, *QUALITY_CLASSES):
            raise KeyError(target)
        small = shrink(rgb, WORKING_LONG_SIDE)
        measures = measure(rgb)
        chances = faults(measures)
        cause = max(chances, key=lambda name: chances[name]) if target == "poor_quality" else target
        luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if cause in ("blurry", "low_resolution"):
            detail = cv2.GaussianBlur(_slope(luma), (0, 0), 12)
            heat = detail.max() - detail
        elif cause == "bad_light":
            heat = np.abs(cv2.GaussianBlur(luma, (0, 0), 12) - 127.5)
        elif cause == "healthy_skin":
            heat = measures.skin & ~measures.spot
        elif cause == "no_skin":
            heat = ~measures.skin
        else:
            heat = measures.spot
        return Explanation(target, normalised(np.asarray(heat, np.float32)), self.name)


def _past(excess: float, scatter: float) -> float:
    """How probable it is that a rater calls a fault that lies this far past its limit (normal scatter)."""
    return 0.5 * (1 + math.erf(excess / scatter / math.sqrt(2)))


def _disc(radius: int) -> np.ndarray:
    radius = max(1, radius)
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _slope(luma: np.ndarray) -> np.ndarray:
    """Gradient magnitude of float32 luma."""
    return cv2.magnitude(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))


def _skin(rgb: np.ndarray) -> np.ndarray:
    """Where the colours are those of skin, with small holes closed and specks removed."""
    chroma = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 2), cv2.COLOR_RGB2YCrCb)
    lowest, highest = zip(SKIN_LUMA, SKIN_CR, SKIN_CB, strict=True)
    mask = cv2.inRange(chroma, lowest, highest)
    radius = max(rgb.shape[:2]) // 100
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(radius))
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _disc(radius)) > 0


def _spot(rgb: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """The largest place within the skin's outline that stands out from the skin around it."""
    nothing = np.zeros_like(skin)
    if skin.mean() < 0.02:
        return nothing
    # A lesion need not have skin's colours: fill the outline's holes.
    outlines, _levels = cv2.findContours(skin.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    body = cv2.drawContours(nothing.astype(np.uint8), outlines, -1, 1, cv2.FILLED) > 0
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 2).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # What bends slowly over the skin is light and the body's shape, not a spot.
    lab -= _trend(lab, skin)
    away = np.linalg.norm(lab, axis=2)
    usual = float(np.median(away[skin]))
    candidate = (away > max(_SPOT_CONTRAST, 3 * usual)) & body
    # Along the body's own edge shading and background bleed in.
    inner = cv2.erode(np.pad(body.astype(np.uint8), 1, constant_values=1), _disc(max(rgb.shape[:2]) // 60))
    candidate &= inner[1:-1, 1:-1] > 0
    whole = cv2.morphologyEx(candidate.astype(np.uint8), cv2.MORPH_CLOSE, _disc(max(rgb.shape[:2]) // 40))
    count, places, stats, _centres = cv2.connectedComponentsWithStats(whole)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if count > 1 else 0
    if not largest or stats[largest, cv2.CC_STAT_AREA] < _SPECK_SHARE * skin.size:
        return nothing
    return places == largest


def _trend(lab: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """A quadratic surface through the skin's colours, fitted twice: then without what lies far off."""
    rows, columns = skin.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).astype(np.float32)
    # Every fourth pixel each way is plenty for six coefficients.
    known, values, colours = skin[::4, ::4], terms[::4, ::4], lab[::4, ::4]
    chosen = known
    for _turn in range(2):
        if chosen.sum() < 100:
            return np.broadcast_to(np.median(lab[skin], axis=0), lab.shape)
        fit = np.linalg.lstsq(values[chosen], colours[chosen], rcond=None)[0]
        off = np.linalg.norm(colours - values @ fit, axis=2)
        chosen = known & (off <= np.percentile(off[known], 60))
    return terms @ fit


def _blur(luma: np.ndarray, subject: np.ndarray) -> float:
    """Gaussian-equivalent blur, in pixels, of the sharpest structure in the subject."""
    fine = _edge_width(luma, subject)
    # Wide edges change too little under the second blur, and faint ones drown in noise: look again at a third
    # of the size, and believe that where it finds nothing sharp.
    rows, columns = luma.shape
    size = (max(1, columns // 3), max(1, rows // 3))
    smaller = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(subject.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    coarse = 3 * _edge_width(smaller, inside) if inside.any() else fine
    return coarse if coarse >= _WIDE_BLUR else fine


def _edge_width(luma: np.ndarray, subject: np.ndarray) -> float:
    """Gaussian-equivalent deviation, in pixels, of the steepest edges.

    An edge blurred by s and then again by t keeps the share s / sqrt(s^2 + t^2) of its slope; the ratio of
    the slopes before and after a known second blur gives s.
    """
    second = 4.0
    # A first slight blur keeps noise from passing for detail; it is taken off again below.
    first = 2.0
    once = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), first)
    across, down = cv2.Sobel(once, cv2.CV_32F, 1, 0), cv2.Sobel(once, cv2.CV_32F, 0, 1)
    before = cv2.magnitude(across, down)
    after = _slope(cv2.GaussianBlur(once, (0, 0), second))
    # Only the crest of an edge keeps that share; beside it the second blur adds slope instead.
    crest = np.where(
        np.abs(across) >= np.abs(down),
        before >= cv2.dilate(before, np.ones((1, 3), np.uint8)),
        before >= cv2.dilate(before, np.ones((3, 1), np.uint8)),
    )
    edges = subject & crest & (before > 0)
    if not edges.any():
        return float(max(luma.shape))  # nothing but one flat colour
    # Of noise there is plenty, but its slopes are small beside those of a true edge.
    strong = edges & (before >= 0.5 * np.percentile(before[edges], 99.9))
    ratio = float(np.sum(after[strong]) / np.sum(before[strong]))
    ratio = min(max(ratio, 1e-3), 0.999)
    total = second * second * ratio * ratio / (1 - ratio * ratio)
    return math.sqrt(max(total - first * first, 0.0))


def _shading(luma: np.ndarray, subject: np.ndarray) -> float:
    """Brightest to darkest light across the subject, in linear light, with fine structure smoothed out."""
    light = (luma.astype(np.float32) / 255) ** 2.2
    weight = subject.astype(np.float32)
    reach = max(luma.shape) / 20
    around = np.maximum(cv2.GaussianBlur(weight, (0, 0), reach), 1e-3)
    level = cv2.GaussianBlur(light * weight, (0, 0), reach) / around
    low, high = np.percentile(level[subject], [5, 95])
    return float((high + 1e-3) / (low + 1e-3))


def _repeats(rgb: np.ndarray) -> float:
    """How many pixels in a row say the same (1 or more): an enlarged or squeezed picture has flat blocks."""
    level = rgb.astype(np.int16).sum(axis=2)
    along = max(np.mean(np.diff(level, axis=0) == 0), np.mean(np.diff(level, axis=1) == 0))
    return 1 / max(1 - along, 0.05)
