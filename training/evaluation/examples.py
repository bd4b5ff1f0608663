"""Pictures whose one fault is known, or that have none: what statistics and the second opinion learn from.

Photographs of the training split, as they are and with the plain faults of the ladder at random strengths
(``training.evaluation.faults``), and with the degradations that networks are trained on; and phantoms, as
they are and with the plain faults. None is a photograph of the ladder.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.synthetic.degrade import box_of
from core.synthetic.phantoms import draw
from training.data.boxes import eye_box
from training.data.imageqx_data import material_of, sample, scene_from_row
from training.data.panel import Panel
from training.data.sources import Box, Row, at_most, shuffled
from training.data.splits import split_of
from training.evaluation.behaviour import backgrounds_of, far, ladder_paths, scenes_of, video_frame
from training.evaluation.faults import FAULTS, LOSSES, coarse, without_detail
from training.evaluation.good_pictures import LARGE, large_lesion

_LESIONS_A_SOURCE, _OTHERS_A_SOURCE = 70, 30
_FAULTS_A_PHOTO: Final = 4
_DEGRADED: Final = 900
_PHANTOMS: Final = 120
_PHANTOM_SIZES: Final = ((480, 640), (720, 960), (900, 1200), (960, 720))
# Beyond those that tests and samples draw, whose numbers are small.
_FIRST_PHANTOM: Final = 100_000
# Plain faults on skin without a lesion; the others need one.
_WITHOUT_LESION: Final = ("defocus", "motion", "dark", "bright", "shadow", "low_resolution")
_STRENGTHS: Final = (0.6, 1.7)
# How much a sample as the network was trained on counts against a photograph: many are faulty only a little.
_DEGRADED_WEIGHT: Final = {"good": 0.5, "faulty": 0.3}

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "good": "ready",
        **{name: coarse(name) for name in FAULTS if name != "low_resolution"},
        **dict.fromkeys(LOSSES, "low_resolution"),
        "far": "too_far_away",
        "dark_scene": "bad_light",
        "empty": "no_skin",
        "healthy": "healthy_skin",
    }
)
"""The kinds of picture, each with its condition: a lesion that the frame cuts and one that fills it have too
little in common for one row of weights."""

# The kind of a fault that the network's samples were given, by its mode (``core.synthetic.degrade.MODES``).
_OF_MODE: Final = {
    "shift": "cut",
    "near": "near",
    "dark": "dark",
    "cast": "dark",
    "bright": "bright",
    "shadow": "shadow",
    "backlight": "shadow",
    "glare": "glare",
    "defocus": "defocus",
    "lesion_only": "defocus",
    "motion": "motion",
    "pixels": "small",
    "jpeg": "compressed",
    "away": "far",
}
_OF_CLASS: Final = {"lesion": "good", "healthy_skin": "healthy", "no_skin": "empty"}


@dataclass(frozen=True, eq=False)
class Example:
    """A picture to learn from: uint8 RGB, one of ``KINDS``, and whether it is a sample as the network had."""

    rgb: np.ndarray
    kind: str
    degraded: bool = False

    @property
    def weight(self) -> float:
        """How much it counts against others of its kind."""
        if not self.degraded:
            return 1.0
        return _DEGRADED_WEIGHT["faulty" if KINDS[self.kind] in EXPLANATIONS else "good"]


def examples(rows: Sequence[Row], seed: int = 5) -> Iterator[Example]:
    """Pictures of the training split and phantoms, each of a kind."""
    rng = np.random.default_rng(seed)
    forbidden = ladder_paths()
    train = [row for row in rows if split_of(row) == "train" and row.path not in forbidden]
    grounds, scenes = backgrounds_of(train), scenes_of(train)
    for row in _some(train, "lesion", _LESIONS_A_SOURCE, rng):
        if not large_lesion(row):
            continue
        scene = scene_from_row(row)
        assert scene.box is not None
        yield Example(scene.rgb, "good")
        seen = eye_box(row)
        # Where many spots lie all over, no frame cuts the lesion and none holds it alone.
        spread = seen is not None and seen.spread
        names = [name for name in FAULTS if name not in ("near", "cut")] if spread else [*FAULTS, "far"]
        for name in rng.choice(names, min(_FAULTS_A_PHOTO, len(names)), replace=False):
            if name == "far":
                extent = float(rng.uniform(0.03, 0.085))
                yield Example(far(scene.rgb, scene.box, grounds, rng, extent), "far")
            else:
                yield _faulty(scene.rgb, str(name), scene.box, rng)
    for row in _some(train, "healthy_skin", _OTHERS_A_SOURCE, rng):
        scene = scene_from_row(row)
        middle = (0.3 * row.width, 0.3 * row.height, 0.7 * row.width, 0.7 * row.height)
        yield Example(scene.rgb, "healthy")
        if min(row.width, row.height) >= LARGE:
            yield _faulty(scene.rgb, str(rng.choice(_WITHOUT_LESION)), middle, rng)
    for row in _some(scenes, "no_skin", _OTHERS_A_SOURCE, rng):
        scene = scene_from_row(row)
        yield Example(scene.rgb, "empty")
        # What cannot be seen for want of light may be skin: light comes first.
        worse = _faulty(scene.rgb, str(rng.choice(["defocus", "motion", "dark"])), (0.0, 0.0, 1.0, 1.0), rng)
        yield replace(worse, kind="dark_scene" if worse.kind == "dark" else "empty")
    yield from _phantoms(seed)
    yield from _degraded(rows, seed)


def photos_and_frames(of: Iterable[Example], seed: int = 2) -> Iterator[Example]:
    """Each of these as a photo and as a frame of a video.

    Noise and compression hide what is lost: what learns has to know both.
    """
    camera = np.random.default_rng(seed)
    for example in of:
        yield example
        yield replace(example, rgb=video_frame(example.rgb, camera))


def _faulty(rgb: np.ndarray, fault: str, box: Box, rng: np.random.Generator) -> Example:
    """The picture with a fault of the ladder at a drawn strength."""
    low, high = np.log(_STRENGTHS)
    # The dark goes much further than the ladder: to a tenth of the levels, a hundredth of the light.
    strength = float(np.exp(rng.uniform(low, np.log(12) if fault == "dark" else high)))
    if fault == "low_resolution":
        way = str(rng.choice(LOSSES))
        return Example(without_detail(rgb, way, strength), way)
    return Example(FAULTS[fault](rgb, box, rng, strength), fault)


def _some(rows: Sequence[Row], group: str, most: int, rng: np.random.Generator) -> list[Row]:
    here = [row for row in rows if row.group == group]
    return at_most(shuffled(here, rng), lambda row: row.slug, most)


def _phantoms(seed: int) -> Iterator[Example]:
    """Drawn lesions, as they are and with plain faults: samples, the Designer and tests show such."""
    rng = np.random.default_rng([seed, _FIRST_PHANTOM])
    for number in range(_PHANTOMS):
        size = _PHANTOM_SIZES[int(rng.integers(len(_PHANTOM_SIZES)))]
        drawn = _FIRST_PHANTOM * (1 + seed) + number
        phantom = draw("lesion", drawn, size=size, lesion_extent=float(rng.uniform(0.25, 0.5)))
        box = box_of(phantom.mask)
        assert box is not None
        yield Example(phantom.rgb, "good")
        for name in rng.choice(list(FAULTS), _FAULTS_A_PHOTO, replace=False):
            yield _faulty(phantom.rgb, str(name), box, rng)


def _degraded(rows: Sequence[Row], seed: int) -> Iterator[Example]:
    """Samples as the network was trained on, by what most raters of the panel gave as the reason.

    Those whose reason is none of the faults that were put on them are left out.
    """
    material, panel = material_of(list(rows), "train"), Panel(seed)
    forbidden = {row.split_key for row in rows if row.path in ladder_paths()}
    for number in range(_DEGRADED):
        made = sample(number, "train", material, panel, seed)
        if made.split_key in forbidden:
            continue
        label = QUALITY_CLASSES[int(np.argmax(made.quality_votes))]
        given = np.asarray(made.explanation_votes)
        if label != "poor_quality":
            if 2 * given.max() <= np.sum(made.quality_votes):
                yield Example(made.shot.rgb, _OF_CLASS[label], degraded=True)
        elif given.any():
            put = made.plan.faults.get(EXPLANATIONS[int(given.argmax())])
            if put is not None:
                yield Example(made.shot.rgb, _OF_MODE[put[0]], degraded=True)
