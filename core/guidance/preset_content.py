"""A preset as plain data that a person edits: it may be wrong for a while, and says where."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from core.guidance.preset import Preset, PresetError, parse_preset
from core.i18n import _
from core.yaml_limits import MOST_CHARACTERS
from core.yaml_model import advice, dump

Content = dict[str, Any]
Steps = tuple[str, ...]
_FIRST: Final = ("name", "version", "description", "operating_point", "thresholds")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a draft: where (the steps to the setting), and what to do, translated."""

    steps: Steps
    advice: str


def content_of(preset: Preset) -> Content:
    """All settings of a preset as plain data."""
    return preset.model_dump(mode="json")


def checked(content: Mapping[str, Any]) -> tuple[Preset | None, tuple[Problem, ...]]:
    """The preset that this content makes, or what keeps it from being one."""
    try:
        return Preset.model_validate(copy.deepcopy(dict(content))), ()
    except ValidationError as error:
        found = (
            Problem(tuple(str(step) for step in one["loc"]), advice(one))
            for one in error.errors(include_url=False)
        )
        return None, tuple(found)


def at(content: Mapping[str, Any], steps: Sequence[str]) -> Any:
    """What stands at a place; None where there is nothing."""
    here: Any = content
    for step in steps:
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def put(content: Mapping[str, Any], steps: Sequence[str], value: Any) -> Content:
    """A copy with another value at a place; missing levels are made."""
    out = dict(content)
    first, rest = steps[0], steps[1:]
    if rest:
        below = out.get(first)
        out[first] = put(below if isinstance(below, Mapping) else {}, rest, value)
    else:
        out[first] = copy.deepcopy(value)
    return out


def drop(content: Mapping[str, Any], steps: Sequence[str]) -> Content:
    """A copy without what stands at a place; levels that this leaves empty go too, but never the first."""
    out = dict(content)
    first, rest = steps[0], steps[1:]
    if not rest:
        out.pop(first, None)
        return out
    if isinstance(out.get(first), Mapping):
        out[first] = drop(out[first], rest)
        if len(rest) > 1 and not out[first].get(rest[0], True):
            out[first] = {name: value for name, value in out[first].items() if name != rest[0]}
    return out


def yaml_of(content: Mapping[str, Any]) -> str:
    """The content as a YAML document: who it is first, then in the order of the schema."""
    order = dict.fromkeys((*_FIRST, *Preset.model_fields, *content))
    ordered = {name: content[name] for name in order if name in content}
    return dump(ordered, width=100)


def from_yaml(text: str, name: str) -> Preset:
    """Read a preset that a person wrote.

    Args:
        text: one YAML document; what it leaves out is as in ``balanced``.
        name: what to call it in messages.

    Raises:
        PresetError: it is too long, or does not fit; one line a mistake, with its place.
    """
    if len(text) > MOST_CHARACTERS:
        message = _("{name} is longer than any preset. Choose a preset file of Retake.")
        raise PresetError("preset_invalid", message.format(name=name))
    return parse_preset(text, Path(name))
