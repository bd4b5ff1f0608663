"""What the schema allows for each setting of a preset's parts, for fields to be drawn from."""

import types
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.guidance.preset import Preset
from core.guidance.preset_content import Steps

_HAIR: Final = 1e-3
"""A number that must be above a limit starts this far above it."""


@dataclass(frozen=True)
class Limits:
    """What a setting may be.

    Attributes:
        kind: ``bool``, ``int`` or ``float``; ``str`` for one of ``options`` or, without any, a colour.
        low, high: of that kind; None where there is no limit.
        step: by how much a press on plus changes it.
        optional: whether it may be left empty.
        options: the words that it may be.
    """

    kind: type[bool] | type[int] | type[float] | type[str]
    low: float | int | None = None
    high: float | int | None = None
    step: float | int | None = None
    optional: bool = False
    options: tuple[str, ...] = ()


@cache
def limits_of(part: str) -> dict[Steps, Limits]:
    """The settings of one part of a preset, such as ``timing``, in the schema's order."""
    field = Preset.model_fields.get(part)
    model = field.annotation if field is not None else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return {}
    found = {(part, name): _limits(info) for name, info in model.model_fields.items()}
    return {steps: limits for steps, limits in found.items() if limits is not None}


def _limits(info: FieldInfo) -> Limits | None:
    kind, notes, optional = _bare(info.annotation, list(info.metadata))
    if kind is bool:
        return Limits(bool)
    if get_origin(kind) is Literal:
        return Limits(str, options=get_args(kind))
    if kind is str:
        return Limits(str)
    if kind not in (int, float):
        return None
    low = high = None
    for note in notes:
        for limit in getattr(note, "metadata", None) or (note,):
            # pydantic keeps each bound as an object with one attribute of the bound's name.
            if (bound := getattr(limit, "ge", None)) is not None:
                low = kind(bound)
            if (bound := getattr(limit, "gt", None)) is not None:
                low = kind(bound) + (1 if kind is int else _HAIR)
            if (bound := getattr(limit, "le", None)) is not None:
                high = kind(bound)
            if (bound := getattr(limit, "lt", None)) is not None:
                high = kind(bound) - (1 if kind is int else _HAIR)
    return Limits(kind, low, high, _step(kind, low, high), optional)


def _bare(annotation: Any, notes: list[Any]) -> tuple[Any, list[Any], bool]:
    """The type within ``Annotated`` and ``| None``, its notes, and whether it may be None."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _bare(inner, notes + more)
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(kinds) == 1:
            kind, found, _optional = _bare(kinds[0], notes)
            return kind, found, True
    return annotation, notes, False


def _step(kind: type, low: float | None, high: float | None) -> float | int:
    if kind is int:
        return 100 if high is None or high > 400 else 1
    return 0.01 if high is not None and high <= 1 else 0.5
