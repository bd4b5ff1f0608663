"""Tables as CSV files that no spreadsheet takes for formulas. Every CSV file of the app is written here.

A spreadsheet runs a cell that begins like a formula. It may skip what cannot be seen before that, read
full-width forms as the plain ones, and separate at ``;`` or a tab where this file has commas.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

Cell = str | int | float | bool | None

_STARTS: Final = frozenset("=+-@\N{MINUS SIGN}")
# Only a quote at the very start of a line is heeded by a spreadsheet that expects another separator: in all
# cells but a row's first, such a separator or a line's end begins a cell of its own there.
_INNER: Final = re.compile(r"(?<=[;\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])")


def csv_of(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A table as UTF-8 with a byte-order mark; every text is quoted and guarded, numbers stay plain.

    Args:
        head: names of the columns.
        rows: cells of each row; truth values are written as ``"True"`` and ``"False"``, None as ``""``.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for row in (head, *rows):
        writer.writerow([_cell(value, first=place == 0) for place, value in enumerate(row)])
    return out.getvalue().encode("utf-8-sig", errors="replace")


def guarded(text: str) -> str:
    """The text, with an apostrophe before it where it begins like a formula."""
    return f"'{text}" if _begins_like_a_formula(text) else text


def _cell(value: Cell, first: bool) -> str | int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = "" if value is None else str(value)
    return guarded(text) if first else "".join(map(guarded, _INNER.split(text)))


def _begins_like_a_formula(text: str) -> bool:
    for character in text:
        plain = unicodedata.normalize("NFKC", character)
        category = unicodedata.category(character)
        # Spaces, line ends, controls, marks of direction or order, and quotes say nothing of the cell's kind.
        if character in "\"'" or category in ("Cc", "Cf", "Cn", "Cs") or plain.isspace():
            continue
        return category == "Pd" or plain[:1] in _STARTS
    return False
