"""One frame's way from its verdict to its condition: the same in the live picture and in a replayed film."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.guidance.hint import condition
from core.guidance.preset import Preset
from core.guidance.refine import Facing, refined
from core.quality.image_stats import ImageStats, moved
from core.quality.verdict import Verdict

RAMP: Final = ("blurry", "low_resolution")
"""A video link starts small and soft and sharpens by itself: until then these are not the person's doing."""

_REFINABLE: Final = ("bad_light", "bad_framing")


@dataclass(frozen=True, eq=False)
class FrameStep:
    """What one frame was found to be.

    Attributes:
        key: its condition, with which light or way; ``"ready"`` when it passes, ``"searching"`` while the
            stream settles.
        stats: its image statistics, where they were needed: ``before`` of the next frame.
        moved: whether the picture changed much since the frame before.
    """

    key: str
    stats: ImageStats | None
    moved: bool


def frame_step(
    verdict: Verdict | None,
    preset: Preset,
    *,
    look: Callable[[], ImageStats | None],
    fault: str = "",
    healthy_skin_passes: bool = False,
    settled: bool = True,
    before: ImageStats | None = None,
    facing: Facing | None = None,
) -> FrameStep:
    """What a frame is called under a preset, and whether it moved.

    Args:
        verdict: of the frame; None where the camera itself is at fault.
        look: measures the frame; asked only where the result can tell something.
        fault: the condition of a camera at fault, where there is no verdict.
        healthy_skin_passes: whether the rule that judged the frame lets healthy skin pass.
        settled: whether the stream has had the time to become sharp.
        before: the image statistics of the frame before.
        facing: which way the camera looks, where that is known.
    """
    key = fault
    if verdict is not None:
        key = condition(verdict, preset, healthy_skin_passes) or "ready"
        if key in RAMP and not settled:
            key = "searching"
    seen = look() if preset.gate.auto_capture or key in _REFINABLE else None
    key = refined(key, preset, seen, verdict.where if verdict is not None else None, facing)
    changed = before is not None and seen is not None and moved(before, seen) > preset.gate.moved_above
    return FrameStep(key, seen, changed)
