"""From a verdict to the one thing to say."""

from dataclasses import dataclass

from core.guidance.conditions import GENERAL_KEY
from core.guidance.preset import Preset
from core.quality.verdict import Verdict


@dataclass(frozen=True)
class Hint:
    """The one prompt shown now: its condition key, its words, and what a screen reader says."""

    key: str
    text: str
    spoken: str


def hint(key: str, preset: Preset, language: str = "en") -> Hint:
    """The hint for a condition key, in a preset's words."""
    prompt = preset.prompt(key, language)
    return Hint(key=key, text=prompt.text, spoken=prompt.spoken)


def condition(verdict: Verdict, preset: Preset, healthy_skin_passes: bool = False) -> str | None:
    """The key of what to say about a picture, or None when it passes.

    ``too_close`` stands for bad framing where the spot takes more of the frame than the rule allows.

    Only what the verdict found is a candidate, so a hint never asks for what the picture does
    not need; the preset's priority picks one of them. Where nothing is known but that the picture is not
    good, it is ``GENERAL_KEY``.

    Args:
        healthy_skin_passes: whether the rule that judged the picture lets healthy skin pass: a
            person who is just practising is not sent to look for a spot.
    """
    if verdict.passes:
        return None
    wrong = set(verdict.flagged)
    if verdict.label == "no_skin" or (
        verdict.label == "healthy_skin" and not (healthy_skin_passes or preset.healthy_skin_passes)
    ):
        wrong.add(verdict.label)
    if not wrong:
        if verdict.nearest is None:
            return GENERAL_KEY
        wrong.add(verdict.nearest)
    key = next(key for key in preset.priority if key in wrong)
    return "too_close" if key == "bad_framing" and verdict.too_close else key


def hint_for(
    verdict: Verdict, preset: Preset, *, healthy_skin_passes: bool = False, language: str = "en"
) -> Hint | None:
    """The hint for a picture, or None when it passes; see :func:`condition`."""
    key = condition(verdict, preset, healthy_skin_passes)
    return None if key is None else hint(preset.merged_into(key), preset, language)
