"""Reports as Markdown, from the same tables that a report in HTML is made of (``core.reports.tables``)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.reports.tables import Cell, Figure, Table


def figure(entry: Mapping[str, Any], name: str) -> Figure | None:
    """A figure of a report with the interval that stands beside it."""
    value, around = entry.get(name), entry.get(f"{name}_interval")
    return None if value is None else Figure(value, tuple(around) if around else None)


def table(first: str, entries: Mapping[str, Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    """A row for each entry, with its name and its values.

    Args:
        first: head of the column of names.
        entries: by name.
        columns: key into an entry, by the head of its column.
    """
    rows = tuple((name, *(cell(entry, key) for key in columns.values())) for name, entry in entries.items())
    return Table("", (first, *columns), rows)


def cell(entry: Mapping[str, Any], key: str) -> Cell:
    """A value of a report as a cell; names in a list become one text."""
    value = entry.get(key)
    if isinstance(value, float):
        return figure(entry, key)
    return ", ".join(value) if isinstance(value, list) else value


def confusion_table(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Table:
    """A confusion matrix: rows true, columns predicted."""
    rows = tuple((name, *row) for name, row in zip(names, counts, strict=True))
    return Table("Confusion (rows: true, columns: said)", ("", *names), rows)


def text_of(given: Cell) -> str:
    """A cell in plain text: two places, the interval in brackets; a dash for none."""
    if given is None:
        return "-"
    if not isinstance(given, Figure):
        return str(given)
    if given.value is None:
        return given.absent or "-"
    places = 2 if given.digits is None else given.digits
    beside = "" if given.spread is None else f"{given.spread:.2f}"
    if given.around is not None:
        beside = "-".join(f"{end:.{places}f}" for end in given.around)
        beside += "" if given.held is None else f", n {given.held}"
    return f"{given.value:.{places}f}" + (f" ({beside})" if beside else "")


def markdown(parts: Iterable[str | Table]) -> str:
    """Paragraphs, headings and tables as one text in Markdown."""
    return "\n\n".join(part if isinstance(part, str) else _drawn(part) for part in parts)


def _drawn(drawn: Table) -> str:
    rows = [drawn.head, *(map(text_of, row) for row in drawn.rows)]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    title = [f"{drawn.title}:", ""] if drawn.title else []
    return "\n".join([*title, head, "|---" * len(drawn.head) + "|", *body])
