"""A plot as SVG: inline in an HTML report, or as the source of a picture where SVG is not let through."""

import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from core.data_uri import data_uri

# The colours of the app's theme; a picture follows the reader's dark mode, and is printed light.
STYLE: Final = """
.ev-svg { --card: #ffffff; --ink: #1c2b2c; --quiet: #4d5c5d; --grid: #dbd7ce; --ours: #0b6560;
  --other: #8a4b00; }
@media screen and (prefers-color-scheme: dark) { .ev-svg { --card: #16201f; --ink: #e9eeec; --quiet: #b4c1c0;
  --grid: #334243; --ours: #7fd3ca; --other: #ffc27a; } }
.ev-svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
.ev-svg text.quiet { fill: var(--quiet); } .ev-svg text.small { font-size: 11px; }
.ev-svg text.strong { font-weight: 600; }
.ev-svg .card { fill: var(--card); } .ev-svg .grid { stroke: var(--grid); fill: none; }
.ev-svg .edge { stroke: var(--quiet); fill: none; }
.ev-svg .even { stroke: var(--quiet); stroke-dasharray: 2 4; }
.ev-svg .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
.ev-svg .ours { stroke: var(--ours); } .ev-svg .other { stroke: var(--other); stroke-dasharray: 7 4; }
.ev-svg .broken { stroke-dasharray: 7 4; }
.ev-svg .bar { stroke-width: 3; stroke-linecap: round; opacity: .45; }
.ev-svg .dot { stroke-width: 2; } .ev-svg .dot.full { fill: var(--ours); stroke: var(--ours); }
.ev-svg .dot.open { fill: var(--card); stroke: var(--ours); }
.ev-svg .dot.paper { fill: var(--other); stroke: var(--other); }
.ev-svg .dot.raters { fill: none; stroke: var(--ink); stroke-width: 2.5; }
.ev-svg .shade { fill: var(--ours); } .ev-svg .shade.other { fill: var(--other); stroke: none; }
.ev-svg .pill { fill: var(--card); stroke: var(--quiet); }
.ev-svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
"""


@dataclass(frozen=True)
class Plot:
    """A drawn plot.

    Attributes:
        name: unique on the page it stands on; the ids in the drawing begin with it.
        title: what it shows.
        desc: what there is to see in it, for readers who cannot see it.
        width, height: size of the drawing in its own units.
        body: the drawing.
        says_title: the drawing has its title in it, so no caption need repeat it.
    """

    name: str
    title: str
    desc: str
    width: float
    height: float
    body: str
    says_title: bool = False

    def inline(self) -> str:
        """The plot as an ``svg`` element; the page around it holds ``STYLE`` once."""
        return self._element("")

    def file(self) -> str:
        """The plot as the text of an SVG file, with its style inside."""
        return self._element(f"<style>{STYLE}</style>")

    def address(self) -> str:
        """The same as a data address."""
        return data_uri(self.file().encode("utf-8"), "image/svg+xml")

    def _element(self, style: str) -> str:
        name = re.sub(r"[^\w-]+", "-", self.name)
        size = f'width="{n(self.width)}" height="{n(self.height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ev-svg" role="img" '
            f'viewBox="0 0 {n(self.width)} {n(self.height)}" {size} '
            f'aria-labelledby="{name}-title {name}-desc">'
            f'<title id="{name}-title">{words(self.title)}</title>'
            f'<desc id="{name}-desc">{words(self.desc)}</desc>{style}'
            f'<rect class="card" {size} rx="8"/>{self.body}</svg>'
        )


@dataclass(frozen=True)
class Frame:
    """The rectangle of a plot that data are drawn in, both axes from ``low`` to ``high``."""

    left: float
    top: float
    width: float
    height: float
    x_low: float = 0.0
    x_high: float = 1.0
    y_low: float = 0.0
    y_high: float = 1.0

    def x(self, value: float) -> float:
        """Where a value lies across; one outside is put on the edge."""
        share = (value - self.x_low) / ((self.x_high - self.x_low) or 1)
        return self.left + self.width * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        """Where a value lies down; one outside is put on the edge."""
        share = (value - self.y_low) / ((self.y_high - self.y_low) or 1)
        return self.top + self.height * (1 - min(max(share, 0.0), 1.0))

    def path(self, points: list[tuple[float, float]], classes: str) -> str:
        """A line through points."""
        way = " ".join(f"{n(self.x(x))},{n(self.y(y))}" for x, y in points)
        return f'<polyline class="{classes}" points="{way}"/>' if points else ""

    def box(self) -> str:
        """The edge."""
        size = f'width="{n(self.width)}" height="{n(self.height)}"'
        return f'<rect class="grid" x="{n(self.left)}" y="{n(self.top)}" {size}/>'


Anchor = Literal["start", "middle", "end"]
"""Which end of a text its position is."""


def n(value: float) -> str:
    """A number as SVG wants it, short."""
    return f"{value:.1f}".removesuffix(".0")


def words(text: str) -> str:
    """Text that is safe in SVG and HTML; what XML has no place for is left out."""
    return escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text))


def text(x: float, y: float, what: str, classes: str = "", anchor: Anchor = "start") -> str:
    """One line of text."""
    kind = f' class="{classes}"' if classes else ""
    return f'<text x="{n(x)}" y="{n(y)}"{kind} text-anchor="{anchor}">{words(what)}</text>'


def block(
    x: float,
    middle: float,
    what: str,
    letters: int,
    classes: str = "",
    anchor: Literal["start", "middle", "end"] = "start",
    most: int = 3,
) -> str:
    """Text broken into at most so many lines of so many letters, centred about a height."""
    lines = textwrap.wrap(what, letters, max_lines=most, placeholder="…") or [""]
    first = middle - (len(lines) - 1) * 6.5 + 4
    return "".join(text(x, first + 13 * i, line, classes, anchor) for i, line in enumerate(lines))


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    """A straight line."""
    return f'<line class="{classes}" x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}"/>'


def dot(x: float, y: float, kind: str, radius: float = 4.5) -> str:
    """A mark: a full or an open circle, a diamond for the paper's figure, an upright bar for raters."""
    classes = f"dot {kind}"
    if kind == "paper":
        r = radius + 1
        corners = f"{n(x)},{n(y - r)} {n(x + r)},{n(y)} {n(x)},{n(y + r)} {n(x - r)},{n(y)}"
        return f'<polygon class="{classes}" points="{corners}"/>'
    if kind == "raters":
        return line(x, y - radius - 2.5, x, y + radius + 2.5, classes)
    return f'<circle class="{classes}" cx="{n(x)}" cy="{n(y)}" r="{n(radius)}"/>'
