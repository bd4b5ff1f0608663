"""Pictures of the training split by how the lesion lies in the frame: what ``FramingNet`` learns from.

Photographs whose lesion is known to lie whole in the frame are trimmed at random, so that it stays whole, so
that an edge runs through it, or so that it runs out on all sides. With lesions laid small upon other bodies,
healthy skin and scenes without skin they are the six of ``FRAMINGS``. That pictures of every kind are
trimmed, and many of them as frames of a video, keeps the trimming itself from telling. None is a photograph
of the ladder of faults.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np

from training.data.boxes import eye_box, located
from training.data.imageqx_data import scene_from_row
from training.data.sources import Box, Row, at_most, shuffled
from training.data.splits import split_of
from training.evaluation.behaviour import backgrounds_of, far, ladder_paths, scenes_of, video_frame
from training.evaluation.faults import cut, near

SMALLEST: Final = 300
"""Pixels across the short side from which a photograph is trimmed."""
_LEAST_TRIMMED: Final = 220
_A_SOURCE: Final = 220
_HEALTHY_A_SOURCE: Final = 200
_FAR: Final = 1400
_SCENES: Final = 500
_WHOLE_A_PHOTO, _CUT_A_PHOTO = 4, 3
# Shares of the lesion's box, each way: of the frame that stays free around a whole one, and of it that stays
# inside a frame that cuts it.
_MARGIN: Final = 0.025
_KEPT: Final = (0.35, 0.68)
_NEAR: Final = (0.7, 1.5)
_EXTENT: Final = (0.03, 0.1)
_TRIES: Final = 40
# What nobody trimmed counts twice; where many lesions lie all over, what is cut is not sure.
_AS_IT_IS, _SPREAD, _SPREAD_CUT = 2.0, 1.0, 0.5


@dataclass(frozen=True, eq=False)
class Framed:
    """A picture to learn from: uint8 RGB, one of ``FRAMINGS``, its collection, and how much it counts."""

    rgb: np.ndarray
    kind: str
    slug: str
    weight: float = 1.0


def framed(rows: Sequence[Row], seed: int = 21) -> Iterator[Framed]:
    """Pictures of the training split, each of a framing, one half as frames of a video.

    Raises:
        DataError: there is no room for a lesion on any healthy skin of the data folder.
    """
    rng = np.random.default_rng(seed)
    forbidden = ladder_paths()
    train = [row for row in rows if split_of(row) == "train" and row.path not in forbidden]
    lesions = [row for row in train if row.group == "lesion" and _known(row)]
    kinds = (_lesions(lesions, rng), _far(lesions, backgrounds_of(train), rng), _without(train, rng))
    for one in chain.from_iterable(kinds):
        yield _seen(one, rng)


def _seen(one: Framed, rng: np.random.Generator) -> Framed:
    """The picture as it is, or as a frame of a video."""
    if rng.random() < 0.5:
        return one
    return replace(one, rgb=video_frame(one.rgb, rng))


def _known(row: Row) -> bool:
    return min(row.width, row.height) >= SMALLEST and (located(row) or eye_box(row) is not None)


def _whole(row: Row) -> bool:
    seen = eye_box(row)
    return located(row) and not (seen and (seen.cut or seen.spread))


def _lesions(rows: Sequence[Row], rng: np.random.Generator) -> Iterator[Framed]:
    for row in at_most(shuffled(rows, rng), lambda row: row.slug, _A_SOURCE):
        seen, scene = eye_box(row), scene_from_row(row)
        rgb, box = scene.rgb, scene.box
        if seen is not None and seen.spread:
            kind, weight = ("cut", _SPREAD_CUT) if seen.cut else ("whole", _SPREAD)
            yield Framed(rgb, kind, row.slug, weight)
        elif seen is not None and seen.cut:
            yield Framed(rgb, "cut", row.slug, _AS_IT_IS)
        elif box is not None:
            yield Framed(rgb, "whole", row.slug, _AS_IT_IS)
            for window in _windows(_around, rgb, box, _WHOLE_A_PHOTO, rng):
                yield Framed(_trimmed(rgb, window), "whole", row.slug)
            yield Framed(cut(rgb, box, rng), "cut", row.slug)
            for window in _windows(_through, rgb, box, _CUT_A_PHOTO, rng):
                yield Framed(_trimmed(rgb, window), "cut", row.slug)
            yield Framed(near(rgb, box, rng, float(rng.uniform(*_NEAR))), "near", row.slug)


def _far(lesions: Sequence[Row], grounds: Sequence[Row], rng: np.random.Generator) -> Iterator[Framed]:
    """Lesions laid small upon other bodies; collections by the root of their size."""
    whole = [row for row in lesions if _whole(row)]
    if not (whole and grounds):
        return
    sizes = Counter(row.slug for row in whole)
    chance = np.array([sizes[row.slug] ** -0.5 for row in whole])
    low, high = np.log(_EXTENT)
    for place in rng.choice(len(whole), _FAR, p=chance / chance.sum()):
        scene = scene_from_row(whole[int(place)])
        assert scene.box is not None
        laid = far(scene.rgb, scene.box, grounds, rng, float(np.exp(rng.uniform(low, high))))
        yield Framed(laid, "far", whole[int(place)].slug)


Draw = Callable[[tuple[int, int], Box, np.random.Generator], Box | None]
"""A window for a picture's size (width, height) and its lesion's box; None where this try found none."""


def _windows(draw: Draw, rgb: np.ndarray, box: Box, count: int, rng: np.random.Generator) -> Iterator[Box]:
    """So many windows, or fewer where they are hard to find."""
    size = rgb.shape[1], rgb.shape[0]
    for _window in range(count):
        for _try in range(_TRIES):
            found = draw(size, box, rng)
            if found and min(found[2] - found[0], found[3] - found[1]) >= _LEAST_TRIMMED:
                yield found
                break


def _around(size: tuple[int, int], box: Box, rng: np.random.Generator) -> Box | None:
    """A window with the whole lesion in it."""
    width, height = size[0] * rng.uniform(0.4, 1), size[1] * rng.uniform(0.4, 1)
    if rng.random() < 0.4:  # by how much of the frame the lesion takes
        share = np.exp(rng.uniform(*np.log((0.18, 0.85))))
        aspect = size[0] / size[1] * np.exp(rng.uniform(-0.25, 0.25))
        width = max(box[2] - box[0], (box[3] - box[1]) * aspect) / share
        height = width / aspect
    left = _start(box[0], box[2], width, size[0], rng)
    top = _start(box[1], box[3], height, size[1], rng)
    return None if left is None or top is None else (left, top, left + width, top + height)


def _through(size: tuple[int, int], box: Box, rng: np.random.Generator) -> Box | None:
    """A window whose edge runs through the lesion; the other three sides leave it whole, where they can."""
    axis, first, kept = int(rng.integers(2)), rng.random() < 0.5, rng.uniform(*_KEPT)
    window = [0.0, 0.0, float(size[0]), float(size[1])]
    for at in (0, 1):
        low, high, extent = box[at], box[at + 2], size[at] * rng.uniform(0.55, 1)
        start = _start(low, high, extent, size[at], rng)
        if at == axis:
            start = high - kept * (high - low) if first else low + kept * (high - low) - extent
        if start is not None:
            window[at], window[at + 2] = max(0.0, start), min(float(size[at]), start + extent)
    return window[0], window[1], window[2], window[3]


def _start(low: float, high: float, extent: float, most: int, rng: np.random.Generator) -> float | None:
    """Where a side of this extent begins, to hold ``low`` to ``high`` with a margin; often it just does."""
    least, last = high + _MARGIN * extent - extent, low - _MARGIN * extent
    least, last = max(0.0, least), min(most - extent, last)
    return None if least > last else float(least + rng.beta(0.5, 0.5) * (last - least))


def _trimmed(rgb: np.ndarray, window: Box) -> np.ndarray:
    left, top, right, bottom = (round(side) for side in window)
    return rgb[top:bottom, left:right]


def _without(train: Sequence[Row], rng: np.random.Generator) -> Iterator[Framed]:
    """Healthy skin, whole and trimmed, and scenes without skin."""
    healthy = [row for row in train if row.group == "healthy_skin" and min(row.width, row.height) >= SMALLEST]
    for row in at_most(shuffled(healthy, rng), lambda row: row.slug, _HEALTHY_A_SOURCE):
        rgb = scene_from_row(row).rgb
        yield Framed(rgb, "healthy_skin", row.slug)
        height, width = rgb.shape[:2]
        share = rng.uniform(0.5, 0.95)
        left, top = rng.uniform(0, (1 - share) * width), rng.uniform(0, (1 - share) * height)
        window = left, top, left + share * width, top + share * height
        if share * min(height, width) >= _LEAST_TRIMMED and rng.random() < 0.6:
            yield Framed(_trimmed(rgb, window), "healthy_skin", row.slug)
    for row in list(shuffled(scenes_of(train), rng))[:_SCENES]:
        yield Framed(scene_from_row(row).rgb, "no_skin", row.slug)
