"""What ImageQX learns from: photographs and phantoms, made worse on purpose, judged by the simulated panel.

``build_pool`` renders a cached pool once (network inputs as uint8, votes, measures); ``PoolDataset`` reads a
split of it. Every sample is drawn from (seed, split, number) alone, so a pool can be rebuilt, in any number
of processes.
"""

import json
import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.i18n import _
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.preprocess import detail_square, network_square
from core.synthetic.degrade import (
    LUMA,
    MEASURES,
    MODES,
    Measures,
    Plan,
    Rng,
    Scene,
    Shot,
    box_of,
    scene_of,
    take,
    to_linear,
    to_srgb,
)
from core.synthetic.phantoms import draw
from training.data.boxes import eye_box, located
from training.data.marks import KEPT, without_marks
from training.data.panel import RATERS, Panel
from training.data.sources import DataError, Row, read_manifest, read_mask, read_rgb
from training.data.splits import SPLITS, split_of

SIDE: Final = 224
# Places on which the lesion is marked, across and down; and the mark of "unknown".
PLACES: Final = 14
UNKNOWN: Final = 255
PICTURES: Final = ("images.npy", "details.npy")
SHARES: Final = {"train": 0.76, "validation": 0.12, "left_out": 0.12}
# Of a pool that is rendered to train on: left-out sources are measured by the benchmark's own samples.
TRAINING_SHARES: Final = {"train": 0.92, "validation": 0.08}

# Photographs of these sources are softer than their pixel count (enlarged or smoothed before they came here).
_SOFT: Final = {
    "abd-skin": 0.70,
    "msld": 0.85,
    "vitweb": 0.85,
    "facesd": 0.90,
    "alonet": 0.90,
    "pcdacne": 0.85,
    "urtrf": 0.75,
    "dfutissue": 0.9,
    "skin8": 0.85,
    "suhaasbites": 0.85,
    "burnutsho": 0.85,
}
# Lesions spread all over the picture: nothing to be off centre or cut off.
_SPREAD: Final = ("pcdacne", "urtrf", "msld", "vitweb", "mpox22", "skincond")
# How often each fault is drawn, against the others.
_OFTEN: Final = {
    "bad_framing": 1.5,
    "bad_light": 1.9,
    "blurry": 1.7,
    "low_resolution": 0.9,
    "too_far_away": 2.0,
}
# What trains has more of the lesions that the frame cuts; benchmarks stay as they were frozen.
_TRAINED_OFTEN: Final = _OFTEN | {"bad_framing": 4.0}
_TRAINED_MODES: Final = MODES | {"bad_framing": ("shift", "shift", "near")}
_FROZEN_MODES: Final = MODES | {"bad_framing": ("shift",)}
# How often a sample is of a lesion, of healthy skin, or has no skin in it.
_GROUPS: Final = (0.53, 0.29, 0.18)
# Where light is worse than this it cannot be seen that there is no skin: such a picture teaches nothing.
_SEEN: Final = 0.8
# How often a camera smooths its picture, which leaves clear skin without any texture; of healthy skin more
# often, for smooth skin that lacks nothing is what lost resolution is mistaken for.
_SMOOTHED: Final = {"lesion": 0.15, "healthy_skin": 0.35, "no_skin": 0.15}
# Cut out on black: only to be laid over another scene.
_CUT_OUT: Final = ("massey-asl-cutout",)


RenderTask = tuple[str, str, int, int, list[tuple[int, str, int]]]
"""What a process renders: data folder, pool's folder, samples of the whole pool, seed, and of each sample to
render its position, split and number."""


@dataclass(frozen=True)
class Material:
    """The photographs of one split, ordered for drawing: by kind, then label, then source."""

    lesions: dict[str, dict[str, list[Row]]]
    healthy: dict[str, list[Row]]
    no_skin: dict[str, list[Row]]


@dataclass(frozen=True)
class Sample:
    """One sample: the photograph taken, what it was made from, and the panel's votes."""

    shot: Shot
    group: str
    label: str
    slug: str
    split_key: str
    phantom: bool
    plan: Plan
    quality_votes: np.ndarray
    explanation_votes: np.ndarray


def material_of(rows: list[Row], split: str) -> Material:
    """Sort the rows of one split for drawing; rows without a use here (real_quality) are left aside."""
    lesions: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    healthy: dict[str, list[Row]] = defaultdict(list)
    no_skin: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if split_of(row) != split or row.quality_votes is not None:
            continue
        if row.group == "lesion":
            lesions[row.label][row.slug].append(row)
        elif row.group == "healthy_skin":
            healthy[row.slug].append(row)
        elif row.group == "no_skin":
            no_skin[row.slug].append(row)
    return Material({k: dict(v) for k, v in lesions.items()}, dict(healthy), dict(no_skin))


def _pick(rng: Rng, by_source: dict[str, list[Row]]) -> Row:
    """A row: sources weighted by the root of their size, and less when their photographs are small."""
    names = sorted(by_source)

    def weight(name: str) -> float:
        rows = by_source[name]
        sharp = np.median([min(r.width, r.height) for r in rows]) * _SOFT.get(name, 1.0)
        return float(len(rows) ** 0.5 * np.clip((sharp / 360) ** 2.5, 0.08, 1))

    weights = np.array([weight(name) for name in names])
    rows = by_source[names[int(rng.choice(len(names), p=weights / weights.sum()))]]
    return rows[int(rng.integers(len(rows)))]


def _pick_lesion(rng: Rng, lesions: dict[str, dict[str, list[Row]]]) -> Row:
    labels = sorted(lesions)
    weights = np.array([sum(len(r) for r in lesions[label].values()) ** 0.35 for label in labels])
    return _pick(rng, lesions[labels[int(rng.choice(len(labels), p=weights / weights.sum()))]])


# ---------------------------------------------------------------- photographs as scenes


def _skin_colour(rgb: np.ndarray) -> np.ndarray:
    """Rough mask of skin by its colour, for photographs that come without one."""
    small = cv2.GaussianBlur(rgb, (0, 0), 2)
    _luma, cr, cb = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb))
    mask = ((cr > 136) & (cr < 180) & (cb > 80) & (cb < 127)).astype(np.uint8)
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)).astype(bool)


def _ellipse(height: int, width: int, box: tuple[float, float, float, float]) -> np.ndarray:
    out = np.zeros((height, width), np.uint8)
    centre = (round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2))
    cv2.ellipse(out, centre, (round((box[2] - box[0]) / 2), round((box[3] - box[1]) / 2)), 0, 0, 360, 1, -1)
    return out.astype(bool)


def scene_from_row(row: Row) -> Scene:
    """A photograph of the manifest as a scene.

    A lesion's place is its mask, else its largest box, else the box drawn by eye, else (photographs filled by
    their lesion) the middle 62 %.
    """
    rgb = read_rgb(row)
    # Boxes and masks are of the whole photograph; no source with cut edges has any.
    if not (row.slug in KEPT and (row.boxes or row.mask)):
        rgb = without_marks(rgb, row.slug)
    mask = read_mask(row)
    height, width = rgb.shape[:2]
    pixels = min(height, width) * _SOFT.get(row.slug, 1.0)
    if row.group == "lesion":
        box = box_of(mask) if mask is not None else None
        if box is None and row.boxes:
            mask = None
            box = max(row.boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
        seen = eye_box(row) if box is None else None
        guessed = box is None and (seen is None or seen.spread)
        if seen is not None:
            mask, box = None, seen.box
        if box is None:
            mask = None
            box = (0.19 * width, 0.19 * height, 0.81 * width, 0.81 * height)
        return Scene(rgb, mask, box, None, pixels, guessed)
    if row.group == "healthy_skin":
        subject = mask if mask is not None else _skin_colour(rgb)
        return Scene(rgb, None, None, subject if subject.mean() > 0.03 else None, pixels)
    return Scene(rgb, None, None, None, pixels)


def _lift(rgb: np.ndarray, mask: np.ndarray | None, rng: Rng) -> np.ndarray:
    """Expose a photograph of dark scenes as a camera would have."""
    light = to_linear(rgb)
    luma = light @ LUMA
    now = float(np.median(luma[mask] if mask is not None and mask.any() else luma))
    wanted = rng.uniform(0.12, 0.3)
    return rgb if now >= wanted or now <= 0 else to_srgb(light * np.float32(min(6.0, wanted / now)))


def _resize(scene: Scene, long_side: int) -> Scene:
    height, width = scene.rgb.shape[:2]
    scale = long_side / max(height, width)
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC

    def fit(mask: np.ndarray | None) -> np.ndarray | None:
        if mask is None:
            return None
        return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0

    box = None if scene.box is None else tuple(v * scale for v in scene.box)
    pixels = min(scene.pixels, min(size))
    return Scene(
        cv2.resize(scene.rgb, size, interpolation=kernel), fit(scene.mask), box, fit(scene.subject), pixels
    )


def _stencil(size: tuple[int, int], lesion: np.ndarray | None, rng: Rng) -> np.ndarray:
    """What of a patch is laid on: the lesion with some skin around it, or a bent ellipse; uint8 0 or 1.

    The patch's border stays free.
    """
    ys, xs = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j].astype(np.float32)
    bumps = cv2.resize(rng.standard_normal((6, 6)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    out = (np.hypot(xs, ys) + 0.06 * bumps < 0.9).astype(np.uint8)
    if lesion is not None and lesion.any():
        steps = max(1, round(0.08 * max(size)))
        grown = cv2.dilate(lesion.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=steps)
        out = grown * (np.maximum(abs(xs), abs(ys)) < 0.97)
    out[[0, -1]] = 0
    out[:, [0, -1]] = 0
    return out.astype(np.uint8)


def place_on(lesion: Scene, ground: Scene, extent: float, rng: Rng) -> Scene | None:
    """Lay a lesion on the skin of another photograph, ``extent`` of its short side long, light and colour
    matched.

    The lesion keeps some of its own skin around it and takes on the light and colour of the other where
    they meet, so that there is no seam.

    Returns:
        the new scene, or None when the ground has no patch of skin that is large enough.
    """
    assert lesion.box is not None
    height, width = ground.rgb.shape[:2]
    short = min(height, width)
    x0, y0, x1, y1 = lesion.box
    scale = extent * short / max(x1 - x0, y1 - y0)
    margin = 0.40 * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    right, low = min(lesion.rgb.shape[1], int(x1 + margin)), min(lesion.rgb.shape[0], int(y1 + margin))
    size = (max(3, round((right - left) * scale)), max(3, round((low - top) * scale)))
    if size[0] >= width or size[1] >= height:
        return None
    patch = cv2.resize(
        lesion.rgb[top:low, left:right], size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    skin = (
        ground.subject
        if ground.subject is not None
        else _ellipse(height, width, (0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height))
    )
    room = cv2.distanceTransform(np.pad(skin.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    half_w, half_h = size[0] // 2 + 1, size[1] // 2 + 1
    room[:half_h], room[height - half_h :] = 0, 0
    room[:, :half_w], room[:, width - half_w :] = 0, 0
    fits = np.argwhere(room > 0.42 * max(size))
    if len(fits) == 0:
        return None
    cy, cx = (int(v) for v in fits[int(rng.integers(len(fits)))])
    px, py = cx - size[0] // 2, cy - size[1] // 2

    mask_patch = None
    if lesion.mask is not None:
        piece = lesion.mask[top:low, left:right].astype(np.uint8)
        mask_patch = cv2.resize(piece, size, interpolation=cv2.INTER_AREA) > 0
    stencil = _stencil(size, mask_patch, rng)
    rgb = ground.rgb.copy()
    if min(size) < 14:
        # Too small for a gradient: fade it in, at the mean light of what it lies on.
        under, over = to_linear(rgb[py : py + size[1], px : px + size[0]]), to_linear(patch)
        matte = cv2.GaussianBlur(stencil.astype(np.float32), (0, 0), 0.8)
        rim = (matte > 0.03) & (matte < 0.6)
        if not rim.any():
            return None
        gain = np.clip((under[rim].mean(0) + 1e-3) / (over[rim].mean(0) + 1e-3), 0.2, 4).astype(np.float32)
        mixed = under + matte[..., None] * (over * gain - under)
        rgb[py : py + size[1], px : px + size[0]] = to_srgb(mixed)
    else:
        # Poisson blending (Perez et al. 2003): the lesion's gradients on the other skin's light and colour.
        edge = 2
        part = (slice(py - edge, py + size[1] + edge), slice(px - edge, px + size[0] + edge))
        if min(py, px) < edge or py + size[1] + edge > height or px + size[0] + edge > width:
            return None
        x, y, w, h = cv2.boundingRect(stencil)
        centre = (edge + x + w // 2, edge + y + h // 2)
        under = np.ascontiguousarray(rgb[part])
        rgb[part] = cv2.seamlessClone(patch, under, stencil * np.uint8(255), centre, cv2.NORMAL_CLONE)
    box = (
        px + (x0 - left) * scale,
        py + (y0 - top) * scale,
        px + (x1 - left) * scale,
        py + (y1 - top) * scale,
    )
    mask = None
    if mask_patch is not None:
        mask = np.zeros((height, width), bool)
        mask[py : py + size[1], px : px + size[0]] = mask_patch
    return Scene(rgb, mask, box, None, min(ground.pixels, lesion.pixels / scale))


def _ground(rng: Rng, material: Material, drawn: bool = False) -> Scene:
    """A wider view of healthy skin: a photograph of this split, or (often) a phantom."""
    sources = {k: v for k, v in material.healthy.items() if k not in (*_CUT_OUT, "abd-skin")}
    if drawn or not sources or rng.random() < 0.3:
        size = (480, 640) if rng.random() < 0.5 else (640, 480)
        phantom = draw(
            "healthy_skin",
            int(rng.integers(2**31)),
            size=size,
            lesion_extent=float(rng.uniform(0.25 if drawn else 0.08, 0.4)),
        )
        return Scene(phantom.rgb, None, None, phantom.mask, 460.0)
    row = _pick(rng, sources)
    scene = _resize(scene_from_row(row), 640)
    rgb = _lift(scene.rgb, scene.subject, rng)
    return Scene(rgb, None, None, scene.subject, scene.pixels)


def _cut_out(row: Row, rng: Rng, material: Material) -> Scene:
    """A hand that was photographed on black, laid over a scene without skin."""
    hand = _resize(scene_from_row(row), 480)
    if material.no_skin and rng.random() < 0.5:
        under = _resize(scene_from_row(_pick(rng, material.no_skin)), 640)
    else:
        under = Scene(draw("no_skin", int(rng.integers(2**31)), size=(480, 640)).rgb, None, None, None, 470.0)
    height, width = under.rgb.shape[:2]
    rgb, subject = under.rgb.copy(), np.zeros((height, width), bool)
    size = int(min(height, width) * rng.uniform(0.75, 0.98))
    patch = cv2.resize(_lift(hand.rgb, hand.subject, rng), (size, size), interpolation=cv2.INTER_AREA)
    inside = hand.subject if hand.subject is not None else hand.rgb.max(2) > 25
    alpha = cv2.resize(
        cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32), (size, size)
    )
    alpha = cv2.GaussianBlur(alpha, (0, 0), 1.2)
    x, y = int(rng.integers(0, width - size + 1)), int(rng.integers(0, height - size + 1))
    part = (slice(y, y + size), slice(x, x + size))
    light = to_linear(rgb[part])
    rgb[part] = to_srgb(light + alpha[..., None] * (to_linear(patch) - light))
    subject[part] = alpha > 0.5
    return Scene(rgb, None, None, subject, min(under.pixels, 380.0))


# ---------------------------------------------------------------- one sample


def _faults(rng: Rng, names: list[str], split: str) -> Plan:
    often, modes = (_TRAINED_OFTEN, _TRAINED_MODES) if split == "train" else (_OFTEN, _FROZEN_MODES)
    if rng.random() < 0.38:
        return Plan({})
    count = min(len(names), int(rng.choice([1, 2, 3], p=[0.66, 0.26, 0.08])))
    # Distance and framing need a lesion, so they come up seldom enough as it is.
    weights = np.array([often[name] for name in names])
    chosen = rng.choice(names, size=count, replace=False, p=weights / weights.sum())
    return Plan({str(n): (str(rng.choice(modes[str(n)])), float(rng.uniform(0.05, 1))) for n in chosen})


def _phantom_scene(rng: Rng, group: str, plan: Plan) -> tuple[Scene, str]:
    away = plan.faults.get("too_far_away")
    extent = float(rng.uniform(0.22, 0.5)) if away is None else float(0.24 * (0.03 / 0.24) ** away[1])
    size = (540, 720) if rng.random() < 0.6 else (720, 540)
    place = (float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.4, 0.6)))
    if "bad_framing" in plan.faults:
        extent = min(extent, 0.28)
    phantom = draw(group, int(rng.integers(2**31)), size=size, lesion_extent=extent, centre=place)
    if group == "lesion":
        return scene_of(phantom.rgb, phantom.mask), phantom.lesion_class or ""
    subject = phantom.mask if group == "healthy_skin" else None
    return Scene(phantom.rgb, None, None, subject, 520.0), ""


def sample(
    number: int,
    split: str,
    material: Material,
    panel: Panel,
    seed: int,
    *,
    phantom_share: float = 0.13,
    plan: Plan | None = None,
    group: str | None = None,
) -> Sample:
    """Draw one sample; ``number``, ``split`` and ``seed`` decide everything about it."""
    rng = np.random.default_rng([seed, SPLITS.index(split), number])
    present = [bool(material.lesions), bool(material.healthy), bool(material.no_skin)]
    drawn = str(rng.choice(["lesion", "healthy_skin", "no_skin"], p=_GROUPS))
    group = group or drawn
    phantom = rng.random() < phantom_share
    phantom = phantom or not present[("lesion", "healthy_skin", "no_skin").index(group)]
    names = list(EXPLANATIONS) if group == "lesion" else ["bad_light", "blurry", "low_resolution"]
    chosen = _faults(rng, names, split)
    if group == "no_skin" and "bad_light" in chosen.faults:
        mode, severity = chosen.faults["bad_light"]
        chosen = Plan({**chosen.faults, "bad_light": (mode, _SEEN * severity)})
    plan = chosen if plan is None else plan
    row: Row | None = None
    if phantom:
        scene, label = _phantom_scene(rng, group, plan)
    elif group == "lesion":
        row = _pick_lesion(rng, material.lesions)
        for _try in range(4):
            # Distance and framing mean most where it is known what is to be in the picture.
            if located(row) or not plan.faults.keys() & {"bad_framing", "too_far_away"}:
                break
            row = _pick_lesion(rng, material.lesions)
        scene, label = _lesion_scene(rng, row, plan, material), row.label
    elif group == "healthy_skin":
        row = _pick(rng, material.healthy)
        label = row.label
        scene = _cut_out(row, rng, material) if row.slug in _CUT_OUT else scene_from_row(row)
    else:
        row = _pick(rng, material.no_skin)
        scene, label = scene_from_row(row), row.label
    # Some cameras send less than the network's working size.
    long_side = 640 if rng.random() < 0.7 else int(rng.integers(420, 640))
    shot = take(scene, plan, rng, long_side=long_side, smoothed=_SMOOTHED[group])
    votes = panel.vote(shot.measures, group, rng)
    return Sample(
        shot=shot,
        group=group,
        label=label,
        slug="phantom" if row is None else row.slug,
        split_key="phantom" if row is None else row.split_key,
        phantom=row is None,
        plan=plan,
        quality_votes=votes.quality,
        explanation_votes=votes.explanations,
    )


def _lesion_scene(rng: Rng, row: Row, plan: Plan, material: Material) -> Scene:
    """The lesion's own photograph, or the lesion laid on wider skin where a fault needs more room."""
    scene = scene_from_row(row)
    assert scene.box is not None
    away, shift = plan.faults.get("too_far_away"), plan.faults.get("bad_framing")
    height, width = scene.rgb.shape[:2]
    own = max(scene.box[2] - scene.box[0], scene.box[3] - scene.box[1]) / min(height, width)
    wanted = 0.26 * (0.022 / 0.26) ** away[1] if away else float(rng.uniform(0.18, 0.42))
    roomy = own < 1.15 * wanted and (shift is None or own < 0.35)
    needs_room = (away is not None and not roomy) or (
        shift is not None and ((scene.guessed and row.slug in _SPREAD) or own > 0.5)
    )
    # Laid-on lesions at a good distance too, or else a laid-on lesion would mean a fault.
    if (needs_room or (rng.random() < 0.14 and own > 0.1)) and row.label != "alopecia":
        for attempt in range(5):
            ground = _ground(rng, material, drawn=attempt > 2)
            made = place_on(scene, ground, float(np.clip(wanted, 0.012, 0.5)), rng)
            if made is not None:
                return made
    return scene


# ---------------------------------------------------------------- the pool


def square(rgb: np.ndarray) -> np.ndarray:
    """The network's view of a picture before normalisation: uint8, 224 x 224 x 3, by the input rule."""
    return network_square(rgb, SIDE)


def lesion_places(group: str, shot: Shot) -> np.ndarray:
    """Where the lesion is in a picture: uint8, 14 x 14, share of each place covered (0-254; 255: unknown)."""
    if group != "lesion":
        return np.zeros((PLACES, PLACES), np.uint8)
    height, width = shot.rgb.shape[:2]
    if shot.box is None:
        return np.full((PLACES, PLACES), UNKNOWN, np.uint8)
    mask = shot.mask if shot.mask is not None else _ellipse(height, width, shot.box)
    share = cv2.resize(mask.astype(np.float32), (PLACES, PLACES), interpolation=cv2.INTER_AREA)
    return np.clip(np.round(share * 254), 0, 254).astype(np.uint8)


_ROWS: dict[str, tuple[dict[str, Material], Panel]] = {}


def rated_rows(rows: list[Row], split: str) -> list[Row]:
    """Photographs of a split that real raters voted on: used as they are, with those votes."""
    return [row for row in rows if row.quality_votes and split_of(row) == split]


def _rated_entry(row: Row, position: int, split: str) -> dict[str, Any]:
    quality, given = row.quality_votes or {}, row.explanation_votes or {}
    return {
        "position": position,
        "split": split,
        "group": row.group,
        "label": row.label,
        "slug": row.slug,
        "split_key": row.split_key,
        "quality_votes": np.array([quality.get(name, 0) for name in QUALITY_CLASSES]),
        "explanation_votes": np.array([given.get(name, 0) for name in EXPLANATIONS]),
        "measures": (float("nan"),) * len(MEASURES),
        "severity": [0.0] * len(EXPLANATIONS),
        "places": np.full((PLACES, PLACES), UNKNOWN if row.group == "lesion" else 0, np.uint8),
    }


def _prepare(data_dir: str, seed: int) -> tuple[dict[str, Material], Panel]:
    key = f"{data_dir}|{seed}"
    if key not in _ROWS:
        rows = read_manifest(data_dir)
        _ROWS[key] = ({split: material_of(rows, split) for split in SPLITS}, Panel(seed))
    return _ROWS[key]


def _canvas(folder: Path, name: str, total: int, new: bool = False) -> np.ndarray:
    return np.lib.format.open_memmap(
        str(folder / name), mode="w+" if new else "r+", shape=(total, SIDE, SIDE, 3), dtype=np.uint8
    )


def _render(task: RenderTask) -> list[dict[str, Any]]:
    data_dir, out_dir, total, seed, jobs = task
    cv2.setNumThreads(1)
    materials, panel = _prepare(data_dir, seed)
    images, details = (_canvas(Path(out_dir), name, total) for name in PICTURES)
    done = []
    for position, split, number in jobs:
        made = sample(number, split, materials[split], panel, seed)
        images[position] = square(made.shot.rgb)
        details[position] = detail_square(made.shot.rgb, SIDE)
        done.append(
            {
                "position": position,
                "split": split,
                "group": made.group,
                "label": made.label,
                "slug": made.slug,
                "split_key": made.split_key,
                "quality_votes": made.quality_votes,
                "explanation_votes": made.explanation_votes,
                "measures": astuple(made.shot.measures),
                "severity": [made.plan.faults.get(name, ("", 0.0))[1] for name in EXPLANATIONS],
                "places": lesion_places(made.group, made.shot),
            }
        )
    return done


def build_pool(
    data_dir: Path | str,
    out_dir: Path | str,
    count: int = 25_000,
    seed: int = 1,
    workers: int = 1,
    shares: Mapping[str, float] = SHARES,
) -> dict[str, Any]:
    """Render a pool: ``images.npy`` and ``details.npy`` (uint8, N x 224 x 224 x 3: whole frames, and their
    middles pixel for pixel), ``labels.npz`` and ``pool.json`` in ``out_dir``.

    ``shares`` says how the samples are spread over the splits, of which at least one comes from each named;
    photographs that real raters voted on come on top, undegraded, with their own votes. Splits without any
    photograph are filled with phantoms.

    Returns:
        the summary that ``pool.json`` holds.

    Raises:
        DataError: the manifest or a photograph cannot be used.
    """
    out = Path(out_dir)
    rows = read_manifest(data_dir)
    out.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[int, str, int]] = []
    for split in shares:
        wanted = max(1, round(count * shares[split]))
        jobs += [(len(jobs) + i, split, i) for i in range(wanted)]
    rated = [(row, split) for split in SPLITS for row in rated_rows(rows, split)]
    total = len(jobs) + len(rated)
    images, details = (_canvas(out, name, total, new=True) for name in PICTURES)
    done: list[dict[str, Any]] = []
    for position, (row, split) in enumerate(rated, start=len(jobs)):
        rgb = read_rgb(row)
        images[position], details[position] = square(rgb), detail_square(rgb, SIDE)
        done.append(_rated_entry(row, position, split))
    images.flush()
    details.flush()
    del images, details
    size = 100
    tasks = [(str(data_dir), str(out), total, seed, jobs[i : i + size]) for i in range(0, len(jobs), size)]
    done = sorted([*done, *rendered(_render, tasks, workers)], key=lambda entry: entry["position"])
    columns: dict[str, np.ndarray] = {
        name: np.array([entry[name] for entry in done])
        for name in ("split", "group", "label", "slug", "split_key")
    }
    columns["quality_votes"] = np.array([e["quality_votes"] for e in done], np.uint16)
    columns["explanation_votes"] = np.array([e["explanation_votes"] for e in done], np.uint16)
    columns["measures"] = np.array([e["measures"] for e in done], np.float32)
    columns["severity"] = np.array([e["severity"] for e in done], np.float32)
    columns["places"] = np.array([e["places"] for e in done], np.uint8)
    np.savez_compressed(out / "labels.npz", **columns)
    summary = summarise(columns) | {
        "seed": seed,
        "count": total,
        "raters": RATERS,
        "measures": list(MEASURES),
    }
    (out / "pool.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def rendered(
    render: Callable[[RenderTask], list[dict[str, Any]]], tasks: Sequence[RenderTask], workers: int
) -> list[dict[str, Any]]:
    """The entries of all tasks, in no particular order, rendered in so many processes side by side."""
    if workers <= 1:
        return [entry for task in tasks for entry in render(task)]
    with multiprocessing.get_context("spawn").Pool(workers) as crew:
        return [entry for part in crew.imap_unordered(render, tasks) for entry in part]


def plurality(quality_votes: np.ndarray) -> np.ndarray:
    """Plurality class of votes (N x 4): int64, N; of equals poor_quality wins, then the earlier."""
    poor = QUALITY_CLASSES.index("poor_quality")
    scored = quality_votes.astype(np.float64) - 1e-3 * np.arange(quality_votes.shape[1])
    scored[:, poor] += 0.5
    return scored.argmax(1)


def summarise(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """Counts of a pool by split: classes, explanations, phantoms."""
    label = plurality(columns["quality_votes"])
    out: dict[str, Any] = {}
    for split in SPLITS:
        here = columns["split"] == split
        classes = Counter(QUALITY_CLASSES[i] for i in label[here])
        explained = (columns["explanation_votes"][here] > 0).sum(0)
        out[split] = {
            "count": int(here.sum()),
            "classes": {name: int(classes[name]) for name in QUALITY_CLASSES},
            "explanations": {name: int(n) for name, n in zip(EXPLANATIONS, explained, strict=True)},
            "phantoms": int((columns["slug"][here] == "phantom").sum()),
        }
    return out


def load_labels(pool_dir: Path | str) -> dict[str, np.ndarray]:
    """The columns of a pool by name (``split``, ``slug``, ``quality_votes``, ``measures``, ...).

    Raises:
        DataError: the folder holds no finished pool.
    """
    path = Path(pool_dir) / "labels.npz"
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise DataError(
            _("There is no finished pool of samples in {folder}.").format(folder=pool_dir)
        ) from error


class PoolDataset:
    """The samples of one split of a pool, as columns.

    Attributes:
        images, details: uint8, all samples of the pool x 224 x 224 x 3, mapped from disk.
        positions: int, N: the rows of this split in them.
        labels: int, N: plurality class. votes: float32, N x 4, shares.
        explanations: float32, N x 5: 1 where at least one rater gave it. explanation_shares: float32, N x 5.
        slugs: str, N: source.
    """

    def __init__(self, pool_dir: Path | str, split: str) -> None:
        columns = load_labels(pool_dir)
        self.images, self.details = (np.load(Path(pool_dir) / name, mmap_mode="r") for name in PICTURES)
        self.positions = np.flatnonzero(columns["split"] == split)
        votes = columns["quality_votes"][self.positions]
        given = columns["explanation_votes"][self.positions]
        self.labels = plurality(votes)
        self.votes = (votes / votes.sum(1, keepdims=True)).astype(np.float32)
        self.explanations = (given > 0).astype(np.float32)
        self.explanation_shares = (given / votes.sum(1, keepdims=True)).astype(np.float32)
        self.slugs = columns["slug"][self.positions]

    def __len__(self) -> int:
        return len(self.positions)


def measures_of(columns: dict[str, np.ndarray], row: int) -> Measures:
    """The measures of one row of a pool."""
    return Measures(*(float(v) for v in columns["measures"][row]))
