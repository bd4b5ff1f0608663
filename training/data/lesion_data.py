"""Photographs for the lesion classifier: kept in memory, drawn evenly over classes and sources.

Class often equals source in what can be had (one clinic's camera photographed nearly all ulcers). So pictures
are drawn evenly over classes, within a class by the square root of what a source holds, and colour, sharpness
and compression, by which a camera could be told, are varied on purpose.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from core.i18n import _
from core.lesion.taxonomy import LABELS
from core.quality.localization import likeliest
from core.runtime.preprocess import shrink
from core.synthetic.degrade import box_of
from training.data.boxes import eye_box
from training.data.marks import KEPT, without_marks
from training.data.restyle import coloured_as, cover, on_other_skin
from training.data.sources import Box, DataError, Row, read_mask, read_rgb

CACHE_LONG_SIDE = 400
PHANTOM_SLUG = "phantom"
# Dermoscopy looks like no phone's photograph: it is drawn so much less often.
NOT_PHONE: Final = ("scdet2",)
DERMOSCOPY_SHARE: Final = 0.3
# Shares of the views that get other colours, other skin around the lesion, or a crop to where it is likely.
RECOLOURED: Final = 0.4
TRANSPLANTED: Final = 0.35
SPOTTED: Final = 0.6
PLACES: Final = 28
# A place that is likelier than this counts as lesion.
LIKELY: Final = 0.35

Locate = Callable[[np.ndarray], np.ndarray | None]
"""From a picture (uint8 RGB) to how likely each part of it is lesion (float, s x s, 0-1); None: unknown."""


@dataclass(frozen=True)
class Picture:
    """One training picture in memory.

    Attributes:
        rgb: uint8, H x W x 3, longest side at most ``CACHE_LONG_SIDE``.
        boxes: lesion boxes as x0, y0, x1, y1, each 0-1 of width or height.
        label: index into ``LABELS``.
        slug: the source.
        places: float, s x s, how likely each part is lesion (0-1); None where unknown.
    """

    rgb: np.ndarray
    boxes: tuple[tuple[float, float, float, float], ...]
    label: int
    slug: str
    places: np.ndarray | None = None


def load_pictures(
    rows: Sequence[Row],
    long_side: int = CACHE_LONG_SIDE,
    locate: Locate | None = None,
    marks: bool = True,
) -> list[Picture]:
    """Decode the lesion photographs among ``rows`` into memory.

    Args:
        locate: asked where the lesion is in photographs that say so neither by mask nor by box.
        marks: leave the marks of collections in, as in photographs to be evaluated.

    Raises:
        DataError: a lesion photo has a label that is none of the ten classes, or cannot be read.
    """
    pictures = []
    for row in rows:
        if row.group != "lesion":
            continue
        if row.label not in LABELS:
            message = _("{file} is labelled {label}, which is none of the ten lesion classes.")
            raise DataError(message.format(file=row.path, label=row.label or "-"))
        width, height = row.width, row.height
        boxes = tuple((a / width, b / height, c / width, d / height) for a, b, c, d in row.boxes)
        rgb = read_rgb(row)
        # Boxes and masks are of the whole photograph; no source with cut edges has any.
        if not (marks or (row.slug in KEPT and (row.boxes or row.mask))):
            rgb = without_marks(rgb, row.slug)
        rgb = shrink(rgb, long_side)
        places = _places(row)
        if places is None and locate is not None:
            places = locate(rgb)
        label = LABELS.index(row.label)
        pictures.append(Picture(rgb, boxes, label, row.slug, places))
    return pictures


def load_skin(rows: Sequence[Row], long_side: int = CACHE_LONG_SIDE) -> list[np.ndarray]:
    """Decode the photographs of healthy skin among ``rows``, cut to where their masks say skin: uint8 RGB.

    Raises:
        DataError: one cannot be read.
    """
    pictures = []
    for row in rows:
        if row.group != "healthy_skin":
            continue
        rgb, mask = read_rgb(row), read_mask(row)
        if mask is not None and mask.any():
            ys, xs = np.nonzero(mask)
            # Between the tenth and the ninetieth part of the skin there is little else.
            (top, bottom), (left, right) = (np.percentile(axis, (15, 85)).astype(int) for axis in (ys, xs))
            if min(bottom - top, right - left) >= 32:
                rgb = rgb[top:bottom, left:right]
        pictures.append(np.ascontiguousarray(shrink(rgb, long_side)))
    return pictures


def _places(row: Row) -> np.ndarray | None:
    """Where the lesion is as mask or boxes tell, PLACES x PLACES; None without either."""
    mask = read_mask(row)
    if mask is not None:
        return _squeezed(mask)
    seen = eye_box(row)
    boxes = row.boxes or ((seen.box,) if seen is not None and not seen.spread else ())
    return _ellipses(boxes, row.width, row.height) if boxes else None


def _squeezed(mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask.astype(np.float32), (PLACES, PLACES), interpolation=cv2.INTER_AREA)


def _ellipses(boxes: Sequence[Box], width: int, height: int) -> np.ndarray:
    """Ellipses that fill boxes, PLACES x PLACES: 1 inside, falling to 0 a third beyond."""
    y, x = (np.mgrid[:PLACES, :PLACES] + 0.5) / PLACES
    out = np.zeros((PLACES, PLACES), np.float32)
    for x0, y0, x1, y1 in boxes:
        wide, high = max((x1 - x0) / width, 1 / PLACES), max((y1 - y0) / height, 1 / PLACES)
        far = np.hypot((x - (x0 + x1) / 2 / width) / wide, (y - (y0 + y1) / 2 / height) / high) * 2
        out = np.maximum(out, np.clip((1.35 - far) / 0.35, 0, 1).astype(np.float32))
    return out


def spot_of(places: np.ndarray) -> Box | None:
    """The box (each 0-1) of the parts that are likely lesion and touch the likeliest; None without any."""
    found = likeliest(places, LIKELY)
    if found is None:
        return None
    ys, xs = np.nonzero(found)
    side = places.shape[0]
    return xs.min() / side, ys.min() / side, (xs.max() + 1) / side, (ys.max() + 1) / side


def draw_phantoms(per_class: int, seed: int, size: tuple[int, int] = (300, 400)) -> list[Picture]:
    """Drawn skin with a lesion of each class, so that phantoms in demos get sensible answers."""
    from core.synthetic.phantoms import draw

    rng = np.random.default_rng(seed)
    pictures = []
    for label, name in enumerate(LABELS):
        for _number in range(per_class):
            phantom = draw(
                "lesion",
                seed=int(rng.integers(2**31)),
                size=size,
                lesion_extent=float(rng.uniform(0.2, 0.6)),
                centre=(float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6))),
                lesion_class=name,
            )
            found = box_of(phantom.mask)
            assert found is not None
            x0, y0, x1, y1 = found
            box = (x0 / size[1], y0 / size[0], x1 / size[1], y1 / size[0])
            places = cv2.resize(
                phantom.mask.astype(np.float32), (PLACES, PLACES), interpolation=cv2.INTER_AREA
            )
            pictures.append(Picture(phantom.rgb, (box,), label, PHANTOM_SLUG, places))
    return pictures


def balanced_picks(
    pictures: Sequence[Picture], count: int, rng: np.random.Generator, phantom_share: float = 0.06
) -> np.ndarray:
    """Indices of the pictures of one epoch: classes evenly, sources by the square root of their size.

    Args:
        pictures: what to draw from.
        count: how many indices.
        rng: decides.
        phantom_share: share of drawings where a class has both photos and drawings.

    Returns:
        int64 array of ``count`` indices.
    """
    weights = picture_weights(pictures, phantom_share)
    # Systematic draws keep the shares exact in every epoch; the order is shuffled afterwards.
    places = (np.arange(count) + rng.random()) / count
    order = rng.permutation(len(pictures))
    edges = np.cumsum(weights[order])
    picks = order[np.minimum(np.searchsorted(edges, places * edges[-1]), len(order) - 1)]
    return rng.permutation(picks)


def picture_weights(pictures: Sequence[Picture], phantom_share: float = 0.06) -> np.ndarray:
    """How often each picture is drawn: float64, N, sums to 1; arguments as for ``balanced_picks``."""
    cells: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, picture in enumerate(pictures):
        cells[picture.label][picture.slug].append(index)
    weights = np.zeros(len(pictures))
    for sources in cells.values():
        real = {
            slug: np.sqrt(len(held)) * (DERMOSCOPY_SHARE if slug in NOT_PHONE else 1.0)
            for slug, held in sources.items()
            if slug != PHANTOM_SLUG
        }
        share = {slug: part / sum(real.values()) for slug, part in real.items()}
        if PHANTOM_SLUG in sources:
            share = {slug: part * (1 - phantom_share) for slug, part in share.items()}
            share[PHANTOM_SLUG] = phantom_share if share else 1.0
        for slug, held in sources.items():
            weights[held] = share[slug] / len(held) / len(cells)
    return weights


def _window(picture: Picture, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A crop (x0, y0, x1, y1 in pixels) that shows the lesion where its place is known."""
    height, width = picture.rgb.shape[:2]
    aspect = float(np.exp(rng.uniform(-0.3, 0.3)))
    boxes = picture.boxes
    if not boxes and picture.places is not None and rng.random() < SPOTTED:
        spot = spot_of(picture.places)
        boxes = (spot,) if spot is not None else ()
    if boxes:
        x0, y0, x1, y1 = boxes[rng.integers(len(boxes))]
        extent = max((x1 - x0) * width, (y1 - y0) * height, 24.0)
        side = float(
            np.exp(rng.uniform(np.log(1.15 * extent), np.log(max(1.2 * extent, max(width, height)))))
        )
        centre_x, centre_y = (x0 + x1) / 2 * width, (y0 + y1) / 2 * height
        slack = max(0.0, (side - extent) / 2)
        centre_x += rng.uniform(-slack, slack)
        centre_y += rng.uniform(-slack, slack)
        wide, high = side * np.sqrt(aspect), side / np.sqrt(aspect)
    else:
        scale = np.sqrt(rng.uniform(0.3, 1.0))
        wide, high = width * scale * np.sqrt(aspect), height * scale / np.sqrt(aspect)
        centre_x, centre_y = rng.uniform(0, width), rng.uniform(0, height)
    wide, high = min(max(wide, 16), width), min(max(high, 16), height)
    left = int(np.clip(centre_x - wide / 2, 0, width - wide))
    top = int(np.clip(centre_y - high / 2, 0, height - high))
    return left, top, left + int(wide), top + int(high)


def _recolour(square: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another camera and another lamp: white balance, exposure curve, contrast, saturation."""
    curve = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.uniform(-0.45, 0.45)))
    contrast, brightness = rng.uniform(0.75, 1.25), rng.uniform(-0.08, 0.08)
    tables = []
    for gain in np.exp(rng.normal(0, 0.07, 3)):
        channel = np.clip(curve * gain, 0, 1) ** gamma
        tables.append(np.clip((channel - 0.5) * contrast + 0.5 + brightness, 0, 1) * 255)
    square = cv2.LUT(square, np.stack(tables, -1).round().astype(np.uint8)[:, None])
    grey = cv2.cvtColor(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    amount = rng.uniform(0.6, 1.35)
    return cv2.addWeighted(square, amount, grey, 1 - amount, 0)


def _soften(square: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, lost resolution, noise and JPEG, each now and then: none of them may tell the source."""
    size = square.shape[0]
    if rng.random() < 0.3:
        square = cv2.GaussianBlur(square, (0, 0), rng.uniform(0.2, 0.009 * size))
    if rng.random() < 0.3:
        small = max(24, int(size * rng.uniform(0.35, 0.9)))
        square = cv2.resize(square, (small, small), interpolation=cv2.INTER_AREA)
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.3:
        noise = rng.normal(0, rng.uniform(2, 12), square.shape).astype(np.float32)
        square = np.clip(square + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        coded = cv2.imencode(".jpg", square, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        square = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return square


@dataclass(frozen=True)
class StyleSources:
    """What a view may borrow from: colours of other pictures, skin to lie on. Either may be empty."""

    pictures: Sequence[Picture] = ()
    skin: Sequence[np.ndarray] = ()


def _restyled(
    square: np.ndarray,
    picture: Picture,
    window: tuple[int, int, int, int],
    elsewhere: StyleSources,
    rng: np.random.Generator,
) -> np.ndarray:
    """The window of a picture with other skin around the lesion, other colours, both or neither."""
    known = picture.places is not None and picture.places.max() >= LIKELY
    if elsewhere.skin and known and rng.random() < TRANSPLANTED:
        height, width = picture.rgb.shape[:2]
        part = tuple(np.array(window) / (width, height, width, height))
        lesion = cover(picture.places, part, square.shape[0])
        square = on_other_skin(square, lesion, elsewhere.skin[rng.integers(len(elsewhere.skin))])
    if elsewhere.pictures and rng.random() < RECOLOURED:
        other = elsewhere.pictures[rng.integers(len(elsewhere.pictures))].rgb
        square = coloured_as(square, other[::4, ::4], float(rng.uniform(0.3, 1.0)))
    return square


NOWHERE: Final = StyleSources()


def training_view(
    picture: Picture, size: int, rng: np.random.Generator, elsewhere: StyleSources = NOWHERE
) -> np.ndarray:
    """One random view of a picture: uint8, ``size`` x ``size`` x 3, no borders."""
    window = _window(picture, rng)
    left, top, right, bottom = window
    square = cv2.resize(picture.rgb[top:bottom, left:right], (size, size), interpolation=cv2.INTER_AREA)
    square = _restyled(square, picture, window, elsewhere, rng)
    square = np.rot90(square, rng.integers(4))
    if rng.random() < 0.5:
        square = square[:, ::-1]
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-35, 35), rng.uniform(1.0, 1.25))
        square = cv2.warpAffine(
            np.ascontiguousarray(square), turn, (size, size), borderMode=cv2.BORDER_REFLECT_101
        )
    square = _soften(_recolour(np.ascontiguousarray(square), rng), rng)
    if rng.random() < 0.25:
        square = square.copy()
        high, wide = rng.integers(size // 8, size // 3, 2)
        y, x = rng.integers(0, size - high), rng.integers(0, size - wide)
        square[y : y + high, x : x + wide] = square.mean((0, 1)).astype(np.uint8)
    return np.ascontiguousarray(square)
