"""What an assessor says of one picture, and the rule that turns it into pass or not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np

from core.explain import Explanation
from core.quality.image_stats import ImageStats
from core.quality.labels import EXPLANATIONS
from core.quality.localization import LesionLocation
from core.runtime.manifest import OperatingPoint


@dataclass(frozen=True)
class PassRule:
    """When a picture passes.

    Attributes:
        thresholds: probability (0-1) per explanation from which it counts as a fault.
        healthy_skin_passes: whether healthy skin may pass too.
        class_offsets: added to the logit of a quality class before the most probable is taken; 0 for a
            class that is not named. The head was trained on as many faulty photos as the panel made: an
            offset says how common they are held to be here, and so how readily the class alone refuses.
        second_opinion: whether classical measurements are weighed together with the network, where the
            assessor can (``core.quality.second_opinion``).
        spot_at_least, spot_at_most: how much of the frame's width or height the spot may take (0-1), where
            its place is known: for photos of a series, each of which is taken from another distance.
    """

    thresholds: Mapping[str, float]
    healthy_skin_passes: bool = False
    class_offsets: Mapping[str, float] = field(default_factory=dict)
    second_opinion: bool = False
    spot_at_least: float = 0.0
    spot_at_most: float = 1.0


@dataclass(frozen=True)
class Verdict:
    """One picture, assessed.

    Attributes:
        assessor: name of the assessor, such as ``"imageqx"``.
        width, height: size of the picture as it came, in pixels.
        quality: probability (0-1) per quality class, with the rule's class offsets.
        label: the most probable quality class; ``no_skin`` is not believed where ``bad_light`` is flagged.
        explanations: probability (0-1) per explanation.
        flagged: explanations at or over their threshold, in vocabulary order.
        passes: whether the picture is good enough under the rule it was judged by.
        nearest: the explanation closest to (or furthest over) its threshold; None where the assessor tells
            none of them.
        milliseconds: time the assessment took.
        where: the lesion's place in the frame, where the assessor can tell.
        too_close: whether the spot takes more of the frame than the rule allows.
        stats: image statistics, where the assessor measured them.
        not_judged: classes and explanations that the assessor does not judge; their probability is 0 and says
            nothing.
        score: how many of four raters are expected to call the picture good (0-4), from an assessor that
            answers in ranks.
        parts: the same by part of the picture (``core.quality.regions``), where the assessor judges parts.
    """

    assessor: str
    width: int
    height: int
    quality: Mapping[str, float]
    label: str
    explanations: Mapping[str, float]
    flagged: tuple[str, ...]
    passes: bool
    nearest: str | None
    milliseconds: float
    where: LesionLocation | None = None
    too_close: bool = False
    stats: ImageStats | None = field(default=None, repr=False, compare=False)
    not_judged: tuple[str, ...] = ()
    score: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def judged_explanations(self) -> dict[str, float]:
        """Probability (0-1) of each explanation that the assessor judges."""
        return {name: value for name, value in self.explanations.items() if name not in self.not_judged}


class Assessor(Protocol):
    """Anything that can say whether a picture is good enough."""

    name: str

    def rule(self, healthy_skin_passes: bool = False, point: str = ...) -> PassRule:
        """The pass rule that it comes with, at an operating point; one without such points has one rule."""
        ...

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        """Assess one picture.

        Args:
            rgb: uint8 RGB, H x W x 3, any size.
            rule: what passes.
            width, height: the picture's own size, in pixels, where ``rgb`` is a reduced copy.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """An assessor that can show where in a picture it looked; not all can."""

    def explain(self, rgb: np.ndarray, target: str) -> Explanation:
        """A heat map for one explanation or quality class; raises KeyError for any other word."""
        ...


@runtime_checkable
class Locates(Protocol):
    """An assessor that can tell where in a picture the lesion is; not all can."""

    def places(self, rgb: np.ndarray) -> np.ndarray | None:
        """How likely each part of a picture is lesion: float, s x s, 0-1; None where it does not know."""
        ...


@runtime_checkable
class RunsOnThreads(Protocol):
    """An assessor whose network can be given another number of threads."""

    def use_threads(self, threads: int) -> None:
        """From here on run on this many threads (1 or more)."""
        ...


def rule_of(point: OperatingPoint, healthy_skin_passes: bool = False) -> PassRule:
    """The pass rule at an operating point of the weights manifest; without a threshold nothing counts."""
    thresholds = {name: point.thresholds.get(name, 1.0) for name in EXPLANATIONS}
    return PassRule(thresholds, healthy_skin_passes, dict(point.class_offsets))


def verdict_properties(verdict: Verdict) -> dict[str, object]:
    """A verdict as an event's properties: plain values, rounded."""
    ranked: dict[str, object] = {}
    if verdict.score is not None:
        parts = {name: round(value, 2) for name, value in verdict.parts.items()}
        ranked = {"score": round(verdict.score, 2), "parts": parts}
    return {
        "assessor": verdict.assessor,
        "label": verdict.label,
        "quality": {name: round(value, 4) for name, value in verdict.quality.items()},
        "explanations": {name: round(value, 4) for name, value in verdict.judged_explanations.items()},
        "flagged": list(verdict.flagged),
        "passes": verdict.passes,
        "width": verdict.width,
        "height": verdict.height,
        "infer_ms": round(verdict.milliseconds, 1),
        **ranked,
    }


def chance_good(verdict: Verdict, healthy_skin_passes: bool = False) -> float:
    """How likely (0-1) a picture is good, thresholds aside: to tell the best of several that pass.

    The chance that its class may pass, times the chances that each fault is absent.
    """
    good = verdict.quality["lesion"] + (verdict.quality["healthy_skin"] if healthy_skin_passes else 0.0)
    return good * math.prod(1 - chance for chance in verdict.judged_explanations.values())


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
    where: LesionLocation | None = None,
    not_judged: tuple[str, ...] = (),
    score: float | None = None,
    parts: Mapping[str, float] = MappingProxyType({}),
) -> Verdict:
    """Apply a pass rule to probabilities: the one place where "passes" is decided."""
    if rule.class_offsets:
        quality = shifted(quality, rule.class_offsets)
    judged = [name for name in EXPLANATIONS if name not in not_judged]
    margins = {name: explanations[name] - rule.thresholds[name] for name in judged}
    flagged = tuple(name for name in judged if margins[name] >= 0)
    # Where the light is bad nothing else can be known, least of all that there is no skin.
    believed = [name for name in quality if name != "no_skin" or "bad_light" not in flagged]
    label = max(believed, key=lambda name: quality[name])
    good = label == "lesion" or (rule.healthy_skin_passes and label == "healthy_skin")
    verdict = Verdict(
        assessor=assessor,
        width=width,
        height=height,
        quality=dict(quality),
        label=label,
        explanations=dict(explanations),
        flagged=flagged,
        passes=good and not flagged,
        nearest=max(margins, key=lambda name: margins[name], default=None),
        milliseconds=milliseconds,
        where=where,
        not_judged=not_judged,
        score=score,
        parts=dict(parts),
    )
    return at_distance(verdict, rule)


def at_distance(verdict: Verdict, rule: PassRule) -> Verdict:
    """The verdict with the rule's bounds on the spot's extent applied; the same without a known place."""
    size = verdict.where.size if verdict.where is not None else 0.0
    if size <= 0 or rule.spot_at_least <= size <= rule.spot_at_most:
        return verdict
    too_close = size > rule.spot_at_most
    fault = "bad_framing" if too_close else "too_far_away"
    flagged = tuple(name for name in EXPLANATIONS if name in verdict.flagged or name == fault)
    return replace(verdict, flagged=flagged, passes=False, too_close=too_close)
