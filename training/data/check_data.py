"""Look through a data folder before anything is rendered or trained on, and stop at what is in the way.

A run takes hours; a broken photograph must not end it half way. Every photograph that the task would use is
decoded once (JPEG at an eighth of its size, which is quick and still finds a file that was cut off), every
mask is decoded whole.
"""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from core.i18n import _
from core.lesion.taxonomy import LABELS
from training.data.sources import DataError, Row, read_mask, read_rgb
from training.data.splits import split_of

# What a quality network must see. Anything else in a folder is for evaluation.
_QUALITY_GROUPS: Final = ("lesion", "healthy_skin", "no_skin")
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


def _size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as displayed, after decoding the whole file.

    Raises:
        DataError: the file is missing, not a picture, or broken.
    """
    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5
            width, height = picture.size
            # Decodes JPEG at a lower resolution; other formats take no notice.
            picture.draft("L", (max(1, width // 8), max(1, height // 8)))
            picture.load()
    except FileNotFoundError as error:
        raise DataError(_("{file} is listed in the manifest but is not there.").format(file=path)) from error
    except _BROKEN as error:
        message = _("{file} is broken, cut off, or not a picture that can be read.")
        raise DataError(message.format(file=path)) from error
    return (height, width) if turned else (width, height)


def check_picture(row: Row) -> None:
    """Decode the photograph and the mask of one row.

    Raises:
        DataError: one of them is missing, broken, or not of the size that the manifest gives.
    """
    path = row.root / row.path
    size = _size(path)
    if size != (row.width, row.height) or path.suffix.lower() not in (".jpg", ".jpeg"):
        read_rgb(row)  # the reader that training uses has the last word
    if row.mask:
        _size(row.root / row.mask)
        read_mask(row)


def _check_classes(rows: Iterable[Row], wanted: Sequence[str], manifest: Path, by_label: bool) -> None:
    there = {row.label if by_label else row.group for row in rows}
    for name in wanted:
        if name not in there:
            message = _("{file} lists no photograph of {name} on the training side of the split.")
            raise DataError(message.format(file=manifest, name=name))


def check_data(rows: Sequence[Row], task: str) -> None:
    """Make sure that a data folder can be trained on.

    Args:
        rows: the whole manifest (``read_manifest`` complains when that is missing); at least one.
        task: imageqx or ordinal (photographs of every split are used) or lesion (those of left-out sources
            are not touched).

    Raises:
        DataError: a class has no photograph to train with; a lesion is none of the ten; or a photograph or
            mask is missing, broken, or of another size. The sentence names the file.
    """
    manifest = rows[0].root / "manifest.csv"
    if task == "lesion":
        used = [row for row in rows if row.group == "lesion" and split_of(row) != "left_out"]
        for row in used:
            if row.label not in LABELS:
                message = _("{file} is labelled {label}, which is none of the ten lesion classes.")
                raise DataError(message.format(file=row.root / row.path, label=row.label or "-"))
        wanted: Sequence[str] = LABELS
    else:
        used = [row for row in rows if row.group in _QUALITY_GROUPS or row.quality_votes]
        wanted = _QUALITY_GROUPS
    training = [row for row in used if split_of(row) == "train"]
    _check_classes(training, wanted, manifest, by_label=task == "lesion")
    for row in used:
        check_picture(row)
