"""What Python tells the browser, as plain JSON: the preset in the person's language, and the pass rule."""

from typing import Any

from core.guidance.conditions import WORDED_KEYS
from core.guidance.contrast import layers, opposite, rgb_of
from core.guidance.outline import STATES, outline
from core.guidance.preset import Preset
from core.guidance.preset_schema import Overlay
from core.quality.verdict import PassRule


def preset_json(preset: Preset, language: str = "en") -> dict[str, Any]:
    """A preset for the browser.

    Returns:
        name, version, healthy_skin_passes; ``prompts`` by condition and shot key ({text, spoken}, in the
        language where there are words in it); ``priorities`` (condition keys, first said first); ``merge``,
        ``timing``, ``refine``, ``gate``, ``camera``, ``overlay`` and ``feedback`` as in the preset's file;
        ``guide``, see :func:`guide_json`.
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
        "guide": guide_json(preset.overlay),
    }


def guide_json(overlay: Overlay) -> dict[str, Any]:
    """What the guide is made of, for the browser: one geometry for both ways of Practise.

    Returns:
        ``outline``: lines by state, each a list of x, y in units of the guide's size; ``colours``: for
        ``"open"`` (the photo can be taken) and ``"other"``, the ``layers`` of a line, the outermost first,
        and the ``opposite`` of its colour, each as red, green and blue.
    """
    colours = {"open": rgb_of(overlay.colour_ready), "other": rgb_of(overlay.colour)}
    return {
        "outline": {state: outline(overlay.shape, state) for state in STATES},
        "colours": {
            name: {"layers": layers(colour), "opposite": opposite(colour)} for name, colour in colours.items()
        },
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
