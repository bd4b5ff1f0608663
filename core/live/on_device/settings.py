"""What Python tells the browser, as plain JSON: the preset in the person's language, and the pass rule."""

from typing import Any

from core.guidance.conditions import WORDED_KEYS
from core.guidance.preset import Preset
from core.quality.verdict import PassRule


def preset_json(preset: Preset, language: str = "en") -> dict[str, Any]:
    """A preset for the browser.

    Returns:
        name, version, healthy_skin_passes; ``prompts`` by condition and shot key ({text, spoken}, in the
        language where there are words in it); ``priorities`` (condition keys, first said first); ``merge``,
        ``timing``, ``refine``, ``gate``, ``camera``, ``overlay`` and ``feedback`` as in the preset's file.
    """
    return {
        "name": preset.name,
        "version": preset.version,
        "healthy_skin_passes": preset.healthy_skin_passes,
        "prompts": {key: preset.prompt(key, language).model_dump() for key in WORDED_KEYS},
        "priorities": list(preset.priority),
        "merge": dict(preset.merge),
        "timing": preset.timing.model_dump(),
        "refine": preset.refine.model_dump(),
        "gate": preset.gate.model_dump(),
        "camera": preset.camera.model_dump(),
        "overlay": preset.overlay.model_dump(),
        "feedback": preset.feedback.model_dump(),
    }


def rule_json(rule: PassRule) -> dict[str, Any]:
    """A pass rule for the browser: thresholds, class_offsets, and the other fields of ``PassRule``."""
    return {
        "thresholds": {name: float(value) for name, value in rule.thresholds.items()},
        "class_offsets": {name: float(value) for name, value in rule.class_offsets.items()},
        "healthy_skin_passes": rule.healthy_skin_passes,
        "second_opinion": rule.second_opinion,
        "spot_at_least": rule.spot_at_least,
        "spot_at_most": rule.spot_at_most,
    }
