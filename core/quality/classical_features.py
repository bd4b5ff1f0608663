"""What the classical assessor measures in a picture: focus, light, colour, skin, spot and lost detail.

Every measure is a closed formula on one of two views of the picture, the same that ImageQX is shown: the
whole frame at 224 x 224 (``network_square``), and the middle at the working size, pixel for pixel
(``detail_square``), where focus, noise and lost detail show.
"""

import math
from typing import Final

import cv2
import numpy as np

from core.quality.image_stats import image_stats
from core.quality.skin_and_spot import SkinAndSpot, skin_and_spot

OCTAVES: Final = 3
"""Sizes at which focus is measured: the detail view, a half and a quarter of it."""
BLOB_SCALES: Final = (1.5, 3.0, 6.0, 12.0)
"""Radii of places brighter, darker or redder than what surrounds them, in pixels of 112 across the frame."""
SIDE: Final = 112
_TINY: Final = 0.05
_BLOCK: Final = 8  # side of a JPEG block, in pixels
_NOISE: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
# Chroma (Cr, Cb) of foliage, of sky, and of what has hardly any colour.
_GREEN_CR, _BLUE_CB, _GREY = 118, 138, 6


def measured(square: np.ndarray, detail: np.ndarray) -> dict[str, float]:
    """All measures of a picture by name, each finite.

    Args:
        square, detail: uint8 RGB, 224 x 224 x 3: the two views of the picture.
    """
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    places = skin_and_spot(small)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    tiny, half = np.ascontiguousarray(small[::2, ::2]), np.ascontiguousarray(lab[::2, ::2])
    luma = cv2.cvtColor(detail, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return {
        **_statistics(small),
        **_focus(luma),
        **_lost_detail(detail, luma),
        **_light(tiny, half, places),
        **_colour(tiny, half, places),
        **_skin(places),
        **_spot(lab, places),
        **_blobs(lab),
    }


def features(square: np.ndarray, detail: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The named measures of a picture, in that order: float32.

    Raises:
        KeyError: there is no measure of a name.
    """
    found = measured(square, detail)
    return np.array([found[name] for name in names], np.float32)


def _log(value: float, least: float = _TINY) -> float:
    return math.log(float(value) + least)


def _statistics(small: np.ndarray) -> dict[str, float]:
    seen = image_stats(small)
    return {
        "outline": seen.skin,
        "outline_x": abs(seen.x),
        "outline_y": abs(seen.y),
        "luma": seen.luma,
        "blown": _log(seen.blown, 1e-3),
        "shading": math.log(seen.shading),
        "brightest": seen.brightest,
    }


def _focus(luma: np.ndarray) -> dict[str, float]:
    """Variance of the Laplacian and Tenengrad at each octave: overall, in the middle, and where they are
    largest; how they fall from octave to octave, which contrast does not change; and in which direction.
    """
    out: dict[str, float] = {}
    level, before = luma, (0.0, 0.0, 0.0)
    for octave in range(OCTAVES):
        across, down = cv2.Sobel(level, cv2.CV_32F, 1, 0), cv2.Sobel(level, cv2.CV_32F, 0, 1)
        bend = cv2.Laplacian(level, cv2.CV_32F)
        energy, curve = across * across + down * down, bend * bend
        tiles = cv2.resize(energy, (7, 7), interpolation=cv2.INTER_AREA)
        curved = cv2.resize(curve, (7, 7), interpolation=cv2.INTER_AREA)
        middle = (slice(2, 5), slice(2, 5))
        laplacian, tenengrad = _log(curved.mean()), _log(tiles.mean())
        now = (laplacian, _log(curved[middle].mean()), _log(curved.max()))
        out[f"laplacian_{octave}"], out[f"tenengrad_{octave}"] = laplacian, tenengrad
        out[f"laplacian_middle_{octave}"], out[f"tenengrad_middle_{octave}"] = (
            now[1],
            _log(tiles[middle].mean()),
        )
        out[f"laplacian_tile_{octave}"], out[f"laplacian_plain_{octave}"] = now[2], _log(np.median(curved))
        # Fine against coarse structure at this octave.
        out[f"sharp_{octave}"] = laplacian - tenengrad
        out[f"sharp_middle_{octave}"] = now[1] - out[f"tenengrad_middle_{octave}"]
        out[f"sharp_tile_{octave}"] = float(np.log((curved + _TINY) / (tiles + _TINY)).max())
        if octave:
            for name, one, other in zip(("all", "middle", "tile"), before, now, strict=True):
                out[f"fall_{name}_{octave}"] = one - other
        # The steepest edges against the usual slope: noise has many slopes, all of them alike.
        slopes = np.sort(energy[::2, ::2], axis=None)
        steep = [float(slopes[int(share * (len(slopes) - 1))]) for share in (0.5, 0.9, 0.995)]
        out[f"steepest_{octave}"] = _log(steep[2])
        out[f"edges_{octave}"] = _log(steep[2]) - _log(steep[0])
        out[f"slopes_{octave}"] = _log(steep[1]) - _log(steep[0])
        xx, yy = float((across * across).mean()), float((down * down).mean())
        xy = float((across * down).mean())
        apart = math.hypot(xx - yy, 2 * xy)
        out[f"direction_{octave}"] = apart / (xx + yy + _TINY)
        before = now
        level = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return out


def _lost_detail(detail: np.ndarray, luma: np.ndarray) -> dict[str, float]:
    """Noise (Immerkaer 1996), the grid that JPEG leaves, and how much detail is left in the colours."""
    grain = np.abs(cv2.filter2D(luma, cv2.CV_32F, _NOISE))
    chroma = cv2.cvtColor(detail, cv2.COLOR_RGB2YCrCb)
    out = {
        "noise": _log(grain.mean()),
        "noise_plain": _log(cv2.resize(grain, (14, 14), interpolation=cv2.INTER_AREA).min()),
    }
    for name, steps in (
        ("across", cv2.absdiff(luma[:, 1:], luma[:, :-1]).mean(axis=0)),
        ("down", cv2.absdiff(luma[1:], luma[:-1]).mean(axis=1)),
    ):
        # A step at a block's border stands out from those beside it.
        jump = steps[1:-1] - (steps[2:] + steps[:-2]) / 2
        whole = len(jump) // _BLOCK * _BLOCK
        phases = jump[:whole].reshape(-1, _BLOCK).mean(axis=0)
        out[f"grid_{name}"] = float(phases.max() - np.median(phases)) / (float(steps.mean()) + _TINY)
        out[f"grid_level_{name}"] = _log(max(float(phases.max()), 0.0))
    for number, name in ((1, "cr"), (2, "cb")):
        plane = cv2.extractChannel(chroma, number)
        fine = cv2.absdiff(plane[:, 1:], plane[:, :-1]).mean()
        wide = cv2.resize(plane.astype(np.float32), (56, 56), interpolation=cv2.INTER_AREA)
        coarse = cv2.absdiff(wide[:, 1:], wide[:, :-1]).mean()
        out[f"colour_fine_{name}"] = _log(fine)
        out[f"colour_fall_{name}"] = _log(fine) - _log(coarse)
    return out


def _light(small: np.ndarray, lab: np.ndarray, places: SkinAndSpot) -> dict[str, float]:
    """Exposure, clipping and shading, on the whole frame, the body and the spot."""
    luma = cv2.extractChannel(lab, 0) / 100
    white = (small >= 250).sum(axis=2) >= 2
    shares = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
    out: dict[str, float] = {}
    body = places.body[::2, ::2]
    for name, where in (("frame", None), ("body", body), ("spot", places.spot[::2, ::2])):
        if where is None or not where.any():
            levels, clipped = luma.ravel(), float(white.mean())
        else:
            levels, clipped = luma[where], float(white[where].mean())
        ordered = np.sort(levels)
        for share in shares if name != "spot" else (0.5,):
            value = float(ordered[int(share * (len(ordered) - 1))])
            out[f"light_{name}_{round(100 * share)}"] = value
        out[f"clipped_{name}"] = _log(clipped, 1e-3)
    cells = cv2.resize(luma, (7, 7), interpolation=cv2.INTER_AREA)
    blown = cv2.resize(white.astype(np.float32), (7, 7), interpolation=cv2.INTER_AREA)
    out["clipped_cell"], out["clipped_middle"] = float(blown.max()), float(blown[2:5, 2:5].mean())
    out["light_middle"] = float(cells[2:5, 2:5].mean())
    out["light_rim"] = float(cells.mean()) - out["light_middle"]
    # How light changes over the body, with fine structure smoothed out.
    wide = cv2.GaussianBlur(luma, (0, 0), 2)
    seen = np.sort(wide[body] if body.mean() > 0.05 else wide, axis=None)
    low, high = (float(seen[int(share * (len(seen) - 1))]) for share in (0.06, 0.94))
    out["shade"] = math.log((high + 0.02) / (low + 0.02))
    across, down = cells.mean(axis=0), cells.mean(axis=1)
    out["shade_step"] = float(max(np.abs(np.diff(across)).max(), np.abs(np.diff(down)).max()))
    out["shade_side"] = max(abs(float(across[0] - across[-1])), abs(float(down[0] - down[-1])))
    return out


def _colour(small: np.ndarray, lab: np.ndarray, places: SkinAndSpot) -> dict[str, float]:
    """Colour of the light and of what is shown: means in CIELAB, grey world, grey edge, white patch."""
    out: dict[str, float] = {}
    lightness, a, b = cv2.split(lab)
    skin = places.skin[::2, ::2]
    skin = skin if skin.any() else np.ones_like(skin)
    levels = np.sort(lightness, axis=None)
    bright = lightness >= levels[int(0.95 * (len(levels) - 1))]
    dark = lightness <= levels[int(0.1 * (len(levels) - 1))]
    for name, where in (("frame", None), ("skin", skin), ("bright", bright), ("dark", dark)):
        out[f"a_{name}"] = float((a if where is None else a[where]).mean())
        out[f"b_{name}"] = float((b if where is None else b[where]).mean())
    strength = np.sort(np.hypot(a, b), axis=None)
    out["a_spread"], out["b_spread"] = float(a.std()), float(b.std())
    for share in (5, 50, 95):
        out[f"chroma_{share}"] = float(strength[share * (len(strength) - 1) // 100])
    plane = small.astype(np.float32)
    edges = np.abs(np.diff(plane, axis=1)).mean(axis=(0, 1))
    whole, top = plane.mean(axis=(0, 1)), np.sort(plane.reshape(-1, 3), axis=0)[-len(levels) // 100]
    for name, triple in (("edge", edges), ("world", whole), ("patch", top)):
        out[f"{name}_red"] = _log(triple[0], 1) - _log(triple[1], 1)
        out[f"{name}_blue"] = _log(triple[2], 1) - _log(triple[1], 1)
    chroma = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    cr, cb = chroma[..., 1].astype(np.int16), chroma[..., 2].astype(np.int16)
    out["green"], out["blue"] = float((cr < _GREEN_CR).mean()), float((cb > _BLUE_CB).mean())
    out["grey"] = float(((np.abs(cr - 128) < _GREY) & (np.abs(cb - 128) < _GREY)).mean())
    counts = np.bincount(((cr >> 3) * 32 + (cb >> 3)).ravel(), minlength=1024)
    shares = counts[counts > 0] / counts.sum()
    out["colours"] = float(-(shares * np.log(shares)).sum())
    return out


def _rim(places: np.ndarray) -> np.ndarray:
    return np.concatenate([places[0], places[-1], places[1:-1, 0], places[1:-1, -1]])


def _skin(places: SkinAndSpot) -> dict[str, float]:
    """How much skin there is, how it spreads, and how much of it stands out."""
    skin, body = places.skin, places.body
    out = {"skin": float(skin.mean()), "body": float(body.mean()), "skin_rim": float(_rim(skin).mean())}
    total = max(int(skin.sum()), 1)
    steps = (2 * np.arange(SIDE) + 1) / SIDE - 1
    for name, profile in (("x", skin.sum(axis=0)), ("y", skin.sum(axis=1))):
        middle = float(profile @ steps) / total
        out[f"skin_off_{name}"] = abs(middle)
        out[f"skin_spread_{name}"] = math.sqrt(max(float(profile @ steps**2) / total - middle**2, 0.0))
    out["skin_middle"] = float(skin[SIDE // 3 : -SIDE // 3, SIDE // 3 : -SIDE // 3].mean())
    return out


def _spot(lab: np.ndarray, places: SkinAndSpot) -> dict[str, float]:
    """The spot's size, place, contact with the frame's border, and contrast with the skin; 0 without one."""
    spot, away = places.spot, places.away
    out = dict.fromkeys(
        ("spot_extent", "spot_share", "spot_off", "spot_cut", "spot_contrast", "spot_red", "spot_dark"), 0.0
    )
    inside = places.body if places.body.any() else np.ones_like(places.body)
    ordered = np.sort(away[inside])
    for share in (50, 95):
        out[f"away_{share}"] = float(ordered[share * (len(ordered) - 1) // 100])
    out["away_middle"] = float(away[SIDE // 3 : -SIDE // 3, SIDE // 3 : -SIDE // 3].mean())
    out["away_rim"] = float(_rim(away).mean())
    out["standing_out"] = float(places.candidates.mean())
    out["standing_out_rim"] = float(_rim(places.candidates).mean())
    if not spot.any():
        return out
    x, y, w, h = cv2.boundingRect(spot.astype(np.uint8))
    out["spot_extent"] = max(w, h) / SIDE
    out["spot_share"] = float(spot.mean())
    out["spot_off"] = 2 * math.hypot(x + w / 2 - SIDE / 2, y + h / 2 - SIDE / 2) / SIDE
    out["spot_cut"] = float(_rim(spot).sum()) / (2 * (w + h))
    out["spot_contrast"] = float(away[spot].mean())
    around = places.skin & ~spot
    if around.any():
        here, there = (cv2.mean(lab, where.astype(np.uint8)) for where in (spot, around))
        out["spot_dark"], out["spot_red"] = float(there[0] - here[0]), float(here[1] - there[1])
    return out


def _blobs(lab: np.ndarray) -> dict[str, float]:
    """Centre against surround at several scales, in lightness and in redness: how strong, where, and how
    near the border."""
    out: dict[str, float] = {}
    for name, plane in (("light", cv2.extractChannel(lab, 0)), ("red", cv2.extractChannel(lab, 1))):
        inner = cv2.GaussianBlur(plane, (0, 0), BLOB_SCALES[0])
        for scale in BLOB_SCALES:
            # Wide blurs are made on a smaller picture.
            outer = _blurred(plane, 2 * scale)
            response = np.abs(inner - outer)
            inner = outer
            _low, top, _where, (x, y) = cv2.minMaxLoc(response)
            key = f"{name}_{scale:g}"
            out[f"blob_{key}"] = _log(top)
            out[f"blob_peak_{key}"] = _log(top) - _log(float(response.mean()))
            out[f"blob_off_{key}"] = 2 * math.hypot(x - SIDE / 2, y - SIDE / 2) / SIDE
            out[f"blob_rim_{key}"] = float(_rim(response).max()) / (top + _TINY)
    return out


def _blurred(plane: np.ndarray, sigma: float) -> np.ndarray:
    if sigma < 5:
        return cv2.GaussianBlur(plane, (0, 0), sigma)
    part = cv2.resize(plane, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(part, (0, 0), sigma / 4), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
