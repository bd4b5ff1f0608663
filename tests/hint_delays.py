"""From what a page saw to how long its hints took, with and without the coach's own waiting."""

import math
import statistics
from collections.abc import Sequence, Set
from typing import Any, Final

import numpy as np

from core.guidance.conditions import KEYS, family
from core.guidance.controller import GuidanceController
from core.guidance.preset import Preset, load_preset

SCENE_S: Final = 6.0
# A hint that has not come by then belongs to the next change.
LATEST_S: Final = 5.5


def fitting(key: str, preset: Preset) -> set[str]:
    """The words that answer a condition: its own, and those that say more exactly what to do about it."""
    return {preset.prompt(said).text for said in KEYS if family(said) == key}


def delays(seen: dict[str, list[dict[str, Any]]], words: Sequence[Set[str]]) -> list[tuple[int, float]]:
    """The scene that the picture changed to, and the seconds to the hint that belongs to it, for each change.

    Args:
        seen: ``scenes`` (which of the two) and ``hints`` (words), each with ``what`` and ``at`` (ms).
        words: what each scene may be told.
    """
    out = []
    for change in seen["scenes"][1:]:
        wanted = words[change["what"]]
        later = [
            hint["at"] for hint in seen["hints"] if hint["what"] in wanted and hint["at"] >= change["at"]
        ]
        if later and later[0] - change["at"] < 1000 * LATEST_S:
            out.append((change["what"], (later[0] - change["at"]) / 1000))
    return out


def smoothing(preset: Preset, before: str, after: str, per_second: float) -> float:
    """Seconds that the coach itself waits after a change, where every frame is judged rightly and at once.

    Args:
        before, after: conditions of the frames before and after the change.
        per_second: frames judged a second.
    """
    moment = 0.0
    controller = GuidanceController(preset, lambda: moment)
    frames = math.ceil(SCENE_S * per_second)
    for key in (before, after):
        changed = moment
        for _frame in range(frames):
            if controller.see(key).key == after:
                return moment - changed
            moment += 1 / per_second
    raise ValueError(f"{after} is never shown at {per_second} frames a second")


def latency(found: Sequence[tuple[int, float]], keys: Sequence[str], rate: float) -> dict[str, float | None]:
    """Median and 95th percentile in seconds of what was measured, and of that less the coach's own waiting.

    Args:
        found: as `delays` gives it.
        keys: the condition of each scene.
        rate: frames judged a second.
    """
    names = "picture_to_prompt_median_s", "picture_to_prompt_p95_s"
    beyond = "beyond_smoothing_median_s", "beyond_smoothing_p95_s"
    if not found:
        return dict.fromkeys((*names, *beyond))
    preset = load_preset()
    waits = [smoothing(preset, keys[1 - what], keys[what], rate) for what in (0, 1)]
    out = {}
    for (median, p95), values in (
        (names, [seconds for _what, seconds in found]),
        (beyond, [seconds - waits[what] for what, seconds in found]),
    ):
        out[median] = round(statistics.median(values), 3)
        out[p95] = round(float(np.quantile(values, 0.95)), 3)
    return out
