"""A table of raters' labels beside the photos, read from CSV: one sentence for each thing that is wrong."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from core.errors import UserFacingError
from core.i18n import _, ngettext
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES

FILE_COLUMNS: Final = ("path", "file")
QUALITY, QUALITY_VOTES, EXPLANATION_VOTES = "quality", "quality_votes", "explanation_votes"
MOST_BYTES: Final = 5_000_000
MOST_ROWS: Final = 20_000
_MOST_VOTES: Final = 10_000
_SEPARATORS: Final = (",", ";", "\t")
_NAMED: Final = 5
_EMPTY: Final = frozenset({"", "nan", "na", "n/a", "none", "null", "-"})


class LabelsError(UserFacingError):
    """A table that cannot be used at all; ``message`` is one translated sentence that says what to do."""


@dataclass(frozen=True)
class Label:
    """What raters found in one photo.

    Attributes:
        quality: the quality class; by plurality where there are votes.
        votes: how many raters voted for each quality class; None where only the class is given.
        explanations: explanations that at least one rater gave; None where nothing is said of them.
    """

    quality: str
    votes: Mapping[str, int] | None = None
    explanations: frozenset[str] | None = None


@dataclass(frozen=True)
class Labels:
    """The labels of the photos at hand.

    Attributes:
        by_photo: by the photo's name as it was asked for.
        problems: one translated sentence for each kind of row that is left out.
    """

    by_photo: Mapping[str, Label]
    problems: tuple[str, ...] = ()


def plurality(votes: Mapping[str, int]) -> str:
    """The class with the most votes; of equals ``poor_quality`` wins, then the earlier."""
    ranked = sorted(QUALITY_CLASSES, key=lambda name: (name != "poor_quality", QUALITY_CLASSES.index(name)))
    return max(ranked, key=lambda name: votes.get(name, 0))


def read_labels(data: bytes, photos: Iterable[str]) -> Labels:
    """Read a table of labels.

    It has a column ``path`` or ``file`` and either ``quality`` (a quality class) or ``quality_votes`` (counts
    by class as JSON, such as ``{"lesion": 3, "poor_quality": 1}``), maybe ``explanation_votes`` likewise, as
    the manifest of a data folder. Columns are separated by commas, semicolons or tabs; others are left alone.

    Args:
        data: the file.
        photos: names of the photos at hand. A path is known by its last part too.

    Raises:
        LabelsError: nothing of it can be used.
    """
    head, rows = _table(_text(data))
    file_column = next((name for name in FILE_COLUMNS if name in head), None)
    if file_column is None or not {QUALITY, QUALITY_VOTES} & set(head):
        raise _lacking(head)
    return _matched(rows, file_column, tuple(photos))


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise LabelsError(_("The table of labels is larger than 5 MB. Leave out what is not needed."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabelsError(
            _("The table of labels is not UTF-8 text. Save it again as “CSV UTF-8” and hand it in anew.")
        ) from None
    if "\0" in text:
        raise LabelsError(
            _("The table of labels is not UTF-8 text. Save it again as “CSV UTF-8” and hand it in anew.")
        )
    return text


def _table(text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Names of the columns, and the rows; whichever separator gives the known columns."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise LabelsError(_("The table of labels is empty."))
    cells = {mark: _cells(first, mark) for mark in _SEPARATORS}
    known = {*FILE_COLUMNS, QUALITY, QUALITY_VOTES, EXPLANATION_VOTES}
    mark = max(_SEPARATORS, key=lambda mark: (len(known & set(cells[mark])), len(cells[mark])))
    head = cells[mark]
    if len(head) == 1 and head[0] not in known and any(name in head[0] for name in known):
        raise LabelsError(
            _("The columns of the table of labels are separated neither by commas nor by semicolons or tabs.")
        )
    rows = []
    try:
        reader = csv.reader(io.StringIO(text), delimiter=mark)
        for found in reader:
            if any(cell.strip() for cell in found):
                rows.append(dict(zip(head, (cell.strip() for cell in found), strict=False)))
            if len(rows) > MOST_ROWS + 1:
                message = _("The table of labels has more than {most} rows.")
                raise LabelsError(message.format(most=f"{MOST_ROWS:,}"))
    except csv.Error:
        raise LabelsError(
            _("The table of labels cannot be read: a quotation mark or a cell has no end.")
        ) from None
    if len(rows) < 2:
        raise LabelsError(_("The table of labels has no rows below its first line."))
    return head, rows[1:]


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip().lower() for cell in next(csv.reader([line], delimiter=mark), [])]


def _lacking(head: Sequence[str]) -> LabelsError:
    message = _(
        "The table of labels needs a column path or file and a column quality or quality_votes; it has: "
        "{found}."
    )
    return LabelsError(message.format(found=_listed([name[:30] or "–" for name in head], len(head))))


def _matched(rows: Sequence[Mapping[str, str]], file_column: str, photos: Sequence[str]) -> Labels:
    whole = {_known_as(name): name for name in photos}
    last = {_last(name): name for name in photos}
    found: dict[str, Label] = {}
    left_out: dict[str, list[str]] = {"unknown": [], "empty": [], "class": [], "votes": [], "twice": []}
    for number, row in enumerate(rows, start=2):
        file = row.get(file_column, "")
        name = whole.get(_known_as(file)) or last.get(_last(file)) if file else None
        if not file or (name is None and _known_as(file) in _EMPTY):
            left_out["empty"].append(str(number))
        elif name is None:
            left_out["unknown"].append(file)
        elif name in found:
            left_out["twice"].append(file)
        else:
            label, fault = _label(row)
            if label is None:
                left_out[fault].append(file)
            else:
                found[name] = label
    if not found and not any(left_out[kind] for kind in ("empty", "class", "votes")):
        message = _("No row of the table of labels names one of these photos, such as {name}.")
        raise LabelsError(message.format(name=photos[0] if photos else "–"))
    return Labels(found, tuple(_problem_text(kind, names) for kind, names in left_out.items() if names))


def _known_as(name: str) -> str:
    # One system writes an accent as a letter of its own, and another changes the case of an ending.
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).casefold()


def _last(name: str) -> str:
    return PurePosixPath(_known_as(name)).name


def _label(row: Mapping[str, str]) -> tuple[Label | None, str]:
    """The label of a row, or what is wrong with it: ``empty``, ``class`` or ``votes``."""
    text, given = row.get(QUALITY_VOTES, ""), row.get(QUALITY, "").lower()
    explained: frozenset[str] | None = None
    if not _is_empty(told := row.get(EXPLANATION_VOTES, "")):
        counts, fault = _votes(told, EXPLANATIONS)
        if counts is None:
            return None, fault
        explained = frozenset(name for name, count in counts.items() if count)
    if not _is_empty(text):
        votes, fault = _votes(text, QUALITY_CLASSES)
        if votes is None:
            return None, fault
        if not sum(votes.values()):
            return None, "empty"
        return Label(plurality(votes), votes, explained), ""
    if _is_empty(given):
        return None, "empty"
    if given not in QUALITY_CLASSES:
        return None, "class"
    return Label(given, None, explained), ""


def _is_empty(text: str) -> bool:
    return text.strip().lower() in _EMPTY


def _votes(text: str, names: Sequence[str]) -> tuple[dict[str, int] | None, str]:
    """Counts by name; None and what is wrong where they are none."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None, "votes"
    if not isinstance(told, dict):
        return None, "votes"
    if set(told) - set(names):
        return None, "class"
    votes: dict[str, int] = {}
    for name, count in told.items():
        whole = isinstance(count, int | float) and not isinstance(count, bool) and count == count
        if not whole or not 0 <= count <= _MOST_VOTES or int(count) != count:
            return None, "votes"
        votes[name] = int(count)
    return votes, ""


def _problem_text(kind: str, names: Sequence[str]) -> str:
    count, listed = len(names), _listed(names, len(names))
    if kind == "unknown":
        return ngettext(
            "{count} row names a photo that is not here: {names}.",
            "{count} rows name photos that are not here: {names}.",
            count,
        ).format(count=count, names=listed)
    if kind == "empty":
        return ngettext(
            "{count} row is empty or NaN where file or label should stand, and is left out: {names}.",
            "{count} rows are empty or NaN where file or label should stand, and are left out: {names}.",
            count,
        ).format(count=count, names=listed)
    if kind == "class":
        return ngettext(
            "{count} row has a label that is not known ({names}); use {classes}, and {explanations}.",
            "{count} rows have a label that is not known ({names}); use {classes}, and {explanations}.",
            count,
        ).format(
            count=count,
            names=listed,
            classes=", ".join(QUALITY_CLASSES),
            explanations=", ".join(EXPLANATIONS),
        )
    if kind == "votes":
        return ngettext(
            "{count} row has votes that are no counts in JSON, such as {example}: {names}.",
            "{count} rows have votes that are no counts in JSON, such as {example}: {names}.",
            count,
        ).format(count=count, names=listed, example='{"lesion": 3, "poor_quality": 1}')
    return ngettext(
        "{count} row labels a photo a second time; the first label counts: {names}.",
        "{count} rows label photos a second time; the first label counts: {names}.",
        count,
    ).format(count=count, names=listed)


def _listed(names: Sequence[str], count: int) -> str:
    """The first few of some names, and how many more there are."""
    shown = ", ".join(name[:60] for name in names[:_NAMED])
    return (
        shown if count <= _NAMED else _("{names} and {count} more").format(names=shown, count=count - _NAMED)
    )
