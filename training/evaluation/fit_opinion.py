"""Fits the second opinion of an ImageQX network: ``python -m training.evaluation.fit_opinion --data DIR``.

A multinomial logistic regression over ``core.quality.second_opinion.FEATURES`` on photographs of the
training split with known faults (``training.evaluation.examples``), each as a photo and as a frame of a
video. It tells kinds of picture apart; the chances of the kinds of one condition add up. How sure it must be
of a good picture is then set on other photographs, so that of the good ones that the network passes at most
two in a hundred are lost. So is, last, how sure the network's framing must be that the frame cuts a lesion.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.quality.imageqx import ImageQX
from core.quality.labels import CONDITIONS
from core.quality.second_opinion import FEATURES, chances, is_truncated, revised
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR, Opinion, WeightsError, load_manifest, save_entry
from training.data.sources import DataError, Row, read_manifest
from training.evaluation.examples import KINDS, examples, photos_and_frames
from training.evaluation.good_pictures import Judged, judged
from training.evaluation.logistic import fit_logistic

LOST: Final = 0.02
"""Share of good photographs that pass the network which the opinion may refuse; and of those that pass both,
which may be taken for cut."""
_LOOSENESS: Final = 1.0
# What share of the fit's weight a condition has, spread evenly over its kinds; the others share the rest
# evenly. Skin without a spot and a spot that is too small to be seen look alike to the network: healthy skin
# is not to be told to move closer.
_SHARES: Final = {"ready": 0.25, "healthy_skin": 0.25, "too_far_away": 0.05}


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


def truncated_from(opinion: Opinion, good: Sequence[Judged], rule: PassRule) -> tuple[float, dict[str, Any]]:
    """How sure the framing must be that the frame cuts a lesion, and what that was set on.

    Of these pictures, all of them good, those that network and opinion pass are counted: at most ``LOST`` of
    them may be refused.
    """
    weighed = (opinion.weights, opinion.bias, opinion.conditions)
    both = [
        one
        for one in good
        if revised(one.verdict, rule, chances(one.given, *weighed), opinion.least_good).passes
    ]
    for level in np.linspace(0.3, 0.999, 700):
        lost = [one for one in both if is_truncated(one.framing, float(level))]
        if len(lost) <= LOST * len(both):
            break
    counts = {
        "set_on": dict(Counter(one.kind for one in both)),
        "lost": dict(Counter(one.kind for one in lost)),
    }
    return round(float(level), 3), counts


def fitted(assessor: ImageQX, sha256: str, rows: Sequence[Row]) -> Opinion:
    """The second opinion for a network, fitted and set on these photographs."""
    shown, given = [], []
    for number, example in enumerate(photos_and_frames(examples(rows)), start=1):
        given.append(assessor.opinion_features(example.rgb))
        shown.append(replace(example, rgb=np.empty(0)))
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{number}", end="", file=sys.stderr, flush=True)
    read = np.array(given)
    weights, bias = fit(read, [one.kind for one in shown], [one.weight for one in shown])
    opinion = Opinion(
        features=FEATURES,
        conditions=tuple(KINDS.values()),
        weights=tuple(tuple(round(float(value), 5) for value in row) for row in weights),
        bias=tuple(round(float(value), 5) for value in bias),
        least_good=0.0,
        truncated_from=1.0,
    )
    rule = replace(assessor.rule(), second_opinion=True)
    good = list(judged(assessor, rows, rule))
    passed = [one for one in good if one.verdict.passes]
    opinion = opinion.model_copy(update={"least_good": least_good(opinion, passed, rule)})
    level, cut = truncated_from(opinion, good, rule)
    provenance = {
        "network": sha256,
        "examples": dict(Counter(one.kind for one in shown).most_common()),
        "set_on": dict(Counter(one.kind for one in passed)),
        "lost_at_most": LOST,
        "truncation": cut,
    }
    return opinion.model_copy(update={"truncated_from": level, "provenance": provenance})


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
    print(f"least_good {opinion.least_good}, truncated from {opinion.truncated_from}, {opinion.provenance}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
