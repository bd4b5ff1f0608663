"""What an assessor says of one picture, and the rule that turns it into pass or not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.quality.labels import EXPLANATIONS
from core.quality.where import Where


@dataclass(frozen=True)
class PassRule:
    """When a picture passes.

    Attributes:
        thresholds: probability (0-1) per explanation from which it counts as a fault.
        healthy_skin_passes: whether healthy skin may pass too.
        class_offsets: added to the logit of a quality class before the most probable is taken; 0 for a
            class that is not named. The head was trained on as many faulty photos as the panel made: an
            offset says how common they are held to be here, and so how readily the class alone refuses.
    """

    thresholds: Mapping[str, float]
    healthy_skin_passes: bool = False
    class_offsets: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One picture, assessed.

    Attributes:
        assessor: name of the assessor, such as ``"imageqx"``.
        width, height: size of the picture as it came, in pixels.
        quality: probability (0-1) per quality class, with the rule's class offsets.
        label: the most probable quality class.
        explanations: probability (0-1) per explanation.
        flagged: explanations at or over their threshold, in vocabulary order.
        passes: whether the picture is good enough under the rule it was judged by.
        nearest: the explanation closest to (or furthest over) its threshold.
        milliseconds: time the assessment took.
        where: the lesion's place in the frame, where the assessor can tell.
    """

    assessor: str
    width: int
    height: int
    quality: Mapping[str, float]
    label: str
    explanations: Mapping[str, float]
    flagged: tuple[str, ...]
    passes: bool
    nearest: str
    milliseconds: float
    where: Where | None = None


class Assessor(Protocol):
    """Anything that can say whether a picture is good enough."""

    name: str

    def assess(self, rgb: np.ndarray, rule: PassRule) -> Verdict:
        """Assess one picture (uint8 RGB, H x W x 3, any size)."""
        ...


def chance_good(verdict: Verdict, healthy_skin_passes: bool = False) -> float:
    """How likely (0-1) a picture is good, thresholds aside: to tell the best of several that pass.

    The chance that its class may pass, times the chances that each fault is absent.
    """
    good = verdict.quality["lesion"] + (verdict.quality["healthy_skin"] if healthy_skin_passes else 0.0)
    return good * math.prod(1 - chance for chance in verdict.explanations.values())


def shifted(quality: Mapping[str, float], offsets: Mapping[str, float]) -> dict[str, float]:
    """Class probabilities as if each offset had been added to its class's logit (they sum to 1 again)."""
    odds = {name: chance * math.exp(offsets.get(name, 0.0)) for name, chance in quality.items()}
    total = sum(odds.values())
    return {name: value / total for name, value in odds.items()} if total > 0 else dict(quality)


def judge(
    *,
    assessor: str,
    width: int,
    height: int,
    quality: Mapping[str, float],
    explanations: Mapping[str, float],
    rule: PassRule,
    milliseconds: float,
    where: Where | None = None,
) -> Verdict:
    """Apply a pass rule to probabilities: the one place where "passes" is decided."""
    if rule.class_offsets:
        quality = shifted(quality, rule.class_offsets)
    label = max(quality, key=lambda name: quality[name])
    margins = {name: explanations[name] - rule.thresholds[name] for name in EXPLANATIONS}
    flagged = tuple(name for name in EXPLANATIONS if margins[name] >= 0)
    good = label == "lesion" or (rule.healthy_skin_passes and label == "healthy_skin")
    return Verdict(
        assessor=assessor,
        width=width,
        height=height,
        quality=dict(quality),
        label=label,
        explanations=dict(explanations),
        flagged=flagged,
        passes=good and not flagged,
        nearest=max(margins, key=lambda name: margins[name]),
        milliseconds=milliseconds,
        where=where,
    )
