"""The photographs a network may learn from: one row a photo, read from a folder's ``manifest.csv``."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from core.errors import UserFacingError
from core.i18n import _
from training.data.lesion_labels import lesion_label

GROUPS = ("lesion", "healthy_skin", "no_skin", "real_quality")

Box = tuple[float, float, float, float]
_T = TypeVar("_T")


class DataError(UserFacingError):
    """Training or evaluation data that cannot be used; ``message`` is one sentence that names the file."""


@dataclass(frozen=True)
class Row:
    """One photograph of the manifest.

    Attributes:
        root: the data folder; ``root / path`` is the picture.
        path, mask: relative to the folder; ``mask`` is "" when there is none.
        group: lesion, healthy_skin, no_skin or real_quality.
        label: lesion class (by the rule of ``lesion_labels``), or quality label (real_quality), or what is
            shown.
        slug: short name of the source; ``split_key`` ties versions of one person or photo together.
        width, height: pixels.
        boxes: (x0, y0, x1, y1) in pixels of this picture.
        quality_votes, explanation_votes: counts of real raters by name, or None.
    """

    root: Path
    path: str
    group: str
    label: str
    slug: str
    split_key: str
    width: int
    height: int
    mask: str
    boxes: tuple[Box, ...]
    quality_votes: Mapping[str, int] | None = None
    explanation_votes: Mapping[str, int] | None = None


def _row(root: Path, entry: Mapping[str, str | None]) -> Row:
    def text(name: str) -> str:
        return (entry.get(name) or "").strip()

    def votes(name: str) -> dict[str, int] | None:
        return {str(k): int(v) for k, v in json.loads(text(name)).items()} if text(name) else None

    for needed in ("path", "group", "slug", "split_key"):
        if not text(needed):
            raise ValueError(needed)
    if text("group") not in GROUPS:
        raise ValueError("group")
    boxes = json.loads(text("boxes")) if text("boxes") else []
    return Row(
        root=root,
        path=text("path"),
        group=text("group"),
        label=lesion_label(text("label"), text("original_label")),
        slug=text("slug"),
        split_key=text("split_key"),
        width=int(text("width")),
        height=int(text("height")),
        mask=text("mask"),
        boxes=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in boxes),
        quality_votes=votes("quality_votes"),
        explanation_votes=votes("explanation_votes"),
    )


def read_manifest(data_dir: Path | str) -> list[Row]:
    """Read ``manifest.csv`` of a data folder.

    Pictures are not opened here; ``read_rgb`` and ``read_mask`` complain when one is used.

    Raises:
        DataError: the manifest is missing, not readable, empty, or a line of it makes no sense.
    """
    root = Path(data_dir)
    path = root / "manifest.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            entries = list(csv.DictReader(file))
    except FileNotFoundError as error:
        message = _("There is no manifest.csv in {folder}: point --data at a folder that has one.")
        raise DataError(message.format(folder=root)) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(_("{file} cannot be read as a table of photographs.").format(file=path)) from error
    if not entries:
        raise DataError(_("{file} lists no photographs.").format(file=path))
    rows = []
    for number, entry in enumerate(entries, start=2):
        try:
            rows.append(_row(root, entry))
        except (ValueError, TypeError, AttributeError) as error:
            message = _("Line {number} of {file} does not describe a photograph.")
            raise DataError(message.format(number=number, file=path)) from error
    return rows


def _decode(path: Path, flags: int) -> np.ndarray:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        picture = cv2.imdecode(data, flags) if data.size else None
    except (OSError, cv2.error):
        picture = None
    if picture is None:
        raise DataError(_("{file} is missing or is not a picture that can be read.").format(file=path))
    return picture


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture file: uint8 RGB, height x width x 3.

    Raises:
        DataError: the file is missing or broken.
    """
    return cv2.cvtColor(_decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_rgb(row: Row) -> np.ndarray:
    """Decode the photograph of a row: uint8 RGB, height x width x 3.

    Raises:
        DataError: the file is missing, broken, or not of the size the manifest gives.
    """
    path = row.root / row.path
    rgb = read_picture(path)
    if rgb.shape[:2] != (row.height, row.width):
        message = _("{file} is {got} pixels, but the manifest says {want}.")
        got, want = f"{rgb.shape[1]} x {rgb.shape[0]}", f"{row.width} x {row.height}"
        raise DataError(message.format(file=path, got=got, want=want))
    return rgb


def read_mask(row: Row) -> np.ndarray | None:
    """Decode the mask of a row: bool, height x width, or None when the row has none.

    Raises:
        DataError: the file is missing, broken, or not of the photograph's size.
    """
    if not row.mask:
        return None
    path = row.root / row.mask
    mask = _decode(path, cv2.IMREAD_GRAYSCALE)
    if mask.shape != (row.height, row.width):
        message = _("The mask {file} is {got} pixels, but its photograph is {want}.")
        got, want = f"{mask.shape[1]} x {mask.shape[0]}", f"{row.width} x {row.height}"
        raise DataError(message.format(file=path, got=got, want=want))
    return mask > 127


def shuffled(items: Sequence[_T], rng: np.random.Generator) -> Iterator[_T]:
    """The items in a drawn order."""
    return (items[int(place)] for place in rng.permutation(len(items)))


def at_most(items: Iterable[_T], kind: Callable[[_T], Hashable], most: int | None) -> list[_T]:
    """The first ``most`` items of each kind, in their order; all of them where it is None."""
    kept: Counter[Hashable] = Counter()
    chosen = []
    for item in items:
        kept[kind(item)] += 1
        if most is None or kept[kind(item)] <= most:
            chosen.append(item)
    return chosen
