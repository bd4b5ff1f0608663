"""How far assessors agree with each other, and with raters where there are labels; and how good each is."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np

from core.compare import operating
from core.compare.answers import Answers, Truth
from core.metrics import auc, binary, draws, interval, kappa, over, wilson
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES

RATERS: Final = "raters"
"""The labels, as one more who judged the photos."""
Report = dict[str, Any]


def report(
    answers: Mapping[str, Answers], truth: Truth | None = None, groups: np.ndarray | None = None
) -> Report:
    """Everything that is compared, in plain values: for tables, a file, or a page.

    Args:
        answers: by assessor, of the same N photos in the same order; at least one photo.
        truth: the raters' labels, where there are any.
        groups: N names: photos of one name are resampled together (one person's, or versions of one photo);
            each photo for itself where None.

    Returns:
        ``n``; ``labelled`` (photos), ``good`` and ``bad`` among them; ``assessors``: by name, see `_alone`;
        ``pairs``: see `_pair`, with the raters as one more where there are labels. Intervals are 95 %,
        figures are rounded to three places, and None stands for what is undefined.
    """
    count = len(next(iter(answers.values())))
    groups = np.arange(count) if groups is None else groups
    known = np.zeros(count, bool) if truth is None else truth.known
    every, labelled = draws(groups), draws(groups[known]) if known.any() else None
    rule = next(iter(answers.values())).rule
    good = np.zeros(count, bool) if truth is None else truth.good(rule) & known
    pairs = [
        {"one": one, "other": other, **_pair(_of(answers[one]), _of(answers[other]), every)}
        for one, other in combinations(answers, 2)
    ]
    if truth is not None and labelled is not None:
        pairs += [
            {"one": name, "other": RATERS}
            | _pair(_of(given.subset(known)), _of_raters(truth, given, known), labelled)
            for name, given in answers.items()
        ]
    return {
        "n": count,
        "labelled": int(known.sum()),
        "good": int(good.sum()),
        "bad": int((known & ~good).sum()),
        "assessors": {name: _alone(given, truth, every, labelled) for name, given in answers.items()},
        "pairs": pairs,
    }


def _alone(given: Answers, truth: Truth | None, every: np.ndarray, labelled: np.ndarray | None) -> Report:
    """One assessor: share that passes, median milliseconds a photo; with labels also ``auc`` (of the margins,
    by which thresholds order the photos), ``auc_probability`` (of the probability that a photo is good),
    ``sent_back`` (share of the good photos) and ``let_through`` (share of the bad ones), and the ROC curve.
    """
    out: Report = {"passes": _round(given.passes.mean())}
    out["passes_interval"] = interval(over(every @ given.passes, every.sum(-1)))
    out["milliseconds"] = _round(np.median(given.milliseconds))
    out["milliseconds_interval"] = [
        round(float(end), 3) for end in np.quantile(given.milliseconds, [0.1, 0.9])
    ]
    if truth is None or labelled is None:
        return out
    known = truth.known
    good = truth.good(given.rule)[known]
    for name, score in (("auc", operating.margins(given)[known]), ("auc_probability", given.good[known])):
        out[name] = _round(auc(good, score))
        out[f"{name}_interval"] = interval(auc(good, score, labelled))
    point = operating.as_judged(given, truth)
    out["sent_back"], out["let_through"] = _round(point.alarms), _round(1 - point.found)
    for name, around in zip(("sent_back", "let_through"), point.around(), strict=True):
        out[f"{name}_interval"] = None if around is None else [round(end, 3) for end in around]
    out["roc"] = [[round(x, 4), round(y, 4)] for x, y in operating.curve(given, truth)]
    return out


def _of(given: Answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return given.passes, given.label, given.flagged.astype(float)


def _of_raters(truth: Truth, given: Answers, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return truth.good(given.rule)[known], truth.label[known], truth.explained[known]


def _pair(
    one: tuple[np.ndarray, np.ndarray, np.ndarray],
    other: tuple[np.ndarray, np.ndarray, np.ndarray],
    weights: np.ndarray,
) -> Report:
    """Two who judged the same photos: ``agree`` (share with the same answer to "does it pass?"),
    ``kappa_passes``, ``kappa_class``, ``f1_class`` and ``f1_explanations`` (one against the other, the mean
    over those that either gave), each with its interval, and ``n``.
    """
    (passes, label, flagged), (passes_2, label_2, flagged_2) = one, other
    same = passes == passes_2
    out: Report = {"n": len(passes)}
    if not len(passes):
        return out
    figures = {
        "agree": (np.array(same.mean()), over(weights @ same, weights.sum(-1))),
        "kappa_passes": (kappa(passes, passes_2), kappa(passes, passes_2, weights)),
        "kappa_class": (kappa(label, label_2), kappa(label, label_2, weights)),
        "f1_class": (_mean_f1(label, label_2), _mean_f1(label, label_2, weights)),
        "f1_explanations": _f1_explanations(flagged, flagged_2, weights),
    }
    for name, (value, drawn) in figures.items():
        out[name] = _round(value)
        out[f"{name}_interval"] = interval(drawn)
    if same.all() or not same.any():  # which every replicate repeats
        around = wilson(int(same.sum()), len(same))
        out["agree_interval"] = None if around is None else [round(end, 3) for end in around]
    return out


def _mean_f1(one: np.ndarray, other: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    given = [i for i in range(len(QUALITY_CLASSES)) if (one == i).any() or (other == i).any()]
    shape = () if weights is None else weights.shape[:-1]
    return _mean([binary(one == i, other == i, weights)["f1"] for i in given], shape)


def _f1_explanations(
    one: np.ndarray, other: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    told = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    one, other, weights = one[told] > 0, other[told] > 0, weights[:, told]
    given = [i for i in range(len(EXPLANATIONS)) if one[:, i].any() or other[:, i].any()]
    return (
        _mean([binary(one[:, i], other[:, i])["f1"] for i in given], ()),
        _mean([binary(one[:, i], other[:, i], weights)["f1"] for i in given], weights.shape[:-1]),
    )


def _mean(each: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The mean of those that are defined, of that shape each; nan of none."""
    if not each:
        return np.full(shape, np.nan)
    stacked = np.array(each)
    known = np.isfinite(stacked)
    return over(np.where(known, stacked, 0).sum(0), known.sum(0))


def _round(value: float | np.ndarray) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None


def disputed(answers: Mapping[str, Answers]) -> np.ndarray:
    """The photos, the most disputed first: int, N places.

    First by the share of pairs of assessors that disagree on whether it passes, then on its class, then by
    how far apart their probabilities that it is good are.
    """
    given = list(answers.values())
    pairs = list(combinations(given, 2))
    count = len(given[0])
    zero = np.zeros(count)
    passes = sum(((one.passes != other.passes) for one, other in pairs), start=zero)
    classes = sum(((one.label != other.label) for one, other in pairs), start=zero)
    good = np.array([one.good for one in given])
    apart = good.max(axis=0) - good.min(axis=0)
    return np.lexsort((np.arange(count), -apart, -classes, -passes))
