"""The plots of a report: plain data in, drawings out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.i18n import _, percent
from core.reports.svg import Frame, Plot, block, dot, line, n, text, words

Points = list[tuple[float, float]]
_WIDTH: Final = 340.0
_ROOMY: Final = 6
_AREA_LETTERS: Final = 26


@dataclass(frozen=True)
class Mark:
    """One figure in a row of a dot plot.

    Attributes:
        value: on the axis of the plot.
        kind: ``full`` or ``open`` for ours, ``paper``, ``raters``.
        around: an interval to draw behind the mark.
    """

    value: float
    kind: str
    around: tuple[float, float] | None = None


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability diagram: mean predicted probability and observed share, both 0-1."""

    predicted: float
    observed: float
    count: int


def confusion(name: str, title: str, counts: Sequence[Sequence[int]], labels: Sequence[str]) -> Plot:
    """How often each true class (rows) was given each answer (columns); darker is more of its row.

    Of more than ``_ROOMY`` classes the cells are too small for shares, and the answers stand upright.
    """
    roomy = len(labels) <= _ROOMY
    left, top, high = (92.0, 74.0, 52.0) if roomy else (88.0, 122.0, 27.0)
    wide = (_WIDTH - left - 8) / max(len(labels), 1)
    gap = 1.5 if roomy else 1.0
    parts = [
        text(left + wide * len(labels) / 2, 18, _("The network answered"), "strong", "middle"),
        text(8, 18 if roomy else top - 10, _("In truth"), "strong"),
    ]
    sentences = []
    for j, label in enumerate(labels):
        middle = left + wide * (j + 0.5)
        if roomy:
            parts.append(block(middle, 46, label, 9, "small", "middle"))
        else:
            turn = f"rotate(-90 {n(middle)} {n(top - 6)})"
            parts.append(f'<g transform="{turn}">{block(middle, top - 6, label, 14, "small", most=2)}</g>')
    for i, (label, row) in enumerate(zip(labels, counts, strict=True)):
        middle, whole = top + high * (i + 0.5), sum(row)
        parts.append(block(8, middle - (0 if roomy else 1), label, 13, "small", most=3 if roomy else 2))
        for j, count in enumerate(row):
            share = count / whole if whole else 0.0
            x, y = left + wide * j, top + high * i
            size = f'width="{n(wide - 2 * gap)}" height="{n(high - 2 * gap)}" rx="{5 if roomy else 3}"'
            place = f'x="{n(x + gap)}" y="{n(y + gap)}" {size}'
            parts.append(f'<rect class="shade" {place} fill-opacity="{0.05 + 0.4 * share:.2f}"/>')
            if i == j:
                parts.append(f'<rect class="edge" {place}/>')
            if roomy:
                parts.append(text(x + wide / 2, middle, str(count), "strong", "middle"))
            elif count:
                parts.append(text(x + wide / 2, middle + 4, str(count), "small", "middle"))
            if roomy and whole:
                parts.append(text(x + wide / 2, middle + 15, percent(share), "quiet small", "middle"))
        answered = ", ".join(f"{word} {count}" for word, count in zip(labels, row, strict=True))
        sentences.append(_("In truth {label}: answered {said}.").format(label=label, said=answered))
    return Plot(name, title, " ".join(sentences), _WIDTH, top + high * len(labels) + 8, "".join(parts))


def roc(
    name: str,
    title: str,
    curve: Points,
    *,
    auc: float | None = None,
    around: tuple[float, float] | None = None,
    shipped: tuple[float, float] | None = None,
    marked: str | None = None,
) -> Plot:
    """A small ROC curve.

    Args:
        curve: false alarms (0-1) and share found (0-1).
        shipped: the point on it where the network stands as shipped.
        marked: a sentence with {found} and {alarms} about that point, where it is another one.
    """
    frame = Frame(30, 44, 122, 122)
    found = _("found")
    parts = [
        text(8, 17, title, "strong"),
        _fitting(_area(auc, around)),
        frame.box(),
        line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "even"),
        frame.path(curve, "line ours"),
        text(frame.left - 4, frame.y(0) + 1, "0", "quiet small", "end"),
        text(frame.left - 4, frame.y(1) + 8, "1", "quiet small", "end"),
        text(frame.x(1), 179, "1", "quiet small", "end"),
        text(frame.x(0.5), 179, _("false alarms"), "quiet small", "middle"),
        f'<g transform="rotate(-90 16 {n(frame.y(0.5))})">'
        f"{text(16, frame.y(0.5), found, 'quiet small', 'middle')}</g>",
    ]
    desc = _("ROC curve: share found against false alarms. {area}.").format(area=_area(auc, around))
    if shipped is not None:
        parts.append(dot(frame.x(shipped[0]), frame.y(shipped[1]), "full", 4))
        sentence = marked or _("As shipped: {found} found, {alarms} false alarms.")
        desc += " " + sentence.format(found=percent(shipped[1]), alarms=percent(shipped[0]))
    return Plot(name, title, desc, 160, 186, "".join(parts), says_title=True)


def _fitting(sentence: str) -> str:
    """The line below a small curve's title, squeezed where a language needs more room than there is."""
    written = text(8, 34, sentence, "quiet small")
    if len(sentence) <= _AREA_LETTERS:
        return written
    return written.replace("<text", '<text textLength="146" lengthAdjust="spacingAndGlyphs"', 1)


def _area(auc: float | None, around: tuple[float, float] | None) -> str:
    if auc is None:
        return _("area not known")
    if around is None:
        return _("area {auc}").format(auc=f"{auc:.2f}")
    return _("area {auc} ({low} to {high})").format(
        auc=f"{auc:.2f}", low=f"{around[0]:.2f}", high=f"{around[1]:.2f}"
    )


def reliability(
    name: str,
    title: str,
    before: Sequence[Bin],
    after: Sequence[Bin],
    errors: tuple[float | None, float | None] = (None, None),
) -> Plot:
    """Certainty against truth, before and after the temperature; bins with more answers have larger marks.

    Args:
        errors: expected calibration error before and after.
    """
    frame = Frame(52, 56, 276, 210)
    parts = [frame.box(), *_scales(frame)]
    parts.append(line(frame.x(0), frame.y(0), frame.x(1), frame.y(1), "even"))
    legend = (
        (_("before, error {error}"), "other", "paper", before, errors[0]),
        (_("after, error {error}"), "ours", "full", after, errors[1]),
    )
    sentences = []
    for i, (words_of, stroke, kind, bins, error) in enumerate(legend):
        if not bins:
            continue
        sentence = words_of.format(error="–" if error is None else f"{error:.3f}")
        y = 17.0 + 18 * i
        parts += [
            line(12, y - 4, 40, y - 4, f"line {stroke}"),
            dot(26, y - 4, kind, 4),
            text(48, y, sentence),
            frame.path([(entry.predicted, entry.observed) for entry in bins], f"line {stroke}"),
        ]
        most = max(entry.count for entry in bins) or 1
        for entry in bins:
            radius = 2.2 + 4 * (entry.count / most) ** 0.5
            parts.append(dot(frame.x(entry.predicted), frame.y(entry.observed), kind, radius))
        pairs = ", ".join(
            _("{said} sure and {right} right").format(
                said=percent(entry.predicted), right=percent(entry.observed)
            )
            for entry in bins
        )
        sentences.append(f"{sentence}: {pairs}.")
    parts += _axis_words(frame, _("how sure it says it is"), _("how often it is right"))
    return Plot(name, title, " ".join(sentences), _WIDTH, 306, "".join(parts))


def _scales(frame: Frame, ticks: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)) -> list[str]:
    parts = []
    for tick in ticks:
        parts.append(text(frame.left - 6, frame.y(tick) + 4, f"{tick:g}", "quiet small", "end"))
        parts.append(text(frame.x(tick), frame.top + frame.height + 15, f"{tick:g}", "quiet small", "middle"))
        if 0 < tick < 1:
            parts.append(line(frame.left, frame.y(tick), frame.left + frame.width, frame.y(tick), "grid"))
    return parts


def _axis_words(frame: Frame, across: str, up: str) -> list[str]:
    middle = frame.top + frame.height / 2
    return [
        text(frame.left + frame.width / 2, frame.top + frame.height + 31, across, "quiet small", "middle"),
        f'<g transform="rotate(-90 12 {n(middle)})">{text(12, middle, up, "quiet small", "middle")}</g>',
    ]


def coverage(name: str, title: str, lines: Sequence[tuple[str, Points]]) -> Plot:
    """How often answers are right when only the surest are given; at most two lines, the first as ours.

    Args:
        lines: what each is called, and its points (share answered, share right), both 0-1.
    """
    frame = Frame(52, 56, 276, 190)
    parts, sentences = [frame.box(), *_scales(frame)], []
    kinds = (("ours", "full"), ("ours broken", "open"))
    for i, ((called, points), (stroke, kind)) in enumerate(zip(lines, kinds, strict=False)):
        y = 17.0 + 18 * i
        parts += [line(12, y - 4, 40, y - 4, f"line {stroke}"), dot(26, y - 4, kind, 4), text(48, y, called)]
        parts.append(frame.path(sorted(points), f"line {stroke}"))
        parts += [dot(frame.x(x), frame.y(y), kind, 3.2) for x, y in points]
        pairs = ", ".join(
            _("{right} right with {share} answered").format(right=percent(y), share=percent(x))
            for x, y in points
        )
        sentences.append(f"{called}: {pairs}.")
    parts += _axis_words(frame, _("share of photos answered, the surest first"), _("first guess right"))
    return Plot(name, title, " ".join(sentences), _WIDTH, 286, "".join(parts))


def dots(
    name: str,
    title: str,
    rows: Sequence[tuple[str, Sequence[Mark]]],
    legend: Sequence[tuple[str, str]],
    across: str,
) -> Plot:
    """Figures between 0 and 1 beside each other, row by row, with their intervals as bars.

    Args:
        rows: what each row is called, and its marks.
        legend: kind of mark and what it stands for.
    """
    left, step = 108.0, 32.0
    top = 16.0 + 18 * len(legend)
    frame = Frame(left, top, _WIDTH - left - 14, step * len(rows))
    parts, sentences = [], []
    for i, (kind, called) in enumerate(legend):
        parts += [dot(16, 13.0 + 18 * i, kind, 4.5), text(28, 17.0 + 18 * i, called)]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = frame.x(tick)
        parts.append(line(x, top, x, top + frame.height, "grid"))
        parts.append(text(x, top + frame.height + 15, f"{tick:g}", "quiet small", "middle"))
    parts.append(text(frame.x(0.5), top + frame.height + 31, across, "quiet small", "middle"))
    named, unknown = dict(legend), _("not known")
    for i, (called, marks) in enumerate(rows):
        middle = top + step * (i + 0.5)
        parts.append(block(8, middle, called, 15, "small", most=2))
        for mark in marks:
            if mark.around is not None:
                low, high = mark.around
                parts.append(line(frame.x(low), middle, frame.x(high), middle, "line bar ours"))
        # The wider marks first, so that none is hidden.
        for mark in sorted(marks, key=lambda mark: ("raters", "paper", "open", "full").index(mark.kind)):
            parts.append(dot(frame.x(mark.value), middle, mark.kind))
        figures = ", ".join(f"{named.get(mark.kind, mark.kind)} {mark.value:.2f}" for mark in marks)
        sentences.append(f"{called}: {figures or unknown}.")
    return Plot(name, title, " ".join(sentences), _WIDTH, top + frame.height + 40, "".join(parts))


def figure(plot: Plot, *, inline: bool = True) -> str:
    """A plot with its caption, as a ``figure``; as a picture with a text alternative where not inline."""
    caption = "" if plot.says_title else f"<figcaption>{words(plot.title)}</figcaption>"
    drawn = plot.inline()
    if not inline:
        drawn = f'<img src="{plot.address()}" alt="{words(f"{plot.title}. {plot.desc}")}">'
    return f'<figure class="ev-plot">{caption}{drawn}</figure>'
