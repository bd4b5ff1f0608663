"""A verdict as ``assess`` prints it."""

from typing import Any

from core.guidance.hint import hint_for
from core.guidance.preset import Preset
from core.quality.verdict import Verdict


def described(verdict: Verdict, preset: Preset) -> dict[str, Any]:
    """The fields of a photo's JSON object that say how good it is, and what to do."""
    hint = hint_for(verdict, preset)
    ranked: dict[str, Any] = {}
    if verdict.score is not None:
        ranked = {"score": verdict.score, "parts": dict(verdict.parts)}
    return {
        "width": verdict.width,
        "height": verdict.height,
        "assessor": verdict.assessor,
        "quality": dict(verdict.quality),
        "label": verdict.label,
        "explanations": verdict.judged_explanations,
        "flagged": list(verdict.flagged),
        "passes": verdict.passes,
        "hint": {"key": hint.key, "text": hint.text} if hint else None,
        "milliseconds": verdict.milliseconds,
        **ranked,
    }
