"""Make good photographs worse the way cameras and people do, and measure how much worse.

Light is handled as light (linear), in the order in which a camera meets it: window on the scene, shadow and
glare, lens and shake, exposure and noise, loss of pixels, JPEG. Each fault has a severity from 0 to 1,
drawn continuously, and every shot carries the physical quantities of the design's table, so that a panel of
raters can judge it. Good photographs go the same way with mild values: nothing but the fault itself tells
the two apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from core.quality.labels import EXPLANATIONS

Rng = np.random.Generator

# The ways in which each explanation comes about.
MODES: Final[dict[str, tuple[str, ...]]] = {
    "bad_framing": ("shift", "near"),
    "bad_light": ("dark", "bright", "shadow", "backlight", "glare", "cast"),
    "blurry": ("defocus", "motion", "lesion_only"),
    "low_resolution": ("pixels", "jpeg"),
    "too_far_away": ("away",),
}
LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Coloured light, as logarithms of RGB gains at full strength: lamp, sodium lamp, shade, foliage, screen.
_LAMPS: Final = ((0.7, 0.0, -1.1), (0.8, 0.1, -1.6), (-0.6, 0.0, 0.7), (-0.4, 0.3, -0.4), (0.2, -0.4, 0.6))
_LAMP_SHARES: Final = (0.4, 0.15, 0.2, 0.1, 0.15)


@dataclass(frozen=True)
class Measures:
    """What a rater could measure on one photograph (the design's table of faults).

    Attributes:
        extent: longer side of the lesion's box / short side of the frame; nan without a lesion.
        share: share of the lesion inside the frame, 0-1; nan without a lesion.
        offset: distance of the lesion's centre from the frame's / short side; nan without a lesion.
        blur: Gaussian-equivalent sigma on the subject, in percent of the long side.
        luma: median luma of the subject, 0-1.
        clipped: share of the subject's pixels that are clipped to white, 0-1.
        shading: brightest to darkest light across the subject, as a ratio.
        pixels: effective pixels across the short side.
        jpeg: lowest JPEG quality the picture went through, 1-100.
        cast: colour cast of the light, as the shift of a mid grey in CIELAB's a*b* plane.
    """

    extent: float
    share: float
    offset: float
    blur: float
    luma: float
    clipped: float
    shading: float
    pixels: float
    jpeg: float
    cast: float = 0.0


MEASURES: Final = tuple(Measures.__dataclass_fields__)


@dataclass(frozen=True)
class Scene:
    """A photograph to start from.

    Attributes:
        rgb: uint8, H x W x 3.
        mask: bool, H x W, the lesion; or None. Where there is none, ``box`` stands for it.
        box: (x0, y0, x1, y1) of the lesion in pixels; None when the picture has no lesion.
        subject: bool, H x W: what the light is measured on; None means the lesion's box or the whole frame.
        pixels: effective pixels across the short side as it comes.
        guessed: the box is a guess (a photograph that its lesion fills): it says little about framing.
    """

    rgb: np.ndarray
    mask: np.ndarray | None
    box: tuple[float, float, float, float] | None
    subject: np.ndarray | None
    pixels: float
    guessed: bool = False


@dataclass(frozen=True)
class Shot:
    """A photograph taken: uint8 RGB, the lesion's mask in it (or None), its measures, and the lesion's box.

    The box may reach out of the picture; None without a lesion, or when its place was guessed.
    """

    rgb: np.ndarray
    mask: np.ndarray | None
    measures: Measures
    box: tuple[float, float, float, float] | None = None


def to_linear(rgb: np.ndarray) -> np.ndarray:
    """SRGB uint8 to linear light, float32 0-1."""
    return _TO_LINEAR[rgb]


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light, float32, clipped to 0-1, to sRGB uint8."""
    return _TO_SRGB[np.clip(light * np.float32(4095) + np.float32(0.5), 0, 4095).astype(np.uint16)]


_codes = np.arange(256) / 255
_TO_LINEAR: Final = np.where(_codes <= 0.04045, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
_levels = np.arange(4096) / 4095
_TO_SRGB: Final = np.round(
    255 * np.where(_levels <= 0.0031308, 12.92 * _levels, 1.055 * _levels ** (1 / 2.4) - 0.055)
).astype(np.uint8)


def box_of(mask: np.ndarray) -> tuple[float, float, float, float] | None:
    """Bounding box (x0, y0, x1, y1) of the largest connected part of a mask, or None when it is empty."""
    count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return None
    x, y, w, h, _area = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
    return float(x), float(y), float(x + w), float(y + h)


def scene_of(rgb: np.ndarray, mask: np.ndarray | None, *, pixels: float | None = None) -> Scene:
    """A scene from a picture and the mask of its lesion (None or empty: no lesion)."""
    box = box_of(mask) if mask is not None else None
    return Scene(
        rgb=rgb,
        mask=mask if box is not None else None,
        box=box,
        subject=None,
        pixels=float(min(rgb.shape[:2])) if pixels is None else pixels,
    )


# ---------------------------------------------------------------- lens and shake


def disc_kernel(sigma: float) -> np.ndarray:
    """Defocus disc whose Gaussian-equivalent deviation is ``sigma`` pixels (its radius is twice that)."""
    radius = 2 * sigma
    half = int(np.ceil(radius)) + 1
    ys, xs = np.mgrid[-half : half + 1, -half : half + 1]
    disc = np.clip(radius + 0.5 - np.hypot(xs, ys), 0, 1)
    return (disc / disc.sum()).astype(np.float32)


def motion_kernel(sigma: float, rng: Rng) -> np.ndarray:
    """Path of a shaking hand, curved, scaled so that its root mean square spread per axis is ``sigma``."""
    steps = 64
    turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, rng.uniform(0.0, 0.12), steps))
    speed = np.clip(1 + 0.3 * np.cumsum(rng.normal(0, 0.15, steps)), 0.2, 3)
    path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)]) * speed, axis=1)
    path -= path.mean(axis=1, keepdims=True)
    path *= sigma / np.sqrt((path**2).sum(0).mean() / 2)
    half = int(np.ceil(np.abs(path).max())) + 2
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    dense = np.stack([np.interp(np.linspace(0, steps - 1, 600), np.arange(steps), axis) for axis in path])
    low = np.floor(dense).astype(int)
    part = dense - low
    for dx, wx in ((0, 1 - part[0]), (1, part[0])):
        for dy, wy in ((0, 1 - part[1]), (1, part[1])):
            np.add.at(kernel, (low[1] + dy + half, low[0] + dx + half), wx * wy)
    return kernel / kernel.sum()


def _convolve(light: np.ndarray, make: str, sigma: float, rng: Rng) -> np.ndarray:
    if sigma < 0.15:
        return light
    height, width = light.shape[:2]
    # A wide blur leaves nothing that needs full resolution.
    step = 2 if sigma > 5 else 1
    small = light if step == 1 else cv2.resize(light, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    kernel = motion_kernel(sigma / step, rng) if make == "motion" else disc_kernel(sigma / step)
    blurred = cv2.filter2D(small, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return blurred if step == 1 else cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)


def _matte(mask: np.ndarray, grow: float, soft: float) -> np.ndarray:
    """Mask grown by ``grow`` and softened over ``soft`` pixels: float32 0-1."""
    size = max(1, round(grow))
    grown = cv2.dilate(
        mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1,) * 2)
    )
    return cv2.GaussianBlur(grown.astype(np.float32), (0, 0), max(soft, 0.5))


# ---------------------------------------------------------------- light


def _shadow_field(
    height: int, width: int, box: tuple[float, float, float, float], ratio: float, rng: Rng
) -> np.ndarray:
    """Light field with one hard-edged shadow across ``box``: 1 in the light, 1 / ratio in the shade."""
    cx = rng.uniform(0.3, 0.7) * (box[2] - box[0]) + box[0]
    cy = rng.uniform(0.3, 0.7) * (box[3] - box[1]) + box[1]
    angle = rng.uniform(0, 2 * np.pi)
    ys = np.arange(height, dtype=np.float32)[:, None] - np.float32(cy)
    xs = np.arange(width, dtype=np.float32)[None, :] - np.float32(cx)
    short = float(min(height, width))
    along = ys * np.float32(np.cos(angle)) - xs * np.float32(np.sin(angle))
    edge = xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))
    # The edge of a hand, a head or a phone is bent, now and then with fingers.
    edge = edge + np.float32(rng.normal(0, 0.25) / short) * along * along
    if rng.random() < 0.4:
        edge = edge + np.float32(0.08 * short) * np.sin(
            along / np.float32(0.07 * short) + np.float32(rng.uniform(0, 6))
        )
    penumbra = np.float32(short * rng.uniform(0.008, 0.05))
    lit = np.clip(edge / penumbra + 0.5, 0, 1)
    lit = lit * lit * (3 - 2 * lit)
    return (1 / ratio + (1 - 1 / ratio) * lit).astype(np.float32)


def _subject(scene: Scene, height: int, width: int) -> np.ndarray:
    """Where light is measured: the given subject, else an ellipse about the box, else the frame."""
    if scene.subject is not None and scene.subject.sum() > 30:
        return scene.subject
    out = np.zeros((height, width), np.uint8)
    if scene.box is not None:
        x0, y0, x1, y1 = scene.box
        centre = (round((x0 + x1) / 2), round((y0 + y1) / 2))
        # The skin around a lesion counts as well as the lesion.
        axes = (max(3, round((x1 - x0) * 0.6)), max(3, round((y1 - y0) * 0.6)))
        cv2.ellipse(out, centre, axes, 0, 0, 360, 1, -1)
    return out.astype(bool) if out.any() else np.ones((height, width), bool)


def _median(light: np.ndarray, subject: np.ndarray) -> float:
    values = (light[::2, ::2] @ LUMA)[subject[::2, ::2]]
    if values.size < 8:
        values = (light @ LUMA)[subject]
    return float(np.median(values)) if values.size else 0.2


def _encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _decode(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _relight(
    light: np.ndarray, scene: Scene, subject: np.ndarray, mode: str, severity: float, rng: Rng
) -> tuple[np.ndarray, float]:
    """Apply one fault of light; returns the light and the shading ratio it put across the subject."""
    height, width = light.shape[:2]
    now = _encode(_median(light, subject))
    box = scene.box or (0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height)
    if mode == "dark":
        target = now + severity * (0.025 - now)
        return light * np.float32(_decode(target) / max(_decode(now), 1e-4)), 1.0
    if mode == "bright":
        target = now + severity * (1.25 - now)
        return light * np.float32(_decode(target) / max(_decode(now), 1e-4)), 1.0
    if mode == "shadow":
        ratio = float(1.2 * (12 / 1.2) ** severity)
        field = _shadow_field(height, width, box, ratio, rng)
        inside = field[subject]
        low, high = np.quantile(inside, [0.06, 0.94])
        # Exposure settles between the lit and the shaded part.
        gain = float(np.sqrt(ratio)) ** rng.uniform(0.0, 0.7)
        return light * (field * np.float32(gain))[..., None], float(high / low)
    if mode == "backlight":
        ratio = float(1.2 * (14 / 1.2) ** severity)
        cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        angle = rng.uniform(0, 2 * np.pi)
        ys = (np.arange(height, dtype=np.float32)[:, None] - np.float32(cy)) / np.float32(height)
        xs = (np.arange(width, dtype=np.float32)[None, :] - np.float32(cx)) / np.float32(width)
        side = xs * np.float32(np.cos(angle)) + ys * np.float32(np.sin(angle))
        reach = np.hypot(xs, ys) * np.float32(rng.uniform(0.1, 0.5)) + np.maximum(side + 0.1, 0)
        behind = np.clip((reach - 0.1) / 0.5, 0, 1)
        behind = behind * behind * (3 - 2 * behind)
        field = np.exp(np.float32(np.log(ratio)) * (behind - np.float32(0.72)))
        veil = np.float32(0.018 * severity * rng.uniform(0.3, 1.5))
        low, high = np.quantile(field[subject], [0.06, 0.94])
        return light * field[..., None] + veil, float(high / low)
    # Glare: lamp or flash mirrored by the subject, where it bulges and is smooth.
    luma = light @ LUMA
    grain = cv2.GaussianBlur(luma, (0, 0), max(1.0, 0.004 * max(height, width)))
    spots = np.zeros((height, width), np.float32)
    short = float(min(height, width))
    size = float(np.clip(max(box[2] - box[0], box[3] - box[1]), 0.15 * short, 0.5 * short))
    for _index in range(int(rng.integers(1, 4))):
        x = rng.uniform(box[0] + 0.2 * (box[2] - box[0]), box[2] - 0.2 * (box[2] - box[0]))
        y = rng.uniform(box[1] + 0.2 * (box[3] - box[1]), box[3] - 0.2 * (box[3] - box[1]))
        axes = size * rng.uniform(0.12, 0.32, 2) * (0.35 + 1.0 * severity)
        blob = np.zeros((height, width), np.float32)
        cv2.ellipse(
            blob,
            (round(x), round(y)),
            (max(1, round(axes[0])), max(1, round(axes[1]))),
            rng.uniform(0, 180),
            0,
            360,
            1.0,
            -1,
        )
        spots = np.maximum(spots, cv2.GaussianBlur(blob, (0, 0), float(max(1.0, axes.mean() * 0.45))))
    strength = np.float32(0.12 + 2.2 * severity**1.5)
    rough = np.clip(luma / np.maximum(grain, 1e-3), 0.3, 2.2) ** 2
    shine = spots * rough * strength
    return light + shine[..., None] * np.array([1.0, 0.98, 0.95], np.float32), 1.0


# ---------------------------------------------------------------- window on the scene


def window(
    scene: Scene, x0: float, y0: float, x1: float, y1: float, size: tuple[int, int]
) -> tuple[Scene, float, float, float]:
    """Cut a window out of a scene and show it at ``size`` (height, width); the window lies inside the scene.

    Returns:
        the new scene, and the lesion's extent / short side, share in frame and offset / short side (nan: no
        lesion).
    """
    height, width = size
    full_h, full_w = scene.rgb.shape[:2]
    sx, sy = width / (x1 - x0), height / (y1 - y0)
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, low = min(full_w, int(np.ceil(x1))), min(full_h, int(np.ceil(y1)))
    part = scene.rgb[top:low, left:right]
    shrinking = sx < 1
    rgb = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)

    def cut(mask: np.ndarray | None) -> np.ndarray | None:
        if mask is None:
            return None
        piece = mask[top:low, left:right].astype(np.uint8)
        return (
            cv2.resize(
                piece, (width, height), interpolation=cv2.INTER_LINEAR if shrinking else cv2.INTER_NEAREST
            )
            > 0
        )

    box = None
    extent = share = offset = float("nan")
    if scene.box is not None:
        bx0, by0, bx1, by1 = scene.box
        box = ((bx0 - x0) * sx, (by0 - y0) * sy, (bx1 - x0) * sx, (by1 - y0) * sy)
        short = min(x1 - x0, y1 - y0)
        extent = max(bx1 - bx0, by1 - by0) / short
        offset = float(np.hypot((bx0 + bx1 - x0 - x1) / 2, (by0 + by1 - y0 - y1) / 2)) / short
        if scene.mask is not None:
            # Of the main lesion: others far away in the scene are not what the picture is of.
            main = scene.mask[int(by0) : int(np.ceil(by1)), int(bx0) : int(np.ceil(bx1))]
            a, b = max(0, top - int(by0)), max(0, left - int(bx0))
            c, d = max(0, low - int(by0)), max(0, right - int(bx0))
            share = float(main[a:c, b:d].sum() / max(1, main.sum()))
        else:
            share = _ellipse_share(scene.box, (x0, y0, x1, y1))
    pixels = scene.pixels * min(x1 - x0, y1 - y0) / min(full_h, full_w)
    pixels = min(pixels, min(height, width))
    out = Scene(rgb, cut(scene.mask), box, cut(scene.subject), pixels, scene.guessed)
    return out, extent, share, offset


def _ellipse_share(box: tuple[float, ...], frame: tuple[float, ...]) -> float:
    """Share of the ellipse in ``box`` that lies inside ``frame``."""
    t = np.linspace(-1, 1, 41)
    xs, ys = np.meshgrid(t, t)
    inside = xs**2 + ys**2 <= 1
    px = (box[0] + box[2]) / 2 + xs * (box[2] - box[0]) / 2
    py = (box[1] + box[3]) / 2 + ys * (box[3] - box[1]) / 2
    seen = (px >= frame[0]) & (px <= frame[2]) & (py >= frame[1]) & (py <= frame[3])
    return float((seen & inside).sum() / inside.sum())


# No one photographs skin with less of it than this in the frame.
_ENOUGH_SKIN: Final = 0.25


def _seen(subject: np.ndarray, x0: float, y0: float, w: float, h: float) -> float:
    """Share of a window that the subject fills."""
    return float(subject[int(y0) : int(y0 + h), int(x0) : int(x0 + w)][::4, ::4].mean())


def choose_window(
    scene: Scene,
    rng: Rng,
    aspect: float,
    *,
    away: float | None = None,
    shift: float | None = None,
    near: float | None = None,
) -> tuple[float, float, float, float]:
    """Pick the window that a photographer would have framed.

    Args:
        aspect: width / height of the frame.
        away: severity of too_far_away, or None; the window grows around the lesion as far as the scene
        allows.
        shift: severity of bad_framing, or None; the window slides off the lesion.
        near: severity of bad_framing, or None; the lesion runs out of the window on all sides.

    Returns:
        x0, y0, x1, y1 in pixels of the scene, inside it.
    """
    height, width = scene.rgb.shape[:2]
    most_w = min(width, height * aspect)
    if scene.box is None or (scene.guessed and shift is None and near is None):
        fullest = (-1.0, 0.0, 0.0, 0.0, 0.0)
        for _try in range(12):
            w = most_w * rng.uniform(0.82, 1.0)
            h = w / aspect
            x0, y0 = rng.uniform(0, width - w), rng.uniform(0, height - h)
            seen = 1.0 if scene.subject is None else _seen(scene.subject, x0, y0, w, h)
            fullest = max(fullest, (min(seen, _ENOUGH_SKIN), x0, y0, w, h))
            if seen >= _ENOUGH_SKIN:
                break
        _seen_share, x0, y0, w, h = fullest
        return x0, y0, x0 + w, y0 + h
    bx0, by0, bx1, by1 = scene.box
    long = max(bx1 - bx0, by1 - by0)
    cx, cy = (bx0 + bx1) / 2, (by0 + by1) / 2
    short_share = min(1.0, 1 / aspect)
    least = long / (most_w * short_share)
    best = (1e9, 0.0, 0.0, most_w)
    # Going closer costs pixels; a good photographer has them to spare, so most windows keep enough.
    finest = min(1.0, 320 / scene.pixels) if rng.random() < 0.85 else 0.25
    # The scene's edge may be in the way: of several sizes and directions take what comes nearest to what
    # was asked for.
    for _try in range(1 if shift is None else 24):
        if away is not None:
            extent = 0.26 * (0.022 / 0.26) ** away
        else:
            extent = float(np.exp(rng.uniform(np.log(0.20), np.log(0.62))))
        if shift is not None:
            extent = float(rng.uniform(max(0.24, min(least, 0.6)), max(0.7, 1.25 * least)))
        if near is not None:
            extent, finest = 1.15 + 1.1 * near, 0.1
        w = float(np.clip(long / extent / short_share, finest * most_w, most_w))
        h = w / aspect
        short = min(w, h)
        off = (abs(rng.normal(0, 0.06)) if shift is None else 0.16 + 0.48 * shift) * short
        angle = rng.uniform(0, 2 * np.pi)
        x0 = float(np.clip(cx + off * np.cos(angle) - w / 2, 0, max(0.0, width - w)))
        y0 = float(np.clip(cy + off * np.sin(angle) - h / 2, 0, max(0.0, height - h)))
        got = float(np.hypot(x0 + w / 2 - cx, y0 + h / 2 - cy))
        best = min(best, (abs(got - off) / short, x0, y0, w))
    _miss, x0, y0, w = best
    return x0, y0, x0 + w, y0 + w / aspect


# ---------------------------------------------------------------- the camera


def _lose_pixels(rgb: np.ndarray, pixels: float, rng: Rng) -> np.ndarray:
    """Shrink so that ``pixels`` remain across the short side, and enlarge again, as apps do."""
    height, width = rgb.shape[:2]
    scale = pixels / min(height, width)
    if scale >= 1:
        return rgb
    down = rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA])
    up = rng.choice(
        [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST, cv2.INTER_LANCZOS4], p=[0.4, 0.3, 0.1, 0.2]
    )
    small = cv2.resize(
        rgb, (max(4, round(width * scale)), max(4, round(height * scale))), interpolation=int(down)
    )
    if rng.random() < 0.5:
        small = jpeg(small, int(rng.integers(60, 95)))
    return cv2.resize(small, (width, height), interpolation=int(up))


def jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    """Through JPEG and back."""
    _done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return decoded[..., ::-1]


@dataclass(frozen=True)
class Plan:
    """What goes wrong: per explanation a mode and a severity (0-1)."""

    faults: Mapping[str, tuple[str, float]]


def take(
    scene: Scene,
    plan: Plan,
    rng: Rng,
    *,
    long_side: int = 640,
    mild: bool = True,
    smoothed: float = 0.0,
) -> Shot:
    """Photograph a scene, with the faults of a plan.

    Args:
        long_side: of the picture that comes out, in pixels.
        mild: whether the camera's everyday imperfections (slight blur, cast, noise, JPEG) are drawn at
        random too.
            False takes the scene in its own frame and adds nothing but the faults.
        smoothed: how often (0-1) the camera smooths what it takes for noise, edges kept, as many phones do.
    """
    faults = dict(plan.faults)
    away, framing = faults.get("too_far_away"), faults.get("bad_framing")
    height, width = scene.rgb.shape[:2]
    if mild:
        aspect = float(rng.choice([4 / 3, 3 / 4, 1.0, 16 / 9, 9 / 16], p=[0.38, 0.34, 0.12, 0.08, 0.08]))
        aspect *= float(np.exp(rng.normal(0, 0.04)))
    else:
        aspect = width / height
    if mild or away or framing:
        mode, severity = framing or ("", 0.0)
        frame = choose_window(
            scene,
            rng,
            aspect,
            away=away[1] if away else None,
            shift=severity if mode == "shift" else None,
            near=severity if mode == "near" else None,
        )
    else:
        frame = (0.0, 0.0, float(width), float(height))
    size = (
        (long_side, max(32, round(long_side * aspect)))
        if aspect < 1
        else (max(32, round(long_side / aspect)), long_side)
    )
    view, extent, share, offset = window(scene, *frame, size)
    if scene.guessed and framing is None:
        share, offset = 1.0, min(offset, 0.1)
    height, width = size
    long = float(max(size))
    if mild:
        if rng.random() < 0.5:
            view = _flip(view)
        subject = _subject(view, height, width)
    else:
        subject = _subject(view, height, width)
    light = to_linear(view.rgb)

    # Light as found: exposure of a good photo wanders a little.
    shading, tint = 1.15, np.zeros(3)
    if mild:
        now = _encode(_median(light, subject))
        wanted = float(np.clip(now + rng.normal(0, 0.06), 0.02, 0.92))
        if now < 0.30 and "bad_light" not in faults and rng.random() < 0.6:
            wanted = float(rng.uniform(0.32, 0.5))  # a camera would have lifted it
        light = light * np.float32(_decode(wanted) / max(_decode(now), 1e-4))
        tint += np.array([1, 0, 1]) * rng.normal(0, 0.05, 3)
    dark = False
    if faults.get("bad_light", ("", 0))[0] == "cast":
        # Lamps are warm, shade is cool, walls and foliage colour the rest.
        hue = np.array(_LAMPS[int(rng.choice(len(_LAMPS), p=_LAMP_SHARES))]) + rng.normal(0, 0.1, 3)
        tint += hue * 1.35 * faults["bad_light"][1]
    gains = np.exp(tint).astype(np.float32)
    gains /= gains @ LUMA
    light = light * gains
    if "bad_light" in faults and faults["bad_light"][0] != "cast":
        mode, severity = faults["bad_light"]
        light, more = _relight(light, view, subject, mode, severity, rng)
        shading *= more
        dark = mode in ("dark", "backlight")

    # Lens and shake.
    blur = float(abs(rng.normal(0, 0.10))) if mild else 0.0
    light = _convolve(light, "defocus", blur / 100 * long, rng)
    if "blurry" in faults:
        mode, severity = faults["blurry"]
        sigma = 0.14 * (2.8 / 0.14) ** severity
        soft = _convolve(light, "motion" if mode == "motion" else "defocus", sigma / 100 * long, rng)
        if mode == "lesion_only" and view.box is not None:
            inside = _lesion_matte(view, height, width)
            light = light + inside[..., None] * (soft - light)
        else:
            light = soft
        blur = float(np.hypot(blur, sigma))
    elif mild and view.box is not None and rng.random() < 0.10:
        # Shallow depth of field: all but the lesion is soft, and that is fine.
        soft = _convolve(light, "defocus", rng.uniform(0.3, 1.6) / 100 * long, rng)
        light = soft + _lesion_matte(view, height, width)[..., None] * (light - soft)

    # Sensor.
    if mild or dark:
        electrons = float(np.exp(rng.uniform(np.log(900), np.log(9000))))
        if dark:
            electrons *= float(1 - 0.85 * faults["bad_light"][1])
        # Grain is mostly of brightness; its colours are coarser, as after demosaicing.
        noise = rng.standard_normal((height, width, 1), np.float32) * np.float32(0.8)
        colours = rng.standard_normal((height // 2 + 1, width // 2 + 1, 3), np.float32)
        noise = noise + cv2.resize(colours, (width, height), interpolation=cv2.INTER_NEAREST) * np.float32(
            0.6
        )
        if rng.random() < 0.5:  # denoised in the camera
            noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * np.float32(1.6)
        noise = _grain(noise, view.pixels / min(height, width))
        read = np.float32((rng.uniform(2, 9) / electrons) ** 2)
        light = light + noise * np.sqrt(np.maximum(light, 0) / np.float32(electrons) + read)
    rgb = to_srgb(light)
    if mild and rng.random() < smoothed:
        rgb = cv2.bilateralFilter(rgb, 5, float(rng.uniform(8, 28)), float(rng.uniform(1.5, 3.5)))

    seen = rgb[::2, ::2][subject[::2, ::2]] if subject.sum() > 4000 else rgb[subject]
    luma = seen @ LUMA / 255
    white = (seen >= 250).sum(1) >= 2
    pixels, quality = view.pixels, 95
    if "low_resolution" in faults:
        mode, severity = faults["low_resolution"]
        if mode == "pixels":
            left = 340 * (26 / 340) ** severity
            rgb = _lose_pixels(rgb, left, rng)
            # Two losses in a row act like blurs: their widths add in squares.
            pixels = float(1 / np.hypot(1 / left, 0.6 / pixels)) if left < pixels else pixels
        else:
            quality = round(48 * (4 / 48) ** severity)
    if quality == 95 and mild:
        quality = int(rng.integers(58, 97))
    rgb = jpeg(rgb, quality) if mild or quality < 95 else rgb
    return Shot(
        rgb=np.ascontiguousarray(rgb),
        mask=view.mask,
        measures=Measures(
            extent=float(extent),
            share=float(share),
            offset=float(offset),
            blur=blur,
            luma=float(np.median(luma)),
            clipped=float(white.mean()),
            shading=float(shading),
            pixels=float(pixels),
            jpeg=float(quality),
            cast=_cast(gains),
        ),
        box=None if scene.guessed else view.box,
    )


def _grain(noise: np.ndarray, scale: float) -> np.ndarray:
    """Noise (float32, H x W x 3) as coarse as a picture that was enlarged from ``scale`` of its size.

    A small photograph that is shown large brings its own grain; fresh noise on every pixel would hide that
    detail is missing.
    """
    if scale > 0.95:
        return noise
    height, width = noise.shape[:2]
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    small = cv2.resize(noise, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return coarse * np.float32(noise.std() / max(float(coarse.std()), 1e-6))


def _cast(gains: np.ndarray) -> float:
    """How far gains (float32, RGB, linear light) move a mid grey in the a*b* plane of CIELAB."""
    grey = np.clip(gains * np.float32(0.2), 0, 1)[None, None]
    _lightness, a, b = cv2.cvtColor(grey, cv2.COLOR_LRGB2LAB)[0, 0]
    return float(np.hypot(a, b))


def _lesion_matte(view: Scene, height: int, width: int) -> np.ndarray:
    assert view.box is not None
    x0, y0, x1, y1 = view.box
    size = max(x1 - x0, y1 - y0)
    if view.mask is not None and view.mask.any():
        return _matte(view.mask, 0.15 * size, 0.10 * size)
    flat = np.zeros((height, width), np.uint8)
    axes = (max(2, round((x1 - x0) / 2)), max(2, round((y1 - y0) / 2)))
    cv2.ellipse(flat, (round((x0 + x1) / 2), round((y0 + y1) / 2)), axes, 0, 0, 360, 1, -1)
    return _matte(flat, 0.05 * size, 0.12 * size)


def _flip(view: Scene) -> Scene:
    """Mirror a scene left to right."""
    width = view.rgb.shape[1]

    def mirror(array: np.ndarray | None) -> np.ndarray | None:
        return None if array is None else np.ascontiguousarray(array[:, ::-1])

    box = None if view.box is None else (width - view.box[2], view.box[1], width - view.box[0], view.box[3])
    return replace(
        view,
        rgb=np.ascontiguousarray(view.rgb[:, ::-1]),
        mask=mirror(view.mask),
        subject=mirror(view.subject),
        box=box,
    )


def worsen(
    rgb: np.ndarray, mask: np.ndarray | None, fault: str, severity: float, rng: Rng, mode: str | None = None
) -> np.ndarray:
    """Make one picture worse by one fault and leave everything else as it is.

    Args:
        rgb: uint8, H x W x 3.
        mask: bool, H x W, the lesion; None or empty for none.
        fault: one of the five explanations.
        severity: 0 (hardly) to 1 (hopeless).
        mode: one of ``MODES[fault]``; drawn at random when None.

    Returns:
        uint8, of about the size that came (distance and framing cut a window and show it at that size).

    Raises:
        ValueError: an unknown fault or mode; or distance or framing asked for with no lesion to go by.
    """
    if fault not in EXPLANATIONS:
        raise ValueError(f"unknown fault: {fault}")
    chosen = mode or str(rng.choice(MODES[fault]))
    if chosen not in MODES[fault]:
        raise ValueError(f"unknown mode of {fault}: {chosen}")
    scene = scene_of(rgb, mask)
    if fault in ("bad_framing", "too_far_away") and scene.box is None:
        raise ValueError(f"{fault} needs the mask of a lesion")
    plan = Plan({fault: (chosen, float(severity))})
    return take(scene, plan, rng, long_side=max(rgb.shape[:2]), mild=False).rgb
