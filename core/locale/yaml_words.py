"""Lets Babel find the sentences of a taxonomy's YAML file; named in ``babel.cfg``."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO, Final

import yaml

WORDED: Final = ("term", "lay_name", "description", "note")


def extract(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[tuple[int, str, str, list[str]]]:
    """(line, function, sentence, comments) of each sentence, as Babel asks of an extractor."""
    yield from _sentences(yaml.compose(file, Loader=yaml.SafeLoader))


def _sentences(node: yaml.Node | None) -> Iterator[tuple[int, str, str, list[str]]]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(value, yaml.MappingNode):
            yield from _sentences(value)
        elif key.value in WORDED and value.value:
            yield value.start_mark.line + 1, "_", value.value, []
