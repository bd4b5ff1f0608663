"""Limits on YAML text that anyone may have written, checked on the stream of events before anything is built.

A kilobyte of aliases can stand for a billion values, and a thousand brackets for a tree too deep to walk. So
what is counted is what the text stands for once every alias is written out.
"""

from dataclasses import dataclass, field
from typing import Final

import yaml

from core.i18n import _

MOST_CHARACTERS: Final = 100_000
MOST_PARTS: Final = 20_000
"""Keys, values, lists and mappings in a document, with each alias counted as all that it stands for."""
MOST_DEPTH: Final = 20
MOST_SCALAR: Final = 4_000
"""Characters in one key or value; Python reads no longer number either."""
_SHOWN: Final = 40
_MOST_PROBLEM: Final = 200


class TextError(Exception):
    """Text that is no YAML, or goes beyond a limit.

    Attributes:
        line: where, from 1.
        steps: keys and places (from 0) that lead there.
        advice: a translated sentence that says what to do.
    """

    def __init__(self, line: int, steps: tuple[str | int, ...], advice: str) -> None:
        super().__init__(advice)
        self.line = line
        self.steps = steps
        self.advice = advice


@dataclass
class _Open:
    """A list or mapping that has begun: how far it got, and what it stands for so far."""

    mapping: bool
    anchor: str | None
    parts: int = 1
    children: int = 0
    key: str = ""

    @property
    def step(self) -> str | int:
        return self.key if self.mapping else self.children


@dataclass
class _Count:
    """What was read of a document so far."""

    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, int] = field(default_factory=dict)
    parts: int = 0

    def steps(self) -> tuple[str | int, ...]:
        # A mapping is on its way to a value after an odd number of children: then its key leads there.
        return tuple(level.step for level in self.open if not level.mapping or level.children % 2)

    def add(self, parts: int) -> None:
        """Count a part that has ended, in what it stands in."""
        if self.open:
            self.open[-1].parts += parts
            self.open[-1].children += 1


def check(text: str) -> None:
    """Read through YAML text without building anything of it.

    Raises:
        TextError: it is no YAML, is too long, too deep or too large, or refers to a part that it stands in.
    """
    if len(text) > MOST_CHARACTERS:
        advice = _("this is longer than {count} characters; shorten it.")
        line = text.count("\n", 0, MOST_CHARACTERS) + 1
        raise TextError(line, (), advice.format(count=MOST_CHARACTERS))
    count = _Count()
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        while loader.check_event():
            _take(loader.get_event(), count)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise TextError(line, count.steps(), unreadable()) from None
    except yaml.MarkedYAMLError as error:
        raise TextError(line_of(error), count.steps(), invalid(error)) from None
    except (ValueError, OverflowError):  # such as an escape for a character that there is not
        line = loader.line + 1 if loader is not None else 1
        raise TextError(line, count.steps(), unreadable()) from None
    finally:
        if loader is not None:
            loader.dispose()


def _take(event: yaml.Event, count: _Count) -> None:
    line = 1 if event.start_mark is None else event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        if event.anchor in count.anchors:
            _grow(count, count.anchors[event.anchor], line)
            count.add(count.anchors[event.anchor])
        elif any(level.anchor == event.anchor for level in count.open):
            advice = _("this refers to a part that it stands in; write out what is meant.")
            raise TextError(line, count.steps(), advice)
        # An anchor that is nowhere is reported by the parser, with its line.
    elif isinstance(event, yaml.ScalarEvent):
        _grow(count, 1, line)
        _scalar(event, count, line)
        count.add(1)
        if event.anchor:
            count.anchors[event.anchor] = 1
    elif isinstance(event, yaml.CollectionStartEvent):
        _grow(count, 1, line)
        count.open.append(_Open(isinstance(event, yaml.MappingStartEvent), event.anchor))
        if len(count.open) > MOST_DEPTH:
            advice = _("more than {count} levels within each other; remove some.")
            raise TextError(line, count.steps()[:3], advice.format(count=MOST_DEPTH))
    elif isinstance(event, yaml.CollectionEndEvent):
        ended = count.open.pop()
        count.add(ended.parts)
        if ended.anchor:
            count.anchors[ended.anchor] = ended.parts


def _grow(count: _Count, parts: int, line: int) -> None:
    count.parts += parts
    if count.parts > MOST_PARTS:
        advice = _("the file stands for more than {count} keys and values; remove some.")
        raise TextError(line, count.steps(), advice.format(count=MOST_PARTS))


def _scalar(event: yaml.ScalarEvent, count: _Count, line: int) -> None:
    value, steps = event.value, count.steps()
    if count.open and count.open[-1].mapping and count.open[-1].children % 2 == 0:
        count.open[-1].key = value[:_SHOWN]
        steps = (*steps, value[:_SHOWN])
    if len(value) > MOST_SCALAR:
        advice = _("this is longer than {count} characters; shorten it.")
        raise TextError(line, steps, advice.format(count=MOST_SCALAR))
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        clean = tuple(str(step).encode("utf-8", "replace").decode() for step in steps)
        raise TextError(line, clean, unreadable())


def invalid(error: yaml.MarkedYAMLError) -> str:
    """What to do about text that the YAML reader stumbles over."""
    problem = " ".join((error.problem or error.context or "").split())[:_MOST_PROBLEM]
    return _("this is not valid YAML ({problem}); check the spaces and colons here.").format(problem=problem)


def line_of(error: yaml.MarkedYAMLError) -> int:
    """The line (from 1) that the YAML reader stumbles over."""
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def unreadable() -> str:
    """What to do about a key or value that Python cannot make anything of."""
    return _("this is no text, number or date that can be read; correct it, or put it in quotation marks.")
