"""A second opinion on what is wrong with a picture: classical measurements weighed together with the network.

The network tells faults well on the photographs it was trained for and confuses them elsewhere: darkness for
"no skin", blur for lost detail. A logistic model (``Opinion``, in the weights manifest) reads the network's
outputs together with what can be measured directly, light, texture and where the lesion lies, and gives one
probability a condition; lesions that the frame cuts are told by the network's framing alone. ``revised``
combines them: as a rule the stricter counts, but the network is not believed where the opinion finds next to
nothing of what it reports. docs/decisions/second-opinion.md has the figures.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from core.quality.image_stats import ImageStats
from core.quality.labels import CONDITIONS, EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.quality.texture import levels_of, texture
from core.quality.verdict import PassRule, Verdict, at_distance
from core.runtime.manifest import Opinion

FEATURES: Final = (
    *EXPLANATIONS,
    *QUALITY_CLASSES,
    "soft",
    "smear",
    "soft_wide",
    "fine",
    "medium",
    "equal",
    "flat",
    "blocks",
    "half_luma",
    "high_luma",
    "blown",
    "shading",
    "skin",
    "skin_luma",
    "peak",
    "edge",
    "edge_to_peak",
    "edge_share",
    "inner",
    "spread",
    "off_centre",
    *(f"framing_{name}" for name in FRAMINGS),
)
"""What the model reads, in its order: log-odds of the network's outputs, what is measured, log-odds of the
framings."""

# A condition is named when the opinion gives it at least this much, and a report of the network is not
# believed below the least that is given for it here, else UNLIKELY. Of lost detail it reports too much on
# smooth skin, and of distance on skin without any spot; where it reports bad light it seldom errs.
LIKELY: Final = 0.3
UNLIKELY: Final = 0.05
BELIEVED: Final[Mapping[str, float]] = MappingProxyType(
    {"bad_light": 0.02, "low_resolution": 0.4, "too_far_away": 0.2}
)
# A condition that the network did not report must be so many times as probable as a good picture.
LIKELIER: Final = 1.5
# The network's class poor_quality alone, without any fault, does not stand against this much of "good".
CERTAIN: Final = 0.8
LEAST: Final = 1e-4


def fits(opinion: Opinion) -> bool:
    """Whether an opinion reads and tells what this program does."""
    return (opinion.features, set(opinion.conditions)) == (FEATURES, set(CONDITIONS))


def features(
    quality: Mapping[str, float],
    explanations: Mapping[str, float],
    seen: ImageStats,
    square: np.ndarray,
    detail: np.ndarray,
    places: np.ndarray,
    framing: Mapping[str, float],
) -> np.ndarray:
    """What the model reads of a picture: float64, as many as ``FEATURES``.

    Args:
        quality, explanations: the network's probabilities (0-1), without any rule's class offsets.
        seen: image statistics of ``square``.
        square, detail: uint8 RGB, S x S x 3: the views that the network was shown.
        places: float, s x s: probability (0-1) that each part of the picture is lesion.
        framing: the network's probabilities (0-1) of ``FRAMINGS``.
    """
    fabric, (half_luma, high_luma) = texture(detail), levels_of(square)
    rim = np.concatenate([places[0], places[-1], places[1:-1, 0], places[1:-1, -1]])
    inner = places[2:-2, 2:-2]
    peak = max(float(places.max()), LEAST)
    return np.array(
        [
            *(_log_odds(explanations[name]) for name in EXPLANATIONS),
            *(_log_odds(quality[name]) for name in QUALITY_CLASSES),
            fabric.soft,
            fabric.smear,
            fabric.soft_wide,
            fabric.fine,
            fabric.medium,
            fabric.equal,
            fabric.flat,
            fabric.blocks,
            half_luma,
            high_luma,
            math.log(seen.blown + 1e-3),
            math.log(seen.shading),
            seen.skin,
            seen.luma,
            _log_odds(peak),
            _log_odds(float(rim.max())),
            float(rim.max()) / peak,
            float(rim.sum()) / max(float(places.sum()), LEAST),
            _log_odds(float(inner.max())),
            float((places >= peak / 2).mean()),
            _off_centre(places),
            *(_log_odds(framing[name]) for name in FRAMINGS),
        ]
    )


def _off_centre(places: np.ndarray) -> float:
    """How far the middle of all places, each by its probability, is from the frame's: 0, or 1 at an edge."""
    total = max(float(places.sum()), LEAST)
    middles = ((2 * np.arange(side) + 1) / side - 1 for side in places.shape)
    weights = (places.sum(axis=1), places.sum(axis=0))
    return max(abs(float(one @ middle)) / total for one, middle in zip(weights, middles, strict=True))


def _log_odds(chance: float) -> float:
    chance = min(max(float(chance), LEAST), 1 - LEAST)
    return math.log(chance / (1 - chance))


def chances(
    given: np.ndarray, weights: Any, bias: Any, conditions: Sequence[str] = CONDITIONS
) -> dict[str, float]:
    """Probability (0-1) of each condition, summing to 1.

    Args:
        given: float, as many as ``FEATURES``.
        weights: one row a kind of picture, as many columns.
        bias: one number a kind.
        conditions: the condition that each kind comes under; the chances of its kinds add up.
    """
    scores = np.asarray(weights) @ given + np.asarray(bias)
    odds = np.exp(scores - scores.max())
    found = dict.fromkeys(CONDITIONS, 0.0)
    for name, chance in zip(conditions, odds / odds.sum(), strict=True):
        found[name] += float(chance)
    return found


def is_truncated(framing: Mapping[str, float], truncated_from: float) -> bool:
    """Whether the frame cuts the lesion.

    Args:
        framing: the network's probabilities (0-1) of ``FRAMINGS``.
        truncated_from: the least share (0-1) of the probability of cut, near and whole that cut and near
            must have.
    """
    cut = framing["cut"] + framing["near"]
    return cut >= truncated_from * (cut + framing["whole"])


def revised(
    verdict: Verdict,
    rule: PassRule,
    opinion: Mapping[str, float],
    least_good: float,
    truncated: bool = False,
) -> Verdict:
    """The verdict with the second opinion taken into account.

    Args:
        verdict: by the network alone.
        rule: what passes; an explanation whose threshold is 1 never counts, here neither.
        opinion: probability (0-1) of each condition, summing to 1.
        least_good: a picture passes only when the opinion holds it to be good with at least this (0-1).
        truncated: the frame cuts the lesion; a picture of one that would pass then needs better framing.
    """
    counted = [name for name in EXPLANATIONS if rule.thresholds[name] < 1]
    # A fault that never counts is none: what speaks for it speaks for a good picture.
    kept = {name: value for name, value in opinion.items() if name in (*_CLASSES, *counted)}
    opinion = kept | {"ready": kept["ready"] + 1 - sum(kept.values())}
    good = opinion["ready"] + (opinion["healthy_skin"] if rule.healthy_skin_passes else 0.0)
    flagged = [
        name
        for name in counted
        if opinion[name] >= max(LIKELY, LIKELIER * good)
        or (name in verdict.flagged and opinion[name] >= BELIEVED.get(name, UNLIKELY))
    ]
    label = _label(verdict, flagged, opinion)
    may_pass = label == "lesion" or (rule.healthy_skin_passes and label == "healthy_skin")
    if may_pass and not flagged and good < least_good:
        worst = max(
            (name for name in opinion if name not in _good_conditions(rule)), key=lambda name: opinion[name]
        )
        if worst in EXPLANATIONS:
            flagged.append(worst)
        else:
            label = worst
        may_pass = False
    if label == "poor_quality" and not flagged and good >= CERTAIN:
        label = "lesion" if opinion["ready"] >= opinion["healthy_skin"] else "healthy_skin"
        may_pass = label == "lesion" or rule.healthy_skin_passes
    if truncated and label == "lesion" and not flagged and "bad_framing" in counted:
        flagged.append("bad_framing")
    ranked = [name for name in EXPLANATIONS if name in counted] or list(EXPLANATIONS)
    found = replace(
        verdict,
        label=label,
        flagged=tuple(flagged),
        passes=may_pass and not flagged,
        nearest=max(ranked, key=lambda name: opinion.get(name, 0.0)),
    )
    return at_distance(found, rule)


_CLASSES: Final = ("ready", "no_skin", "healthy_skin")


def _good_conditions(rule: PassRule) -> tuple[str, ...]:
    return ("ready", "healthy_skin") if rule.healthy_skin_passes else ("ready",)


def _label(verdict: Verdict, flagged: list[str], opinion: Mapping[str, float]) -> str:
    """The class: the network's, unless the opinion contradicts it about whether there is skin or a spot."""
    top = max(opinion, key=lambda name: opinion[name])
    if verdict.label == "no_skin" and opinion["no_skin"] < LIKELY:
        if flagged or top in EXPLANATIONS:
            return "poor_quality"
        return "lesion" if opinion["ready"] >= opinion["healthy_skin"] else "healthy_skin"
    if top == "no_skin" and "bad_light" not in flagged:
        return "no_skin"
    if top == "healthy_skin" and verdict.label == "lesion":
        return "healthy_skin"
    return verdict.label
