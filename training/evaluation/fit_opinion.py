"""Fits the second opinion of an ImageQX network: ``python -m training.evaluation.fit_opinion --data DIR``.

A multinomial logistic regression over ``core.quality.second_opinion.FEATURES`` on photographs of the training
split: as they are, with the plain faults of the ladder at drawn strengths, and with the degradations that
the network was trained on, each as a photo and as a frame of a video. It tells kinds of picture apart
(``KINDS``); the chances of the kinds of one condition add up. How sure it must be of a good picture is then
set on other photographs, so that of the good ones that the network passes at most two in a hundred are lost.
The model of truncated lesions comes last (``training.evaluation.fit_truncation``).
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from core.i18n import _
from core.quality.imageqx import ImageQX
from core.quality.labels import CONDITIONS, EXPLANATIONS, QUALITY_CLASSES
from core.quality.second_opinion import FEATURES, chances, revised
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR, Opinion, WeightsError, load_manifest, save_entry
from training.data.boxes import eye_box
from training.data.imageqx_data import material_of, sample, scene_from_row
from training.data.panel import Panel
from training.data.sources import Box, DataError, Row, at_most, read_manifest
from training.data.splits import split_of
from training.evaluation import fit_truncation
from training.evaluation.behaviour import backgrounds_of, far, ladder_paths, scenes_of, video_frame
from training.evaluation.faults import FAULTS, LOSSES, coarse, without_detail
from training.evaluation.good_pictures import LARGE, Judged, judged, large_lesion
from training.evaluation.logistic import fit_logistic

LOST: Final = 0.02
"""Share of good photographs that pass the network which the opinion may refuse."""
_LESIONS_A_SOURCE, _OTHERS_A_SOURCE = 70, 30
_FAULTS_A_PHOTO: Final = 4
_DEGRADED: Final = 900
# Plain faults on skin without a lesion; the others need one.
_WITHOUT_LESION: Final = ("defocus", "motion", "dark", "bright", "shadow", "low_resolution")
_STRENGTHS: Final = (0.6, 1.7)
_LOOSENESS: Final = 1.0
# What share of the fit's weight a condition has, spread evenly over its kinds; the others share the rest
# evenly. Skin without a spot and a spot that is too small to be seen look alike to the network: healthy skin
# is not to be told to move closer.
_SHARES: Final = {"ready": 0.25, "healthy_skin": 0.25, "too_far_away": 0.05}
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
"""The kinds of picture that the model tells apart, each with its condition: a lesion that the frame cuts and
one that fills it have too little in common for one row of weights."""

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
    """A picture to fit on: uint8 RGB, one of ``KINDS``, and whether it is a sample as the network had."""

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
    """Pictures of the training split, each of a kind."""
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
    yield from _degraded(rows, seed)


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
    return at_most((here[int(place)] for place in rng.permutation(len(here))), lambda row: row.slug, most)


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


def fit(given: np.ndarray, kinds: Sequence[str], weights: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Weights (kinds x features) and bias (kinds) of the logistic model, for features as they come.

    Args:
        given: float, N x features.
        kinds: which of ``KINDS`` each is, N.
        weights: how much each counts against others of its kind, N.

    Raises:
        DataError: a kind has no example.
    """
    names, counted = list(KINDS), np.asarray(weights, float)
    right = np.array([names.index(kind) for kind in kinds])
    counts = np.bincount(right, weights=counted, minlength=len(names))
    if not counts.all():
        message = _("The data folder has no photographs for {name}.")
        raise DataError(message.format(name=names[int(counts.argmin())]))
    conditions = list(KINDS.values())
    rest = (1 - sum(_SHARES.values())) / (len(CONDITIONS) - len(_SHARES))
    shares = np.array([_SHARES.get(name, rest) / conditions.count(name) for name in conditions])
    return fit_logistic(given, right, counted * (shares / counts * len(right))[right], _LOOSENESS)


def least_good(opinion: Opinion, passed: Sequence[Judged], rule: PassRule) -> float:
    """How sure the opinion must be of a good picture.

    Of these pictures, good ones that the network alone passes, at most ``LOST`` may be refused.
    """
    weighed = (opinion.weights, opinion.bias, opinion.conditions)
    found = [(one.verdict, chances(one.given, *weighed)) for one in passed]
    best = 0.0
    for level in np.linspace(0, 0.9, 91):
        lost = sum(not revised(verdict, rule, each, float(level)).passes for verdict, each in found)
        if lost > LOST * len(found):
            break
        best = float(level)
    return round(best, 2)


def fitted(assessor: ImageQX, sha256: str, rows: Sequence[Row]) -> Opinion:
    """The second opinion for a network, fitted and set on these photographs."""
    shown, given = [], []
    camera = np.random.default_rng(2)
    for number, example in enumerate(examples(rows), start=1):
        # Noise and compression hide what is lost: the model has to know a photo and a frame of a video.
        for rgb in (example.rgb, video_frame(example.rgb, camera)):
            given.append(assessor.opinion_features(rgb))
            shown.append(replace(example, rgb=np.empty(0)))
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number}", end="", file=sys.stderr, flush=True)
    read = np.array(given)
    weights, bias = fit(read[:, : len(FEATURES)], [one.kind for one in shown], [one.weight for one in shown])
    opinion = Opinion(
        features=FEATURES,
        conditions=tuple(KINDS.values()),
        weights=tuple(tuple(round(float(value), 5) for value in row) for row in weights),
        bias=tuple(round(float(value), 5) for value in bias),
        least_good=0.0,
    )
    rule = replace(assessor.rule(), second_opinion=True)
    good = list(judged(assessor, rows, rule))
    passed = [one for one in good if one.verdict.passes]
    opinion = opinion.model_copy(update={"least_good": least_good(opinion, passed, rule)})
    whole = read[[one.kind == "good" for one in shown]]
    filling = read[[one.kind == "near" and not one.degraded for one in shown]]
    truncation, cut = fit_truncation.fitted(assessor, opinion, rows, whole, filling, good, rule)
    provenance = {
        "network": sha256,
        "examples": dict(Counter(one.kind for one in shown).most_common()),
        "set_on": dict(Counter(one.kind for one in passed)),
        "lost_at_most": LOST,
        "truncation": cut,
    }
    return opinion.model_copy(update={"truncation": truncation, "provenance": provenance})


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, write it into the weights manifest, and say so; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(description="fit the second opinion of the shipped ImageQX network")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR)
    args = parser.parse_args(argv)
    try:
        rows = read_manifest(args.data)
        manifest = load_manifest(args.weights / "manifest.json")
        entry = manifest.networks["imageqx"].model_copy(update={"opinion": None})
        assessor = ImageQX(open_engine("imageqx", manifest, directory=args.weights), entry)
        opinion = fitted(assessor, entry.sha256, rows)
        save_entry("imageqx", entry.model_copy(update={"opinion": opinion}), args.weights)
    except (DataError, WeightsError) as error:
        print(error.message, file=sys.stderr)
        return 1
    assert opinion.truncation is not None
    found = f"least_good {opinion.least_good}, truncation from {opinion.truncation.threshold}"
    print(f"{found}, {opinion.provenance}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
