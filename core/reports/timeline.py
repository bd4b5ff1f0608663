"""Prompts over time as a plot: what each picture asked for, what was shown, and when the shutter was open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.data_uri import data_uri
from core.i18n import _
from core.reports.svg import Anchor, Plot, line, n, text, words

Span = tuple[float, float]
_WIDTH: Final = 420.0
_LEFT, _RIGHT = 12.0, 408.0
_LANE: Final = 44.0
_THUMB: Final = 48.0
# Seconds between marks, and up to which length of the film: no more than fifteen are legible.
_STEPS: Final = ((2, 12), (4, 60), (10, 150), (20, 300), (60, 900), (120, 1800))


@dataclass(frozen=True)
class Lane:
    """One condition of the plot.

    Attributes:
        label: its prompt.
        raw: moments (seconds) of the pictures that asked for it.
        shown: when it was on screen, from and to.
        before: the same under the preset that it is compared with.
    """

    label: str
    raw: Sequence[float]
    shown: Sequence[Span]
    before: Sequence[Span] = ()


def timeline(
    name: str,
    title: str,
    lanes: Sequence[Lane],
    end: float,
    *,
    pictures: Sequence[bytes] = (),
    compared: str = "",
    marker_s: float | None = None,
) -> Plot:
    """Lanes below each other, time across.

    Args:
        end: length of the film in seconds.
        pictures: JPEGs of the film at even distances, drawn above.
        compared: what the other preset is called; empty for none.
        marker_s: a moment that an upright line marks.
    """

    def across(moment: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * min(max(moment / end, 0.0), 1.0)

    parts = _legend(compared)
    top = 18.0 * (3 if compared else 2) + 10
    if pictures:
        parts += _film(pictures, top)
        top += _THUMB * 0.75 + 8
    low = top + _LANE * len(lanes)
    step = next((one for one, longest in _STEPS if end <= longest), 300)
    for tick in range(0, int(end) + 1, step):
        x = across(tick)
        parts.append(line(x, top, x, low, "grid"))
        anchor: Anchor = "start" if tick == 0 else "end" if x > _RIGHT - 8 else "middle"
        parts.append(text(x, low + 15, _("{seconds} s").format(seconds=tick), "quiet small", anchor))
    sentences = []
    for place, lane in enumerate(lanes):
        y = top + _LANE * place
        parts.append(line(_LEFT, y, _RIGHT, y, "grid"))
        parts.append(text(_LEFT + 2, y + 14, lane.label, "strong"))
        parts += [line(across(at), y + 18, across(at), y + 24, "edge") for at in lane.raw]
        for start, stop in lane.shown:
            size = f'width="{n(max(across(stop) - across(start), 1.5))}" height="9" rx="3"'
            parts.append(f'<rect class="shade" x="{n(across(start))}" y="{n(y + 26)}" {size}/>')
        for start, stop in lane.before:
            parts.append(line(across(start), y + 39, across(stop), y + 39, "line other"))
        spans = ", ".join(
            _("{start} to {stop} s").format(start=f"{a:.1f}", stop=f"{b:.1f}") for a, b in lane.shown
        )
        sentences.append(
            _("{prompt}: shown {spans}.").format(prompt=lane.label, spans=spans)
            if spans
            else _("{prompt}: never shown.").format(prompt=lane.label)
        )
    parts.append(line(_LEFT, low, _RIGHT, low, "grid"))
    if marker_s is not None:
        parts.append(line(across(marker_s), top, across(marker_s), low, "line other"))
    return Plot(name, title, " ".join(sentences), _WIDTH, low + 24, "".join(parts))


def _legend(compared: str) -> list[str]:
    marks = [line(x, 8, x, 14, "edge") for x in (14, 18, 22, 26, 34)]
    parts = [*marks, text(46, 16, _("a picture that asks for it"), "small")]
    parts.append('<rect class="shade" x="12" y="26" width="26" height="9" rx="3"/>')
    parts.append(text(46, 35, _("what the person reads"), "small"))
    if compared:
        parts.append(line(12, 49, 38, 49, "line other"))
        parts.append(text(46, 53, compared, "small"))
    return parts


def _film(pictures: Sequence[bytes], top: float) -> list[str]:
    wide = (_RIGHT - _LEFT) / len(pictures)
    drawn = []
    for place, jpeg in enumerate(pictures):
        address = words(data_uri(jpeg))
        x = _LEFT + wide * place
        size = f'width="{n(wide)}" height="{n(_THUMB * 0.75)}" preserveAspectRatio="xMidYMid slice"'
        drawn.append(f'<image x="{n(x)}" y="{n(top)}" {size} href="{address}"/>')
    return drawn
