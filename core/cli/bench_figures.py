"""What the benches do with their figures: print them, and write them to a file where one is asked for."""

import argparse
import json
from pathlib import Path
from typing import Any

from core.cli.faults import not_written, tell


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--json``."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")


def give(found: dict[str, Any], path: Path | None, shown: str | None = None) -> int:
    """Write figures to a file as one JSON object, where one is asked for, and print them.

    Args:
        found: the figures.
        path: of ``--json``; None without it.
        shown: what is printed; the same object where None.

    Returns:
        exit status: 0, or 1 where the file could not be written.
    """
    text = json.dumps(found, indent=2)
    status = 0 if path is None else write(path, text)
    print(text if shown is None else shown)
    return status


def write(path: Path, text: str) -> int:
    """Write a file, making its folder; that it cannot be written is said on standard error.

    What was measured for half an hour is not lost with it: whoever calls goes on.

    Returns:
        exit status: 0, or 1 where it could not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        tell(not_written(path, error))
        return 1
    return 0
