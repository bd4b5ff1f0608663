"""A folder of answers: one part a run, one JSON object a line, and what the answers were made with.

A run that was interrupted leaves its part as it is; its last line may be torn, and then counts as not there.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from core.errors import UserFacingError
from core.i18n import _
from core.new_file import create

MADE_WITH: Final = "made-with.json"
_PART: Final = re.compile(r"part-(\d+)\.jsonl")
AGAIN: Final = frozenset({"not_found", "unreadable", "cannot_decode", "internal"})
"""Codes of errors that may be over by the next run: these photos are tried again."""


class OtherAnswersError(UserFacingError):
    """The folder holds answers of something else; ``message`` says what to do."""


def claim(folder: Path, made_with: dict[str, Any]) -> None:
    """Take a folder for answers that are made with this; it is made where it is not there.

    Raises:
        OtherAnswersError: its answers were made with something else.
        OSError: it cannot be made or read.
    """
    told = json.dumps(made_with, indent=1, sort_keys=True) + "\n"
    try:
        create(folder / MADE_WITH, told)
    except FileExistsError:
        if (folder / MADE_WITH).read_text(encoding="utf-8") != told:
            message = _(
                "{folder} holds answers of another assessor, preset or network ({file} says of which). "
                "Choose another folder."
            )
            raise OtherAnswersError(message.format(folder=folder, file=MADE_WITH)) from None


def parts(folder: Path) -> dict[int, Path]:
    """The parts by number, in order."""
    found = ((_PART.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def next_part(folder: Path) -> Path:
    """Where the next run writes."""
    return folder / f"part-{max(parts(folder), default=0) + 1:05d}.jsonl"


def answered(folder: Path) -> set[str]:
    """Paths of all photos that need not be looked at again."""
    done: set[str] = set()
    for path in parts(folder).values():
        for row in _rows(path):
            if row.get("error", {}).get("code") in AGAIN:
                done.discard(row["path"])
            else:
                done.add(row["path"])
    return done


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # torn
            if isinstance(row, dict) and isinstance(row.get("path"), str):
                yield row
