"""Lesion boxes drawn by eye, for photographs that came without mask or box: coordinates only, no pictures."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from training.data.sources import Box, Row

_FILE: Final = Path(__file__).with_name("boxes.json")


@dataclass(frozen=True)
class EyeBox:
    """Where a layman saw the lesion.

    Attributes:
        box: (x0, y0, x1, y1) in pixels of the photograph.
        spread: many lesions; the box holds their common extent.
        cut: the lesion runs out of the photograph as it came.
    """

    box: Box
    spread: bool
    cut: bool


@cache
def _boxes() -> dict[str, tuple[tuple[int, int], EyeBox]]:
    entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return {
        path: (tuple(entry["size"]), EyeBox(tuple(map(float, entry["box"])), entry["spread"], entry["cut"]))
        for path, entry in entries.items()
    }


def eye_box(row: Row) -> EyeBox | None:
    """The box drawn by eye for this photograph; None without one, or when the photograph has another size."""
    size, found = _boxes().get(row.path, (None, None))
    return found if size == (row.width, row.height) else None


def located(row: Row) -> bool:
    """Whether it is known where the lesion is, rather than guessed: by mask or box, and not all over."""
    if row.mask or row.boxes:
        return True
    found = eye_box(row)
    return found is not None and not found.spread
