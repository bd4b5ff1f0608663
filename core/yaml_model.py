"""YAML that people write by hand, checked against a pydantic model: mistakes are named with their line."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core import yaml_limits
from core.errors import UserFacingError
from core.i18n import _

_MOST_TOLD: Final = 20
"""Mistakes named at once; a file with more is put right step by step."""
_MOST_LETTERS: Final = 40
_MOST_ADVICE: Final = 400
_Model = TypeVar("_Model", bound=BaseModel)


class YamlError(UserFacingError):
    """A file that does not fit; ``message`` is one translated line a mistake: file, line and what to do."""


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
        YamlError: it is not valid YAML, is beyond the limits of :mod:`core.yaml_limits`, says something
            twice, or does not fit the model.
    """
    try:
        yaml_limits.check(text)
        root, content = _built(text)
    except yaml_limits.TextError as error:
        raise YamlError(_told(path, error.line, error.steps, error.advice)) from None
    twice = _repeated_key(root)
    if twice is not None:
        what = _('"{key}" stands here a second time; remove one of the two.').format(key=_short(twice.value))
        raise YamlError(_sentence(path, twice.start_mark.line + 1, what))
    if base is not None and isinstance(content, Mapping):
        content = _over(base, content)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        lines = [
            _told(path, _line_of(root, problem["loc"]), problem["loc"], advice(problem))
            for problem in error.errors(include_url=False, include_input=False)[:_MOST_TOLD]
        ]
        raise YamlError("\n".join(lines)) from None


def dump(content: Mapping[str, Any], width: int) -> str:
    """Plain data as YAML in its own order, everything written out: no aliases.

    Args:
        width: characters a line, about.
    """
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=width)


def read_text(path: Path) -> str:
    """A file's text, no more of it than shows that it is too long.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read, or is not UTF-8.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return file.read(yaml_limits.MOST_CHARACTERS + 1)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Unreadable(Exception):
    """A value that Python cannot make anything of, such as the 45th day of a month."""

    def __init__(self, node: yaml.Node) -> None:
        super().__init__()
        self.node = node


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise _Unreadable(node) from None


def _built(text: str) -> tuple[yaml.Node | None, Any]:
    """A document as nodes, which know their lines, and as plain data."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    except _Unreadable as error:
        line, steps = error.node.start_mark.line + 1, _steps_to(root, error.node) or ()
        raise yaml_limits.TextError(line, steps, yaml_limits.unreadable()) from None
    except yaml.MarkedYAMLError as error:
        raise yaml_limits.TextError(yaml_limits.line_of(error), (), yaml_limits.invalid(error)) from None
    finally:
        loader.dispose()


def _steps_to(node: yaml.Node | None, wanted: yaml.Node) -> tuple[str | int, ...] | None:
    """The keys and places that lead to a node; None where it is not below ``node``."""
    if node is wanted:
        return ()
    below: list[tuple[str | int, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below += [(str(key.value), key), (str(key.value), value)]
    elif isinstance(node, yaml.SequenceNode):
        below = list(enumerate(node.value))
    for step, one in below:
        steps = _steps_to(one, wanted)
        if steps is not None:
            return (step, *steps)
    return None


def _sentence(path: Path, line: int, what: str) -> str:
    return _("{path}, line {line}: {what}").format(path=path, line=line, what=what)


def _told(path: Path, line: int, steps: Sequence[str | int], advice: str) -> str:
    """One mistake: file, line, field and what to do."""
    where = " > ".join(_short(str(step)) for step in steps) or _("the file")
    return _sentence(path, line, f"{where}: {advice}")


def _short(text: str, most: int = _MOST_LETTERS) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _over(base: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` laid over ``base``, mapping by mapping; anything else takes the place of the base's."""
    laid = dict(base)
    for key, value in content.items():
        below = laid.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = _over(below, value)
        laid[key] = value
    return laid


def advice(problem: Mapping[str, object]) -> str:
    """What to do about one validation problem."""
    kind = problem["type"]
    if kind == "missing":
        return _("this is missing; add it.")
    if kind == "extra_forbidden":
        return _("no such setting; remove it or check its spelling.")
    # One line, whatever was written into the file.
    problem_text = _short(" ".join(str(problem["msg"]).removeprefix("Value error, ").split()), _MOST_ADVICE)
    return _("{problem}; change it.").format(problem=problem_text)


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
