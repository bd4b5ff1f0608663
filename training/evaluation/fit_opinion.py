"""Fits the second opinion of an ImageQX network: ``python -m training.evaluation.fit_opinion --data DIR``.

A multinomial logistic regression over ``core.quality.second_opinion.FEATURES`` on photographs of the training
split: as they are, with the plain faults of the ladder at drawn strengths, and with the degradations that
the network was trained on. How sure it must be of a good picture is then set on other photographs, so that of
the good ones that the network passes at most two in a hundred are lost. The model of truncated lesions comes
last (``training.evaluation.fit_truncation``).
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
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
from training.evaluation.behaviour import backgrounds_of, far, ladder_paths, scenes_of
from training.evaluation.faults import FAULTS, coarse
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
# What share of the fit's weight a condition has; the others share the rest evenly. Skin without a spot and a
# spot that is too small to be seen look alike to the network: healthy skin is not to be told to move closer.
_SHARES: Final = {"ready": 0.25, "healthy_skin": 0.2, "too_far_away": 0.05}

Example = tuple[np.ndarray, str]


def examples(rows: Sequence[Row], seed: int = 5) -> Iterator[Example]:
    """Pictures (uint8 RGB) of the training split with the condition that is right for each."""
    rng = np.random.default_rng(seed)
    forbidden = ladder_paths()
    train = [row for row in rows if split_of(row) == "train" and row.path not in forbidden]
    grounds, scenes = backgrounds_of(train), scenes_of(train)
    for row in _some(train, "lesion", _LESIONS_A_SOURCE, rng):
        if not large_lesion(row):
            continue
        scene = scene_from_row(row)
        assert scene.box is not None
        box: Box = scene.box
        yield scene.rgb, "ready"
        seen = eye_box(row)
        # Where many spots lie all over, no frame cuts the lesion and none holds it alone.
        spread = seen is not None and seen.spread
        names = [name for name in FAULTS if name not in ("near", "cut")] if spread else [*FAULTS, "far"]
        for name in rng.choice(names, min(_FAULTS_A_PHOTO, len(names)), replace=False):
            if name == "far":
                yield far(scene.rgb, box, grounds, rng, float(rng.uniform(0.03, 0.085))), "too_far_away"
            else:
                yield FAULTS[name](scene.rgb, box, rng, _strength(rng, name)), coarse(name)
    for row in _some(train, "healthy_skin", _OTHERS_A_SOURCE, rng):
        scene = scene_from_row(row)
        middle = (0.3 * row.width, 0.3 * row.height, 0.7 * row.width, 0.7 * row.height)
        yield scene.rgb, "healthy_skin"
        if min(row.width, row.height) >= LARGE:
            name = str(rng.choice(_WITHOUT_LESION))
            yield FAULTS[name](scene.rgb, middle, rng, _strength(rng, name)), coarse(name)
    for row in _some(scenes, "no_skin", _OTHERS_A_SOURCE, rng):
        scene = scene_from_row(row)
        yield scene.rgb, "no_skin"
        # What cannot be seen for want of light may be skin: light comes first.
        name = str(rng.choice(["defocus", "motion", "dark"]))
        worse = FAULTS[name](scene.rgb, (0.0, 0.0, 1.0, 1.0), rng, _strength(rng, name))
        yield worse, "bad_light" if name == "dark" else "no_skin"
    yield from _degraded(rows, seed)


def _strength(rng: np.random.Generator, fault: str) -> float:
    low, high = np.log(_STRENGTHS)
    # The dark goes much further than the ladder: to a tenth of the levels, a hundredth of the light.
    return float(np.exp(rng.uniform(low, np.log(12) if fault == "dark" else high)))


def _some(rows: Sequence[Row], group: str, most: int, rng: np.random.Generator) -> list[Row]:
    here = [row for row in rows if row.group == group]
    return at_most((here[int(place)] for place in rng.permutation(len(here))), lambda row: row.slug, most)


def _degraded(rows: Sequence[Row], seed: int) -> Iterator[Example]:
    """Samples as the network was trained on, by what most raters of the panel gave as the reason."""
    material, panel = material_of(list(rows), "train"), Panel(seed)
    forbidden = {row.split_key for row in rows if row.path in ladder_paths()}
    for number in range(_DEGRADED):
        made = sample(number, "train", material, panel, seed)
        if made.split_key in forbidden:
            continue
        label = QUALITY_CLASSES[int(np.argmax(made.quality_votes))]
        given = np.asarray(made.explanation_votes)
        if label == "poor_quality":
            if given.any():
                yield made.shot.rgb, EXPLANATIONS[int(given.argmax())]
        elif 2 * given.max() <= np.sum(made.quality_votes):
            yield made.shot.rgb, "ready" if label == "lesion" else label


def fit(given: np.ndarray, conditions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Weights (conditions x features) and bias (conditions) of the logistic model, for features as they come.

    Args:
        given: float, N x features.
        conditions: the right condition of each, N.

    Raises:
        DataError: a condition has no example.
    """
    right = np.array([CONDITIONS.index(name) for name in conditions])
    counts = np.bincount(right, minlength=len(CONDITIONS))
    if not counts.all():
        message = _("The data folder has no photographs for {name}.")
        raise DataError(message.format(name=CONDITIONS[int(counts.argmin())]))
    rest = (1 - sum(_SHARES.values())) / (len(CONDITIONS) - len(_SHARES))
    shares = np.array([_SHARES.get(name, rest) for name in CONDITIONS])
    return fit_logistic(given, right, (shares / counts * len(right))[right])


def least_good(opinion: Opinion, passed: Sequence[Judged], rule: PassRule) -> float:
    """How sure the opinion must be of a good picture.

    Of these pictures, good ones that the network alone passes, at most ``LOST`` may be refused.
    """
    found = [(one.verdict, chances(one.given, opinion.weights, opinion.bias)) for one in passed]
    best = 0.0
    for level in np.linspace(0, 0.9, 91):
        lost = sum(not revised(verdict, rule, each, float(level)).passes for verdict, each in found)
        if lost > LOST * len(found):
            break
        best = float(level)
    return round(best, 2)


def fitted(assessor: ImageQX, sha256: str, rows: Sequence[Row]) -> Opinion:
    """The second opinion for a network, fitted and set on these photographs."""
    pictures, conditions = [], []
    for number, (rgb, name) in enumerate(examples(rows), start=1):
        pictures.append(assessor.opinion_features(rgb))
        conditions.append(name)
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number}", end="", file=sys.stderr, flush=True)
    weights, bias = fit(np.array(pictures), conditions)
    opinion = Opinion(
        features=FEATURES,
        conditions=CONDITIONS,
        weights=tuple(tuple(round(float(value), 5) for value in row) for row in weights),
        bias=tuple(round(float(value), 5) for value in bias),
        least_good=0.0,
    )
    rule = replace(assessor.rule(), second_opinion=True)
    good = list(judged(assessor, rows, rule))
    passed = [one for one in good if one.verdict.passes]
    opinion = opinion.model_copy(update={"least_good": least_good(opinion, passed, rule)})
    as_they_are = [given for given, name in zip(pictures, conditions, strict=True) if name == "ready"]
    truncation, cut = fit_truncation.fitted(assessor, opinion, rows, as_they_are, good, rule)
    provenance = {
        "network": sha256,
        "examples": dict(Counter(conditions).most_common()),
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
