"""What is set after training, on validation photos: the temperature and the operating points.

A photo passes when its class is lesion and no explanation is at its threshold, so what is set is set for that
whole rule. The class takes part in it through two offsets (``OperatingPoint.class_offsets``): one of
``poor_quality``, which says how readily the class alone refuses, and one of ``lesion``, used only where the
network would otherwise take too many good photos for healthy skin or no skin.

The offset also decides what a photo is called. The network learns with rare classes weighted up, and so says
``poor_quality`` too seldom: the offset is at least so large that the classes are named well.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import OperatingPoint
from core.runtime.probability import softmax
from training.evaluation.metrics import macro_f1

SPARE: Final = 0.04
# Share of good lesion photos of the validation split that shall pass; on new cameras it is some 0.05 less.
# Good: the panel's class is lesion and at most two of its twelve raters (GOOD_OBJECTORS) object to anything.
KEEP: Final = {"balanced": 0.9, "lenient": 0.95}
GOOD_OBJECTORS: Final = 1 / 6
# Thresholds stay inside these limits, whatever a few photos say.
LOWEST, HIGHEST = 0.05, 0.95
OFFSET_LIMIT: Final = 6.0
LESION_LIMIT: Final = 2.0
# What naming the classes well may cost: this part of the good photos that may be refused.
NAMING: Final = 2 / 3
# Share of the photos with a plain fault in which it is named, where good photos do not pay too much for that.
NAMED: Final = 0.85
# Bars to choose from on each score. By cross validation a finer choice refused no more faulty photos that it
# had not been set on, but more of the good ones.
RUNGS: Final = 5

_LESION, _POOR = QUALITY_CLASSES.index("lesion"), QUALITY_CLASSES.index("poor_quality")
_OTHERS: Final = [i for i in range(len(QUALITY_CLASSES)) if i not in (_LESION, _POOR)]


def fit_temperature(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature (0.2-5) that makes softmax(logits / t) most likely on these labels.

    Args:
        logits: float, N x C.
        labels: int, N.
        weights: N, how much each photo counts; all alike when not given.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 241))
    rows = np.arange(len(labels))
    losses = [
        -float(np.average(np.log(softmax(logits, t)[rows, labels] + 1e-12), weights=weights)) for t in grid
    ]
    return float(round(grid[int(np.argmin(losses))], 3))


# ---------------------------------------------------------------- operating points


def good_lesions(label: np.ndarray, class_votes: np.ndarray) -> np.ndarray:
    """Which photos are good: bool, N.

    Args:
        label: int, N: the panel's class.
        class_votes: float, N x 4: share of raters per quality class; a rater who objects to anything votes
            poor_quality.
    """
    return (label == _LESION) & acceptable(label, class_votes)


def acceptable(label: np.ndarray, class_votes: np.ndarray) -> np.ndarray:
    """Photos not of poor quality to which at most ``GOOD_OBJECTORS`` of the raters object: bool, N."""
    return (label != _POOR) & (class_votes[:, _POOR] <= GOOD_OBJECTORS + 1e-6)


def operating_points(
    quality: np.ndarray,
    explanations: np.ndarray,
    good: np.ndarray,
    faulty: np.ndarray,
    given: np.ndarray,
    label: np.ndarray,
    plain: np.ndarray | None = None,
) -> dict[str, OperatingPoint]:
    """The operating points that fit these validation photos.

    ``balanced`` and ``lenient`` pass their share (``KEEP``) of the good photos and, among the thresholds and
    offsets that do and that name the classes well (``naming_offset``), refuse the most faulty ones
    (``joint_point``). ``strict`` puts each explanation at its
    Youden point and leaves the classes as the network has them.

    Args:
        quality: float, N x 4: class probabilities after temperature, in the order of QUALITY_CLASSES.
        explanations: float, N x 5: probabilities in the order of EXPLANATIONS.
        good: bool, N: lesion photos that should pass (``good_lesions``).
        faulty: bool, N: photos that should be refused for a fault (the panel's class is poor_quality).
        given: bool, N x 5: explanations that are true.
        label: int, N: true class.
        plain: bool, N x 5: explanations that at least half of the raters give; these are named
            (``naming_limits``). None where that is not known.
    """
    points = {}
    for name, keep in KEEP.items():
        least = naming_offset(quality, label, good, NAMING * (1 - keep))
        highest = [HIGHEST] * len(EXPLANATIONS)
        if plain is not None:
            highest = naming_limits(explanations, plain, good, (1 - keep) / 2)
        points[name] = joint_point(quality, explanations, good, faulty, keep, least, highest)
    strict = {name: youden(given[:, k], explanations[:, k]) for k, name in enumerate(EXPLANATIONS)}
    return points | {"strict": OperatingPoint(thresholds=strict)}


def youden(truth: np.ndarray, score: np.ndarray) -> float:
    """The threshold with the most recall + specificity (the lowest of equals); 0.5 without both kinds.

    Args:
        truth: bool, N.
        score: float, N, 0-1; yes at the threshold and above.
    """
    if not truth.any() or truth.all():
        return 0.5
    steps = np.unique(score)
    bars = np.concatenate([steps[:1], (steps[1:] + steps[:-1]) / 2])
    hit, alarm = np.sort(score[truth]), np.sort(score[~truth])
    recall = 1 - np.searchsorted(hit, bars) / len(hit)
    specificity = np.searchsorted(alarm, bars) / len(alarm)
    best = float(bars[int(np.argmax(recall + specificity))])
    return float(round(np.clip(best, LOWEST, HIGHEST), 4))


def passing(quality: np.ndarray, explanations: np.ndarray, point: OperatingPoint) -> np.ndarray:
    """Which photos an operating point passes: bool, N; arrays as in ``operating_points``."""
    offsets = np.array([point.class_offsets.get(name, 0.0) for name in QUALITY_CLASSES])
    bars = np.array([point.thresholds[name] for name in EXPLANATIONS])
    lesion = (quality * np.exp(offsets)).argmax(axis=1) == _LESION
    return lesion & (explanations < bars).all(axis=1)


def naming_offset(quality: np.ndarray, label: np.ndarray, good: np.ndarray, cost: float) -> float:
    """The offset of poor_quality with which the classes are named best (macro F1; the least of equals).

    Args:
        quality, label, good: as in ``operating_points``.
        cost: share of the good photos that the class alone may refuse at most; where it refuses more without
            any offset, the offset stays at its lower limit, that is free.
    """
    logs = np.log(np.maximum(quality, 1e-12))
    best, found = -1.0, -OFFSET_LIMIT
    for offset in np.arange(0, 2.001, 0.05):
        predicted = (logs + offset * (np.arange(len(QUALITY_CLASSES)) == _POOR)).argmax(axis=1)
        if good.any() and (predicted[good] != _LESION).mean() > cost:
            break  # a larger offset refuses no fewer
        score = float(np.nan_to_num(macro_f1(label, predicted, len(QUALITY_CLASSES))))
        if score > best + 1e-9:
            best, found = score, float(offset)
    return round(found, 4)


def naming_limits(explanations: np.ndarray, plain: np.ndarray, good: np.ndarray, cost: float) -> list[float]:
    """How high each explanation's threshold may be, so that people are told what is plainly wrong.

    A photo may be refused by its class alone, but its class does not say what to do. So a threshold flags
    ``NAMED`` of the photos in which half of the raters see the fault, wherever that refuses at most ``cost``
    of the good ones.

    Args:
        explanations, plain, good: as in ``operating_points``.
        cost: a share.

    Returns:
        one limit an explanation; ``HIGHEST`` where there is none.
    """
    limits = []
    for score, seen in zip(explanations.T, plain.T, strict=True):
        limit = HIGHEST
        if seen.any() and good.any():
            bar = float(np.quantile(score[seen], 1 - NAMED, method="lower"))
            if (score[good] >= bar).mean() <= cost:
                limit = float(np.clip(bar, LOWEST, HIGHEST))
        limits.append(limit)
    return limits


def joint_point(
    quality: np.ndarray,
    explanations: np.ndarray,
    good: np.ndarray,
    faulty: np.ndarray,
    keep: float,
    least: float = -OFFSET_LIMIT,
    highest: Sequence[float] = (HIGHEST,) * len(EXPLANATIONS),
) -> OperatingPoint:
    """The thresholds and offsets that pass ``keep`` of the good photos and refuse the most faulty ones.

    The class may take half of the good photos that may be refused for healthy skin or no skin; where it
    takes more, the lesion's offset is raised as far as needed (at most ``LESION_LIMIT``). Five thresholds
    and the odds of poor_quality against lesion are then six bars on six scores, searched together. Where
    that limit was not enough, the bars may still refuse ``SPARE`` of the good photos that are left.

    Args: as in ``operating_points``; ``keep`` is a share, ``least`` the offset by which poor_quality is put
    above lesion at least, ``highest`` what no threshold exceeds, by explanation.
    """
    if not good.any():
        return OperatingPoint(thresholds=dict.fromkeys(EXPLANATIONS, 0.5))
    logs = np.log(np.maximum(quality, 1e-12))
    strange = logs[:, _OTHERS].max(axis=1) - logs[:, _LESION]
    lesion = 0.0
    if (strange[good] >= 0).mean() > (1 - keep) / 2:
        bar = np.quantile(strange[good], 1 - (1 - keep) / 2, method="higher")
        lesion = _up(float(np.clip(bar + 1e-4, 0, LESION_LIMIT)))
    open_to = strange < lesion
    scores = np.column_stack([explanations, logs[:, _POOR] - logs[:, _LESION]])
    limits = [(LOWEST, most) for most in highest] + [(-OFFSET_LIMIT, min(OFFSET_LIMIT, -least))]
    fine = scores[good & open_to]
    lost = int((good & ~open_to).sum())
    allowed = int((1 - keep) * good.sum() + 1e-9) - lost
    if lost > (1 - keep) / 2 * good.sum():
        allowed = max(allowed, int(SPARE * len(fine)))
    bars = _joint_bars(fine, scores[faulty & open_to], allowed, limits)
    offsets = {"lesion": lesion, "poor_quality": round(lesion - bars[-1], 4)}
    return OperatingPoint(
        thresholds=dict(zip(EXPLANATIONS, bars[:-1], strict=True)),
        class_offsets={name: value for name, value in offsets.items() if value},
    )


def _up(value: float) -> float:
    return float(np.ceil(value * 1e4 - 1e-6) / 1e4)


def _ladder(fine: np.ndarray, allowed: int, low: float, high: float) -> np.ndarray:
    """Bars on one score, each refusing some more good photos than the one before, from none on."""
    values = np.sort(fine)[::-1][: allowed + 2]
    between = (values[1:] + values[:-1]) / 2
    bars = np.concatenate([[values[0] + 1e-4], between[between < values[:-1]]]) if len(values) else [high]
    step = -(-len(bars) // RUNGS)
    return np.unique([_up(float(np.clip(bar, low, high))) for bar in bars[::step]])[::-1]


def _joint_bars(
    fine: np.ndarray, faulty: np.ndarray, allowed: int, limits: list[tuple[float, float]]
) -> list[float]:
    """One bar a score: at most ``allowed`` good photos refused, as many faulty ones as can be found.

    From two starts (all bars equally strict; the best bargain first) pairs of bars are moved against each
    other, one looser and one stricter, as long as that helps. Nothing is drawn at random.

    Args:
        fine, faulty: float, n x scores and m x scores; a photo is refused at a bar and above.
    """
    count = fine.shape[1]
    ladders = [_ladder(fine[:, k], allowed, *limits[k]) for k in range(count)]
    # What each rung of each ladder refuses: bool, rungs x photos.
    costs = [fine[:, k] >= ladder[:, None] for k, ladder in enumerate(ladders)]
    gains = [faulty[:, k] >= ladder[:, None] for k, ladder in enumerate(ladders)]

    def refused(masks: list[np.ndarray], rungs: list[int], but: tuple[int, ...] = ()) -> np.ndarray:
        out = np.zeros(masks[0].shape[1], bool)
        for k, rung in enumerate(rungs):
            if k not in but:
                out |= masks[k][rung]
        return out

    def worth(rungs: list[int]) -> tuple[int, int]:
        return int(refused(gains, rungs).sum()), -int(refused(costs, rungs).sum())

    def even() -> list[int]:
        best = [0] * count
        for step in range(max(len(ladder) for ladder in ladders)):
            rungs = [min(step, len(ladder) - 1) for ladder in ladders]
            if refused(costs, rungs).sum() <= allowed:
                best = rungs
        return best

    def tightened(rungs: list[int]) -> list[int]:
        """Tighten the bar that refuses most faulty photos for each good one, until none is left to spend."""
        rungs = list(rungs)
        while True:
            cost, gain = refused(costs, rungs), refused(gains, rungs)
            best: tuple[float, int, int] | None = None
            for k in range(count):
                paid = (costs[k][rungs[k] + 1 :] & ~cost).sum(axis=1)
                got = (gains[k][rungs[k] + 1 :] & ~gain).sum(axis=1)
                ratio = np.where(paid + cost.sum() <= allowed, got / np.maximum(paid, 0.1), 0.0)
                if ratio.size and ratio.max() > 0 and (best is None or ratio.max() > best[0]):
                    best = (float(ratio.max()), k, rungs[k] + 1 + int(np.argmax(ratio)))
            if best is None:
                return rungs
            rungs[best[1]] = best[2]

    def exchange(rungs: list[int]) -> list[int]:
        while True:
            best, found = worth(rungs), rungs
            for a in range(count):
                for b in range(count):
                    if a == b:
                        continue
                    cost, gain = refused(costs, rungs, (a, b)), refused(gains, rungs, (a, b))
                    for rung in range(len(ladders[a])):
                        taken = cost | costs[a][rung]
                        paid = taken.sum() + (costs[b] & ~taken).sum(axis=1)
                        fits = np.flatnonzero(paid <= allowed)
                        if not len(fits):
                            continue
                        top = int(fits[-1])
                        value = (int((gain | gains[a][rung] | gains[b][top]).sum()), -int(paid[top]))
                        if value > best:
                            best, found = value, list(rungs)
                            found[a], found[b] = rung, top
            if found == rungs:
                return rungs
            rungs = found

    chosen = max((exchange(tightened(start)) for start in (even(), [0] * count)), key=worth)
    return [float(ladders[k][rung]) for k, rung in enumerate(chosen)]
