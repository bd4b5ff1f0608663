"""The comparison to take away: a CSV for spreadsheets, and one HTML page with everything in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.compare.agreement import Report
from core.compare.labels import Label
from core.compare.tables import curves, curves_title, tables
from core.compare.words import class_of, in_one_sentence
from core.i18n import _, direction, language
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Verdict
from core.reports.plots import figure
from core.reports.svg import STYLE as PLOT_STYLE
from core.reports.svg import words
from core.reports.tables import STYLE as TABLE_STYLE
from core.spreadsheet import Cell, csv_of
from core.text.wording import disclaimer, explanation_name, listed

_PICTURES_MOST: Final = 60
_STYLE: Final = """
:root { color-scheme: light; --rt-line: #dbd7ce; --rt-page: #fff; --rt-quiet: #4d5c5d; --rt-good: #0b6560; }
body { margin: 0; background: #fff; color: #1c2b2c; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.2rem; margin: 1.8rem 0 .5rem; }
.quiet { color: #4d5c5d; font-size: .9rem; overflow-wrap: anywhere; }
.photos { list-style: none; margin: 0; padding: 0; }
.photos li { display: flex; gap: 1rem; padding: .6rem 0; border-top: 1px solid #dbd7ce; break-inside: avoid; }
.photos img { width: 7rem; height: 5.25rem; object-fit: cover; border-radius: .5rem; flex: none; }
.photos p { margin: 0 0 .2rem; overflow-wrap: anywhere; }
.notice { border: 1px solid #8a4b00; padding: .8rem 1rem; border-radius: .5rem; margin-top: 1.8rem; }
"""


@dataclass(frozen=True)
class Compared:
    """One file that was handed in: its verdicts, or the sentence why it cannot be used.

    Attributes:
        thumbnail: a small JPEG as a data address, empty without a photo.
        verdicts: by assessor; none without a photo.
        code: of the fault, such as ``"corrupt"``.
    """

    name: str
    verdicts: Mapping[str, Verdict]
    thumbnail: str = ""
    problem: str = ""
    code: str = ""


def csv(photos: Sequence[Compared], assessors: Sequence[str], labels: Mapping[str, Label]) -> bytes:
    """One row a file, in the order given; of each assessor its answer and every probability."""
    head = ["file", "error", "label", "agree"]
    for name in assessors:
        parts = ["passes", "class", "flagged", "milliseconds"]
        parts += [f"quality_{one}" for one in QUALITY_CLASSES] + [
            f"explanation_{one}" for one in EXPLANATIONS
        ]
        head += [f"{name}_{part}" for part in parts]
    rows: list[list[Cell]] = []
    for photo in photos:
        label = labels.get(photo.name)
        passes = {verdict.passes for verdict in photo.verdicts.values()}
        row: list[Cell] = [photo.name, photo.code, label.quality if label else None]
        row.append(len(passes) == 1 if passes else None)
        for name in assessors:
            verdict = photo.verdicts.get(name)
            if verdict is None:
                row += [None] * (4 + len(QUALITY_CLASSES) + len(EXPLANATIONS))
                continue
            row += [verdict.passes, verdict.label, " ".join(verdict.flagged), round(verdict.milliseconds, 1)]
            row += [round(float(verdict.quality[one]), 4) for one in QUALITY_CLASSES]
            judged = verdict.judged_explanations
            row += [round(float(judged[one]), 4) if one in judged else None for one in EXPLANATIONS]
        rows.append(row)
    return csv_of(head, rows)


def answer(verdict: Verdict) -> str:
    """One assessor's answer in a few words: passes, or the faults, or the class."""
    if verdict.passes:
        return _("Passes")
    if not verdict.flagged:
        return class_of(verdict)
    faults = listed(explanation_name(name) for name in verdict.flagged)
    return faults[:1].upper() + faults[1:]


def html(report: Report, disputed: Sequence[Compared], labels: Mapping[str, Label], made: datetime) -> bytes:
    """One page that needs nothing else: tables, curves, and the photos that could be read.

    Args:
        disputed: the photos, the most disputed first; at most `_PICTURES_MOST` are shown.
    """
    title = _("Assessors compared")
    drawn = "".join(figure(plot) for plot in curves(report))
    plots = f'<h2>{words(curves_title())}</h2><div class="ev-plots many">{drawn}</div>' if drawn else ""
    shown = "".join(_photo(photo, labels.get(photo.name)) for photo in disputed[:_PICTURES_MOST])
    body = (
        f"<h1>{words(title)}</h1>"
        f'<p class="quiet">{words(made.strftime("%Y-%m-%d %H:%M UTC"))}</p>'
        + "".join(table.html() for table in tables(report))
        + plots
        + f'<h2>{words(_("Most disputed first"))}</h2><ol class="photos">{shown}</ol>'
        + f'<p class="notice">{words(disclaimer())}</p>'
    )
    page = (
        f'<!doctype html><html lang="{language()}" dir="{direction()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{words(title)}</title><style>{_STYLE}{TABLE_STYLE}{PLOT_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return page.encode("utf-8", errors="replace")


def _photo(photo: Compared, label: Label | None) -> str:
    each = "".join(
        f"<p>{words(name)}: {words(answer(verdict))}</p>" for name, verdict in photo.verdicts.items()
    )
    known = f'<p class="quiet">{words(_("Raters"))}: {words(label.quality)}</p>' if label else ""
    picture = f'<img src="{photo.thumbnail}" alt="">' if photo.thumbnail.startswith("data:image/") else ""
    sentence = in_one_sentence(photo.verdicts)
    return (
        f"<li>{picture}<div><p><b>{words(photo.name)}</b></p><p>{words(sentence)}</p>{each}{known}</div></li>"
    )
