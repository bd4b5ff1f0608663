"""Does it judge photographs of light and dark skin alike?

Skin tone is put in numbers as the individual typology angle, ITA = arctan((L* - 50) / b*) x 180 / pi, of the
median L* and b* of the skin's pixels in CIELAB, on the *undegraded* source photograph.

What this cannot show. ITA is defined for a colorimeter on the skin, under known light. From a photograph that
anybody took it also measures the exposure, the white balance, the shade and the camera's rendering: dark skin
in a flash and light skin at dusk swap bins. A photograph that is dark for other reasons counts as "dark", so
a gap between bins may come from how the pictures were taken, which goes with the source. Redness shifts it,
and so does the lesion's surround. Where no mask tells where the skin is, it is found by colour, which misses
some skin, very dark and very light skin more often. Nor is ITA race, origin or Fitzpatrick type. Bins are a
check for large differences, no proof of fairness; bins with few photographs show nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from training.data.sources import Row, read_mask, read_rgb
from training.evaluation.metrics import rate
from training.evaluation.quality_predictions import QualityPredictions

# Name, ITA above, ITA up to (degrees).
BINS: Final = (
    ("very_light", 55.0, 90.0),
    ("light", 41.0, 55.0),
    ("intermediate", 28.0, 41.0),
    ("tan", 10.0, 28.0),
    ("brown", -30.0, 10.0),
    ("dark", -90.0, -30.0),
)
# A bin takes part in the largest gap from this many photographs on.
ENOUGH: Final = 15
_LEAST_PIXELS: Final = 200
_LONG_SIDE: Final = 320


def ita(rgb: np.ndarray, skin: np.ndarray | None = None) -> float:
    """Individual typology angle in degrees; nan with too little skin, or skin that is not yellowish at all.

    Args:
        rgb: uint8, H x W x 3.
        skin: bool, H x W; the whole picture when None.
    """
    pixels = rgb.reshape(-1, 3) if skin is None else rgb[skin]
    if len(pixels) < _LEAST_PIXELS:
        return float("nan")
    lab = cv2.cvtColor(pixels[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    light, yellow = float(np.median(lab[:, 0])), float(np.median(lab[:, 2]))
    return float(np.degrees(np.arctan((light - 50) / yellow))) if yellow > 0.5 else float("nan")


def bin_of(angle: float) -> int | None:
    """Index into ``BINS``; None for nan."""
    if np.isnan(angle):
        return None
    return next(k for k, (_name, low, _high) in enumerate(BINS) if angle > low or k == len(BINS) - 1)


def skin_by_colour(rgb: np.ndarray) -> np.ndarray:
    """Rough mask of skin by its hue (bool, H x W); brightness is let alone as far as can be."""
    small = cv2.GaussianBlur(rgb, (0, 0), 2)
    luma, cr, cb = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb))
    mask = ((cr > 133) & (cr < 180) & (cb > 77) & (cb < 127) & (luma > 20)).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)).astype(bool)


def skin_of(row: Row, rgb: np.ndarray, mask: np.ndarray | None) -> np.ndarray | None:
    """Where the healthy skin of a photograph is: bool, H x W; None where it shows none.

    A mask of healthy skin is taken as it is; around a masked lesion the skin is looked for by colour within
    one and a half lesion's size, but not where it touches the lesion; else it is looked for by colour.
    """
    if row.group not in ("lesion", "healthy_skin"):
        return None
    if row.group == "healthy_skin" and mask is not None:
        return mask
    skin = skin_by_colour(rgb)
    if mask is None or not mask.any():
        return skin
    ys, xs = np.nonzero(mask)
    size = max(np.ptp(ys), np.ptp(xs)) + 1
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return skin & (outside > 0.1 * size) & (outside < max(1.5 * size, 20))


def ita_of(row: Row) -> float:
    """ITA of a photograph as it came, in degrees; nan where no skin is found.

    Raises:
        DataError: the photograph or its mask cannot be read.
    """
    rgb, mask = read_rgb(row), read_mask(row)
    scale = _LONG_SIDE / max(rgb.shape[:2])
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if mask is not None:
            size = (rgb.shape[1], rgb.shape[0])
            mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    skin = skin_of(row, rgb, mask)
    return float("nan") if skin is None else ita(rgb, skin)


def bins_of(keys: np.ndarray, tones: Mapping[str, float]) -> np.ndarray:
    """Index into ``BINS`` for each split key, -1 where its tone is not known: int, N.

    Args:
        keys: str, N.
        tones: ITA in degrees by split key.
    """
    found = (bin_of(tones.get(str(key), np.nan)) for key in keys)
    return np.array([-1 if k is None else k for k in found], int)


def tones_by_key(rows: list[Row], wanted: set[str]) -> dict[str, float]:
    """ITA by split key (a photo or a person): the median over its photographs, without those that have none.

    Args:
        wanted: the split keys that matter; other photographs are not opened.
    """
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.split_key in wanted and row.group in ("lesion", "healthy_skin"):
            angle = ita_of(row)
            if not np.isnan(angle):
                found.setdefault(row.split_key, []).append(angle)
    return {key: float(np.median(angles)) for key, angles in found.items()}


def largest_gap(figures: list[tuple[float | None, int]]) -> float | None:
    """Largest difference between figures of at least ``ENOUGH`` photographs each; None for fewer than two.

    Args:
        figures: pairs of a figure, None where there is none, and its number of photographs.
    """
    known = [value for value, count in figures if value is not None and count >= ENOUGH]
    return round(max(known) - min(known), 3) if len(known) > 1 else None


def gap_by_chance(right: np.ndarray, place: np.ndarray, repeats: int = 2000) -> dict[str, float] | None:
    """How large the largest gap would be if tone made no difference, by shuffling who has which tone.

    The largest of several differences is never zero: with few photographs a bin it is large by chance alone.

    Args:
        right: bool, N: whether a photograph was judged right.
        place: int, N: its bin, negative for none.

    Returns:
        ``mean`` of the largest gap over all shuffles, ``p95``, which one in twenty exceeds, and ``p``, the
        share of shuffles with at least the gap that was found. None for fewer than two bins of ``ENOUGH``
        photographs.
    """
    known = place >= 0
    if not known.any():
        return None
    bins, judged = np.unique(place[known], return_inverse=True)[1], right[known]
    counts = np.bincount(bins)
    large = counts >= ENOUGH
    if large.sum() < 2:
        return None

    def found(of: np.ndarray) -> float:
        shares = (np.bincount(of, weights=judged) / counts)[large]
        return float(shares.max() - shares.min())

    rng = np.random.default_rng(0)
    gaps = np.array([found(rng.permutation(bins)) for _shuffle in range(repeats)])
    return {
        "mean": round(float(gaps.mean()), 3),
        "p95": round(float(np.quantile(gaps, 0.95)), 3),
        "p": round(float((gaps >= found(bins) - 1e-9).mean()), 3),
    }


def fairness(predictions: QualityPredictions, tones: Mapping[str, float]) -> dict[str, Any]:
    """Specificity on good photographs and sensitivity to each fault, by skin tone.

    A good photograph shows a lesion or healthy skin and at most a small minority of raters objects; it
    counts as judged right when nothing is flagged and it is not called poor. Faults are those that any
    rater gave, on photographs that show skin.

    Args:
        predictions: for photographs; those whose tone is not known are left out.
        tones: ITA in degrees by split key.

    Returns:
        a bin each of ``BINS`` (intervals by Wilson's score: bins are small), and the largest gaps over the
        bins with at least ``ENOUGH`` photographs; for the gap in specificity also what chance alone
        would make (photographs of one collection are alike: that is the least).
    """
    place = bins_of(predictions.keys, tones)
    no_skin, poor = QUALITY_CLASSES.index("no_skin"), QUALITY_CLASSES.index("poor_quality")
    skin = predictions.label != no_skin
    fine = predictions.acceptable & skin
    cleared = ~predictions.flagged.any(axis=1) & (predictions.predicted != poor)
    bins = []
    for k, (name, low, high) in enumerate(BINS):
        here = place == k
        faults = {}
        for column, explanation in enumerate(EXPLANATIONS):
            given = predictions.explanations[:, column] & skin & here
            found = rate("sensitivity", predictions.flagged[:, column], given)
            found["interval"] = found.pop("sensitivity_interval")
            faults[explanation] = {"n": int(given.sum())} | found
        bins.append(
            {
                "name": name,
                "ita_low": low,
                "ita_high": high,
                "n_good": int((fine & here).sum()),
                **rate("specificity", cleared, fine & here),
                "faults": faults,
            }
        )
    return {
        "bins": bins,
        "n_unknown": int((skin & (place < 0)).sum()),
        "largest_gap_specificity": largest_gap([(entry["specificity"], entry["n_good"]) for entry in bins]),
        "largest_gap_by_chance": gap_by_chance(cleared[fine], place[fine]),
        "largest_gap_sensitivity": {
            name: largest_gap(
                [(entry["faults"][name]["sensitivity"], entry["faults"][name]["n"]) for entry in bins]
            )
            for name in EXPLANATIONS
        },
    }
