"""The plot of a learning-rate range test: loss, and how fast it falls, over the rate."""

import math
from collections.abc import Sequence

from core.i18n import _
from core.reports.svg import Frame, Plot, dot, line, text

_WIDTH = 340.0


def range_test(
    rates: Sequence[float], losses: Sequence[float], slopes: Sequence[float], optimum: float
) -> Plot:
    """Loss (upper part) and its slope (lower part) over the rate, which grows tenfold from line to line.

    Args:
        rates: ascending, above 0.
        losses, slopes: one for each rate.
        optimum: one of the rates; it is marked.
    """
    exponents = [math.log10(rate) for rate in rates]
    place = min(range(len(rates)), key=lambda i: abs(rates[i] - optimum))
    parts = []
    for top, title, values in (
        (44.0, _("Loss"), losses),
        (180.0, _("Change of the loss, tenfold rate"), slopes),
    ):
        low, high = min(values), max(values)
        frame = Frame(48, top, 276, 92, exponents[0], exponents[-1], low, high)
        parts += [frame.box(), text(48, top - 8, title, "strong")]
        for tick in range(math.ceil(exponents[0]), math.floor(exponents[-1]) + 1):
            parts.append(line(frame.x(tick), top, frame.x(tick), top + frame.height, "grid"))
            if top > 100:
                parts.append(
                    text(frame.x(tick), top + frame.height + 16, f"{10.0**tick:g}", "quiet small", "middle")
                )
        for value in (low, high):
            parts.append(text(frame.left - 6, frame.y(value) + 4, f"{value:.2g}", "quiet small", "end"))
        if low < 0 < high:
            parts.append(line(frame.left, frame.y(0), frame.left + frame.width, frame.y(0), "even"))
        parts.append(frame.path(list(zip(exponents, values, strict=True)), "line ours"))
        parts.append(dot(frame.x(exponents[place]), frame.y(values[place]), "full", 4.5))
    parts.append(text(186, 308, _("learning rate"), "quiet small", "middle"))
    sentence = _("The loss falls fastest at a rate of {rate}.").format(rate=f"{optimum:.2g}")
    parts.append(text(48, 18, sentence, "strong"))
    return Plot("range-test", _("Learning-rate range test"), sentence, _WIDTH, 320, "".join(parts))
