"""A made stream of pictures under a preset: what a person would have been shown, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.guidance.conditions import OPEN_KEYS
from core.guidance.controller import GuidanceController
from core.guidance.frame_step import FrameStep, frame_step
from core.guidance.preset import Preset
from core.quality.image_stats import ImageStats, image_stats
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Assessor, PassRule, Verdict, judge
from core.runtime.preprocess import network_square

NEUTRAL: Final = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
"""For assessing a picture that is judged later: no class offsets go into what is kept."""


@dataclass(frozen=True)
class Analysis:
    """What is kept of a picture: its verdict under ``NEUTRAL``, and its image statistics."""

    verdict: Verdict
    stats: ImageStats | None = None


@dataclass(frozen=True)
class Frame:
    """One frame of a film: when (seconds from its start), and what was seen."""

    moment: float
    look: Analysis


@dataclass(frozen=True)
class Step:
    """What one frame led to.

    Attributes:
        moment: seconds from the start.
        raw: the frame's own condition, after the preset's merges; ``"ready"`` when it passes.
        shown: the condition on screen after it.
        taken: whether the photo took itself now.
    """

    moment: float
    raw: str
    shown: str
    taken: bool = False


@dataclass(frozen=True)
class Interval:
    """A time over which one thing held: from, to (seconds), and the condition."""

    start: float
    end: float
    key: str


def rejudged(verdict: Verdict, rule: PassRule) -> Verdict:
    """A verdict that was made under ``NEUTRAL``, under another rule: no picture is looked at again."""
    new = judge(
        assessor=verdict.assessor,
        width=verdict.width,
        height=verdict.height,
        quality=verdict.quality,
        explanations=verdict.explanations,
        rule=rule,
        milliseconds=verdict.milliseconds,
        where=verdict.where,
        not_judged=verdict.not_judged,
    )
    return replace(
        verdict,
        quality=new.quality,
        label=new.label,
        flagged=new.flagged,
        passes=new.passes,
        nearest=new.nearest,
    )


def analyse(assessor: Assessor, rgb: np.ndarray) -> Analysis:
    """Assess a picture (uint8 RGB, H x W x 3) once, for any preset."""
    return Analysis(assessor.assess(rgb, NEUTRAL), image_stats(network_square(rgb)))


def condition_of(look: Analysis, preset: Preset, rule: PassRule) -> str:
    """The condition of a picture under a preset, with which light or way; ``"ready"`` when it passes.

    As if the camera looked away from the person: left and right are then theirs.
    """
    return _step(look, preset, rule).key


def _step(
    look: Analysis, preset: Preset, rule: PassRule, settled: bool = True, before: ImageStats | None = None
) -> FrameStep:
    """The frame step of the live picture, on what was kept of a picture."""
    return frame_step(
        rejudged(look.verdict, rule),
        preset,
        look=lambda: look.stats,
        healthy_skin_passes=rule.healthy_skin_passes,
        settled=settled,
        before=before,
        facing="environment",
    )


def merged_condition_of(look: Analysis, preset: Preset, rule: PassRule) -> str:
    """The condition that is shown for a picture, after the preset's merges."""
    return preset.merged_into(condition_of(look, preset, rule))


def replay(film: Iterable[Frame], preset: Preset, rule: PassRule) -> tuple[Step, ...]:
    """Run a film past the coach; frames that come sooner than the preset looks are left out.

    Args:
        rule: the preset's, over its operating point.
    """
    now, last, before = 0.0, None, None
    controller = GuidanceController(preset, lambda: now)
    steps = []
    for frame in film:
        # A hair of tolerance: frame times are sums of floats.
        if last is not None and frame.moment - last < preset.timing.assess_every_ms / 1000 - 1e-6:
            continue
        now = last = frame.moment
        settled = frame.moment >= preset.camera.settle_ms / 1000
        found = _step(frame.look, preset, rule, settled, before)
        before = found.stats
        advice = controller.see(found.key, found.moved)
        steps.append(Step(frame.moment, preset.merged_into(found.key), advice.key, controller.countdown.due))
        if controller.countdown.due:
            controller.countdown.rest()
    return tuple(steps)


def intervals(steps: Sequence[Step], end: float) -> tuple[Interval, ...]:
    """The prompts one after the other, each with the time that it stood.

    Args:
        end: when the film ends, in seconds.
    """
    found: list[Interval] = []
    for step in steps:
        if found and found[-1].key == step.shown:
            continue
        if found:
            found[-1] = replace(found[-1], end=step.moment)
        found.append(Interval(step.moment, end, step.shown))
    return tuple(found)


@dataclass(frozen=True)
class Figures:
    """A film under a preset in a few figures.

    Attributes:
        prompts: how many prompts came one after another (calm ones included).
        first_open: seconds until the shutter first unlocked; None where it never did.
        open_seconds: how long it was unlocked.
        first_taken: seconds until the photo first took itself; None where it never did.
    """

    prompts: int
    first_open: float | None
    open_seconds: float
    first_taken: float | None


def figures(steps: Sequence[Step], end: float) -> Figures:
    """The figures of a replay."""
    shown = intervals(steps, end)
    opened = [interval for interval in shown if interval.key in OPEN_KEYS]
    return Figures(
        prompts=len(shown),
        first_open=opened[0].start if opened else None,
        open_seconds=sum(interval.end - interval.start for interval in opened),
        first_taken=next((step.moment for step in steps if step.taken), None),
    )
