"""What the segmenter learns from: pictures in which it is known, for some pixels, whether they show skin.

Masks are few and of few sources, so what is known is kept apart from what is so: each picture comes with four
planes (skin, lesion, and how far to trust either). Skin is cut out and laid on scenes without skin, lesions
are laid on skin whose outline is known, and every picture may be made worse as a camera would.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from core.runtime.engine import Engine
from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD, network_square
from core.runtime.probability import sigmoid
from core.training.degrade import Rng, Scene, box_of, random_plan, take, to_linear, to_srgb
from core.training.imageqx_data import place_on
from core.training.phantoms import draw
from core.training.sources import Row, read_mask, read_rgb

SIDE: Final = 112
GRID: Final = 56
SKIN, LESION, SKIN_TRUST, LESION_TRUST = range(4)
# How far a guess counts, of 255: the middle of a lesion photo is skin, a box is full of lesion.
WEAK: Final = 77
# Masks of these show one part of the body: what lies outside is mostly, not always, no skin.
PARTIAL: Final = {"abd-skin": 150}
# These masks are another network's answers.
UNTRUSTED_MASKS: Final = ("alonet",)
# Cut out on black: what is black there is no scene.
CUT_OUT: Final = ("massey-asl-cutout",)
_VIEW: Final = 224
_LONGEST: Final = 480
FAULTS: Final = ("bad_light", "blurry", "low_resolution")


@dataclass(frozen=True)
class Known:
    """A picture and what is known of it.

    Attributes:
        rgb: uint8, H x W x 3.
        planes: uint8, H x W x 4: skin (lesion included), lesion, trust in the skin plane, trust in the lesion
            plane; 0-255 for 0-1.
    """

    rgb: np.ndarray
    planes: np.ndarray


# ---------------------------------------------------------------- what a photograph tells


def _ellipse(shape: tuple[int, int], box: Sequence[float], scale: float = 1.0) -> np.ndarray:
    out = np.zeros(shape, np.uint8)
    centre = (round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    axes = (max(1, round((box[2] - box[0]) / 2 * scale)), max(1, round((box[3] - box[1]) / 2 * scale)))
    cv2.ellipse(out, centre, axes, 0, 0, 360, 255, -1)
    return out > 0


def lesion_planes(mask: np.ndarray) -> np.ndarray:
    """Planes (uint8, H x W x 4) where only the lesion's mask (bool, H x W) is known.

    The lesion is skin; so, very likely, is a narrow ring around it. All further away is unknown.
    """
    planes = np.zeros((*mask.shape, 4), np.uint8)
    planes[..., LESION_TRUST] = 255
    box = box_of(mask)
    if box is None:
        return planes
    reach = max(3, round(0.12 * max(box[2] - box[0], box[3] - box[1])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    ring = cv2.dilate(mask.astype(np.uint8), kernel) > 0
    planes[ring, SKIN], planes[ring, SKIN_TRUST] = 255, WEAK
    planes[mask, LESION], planes[mask, SKIN_TRUST] = 255, 255
    return planes


def skin_planes(skin: np.ndarray, lesion: np.ndarray | None = None) -> np.ndarray:
    """Planes (uint8, H x W x 4) where the skin's mask and the lesion's (None: there is none) are known."""
    planes = np.full((*skin.shape, 4), 255, np.uint8)
    planes[..., LESION] = 0 if lesion is None else lesion * np.uint8(255)
    planes[..., SKIN] = np.maximum(skin * np.uint8(255), planes[..., LESION])
    return planes


def _box_planes(row: Row) -> np.ndarray:
    planes = np.zeros((row.height, row.width, 4), np.uint8)
    planes[..., LESION_TRUST] = WEAK
    for x0, y0, x1, y1 in row.boxes:
        # Between the oval in the box and the box's edge there may be either.
        part = (slice(max(0, int(y0)), int(np.ceil(y1))), slice(max(0, int(x0)), int(np.ceil(x1))))
        planes[(*part, LESION_TRUST)] = 0
    for box in row.boxes:
        planes[_ellipse(planes.shape[:2], box, 0.8)] = (255, 255, WEAK, WEAK)
    return planes


def planes_of(row: Row) -> np.ndarray:
    """What the manifest and the mask of a photograph tell of its pixels: uint8, H x W x 4, see ``Known``.

    Raises:
        DataError: the mask cannot be read or has another size.
    """
    shape = (row.height, row.width)
    mask = read_mask(row) if row.slug not in UNTRUSTED_MASKS else None
    if row.group == "lesion":
        if mask is not None:
            return lesion_planes(mask)
        if row.boxes:
            return _box_planes(row)
        planes = np.zeros((*shape, 4), np.uint8)
        if row.label != "alopecia":  # of scalps, the middle may be hair
            middle = _ellipse(shape, (0.28 * shape[1], 0.28 * shape[0], 0.72 * shape[1], 0.72 * shape[0]))
            planes[middle, SKIN], planes[middle, SKIN_TRUST] = 255, WEAK
        return planes
    if row.group == "healthy_skin":
        if mask is not None:
            planes = skin_planes(mask)
            planes[~mask, SKIN_TRUST] = PARTIAL.get(row.slug, 255)
            return planes
        planes = np.zeros((*shape, 4), np.uint8)
        planes[..., LESION_TRUST] = 255
        return planes
    return skin_planes(np.zeros(shape, bool))


def read(row: Row, long_side: int = _LONGEST) -> Known:
    """A photograph with its planes, longest side at most ``long_side`` pixels.

    Raises:
        DataError: picture or mask cannot be read.
    """
    return _shrunk(read_rgb(row), planes_of(row), long_side)


def _shrunk(rgb: np.ndarray, planes: np.ndarray, long_side: int) -> Known:
    scale = long_side / max(rgb.shape[:2])
    if scale >= 1:
        return Known(rgb, planes)
    size = (max(2, round(rgb.shape[1] * scale)), max(2, round(rgb.shape[0] * scale)))
    return Known(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), _shrink_planes(planes, size))


def _shrink_planes(planes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Planes at a smaller size (width, height): the truth is averaged over trusted pixels alone."""
    values = planes.astype(np.float32) / 255
    values[..., :2] *= values[..., 2:]
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small[..., :2] /= np.maximum(small[..., 2:], 1e-3)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def network_planes(planes: np.ndarray, grid: int = GRID) -> np.ndarray:
    """Planes as the network answers them: uint8, grid x grid x 4."""
    return _shrink_planes(planes, (grid, grid))


# ---------------------------------------------------------------- pictures made of two


def lay_on(known: Known, under: np.ndarray, rng: Rng) -> Known:
    """Cut the skin out of a picture and lay it on another that shows none.

    Args:
        known: skin known everywhere.
        under: uint8, H x W x 3, without skin.
        rng: decides size, place and brightness.

    Returns:
        a picture of the size of ``under``.
    """
    height, width = under.shape[:2]
    ys, xs = np.nonzero(known.planes[..., SKIN] > 127)
    if len(ys) < 30:
        return Known(under, skin_planes(np.zeros((height, width), bool)))
    box = (slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1))
    piece, skin = known.rgb[box], known.planes[box][..., SKIN]
    size = min(height, width) * float(np.exp(rng.uniform(np.log(0.25), np.log(1.3))))
    scale = size / max(piece.shape[:2])
    wide, high = max(8, round(piece.shape[1] * scale)), max(8, round(piece.shape[0] * scale))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    piece, skin = (cv2.resize(part, (wide, high), interpolation=kernel) for part in (piece, skin))
    # Part of it may lie outside: skin that enters from the side is what photographs show most.
    x, y = (
        int(rng.uniform(-0.4 * wide, width - 0.6 * wide)),
        int(rng.uniform(-0.4 * high, height - 0.6 * high)),
    )
    left, top, right, low = max(0, x), max(0, y), min(width, x + wide), min(height, y + high)
    piece, skin = (
        piece[top - y : low - y, left - x : right - x],
        skin[top - y : low - y, left - x : right - x],
    )
    # A little is taken off the edge, where the old surroundings shine through.
    alpha = cv2.erode(skin, np.ones((3, 3), np.uint8)).astype(np.float32) / 255
    alpha = cv2.GaussianBlur(alpha, (0, 0), float(rng.uniform(0.7, 1.6)))
    light = to_linear(piece)
    inside = light[alpha > 0.5]
    now = float(np.median(inside)) if inside.size else 0.2
    gain = (
        np.clip(rng.uniform(0.12, 0.4) / max(now, 1e-3), 0.5, 5.0) if now < 0.12 else rng.uniform(0.8, 1.25)
    )
    rgb = under.copy()
    place = (slice(top, low), slice(left, right))
    beneath = to_linear(rgb[place])
    rgb[place] = to_srgb(beneath + alpha[..., None] * (np.minimum(light * np.float32(gain), 1) - beneath))
    mask = np.zeros((height, width), bool)
    mask[place] = alpha > 0.5
    return Known(rgb, skin_planes(mask))


def lay_lesion(lesion: Known, ground: Known, rng: Rng) -> Known | None:
    """Lay a lesion on skin whose outline is known; None where there is no room for it."""
    mask = lesion.planes[..., LESION] > 127
    box = box_of(mask)
    skin = ground.planes[..., SKIN] > 127
    if box is None or not skin.any():
        return None
    from_scene = Scene(lesion.rgb, mask, box, None, float(min(mask.shape)))
    to_scene = Scene(ground.rgb, None, None, skin, float(min(skin.shape)))
    made = place_on(from_scene, to_scene, float(np.exp(rng.uniform(np.log(0.06), np.log(0.4)))), rng)
    if made is None or made.mask is None:
        return None
    return Known(made.rgb, skin_planes(skin, made.mask))


# ---------------------------------------------------------------- views


def view(known: Known, rng: Rng, side: int = _VIEW) -> Known:
    """A random window of a picture, squeezed into a square as every frame is: ``side`` x ``side``."""
    height, width = known.rgb.shape[:2]
    if rng.random() < 0.35:
        part = (slice(0, height), slice(0, width))
    else:
        share, aspect = np.sqrt(rng.uniform(0.25, 1.0)), float(np.exp(rng.uniform(-0.3, 0.3)))
        high = int(np.clip(height * share / aspect, min(24, height), height))
        wide = int(np.clip(width * share * aspect, min(24, width), width))
        x, y = float(rng.uniform(0, width - wide)), float(rng.uniform(0, height - high))
        ys, xs = np.nonzero(known.planes[::4, ::4, LESION] > 127)
        if len(ys) and rng.random() < 0.7:
            pick = int(rng.integers(len(ys)))
            x = np.clip(4 * xs[pick] - rng.uniform(0.2, 0.8) * wide, 0, width - wide)
            y = np.clip(4 * ys[pick] - rng.uniform(0.2, 0.8) * high, 0, height - high)
        part = (slice(int(y), int(y) + high), slice(int(x), int(x) + wide))
    rgb = cv2.resize(known.rgb[part], (side, side), interpolation=cv2.INTER_AREA)
    planes = cv2.resize(known.planes[part], (side, side), interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.3:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-30, 30), rng.uniform(1.0, 1.3))
        edge = cv2.BORDER_REFLECT_101
        rgb = cv2.warpAffine(rgb, turn, (side, side), borderMode=edge)
        planes = cv2.warpAffine(planes, turn, (side, side), flags=cv2.INTER_NEAREST, borderMode=edge)
    return Known(rgb, planes)


def worse(known: Known, rng: Rng, often: float = 0.5) -> Known:
    """The same picture, now and then dark, blurred, coarse, or two of these; nothing moves."""
    if rng.random() >= often:
        return known
    names = rng.choice(FAULTS, size=int(rng.choice([1, 2], p=[0.75, 0.25])), replace=False, p=(0.5, 0.3, 0.2))
    plan = random_plan(rng, tuple(str(name) for name in names))
    # At the very worst nothing can be seen any more, and there is nothing to learn.
    plan = type(plan)({name: (mode, 0.8 * severity) for name, (mode, severity) in plan.faults.items()})
    mask = known.planes[..., LESION] > 127
    box, skin = box_of(mask), known.planes[..., SKIN] > 127
    scene = Scene(
        known.rgb,
        mask if box is not None else None,
        box,
        skin if skin.any() else None,
        float(min(known.rgb.shape[:2])),
    )
    shot = take(scene, plan, rng, long_side=max(known.rgb.shape[:2]), mild=False)
    return Known(shot.rgb, known.planes)


def recolour(square: np.ndarray, rng: Rng) -> np.ndarray:
    """Another camera and another lamp: white balance, exposure curve, saturation; uint8 to uint8."""
    curve = np.arange(256, dtype=np.float32) / 255
    gamma = float(np.exp(rng.uniform(-0.4, 0.4)))
    tables = [np.clip(curve * gain, 0, 1) ** gamma * 255 for gain in np.exp(rng.normal(0, 0.08, 3))]
    square = cv2.LUT(square, np.stack(tables, -1).round().astype(np.uint8)[:, None])
    grey = cv2.cvtColor(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    amount = rng.uniform(0.55, 1.3)
    return cv2.addWeighted(square, amount, grey, 1 - amount, 0)


# ---------------------------------------------------------------- the pool

_SHARES: Final = {
    "no_skin": 0.23,
    "skin": 0.18,
    "cut_out": 0.17,
    "lesion": 0.14,
    "laid_lesion": 0.09,
    "weak": 0.12,
    "phantom": 0.07,
}


def usable(row: Row) -> bool:
    """Whether anything is known of a photograph's pixels."""
    masked = bool(row.mask) and row.slug not in UNTRUSTED_MASKS
    known = row.label != "alopecia" or masked or bool(row.boxes)
    return row.group in ("no_skin", "healthy_skin") or (row.group == "lesion" and known)


class Material:
    """The photographs of one split by what is known of them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.no_skin: dict[str, list[Row]] = defaultdict(list)
        self.skin: dict[str, list[Row]] = defaultdict(list)
        self.cut_outs: dict[str, list[Row]] = defaultdict(list)
        self.lesions: dict[str, list[Row]] = defaultdict(list)
        self.weak: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            masked = bool(row.mask) and row.slug not in UNTRUSTED_MASKS
            if row.group == "no_skin":
                self.no_skin[row.slug].append(row)
            elif row.group == "healthy_skin" and masked:
                self.cut_outs[row.slug].append(row)
                if row.slug not in CUT_OUT:
                    self.skin[row.slug].append(row)
            elif row.group == "lesion" and masked:
                self.lesions[row.slug].append(row)
            elif row.group in ("healthy_skin", "lesion") and usable(row):
                self.weak[row.slug].append(row)


def _pick(rng: Rng, by_source: dict[str, list[Row]]) -> Row:
    """A row; sources count by the root of their size."""
    names = sorted(by_source)
    weights = np.sqrt([len(by_source[name]) for name in names])
    rows = by_source[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
    return rows[int(rng.integers(len(rows)))]


def draw_known(kind: str, rng: Rng, size: tuple[int, int] = (240, 320)) -> Known:
    """A phantom with what is known of it; of a lesion phantom only the lesion is."""
    phantom = draw(
        kind,
        int(rng.integers(2**31)),
        size=size if rng.random() < 0.6 else size[::-1],
        lesion_extent=float(rng.uniform(0.06, 0.5)),
        centre=(float(rng.uniform(0.25, 0.75)), float(rng.uniform(0.25, 0.75))),
    )
    planes = lesion_planes(phantom.mask) if kind == "lesion" else skin_planes(phantom.mask)
    return Known(phantom.rgb, planes)


def _scene_without_skin(rng: Rng, material: Material) -> np.ndarray:
    if material.no_skin and rng.random() < 0.8:
        return read(_pick(rng, material.no_skin), 320).rgb
    return draw_known("no_skin", rng).rgb


def _known(kind: str, rng: Rng, material: Material) -> Known | None:
    """One picture of a kind, or None when there is no material for it."""
    if kind == "no_skin" and material.no_skin:
        return read(_pick(rng, material.no_skin))
    if kind == "skin" and material.skin:
        return read(_pick(rng, material.skin))
    if kind == "cut_out" and material.cut_outs:
        return lay_on(read(_pick(rng, material.cut_outs)), _scene_without_skin(rng, material), rng)
    if kind == "lesion" and material.lesions:
        return read(_pick(rng, material.lesions))
    if kind == "weak" and material.weak:
        return read(_pick(rng, material.weak))
    if kind == "laid_lesion":
        own = material.lesions and rng.random() < 0.75
        lesion = read(_pick(rng, material.lesions)) if own else draw_known("lesion", rng)
        real = material.skin and rng.random() < 0.6
        ground = read(_pick(rng, material.skin), 320) if real else draw_known("healthy_skin", rng)
        return lay_lesion(lesion, ground, rng)
    return None


def sample(number: int, material: Material, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One training picture (uint8, 112 x 112 x 3) and its planes (uint8, 56 x 56 x 4), always the same."""
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    known = _known(kind, rng, material)
    if known is None:
        known = draw_known(str(rng.choice(["lesion", "healthy_skin", "no_skin"], p=(0.3, 0.45, 0.25))), rng)
    shown = worse(view(known, rng), rng)
    return network_square(shown.rgb, SIDE), network_planes(shown.planes)


def render(rows: Iterable[Row], count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Render ``count`` training pictures: uint8, N x 112 x 112 x 3, and planes, N x 56 x 56 x 4.

    Raises:
        DataError: a photograph or mask cannot be read.
    """
    material = Material(rows)
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    planes = np.empty((count, GRID, GRID, 4), np.uint8)
    for number in range(count):
        pictures[number], planes[number] = sample(number, material, seed)
    return pictures, planes


def whole(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """A photograph as the network is shown it, and its planes: for measuring."""
    return network_square(read_rgb(row), SIDE), network_planes(planes_of(row))


# ---------------------------------------------------------------- the trained network at work


def segment(images: np.ndarray, path: Path | str, batch: int = 64, threads: int = 1) -> np.ndarray:
    """Say where squeezed frames show skin, and a lesion.

    Args:
        images: uint8, N x S x S x 3, as ``network_square`` makes them; any S from 112 up, 224 in pools.
        path: the segmenter's ONNX file.
        batch: pictures at a time.
        threads: for ONNX Runtime.

    Returns:
        float32, N x 56 x 56 x 2: probability of skin (lesion included) and of lesion.
    """
    engine = Engine(Path(path), threads)
    mean, std = np.asarray(IMAGENET_MEAN, np.float32), np.asarray(IMAGENET_STD, np.float32)
    out = np.empty((len(images), GRID, GRID, 2), np.float32)
    for begin in range(0, len(images), batch):
        part = images[begin : begin + batch]
        small = np.stack([cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for image in part])
        normal = (small.astype(np.float32) / 255 - mean) / std
        logits = engine.run(np.ascontiguousarray(normal.transpose(0, 3, 1, 2)))["logits"]
        out[begin : begin + len(part)] = sigmoid(logits).transpose(0, 2, 3, 1)
    return out


def skin_maps(images: np.ndarray, path: Path | str, level: float = 0.3) -> np.ndarray:
    """Where pictures show skin, for the ablation that segments first.

    Args:
        images: uint8, N x S x S x 3, as for ``segment``.
        path: the segmenter's ONNX file.
        level: probability of skin from which a cell counts. A lesion that is taken away by mistake costs more
            than some background that stays.

    Returns:
        uint8, N x 56 x 56: 255 where there is skin or something that skin surrounds, else 0.
    """
    found = [skin_with_holes_filled(chance, level) for chance in segment(images, path)]
    return 255 * np.array(found, np.uint8)


def skin_with_holes_filled(chance: np.ndarray, level: float) -> np.ndarray:
    """Skin or lesion at ``level``, and whatever skin surrounds: lesions look least like skin.

    Args:
        chance: float, s x s x 2, one picture's answer.
        level: probability from which a cell counts.

    Returns:
        bool, s x s.
    """
    found = chance.max(-1) >= level
    # What the frame's edge can be reached from is outside; a border of one cell joins all of it.
    outside = np.pad(~found, 1, constant_values=True).astype(np.uint8)
    _count, parts = cv2.connectedComponents(outside, connectivity=4)
    return (parts != parts[0, 0])[1:-1, 1:-1]
