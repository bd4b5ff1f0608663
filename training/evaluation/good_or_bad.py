"""How well an assessor's scores tell good photos from bad ones, thresholds aside; and beside another's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.designer.refusal_rates import Scores, ScoresError, load
from core.metrics import auc, draws, interval
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from training.evaluation.metrics import clean
from training.evaluation.quality_predictions import QualityPredictions
from training.evaluation.scores import scores_of

_LESION, _POOR = QUALITY_CLASSES.index("lesion"), QUALITY_CLASSES.index("poor_quality")


def good_or_bad(scores: Scores) -> dict[str, dict[str, Any]]:
    """Areas under the ROC curve for N photos.

    The score of "good" is the probability of the class lesion times those that each explanation is absent.

    Returns:
        by question ``n``, ``positives``, ``auc`` and ``auc_interval``: ``good_against_faulty`` (lesion photos
        to which at most a small minority objects, against photos of poor quality), ``lesion_against_all``
        (photos of the class lesion against all others, as the Compare page counts), and each explanation (at
        least one rater gave it).
    """
    good = scores.quality[:, _LESION] * np.prod(1 - scores.explanations, axis=1)
    every = np.ones(len(scores), bool)
    clear = scores.good | (scores.label == _POOR)
    out = {
        "good_against_faulty": _area(scores.good, good, scores.group, clear),
        "lesion_against_all": _area(scores.label == _LESION, good, scores.group, every),
    }
    for k, name in enumerate(EXPLANATIONS):
        out[name] = _area(scores.given[:, k], scores.explanations[:, k], scores.group, every)
    return out


def _area(truth: np.ndarray, score: np.ndarray, groups: np.ndarray, used: np.ndarray) -> dict[str, Any]:
    truth, score = truth[used], score[used]
    out: dict[str, Any] = {"n": len(truth), "positives": int(truth.sum())}
    if not len(truth):
        return out | {"auc": None, "auc_interval": None}
    drawn = auc(truth, score, draws(groups[used]))
    return out | {"auc": clean(auc(truth, score)), "auc_interval": interval(drawn)}


def beside(
    photos: Mapping[str, QualityPredictions], benchmark: str, stored: Path, other: str
) -> dict[str, dict[str, Any]]:
    """The same figures of an assessor and of another whose predictions for the same photos are stored.

    Args:
        photos: predictions by section, without phantoms.
        benchmark: the report's name of it.
        stored: the other's file of predictions. other: its name.

    Returns:
        by section and assessor; of the other nothing where it answered other photos.
    """
    try:
        found = load(stored)
    except ScoresError:
        found = None
    sections = found.sections if found is not None and found.benchmark == benchmark else {}
    out: dict[str, dict[str, Any]] = {}
    for name, part in photos.items():
        mine, theirs = scores_of(part), sections.get(name)
        out[name] = {"this": good_or_bad(mine)}
        if theirs is not None and np.array_equal(theirs.label, mine.label):
            out[name][other] = good_or_bad(theirs)
    return out
