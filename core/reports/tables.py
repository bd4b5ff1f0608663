"""A table of figures, and its HTML: captions, scopes, and a frame of its own to scroll in."""

from dataclasses import dataclass
from typing import Final

from core.i18n import _, ngettext
from core.i18n import percent as percentage
from core.reports.svg import words

STYLE: Final = """
.ev-scroll { overflow-x: auto; width: fit-content; max-width: 100%; margin: .3rem 0 .2rem;
  border: 1px solid var(--rt-line); border-radius: .75rem;
  /* A shade at the right as long as there is more to scroll to. */
  background: linear-gradient(to left, var(--rt-page) 40%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(to left, rgba(110, 110, 110, .4), transparent) right / .8rem 100% no-repeat scroll; }
.ev-scroll:focus-visible { outline: 3px solid var(--rt-good); outline-offset: 2px; }
table.ev { border-collapse: separate; border-spacing: 0; width: auto; margin: 0; font-size: .95rem;
  line-height: 1.35; }
table.ev caption { text-align: start; font-weight: 600; padding: .65rem .75rem .55rem; caption-side: top;
  color: inherit; }
table.ev caption span { display: inline-block; position: sticky; inset-inline-start: .75rem; }
table.ev th, table.ev td { padding: .5rem .75rem; border: 0; border-top: 1px solid var(--rt-line);
  text-align: end; vertical-align: top; font-variant-numeric: tabular-nums; color: inherit; }
table.ev thead th { font-weight: 600; vertical-align: bottom; font-size: .875rem; color: var(--rt-quiet);
  min-width: 4.2rem; }
table.ev th.words, table.ev td.words { text-align: start; }
table.ev th:first-child { position: sticky; inset-inline-start: 0; background: var(--rt-page); z-index: 1; }
table.ev tbody th { font-weight: 500; min-width: 6.5rem; max-width: 11rem; overflow-wrap: break-word; }
table.ev td.words { min-width: 6rem; }
table.ev td.long { min-width: 14rem; max-width: 30rem; }
table.ev td .around { display: block; color: var(--rt-quiet); font-size: .8125rem; white-space: nowrap; }
table.ev td .none { color: var(--rt-quiet); }
.ev-scroll + .ev-scroll, .ev-note + .ev-scroll, .ev-plot + .ev-scroll { margin-top: 1rem; }
.ev-note { color: var(--rt-quiet); font-size: .9rem; margin: .25rem 0 0; max-width: 46rem; }
.ev-plots { display: flex; flex-wrap: wrap; gap: .9rem; }
.ev-plots.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.75rem, 1fr)); }
.ev-plot { margin: .3rem 0; flex: 1 1 16rem; max-width: 26rem; break-inside: avoid; }
.ev-plots.many .ev-plot { max-width: 13rem; margin: 0; }
.ev-plots + .ev-plots { margin-top: 1.4rem; }
.ev-plots + .ev-scroll, .ev-scroll + .ev-plots { margin-top: .9rem; }
.ev-plot svg, .ev-plot img { display: block; width: 100%; height: auto; border: 1px solid var(--rt-line);
  border-radius: .75rem; }
.ev-plot figcaption { font-weight: 600; margin: 0 0 .35rem; }
@media (min-width: 641px) {
  .ev-plots.many { grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); }
}
@media (max-width: 640px) {
  table.ev th, table.ev td, table.ev caption { padding-inline: .5rem; }
  table.ev thead th { min-width: 3.4rem; } table.ev tbody th { min-width: 5rem; max-width: 7.5rem; }
}
@media print {
  .ev-scroll { overflow: visible; background: none; }
  table.ev { font-size: 8.5pt; } table.ev td .around, table.ev thead th { font-size: 7.5pt; }
  table.ev th, table.ev td, table.ev td.long, table.ev tbody th, table.ev thead th { min-width: 0;
    padding: 2pt 5pt; }
  table.ev th:first-child { position: static; background: none; }
  .ev-plots.many { grid-template-columns: repeat(5, 1fr); gap: .5rem; }
}
"""


@dataclass(frozen=True)
class Figure:
    """A number, maybe with an interval around it.

    Attributes:
        value: None is shown as ``absent``.
        around: lower and upper end, of the same unit.
        percent: shown as so many in a hundred.
        spread: a standard deviation, shown as plus or minus.
        absent: what to show for no number; a dash when empty.
        held: how many cases it rests on, where the table has no column for it.
        digits: places after the point; None for two, or none of a percentage.
    """

    value: float | None
    around: tuple[float, float] | None = None
    percent: bool = False
    spread: float | None = None
    absent: str = ""
    held: int | None = None
    digits: int | None = None

    def shown(self) -> str:
        """The number alone."""
        if self.value is None:
            return self.absent or "–"
        return self._written(self.value)

    def _written(self, value: float) -> str:
        if self.percent:
            return percentage(value, self.digits or 0)
        return f"{value:z.{2 if self.digits is None else self.digits}f}"  # no minus before a zero

    def beside(self) -> str:
        """What stands under it: interval or deviation; empty for none."""
        if self.value is None:
            return ""
        if self.around is not None:
            low, high = map(self._written, self.around)
            return _("{low} to {high}").format(low=low, high=high)
        return "" if self.spread is None else f"± {self.spread:.2f}"

    def sample_size(self) -> str:
        """How many cases it rests on, in words; empty where that is not given."""
        if self.held is None:
            return ""
        return ngettext("{count} photo", "{count} photos", self.held).format(count=f"{self.held:,}")


_WORDS: Final = ' class="words"'
Cell = str | int | Figure | None


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first cell of a row is its name.

    Attributes:
        title: stands above it.
        head: one word a column, the first for the names of the rows.
        rows: as long as ``head`` each; text cells are set left, numbers right.
        note: stands below it.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def html(self) -> str:
        """The table in a frame that scrolls sideways by touch and by keyboard."""
        left = [
            i == 0 or any(isinstance(row[i], str) for row in self.rows if i < len(row))
            for i in range(len(self.head))
        ]
        head = "".join(
            f'<th scope="col"{_WORDS if texts else ""}>{words(word)}</th>'
            for word, texts in zip(self.head, left, strict=True)
        )
        body = "".join(_row(row) for row in self.rows)
        note = f'<p class="ev-note">{words(self.note)}</p>' if self.note else ""
        return (
            f'<div class="ev-scroll" role="region" tabindex="0" aria-label="{words(self.title)}">'
            f'<table class="ev"><caption><span>{words(self.title)}</span></caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}"
        )


def _row(row: tuple[Cell, ...]) -> str:
    name, *cells = row
    return f'<tr><th scope="row"{_WORDS}>{words(str(name))}</th>{"".join(map(_cell, cells))}</tr>'


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f'<td class="words{" long" if len(cell) > 24 else ""}">{words(cell)}</td>'
    if isinstance(cell, int):
        return f"<td>{cell}</td>"
    if cell is None:
        return '<td><span class="none">–</span></td>'
    shown = (
        words(cell.shown()) if cell.value is not None else f'<span class="none">{words(cell.shown())}</span>'
    )
    under = [
        f'<span class="around">{words(line)}</span>' for line in (cell.beside(), cell.sample_size()) if line
    ]
    return f"<td>{shown}{''.join(under)}</td>"
