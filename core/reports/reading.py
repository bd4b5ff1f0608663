"""Reads a report of ``python -m core evaluate`` that may lack any of its parts."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.i18n import _

Report = Mapping[str, Any]

# The honest one first.
SECTIONS: Final = ("left_out", "validation", "rated", "phantoms")


class ReportError(ValueError):
    """A report that cannot be read; ``message`` says so in a sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def load(path: Path) -> Report | None:
    """The report in a file, or None where there is no such file.

    Raises:
        ReportError: the file cannot be read, or is no report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ReportError(_("The report {file} cannot be read.").format(file=path.name)) from error
    if not isinstance(report, dict) or not isinstance(report.get("sections"), dict):
        raise ReportError(_("The file {file} is not a report of an evaluation.").format(file=path.name))
    return report


def at(tree: Any, *path: str | int) -> Any:
    """What lies at a place in nested mappings and lists; None where the way ends early."""
    for step in path:
        if isinstance(tree, Mapping):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and -len(tree) <= step < len(tree):
            tree = tree[step]
        else:
            return None
    return tree


def branch(tree: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at a place; an empty one where there is none."""
    found = at(tree, *path)
    return found if isinstance(found, Mapping) else {}


def items(tree: Any, *path: str) -> list[Mapping[str, Any]]:
    """The mappings in the list at a place; none where there is no list."""
    found = at(tree, *path)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def number(tree: Any, *path: str | int) -> float | None:
    """The finite number at a place, else None."""
    found = at(tree, *path)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return float(found)


def count(tree: Any, *path: str | int) -> int | None:
    """The whole number at a place, else None."""
    found = number(tree, *path)
    return None if found is None else int(found)


def pair(tree: Any, *path: str | int) -> tuple[float, float] | None:
    """Two finite numbers at a place (an interval; or a mean and its deviation), else None."""
    first, second = number(tree, *path, 0), number(tree, *path, 1)
    return None if first is None or second is None else (first, second)


def points(tree: Any, *path: str | int) -> list[tuple[float, float]]:
    """The pairs of finite numbers in the list at a place."""
    found = at(tree, *path)
    pairs = [pair(entry) for entry in found] if isinstance(found, list) else []
    return [entry for entry in pairs if entry is not None]


def photo_sets(report: Report) -> tuple[str, ...]:
    """Names of the sets of photographs that the report has figures of, the honest one first."""
    given = report.get("sections")
    return tuple(name for name in SECTIONS if isinstance(given, Mapping) and branch(given, name))
