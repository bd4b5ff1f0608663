"""The plots of a usability study: plain data in, drawings out. At most four arms can be told apart in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.i18n import _
from core.reports.plots import Points
from core.reports.svg import Anchor, Frame, Plot, dot, line, n, text

_ANCHORS: Final[tuple[Anchor, ...]] = ("start", "middle", "middle", "middle", "end")
_WIDTH: Final = 420.0
_STROKES: Final = ("ours", "other", "ours broken", "edge broken")
_KINDS: Final = ("full", "paper", "open", "raters")
_TOO_CLOSE: Final = 2.4


@dataclass(frozen=True)
class SurvivalLine:
    """One arm's survival curve.

    Attributes:
        times_s: seconds, ascending from 0.
        survival, low, high: shares (0-1) from each time on.
        censored_s: when observation ended without the event.
    """

    label: str
    times_s: Sequence[float]
    survival: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    censored_s: Sequence[float] = ()
    median_s: float | None = None

    def at(self, moment: float) -> float:
        """The share at a time."""
        found = [share for t, share in zip(self.times_s, self.survival, strict=True) if t <= moment]
        return found[-1] if found else 1.0


@dataclass(frozen=True)
class Ruler:
    """A word at a place on a scale."""

    at: float
    word: str


def survival(name: str, title: str, arms: Sequence[SurvivalLine], across: str, up: str) -> Plot:
    """Staircases with their bands, a tick where a time is censored.

    Args:
        across, up: what the axes are called.
    """
    top = 18.0 * len(arms) + 14
    end = max((arm.times_s[-1] for arm in arms if arm.times_s), default=1.0) or 1.0
    step = next((one for one in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if end / one <= 8), 1800)
    frame = Frame(52, top, _WIDTH - 66, 220, 0.0, step * (int(end / step) + 1))
    parts, sentences = [frame.box()], []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(text(frame.left - 6, frame.y(tick) + 4, f"{tick:.0%}", "quiet small", "end"))
        if 0 < tick < 1:
            parts.append(line(frame.left, frame.y(tick), frame.left + frame.width, frame.y(tick), "grid"))
    for tick in range(0, int(frame.x_high) + 1, step):
        parts.append(text(frame.x(tick), top + 235, str(tick), "quiet small", "middle"))
    for place, arm in enumerate(arms):
        stroke = _STROKES[place % len(_STROKES)]
        fill = "shade other" if stroke == "other" else "shade"
        edge = [*_stairs(arm.times_s, arm.high), *reversed(_stairs(arm.times_s, arm.low))]
        corners = " ".join(f"{n(frame.x(x))},{n(frame.y(y))}" for x, y in edge)
        parts.append(f'<polygon class="{fill}" fill-opacity="0.13" points="{corners}"/>')
    for place, arm in enumerate(arms):
        stroke = _STROKES[place % len(_STROKES)]
        parts.append(frame.path(_stairs(arm.times_s, arm.survival), f"line {stroke}"))
        for moment in arm.censored_s:
            x, y = frame.x(moment), frame.y(arm.at(moment))
            parts.append(line(x, y - 5, x, y + 5, "edge"))
        y = 17.0 + 18 * place
        median = (
            _("half by {seconds} s").format(seconds=f"{arm.median_s:.0f}")
            if arm.median_s is not None
            else _("fewer than half")
        )
        parts += [line(12, y - 4, 40, y - 4, f"line {stroke}"), text(48, y, f"{arm.label}: {median}")]
        ends = _("{share} left at {seconds} s").format(
            share=f"{arm.survival[-1]:.0%}", seconds=f"{arm.times_s[-1]:.0f}"
        )
        sentences.append(f"{arm.label}: {median}, {ends}.")
    middle = top + 110
    parts.append(text(frame.x(frame.x_high / 2), top + 251, across, "quiet small", "middle"))
    parts.append(
        f'<g transform="rotate(-90 12 {n(middle)})">{text(12, middle, up, "quiet small", "middle")}</g>'
    )
    return Plot(name, title, " ".join(sentences), _WIDTH, top + 260, "".join(parts))


def _stairs(times: Sequence[float], shares: Sequence[float]) -> Points:
    points: Points = []
    for t, share in zip(times, shares, strict=True):
        if points:
            points.append((t, points[-1][1]))
        points.append((t, share))
    return points


def strip(
    name: str,
    title: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    *,
    low: float,
    high: float,
    rulers: Sequence[Ruler] = (),
    benchmark: float | None = None,
) -> Plot:
    """Every score as a dot, row by row, over a box of its quartiles with the median.

    Args:
        rulers: words along the top of the scale, in turn on three lines so that neighbours do not overlap.
        benchmark: a score to compare with, as an upright line.
    """
    top, step = (64.0 if rulers else 14.0) + (16.0 if benchmark is not None else 0.0), 92.0
    frame = Frame(16, top, _WIDTH - 32, step * len(rows), low, high)
    parts, sentences = [], []
    for place, ruler in enumerate(rulers):
        x, y = frame.x(ruler.at), 13.0 + 14 * (place % 3)
        near_end = frame.left + frame.width - x < 40
        anchor: Anchor = "end" if near_end else "start" if x - frame.left < 40 else "middle"
        parts += [text(x, y, ruler.word, "quiet small", anchor), line(x, 46, x, 52, "edge")]
    for tick in range(5):
        value = low + (high - low) * tick / 4
        parts.append(line(frame.x(value), top, frame.x(value), top + frame.height, "grid"))
        anchor = _ANCHORS[tick]
        parts.append(text(frame.x(value), top + frame.height + 15, f"{value:g}", "quiet small", anchor))
    if benchmark is not None:
        x = frame.x(benchmark)
        parts.append(line(x, top - 10, x, top + frame.height, "even"))
        parts.append(
            text(
                x,
                top - 12,
                _("mean of many studies: {score}").format(score=f"{benchmark:g}"),
                "small",
                "middle",
            )
        )
    for place, (label, scores) in enumerate(rows):
        y = top + step * place
        kind = _KINDS[place % len(_KINDS)]
        ordered = sorted(scores)
        if not ordered:
            parts.append(text(frame.left, y + 16, f"{label}: –", "strong"))
            sentences.append(_("{label}: no scores.").format(label=label))
            continue
        first, middle, third = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
        sentence = _("{label}: median {median}, {n} people").format(
            label=label, median=_short(middle), n=len(ordered)
        )
        parts.append(text(frame.left, y + 16, sentence, "strong"))
        fill = "shade other" if kind == "paper" else "shade"
        size = (
            f'width="{n(max(frame.x(third) - frame.x(first), 1.5))}" height="50" rx="4" fill-opacity="0.15"'
        )
        parts.append(f'<rect class="{fill}" x="{n(frame.x(first))}" y="{n(y + 28)}" {size}/>')
        parts.append(line(frame.x(middle), y + 28, frame.x(middle), y + 78, f"line {_STROKES[place % 4]}"))
        parts += [dot(x, y + 53 + off, kind, 3.4) for x, off in _swarm([frame.x(score) for score in ordered])]
        sentences.append(
            _(
                "{label}: {n} people, median {median}, middle half {low} to {high}, all {least} to {most}."
            ).format(
                label=label,
                n=len(ordered),
                median=_short(middle),
                low=_short(first),
                high=_short(third),
                least=_short(ordered[0]),
                most=_short(ordered[-1]),
            )
        )
    return Plot(name, title, " ".join(sentences), _WIDTH, top + frame.height + 24, "".join(parts))


def _short(score: float) -> str:
    return f"{score:.1f}".removesuffix(".0")


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _swarm(across: Sequence[float]) -> Points:
    """Dots that would lie on each other are put above and below in turn."""
    placed: Points = []
    for x in across:
        same = sum(abs(x - other) < _TOO_CLOSE * 3 for other, _off in placed)
        placed.append((x, (1 if same % 2 else -1) * 7.0 * ((same + 1) // 2)))
    return [(x, max(-22.0, min(22.0, off))) for x, off in placed]


def funnel(name: str, title: str, stages: Sequence[tuple[str, Mapping[str, int]]]) -> Plot:
    """How many people came how far: a bar a stage and arm, longest first.

    Args:
        stages: what each is called, and how many of each arm reached it.
    """
    arms = list(dict.fromkeys(arm for _stage, counts in stages for arm in counts))
    most = max((count for _stage, counts in stages for count in counts.values()), default=0) or 1
    top, high = 18.0 * len(arms) + 12, 16.0 * len(arms) + 26
    parts, sentences = [], []
    for place, arm in enumerate(arms):
        parts.append(_bar(12, 7 + 18.0 * place, 26, place))
        parts.append(text(46, 17 + 18.0 * place, arm))
    for row, (stage, counts) in enumerate(stages):
        y = top + high * row
        parts.append(text(12, y + 14, stage, "strong"))
        for place, arm in enumerate(arms):
            count, bar_y = counts.get(arm, 0), y + 20 + 16 * place
            length = (_WIDTH - 110) * count / most
            parts.append(_bar(12, bar_y, max(length, 1.0), place))
            share = f"{count / stages[0][1][arm]:.0%}" if stages[0][1].get(arm) else "–"
            parts.append(text(20 + length, bar_y + 10, f"{count} ({share})", "small"))
        figures = ", ".join(f"{arm} {counts.get(arm, 0)}" for arm in arms)
        sentences.append(f"{stage}: {figures}.")
    return Plot(name, title, " ".join(sentences), _WIDTH, top + high * len(stages) + 8, "".join(parts))


def _bar(x: float, y: float, width: float, place: int) -> str:
    fill = "shade other" if place % 2 else "shade"
    opacity = 0.75 if place < 2 else 0.4
    size = f'width="{n(width)}" height="12" rx="3" fill-opacity="{opacity}"'
    return f'<rect class="{fill}" x="{n(x)}" y="{n(y)}" {size}/>'


def transitions(
    name: str, title: str, labels: Mapping[str, str], counts: Mapping[tuple[str, str], int], most: int = 14
) -> Plot:
    """Which prompt followed which: arrows down on the right, arrows up on the left, thicker for more.

    Args:
        labels: every state in the order from top to bottom, and its words.
        counts: how often one state followed another; only the ``most`` frequent are drawn.
    """
    wide, high, step, top = 132.0, 26.0, 54.0, 12.0
    middle = _WIDTH / 2
    row = {key: place for place, key in enumerate(labels)}
    drawn = sorted(
        ((pair, count) for pair, count in counts.items() if pair[0] != pair[1] and set(pair) <= set(row)),
        key=lambda one: (-one[1], one[0]),
    )[:most]
    largest = drawn[0][1] if drawn else 1
    parts, sentences, marks = [], [], []
    for (before, after), count in reversed(drawn):
        down = row[after] > row[before]
        side = 1 if down else -1
        x = middle + side * wide / 2
        start = top + step * row[before] + high / 2 + 5 * (1 if down else -1)
        stop = top + step * row[after] + high / 2 - 5 * (1 if down else -1)
        reach = 26 + 24 * min(abs(row[after] - row[before]), 5)
        bend = x + side * reach
        width = 1 + 5 * count / largest
        parts.append(
            f'<path class="line {"ours" if down else "other"}" stroke-dasharray="none" opacity="0.6" '
            f'stroke-width="{n(width)}" style="stroke-width:{n(width)};stroke-dasharray:none" '
            f'd="M{n(x)},{n(start)} C{n(bend)},{n(start)} {n(bend)},{n(stop)} {n(x + side * 6)},{n(stop)}"/>'
        )
        tip = f"{n(x)},{n(stop)} {n(x + side * 8)},{n(stop - 4.5)} {n(x + side * 8)},{n(stop + 4.5)}"
        parts.append(f'<polygon class="dot {"full" if down else "paper"}" points="{tip}"/>')
        far = x + side * (reach * 0.75 + width / 2 + 3)
        marks.append(text(far, (start + stop) / 2 + 4, str(count), "small halo", "start" if down else "end"))
    for key, label in labels.items():
        y = top + step * row[key]
        size = f'width="{n(wide)}" height="{n(high)}" rx="13"'
        parts.append(f'<rect class="pill" x="{n(middle - wide / 2)}" y="{n(y)}" {size}/>')
        parts.append(text(middle, y + 17.5, label, "small", "middle"))
    for (before, after), count in drawn:
        sentences.append(
            _("{before}, then {after}: {count}.").format(
                before=labels[before], after=labels[after], count=count
            )
        )
    height = top + step * len(labels) - 16
    return Plot(name, title, " ".join(sentences), _WIDTH, height, "".join([*parts, *marks]))
