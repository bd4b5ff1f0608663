"""Two presets compared, setting by setting, in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.guidance.conditions import KEYS
from core.guidance.preset import Preset
from core.guidance.preset_content import Content, Steps, content_of
from core.quality.labels import EXPLANATIONS

MISSING = object()
_ABOUT = ("name", "version", "description")


@dataclass(frozen=True)
class Difference:
    """One setting that differs.

    Attributes:
        steps: the way to it, such as ``("timing", "hint_ms")``.
        before, after: its value on either side; ``MISSING`` where it is not there.
    """

    steps: Steps
    before: Any
    after: Any


def leaves(content: Mapping[str, Any], steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every setting with the way to it; a list is one setting, an empty mapping none."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*steps, str(name)))
        else:
            yield (*steps, str(name)), value


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What differs, in the order of ``after``, then what only ``before`` has."""
    old, new = dict(leaves(before)), dict(leaves(after))
    found = [
        Difference(steps, old.get(steps, MISSING), value)
        for steps, value in new.items()
        if not _same(old.get(steps, MISSING), value)
    ]
    return (*found, *(Difference(steps, old[steps], MISSING) for steps in old if steps not in new))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The same without name, version and description: what changes for the person with the camera."""
    return tuple(difference for difference in differences(before, after) if difference.steps[0] not in _ABOUT)


def effective(preset: Preset, languages: tuple[str, ...], thresholds: Mapping[str, float]) -> Content:
    """A preset's settings as a person meets them: every prompt, and the thresholds that hold.

    Args:
        languages: for which prompts are wanted.
        thresholds: of its operating point, by explanation.
    """
    content = content_of(preset)
    content["prompts"] = {
        language: {key: preset.prompt(key, language).model_dump() for key in KEYS} for language in languages
    }
    held = {**thresholds, **preset.thresholds}
    content["thresholds"] = {name: round(float(held[name]), 4) for name in EXPLANATIONS}
    return content


def _same(one: Any, other: Any) -> bool:
    return one is not MISSING and other is not MISSING and one == other
