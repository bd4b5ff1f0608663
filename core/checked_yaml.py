"""YAML that people write by hand, checked against a pydantic model: mistakes are named with their line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.words import _

_Model = TypeVar("_Model", bound=BaseModel)


class YamlError(Exception):
    """A file that does not fit; ``message`` is one translated line a mistake: file, line and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parse(
    text: str,
    path: Path,
    model: type[_Model],
    context: Mapping[str, Any] | None = None,
    base: Mapping[str, Any] | None = None,
) -> _Model:
    """Read one YAML document into ``model``.

    Args:
        text: the document.
        path: where it came from, for the messages.
        model: what it must look like.
        context: handed to the model's validators.
        base: what the document leaves out is taken from here, key by key.

    Raises:
        YamlError: it is not valid YAML, says something twice, or does not fit the model.
    """
    sentence = _("{path}, line {line}: {what}")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = _repeated_key(root)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        what = _("this is not valid YAML ({problem}); check the spaces and colons here.").format(
            problem=problem
        )
        raise YamlError(sentence.format(path=path, line=line, what=what)) from None
    if twice is not None:
        what = _('"{key}" stands here a second time; remove one of the two.').format(key=twice.value)
        raise YamlError(sentence.format(path=path, line=twice.start_mark.line + 1, what=what))
    if base is not None and isinstance(content, Mapping):
        content = _over(base, content)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            where = " > ".join(str(step) for step in problem["loc"]) or _("the file")
            what = f"{where}: {advice(problem)}"
            line = _line_of(root, problem["loc"])
            lines.append(sentence.format(path=path, line=line, what=what))
        raise YamlError("\n".join(lines)) from None


def _over(base: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` laid over ``base``, mapping by mapping; anything else takes the place of the base's."""
    laid = dict(base)
    for key, value in content.items():
        below = laid.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        laid[key] = _over(below, value) if both else value
    return laid


def advice(problem: Mapping) -> str:
    """What to do about one validation problem."""
    kind = problem["type"]
    if kind == "missing":
        return _("this is missing; add it.")
    if kind == "extra_forbidden":
        return _("no such setting; remove it or check its spelling.")
    said = str(problem["msg"]).removeprefix("Value error, ")
    return _("{problem}; change it.").format(problem=said)


def _repeated_key(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """The first mapping key that stands twice: YAML would silently keep only the last."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    return key
                seen.add(key.value)
            found = _repeated_key(value)
            if found is not None:
                return found
    return None


def _line_of(node: yaml.Node | None, steps: Sequence[str | int]) -> int:
    """Line (from 1) of the deepest part of ``steps`` that the file has."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
