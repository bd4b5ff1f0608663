"""What the classical measures cannot tell, measured: a row for each of ``core.quality.classical.LIMITS``."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from core.quality.classical import LIMITS, Classical
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from training.evaluation.focus import Picture, degrade_region
from training.evaluation.metrics import clean, share_interval
from training.evaluation.quality_predictions import QualityPredictions

_BACKGROUND: Final = {"background_blur": "blurry", "background_light": "bad_light"}
_POOR: Final = QUALITY_CLASSES.index("poor_quality")


def limits_report(
    assessor: Classical, rule: PassRule, photos: QualityPredictions, pictures: Sequence[Picture]
) -> dict[str, dict[str, Any]]:
    """How often each limit shows.

    Args:
        photos: predictions for photographs of one split.
        pictures: crops of lesions with hand-made masks, of the same split.

    Returns:
        by limit its ``answer`` and ``why``; ``alarms``, the share of photos without the fault (or of another
        class) that are flagged for it, and ``missed``, the share of those with it that are not, each with
        ``_n`` and ``_interval`` (Wilson). Of the background limits the photos are crops that were not flagged
        as they are: with it on all but the lesion (alarms), and on the lesion alone (missed).
    """
    out: dict[str, dict[str, Any]] = {}
    for limit in LIMITS:
        if limit.name in _BACKGROUND:
            found = _of_background(assessor, rule, pictures, _BACKGROUND[limit.name])
        elif limit.answer in EXPLANATIONS:
            k = EXPLANATIONS.index(limit.answer)
            found = _rates(photos.explanations[:, k], photos.flagged[:, k])
        else:
            k = QUALITY_CLASSES.index(limit.answer)
            # Whether a faulty photo shows skin is not asked.
            clear = photos.label != _POOR
            found = _rates(photos.label[clear] == k, photos.predicted[clear] == k)
        out[limit.name] = {"answer": limit.answer, "why": limit.why, **found}
    return out


def _rates(truth: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    return _share("alarms", told[~truth]) | _share("missed", ~told[truth])


def _share(name: str, yes: np.ndarray) -> dict[str, Any]:
    count, hits = len(yes), int(yes.sum())
    value = clean(hits / count) if count else None
    return {name: value, f"{name}_interval": share_interval(hits, count), f"{name}_n": count}


def _of_background(
    assessor: Classical, rule: PassRule, pictures: Sequence[Picture], fault: str
) -> dict[str, Any]:
    def told(make: Callable[[Picture], np.ndarray], among: Sequence[Picture]) -> np.ndarray:
        return np.array([fault in assessor.assess(make(one), rule).flagged for one in among], bool)

    as_they_are = told(lambda one: one.rgb, pictures)
    clear = [one for one, flagged in zip(pictures, as_they_are, strict=True) if not flagged]
    around = told(lambda one: degrade_region(one.rgb, ~one.mask, fault), clear)
    on_it = told(lambda one: degrade_region(one.rgb, one.mask, fault), clear)
    return _share("alarms", around) | _share("missed", ~on_it)
