"""Does it look where the fault is?

Blur or darkness is put on the lesion alone (inside its mask) or on all but the lesion, and the map that the
app would show for that explanation is asked for (closed-form Grad-CAM, 7 x 7 cells stretched to 0-1). The
share of the map's energy that lies where the fault is stands against the share of the picture that the fault
covers: 1 means no better than an even map. A map that always lights up the same places would beat that too,
so the control lays each map over the other photographs' masks; lesions lie anywhere in their crop, not only
in the middle.

Photographs with hand-made masks serve (not ``alonet``, whose masks are predictions), cut so that the mask
covers 10 to 40 in 100 of the frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np

from core.explain import Explanation
from core.metrics import draws, interval
from core.synthetic.degrade import LUMA, box_of, disc_kernel, to_linear, to_srgb
from core.synthetic.phantoms import draw
from training.data.sources import Row, read_mask, read_rgb
from training.data.splits import shuffle_key, split_of
from training.evaluation.metrics import clean

SOURCES: Final = ("fuseg", "vitpoc", "dfutissue")
FAULTS: Final = ("blurry", "bad_light")
PLACES: Final = ("lesion_only", "background_only")
COVERED: Final = (0.10, 0.40)
MOST: Final = 60
# A crop with fewer pixels is soft all over, so that blur put on a part of it shows nothing.
LEAST_SIDE: Final = 160
_LONG_SIDE: Final = 448
# Maps and masks are compared on this many cells a side: four for each of the network's seven.
_CELLS: Final = 28
# Well past where every rater objects: blur in share of the long side, median luma of the dark part (0-1).
_SIGMA: Final = 0.016
_DARK: Final = 0.07


class Explainer(Protocol):
    """An assessor that can say where it looked."""

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """The map of one explanation on a picture."""
        ...


@dataclass(frozen=True)
class Picture:
    """A crop with a lesion: uint8 RGB, its mask (bool, the same size), and what is resampled with it."""

    rgb: np.ndarray
    mask: np.ndarray
    group: str


def crop(rgb: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """A window around the largest part of a mask, which covers 10 to 40 in 100 of it and lies anywhere in it.

    Returns:
        picture and mask at a long side of 448 pixels, or None when the photograph has no such window.
    """
    box = box_of(mask)
    if box is None:
        return None
    height, width = mask.shape
    x0, y0, x1, y1 = (int(v) for v in box)
    area = float(mask[y0:y1, x0:x1].sum())
    for _try in range(8):
        share = rng.uniform(COVERED[0] + 0.02, COVERED[1] - 0.04)
        aspect = float(np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3))))
        wide = min(width, max(round(np.sqrt(area / share * aspect)), x1 - x0, LEAST_SIDE))
        tall = min(height, max(round(np.sqrt(area / share / aspect)), y1 - y0, LEAST_SIDE))
        left = int(rng.integers(max(0, x1 - wide), min(x0, width - wide) + 1))
        top = int(rng.integers(max(0, y1 - tall), min(y0, height - tall) + 1))
        part = np.ascontiguousarray(mask[top : top + tall, left : left + wide])
        if COVERED[0] <= part.mean() <= COVERED[1] and min(wide, tall) >= LEAST_SIDE:
            scale = _LONG_SIDE / max(wide, tall)
            size = (round(wide * scale), round(tall * scale))
            kernel = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
            picture = cv2.resize(rgb[top : top + tall, left : left + wide], size, interpolation=kernel)
            inside = cv2.resize(part.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            return picture, inside
    return None


def degrade_region(rgb: np.ndarray, where: np.ndarray, fault: str) -> np.ndarray:
    """Put blur or darkness on the part of a picture given by a mask, with a soft edge of a few pixels.

    Args:
        rgb: uint8, H x W x 3.
        where: bool, H x W.
        fault: ``"blurry"`` or ``"bad_light"``.
    """
    light = to_linear(rgb)
    if fault == "blurry":
        made = cv2.filter2D(
            light, -1, disc_kernel(_SIGMA * max(rgb.shape[:2])), borderType=cv2.BORDER_REFLECT
        )
    else:
        now = float(np.median((light @ LUMA)[where])) if where.any() else 0.2
        wanted = to_linear(np.array([round(255 * _DARK)], np.uint8))[0]
        made = light * np.float32(min(1.0, wanted / max(now, 1e-4)))
    matte = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 0.008 * max(rgb.shape[:2]))
    return to_srgb(light + matte[..., None] * (made - light))


def photographs(rows: Sequence[Row], split: str, most: int = MOST) -> list[Picture]:
    """Crops of the photographs of a split that have hand-made masks; the same ones every time.

    Raises:
        DataError: a photograph or its mask cannot be read.
    """
    out: list[Picture] = []
    fitting = [row for row in rows if row.slug in SOURCES and row.mask and split_of(row) == split]
    for row in sorted(fitting, key=shuffle_key):
        mask = read_mask(row)
        rng = np.random.default_rng(int(shuffle_key(row)[:8], 16))
        found = None if mask is None else crop(read_rgb(row), mask, rng)
        if found is not None:
            out.append(Picture(*found, row.split_key))
        if len(out) == most:
            break
    return out


def phantoms(count: int) -> list[Picture]:
    """Crops of drawn lesions, of seeds that no training uses."""
    out = []
    for number in range(count):
        drawn = draw("lesion", 7_000_000 + number, (480, 640), lesion_extent=0.4)
        found = crop(drawn.rgb, drawn.mask, np.random.default_rng(number))
        if found is not None:
            out.append(Picture(*found, f"phantom/{number}"))
    return out


def _cells(field: np.ndarray) -> np.ndarray:
    """A map or mask (h x w) on the common grid: float64, one mean a cell."""
    kernel = cv2.INTER_AREA if min(field.shape) > _CELLS else cv2.INTER_NEAREST
    return cv2.resize(field.astype(np.float32), (_CELLS, _CELLS), interpolation=kernel).ravel().astype(float)


def focus(assessor: Explainer, pictures: Sequence[Picture]) -> dict[str, dict[str, Any]]:
    """Energy where the fault is, against area and control, for faults on the lesion and around it.

    Returns:
        by place and fault: ``n`` maps (those that light up nothing are counted in ``blank``), mean
        ``energy_share`` and ``area_share``, their ``ratio`` with ``ratio_interval``, the same ratio of
        shuffled maps (``control_ratio``), and ``over_control``, the one over the other. None where there
        is nothing to divide.
    """
    return {place: {fault: _one(assessor, pictures, fault, place) for fault in FAULTS} for place in PLACES}


def _one(assessor: Explainer, pictures: Sequence[Picture], fault: str, place: str) -> dict[str, Any]:
    maps, covers, groups, blank = [], [], [], 0
    for picture in pictures:
        where = picture.mask if place == "lesion_only" else ~picture.mask
        heat = _cells(assessor.explain(degrade_region(picture.rgb, where, fault), fault).heatmap)
        if heat.sum() <= 0:
            blank += 1
            continue
        maps.append(heat / heat.sum())
        covers.append(_cells(where))
        groups.append(picture.group)
    out: dict[str, Any] = {"n": len(maps), "blank": blank}
    names = ("energy_share", "area_share", "ratio", "control_ratio", "over_control")
    if not maps:
        return out | dict.fromkeys((*names, "ratio_interval", "over_control_interval"))
    # Energy of map i on the mask of photograph j; the diagonal is the finding, the rest the control.
    table = np.array(maps) @ np.array(covers).T
    own, area = table.diagonal(), np.array([cover.mean() for cover in covers])
    count = len(own)
    other = (table.sum(axis=0) - own) / (count - 1) if count > 1 else np.full(count, np.nan)
    weights = draws(np.array(groups))

    def figures(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        with np.errstate(invalid="ignore", divide="ignore"):
            energy, ground, control = (weight @ part / weight.sum(-1) for part in (own, area, other))
            return energy, ground, energy / ground, control / ground, energy / control

    out |= {name: clean(value) for name, value in zip(names, figures(np.ones(count)), strict=True)}
    drawn = figures(weights)
    return out | {"ratio_interval": interval(drawn[2]), "over_control_interval": interval(drawn[4])}
