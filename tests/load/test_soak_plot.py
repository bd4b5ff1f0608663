import re

import pytest

from core.load.soak_plot import memory_plot


def rows(drawn, kind):
    """The points of a line of a plot, as numbers."""
    [points] = re.findall(rf'<polyline class="line {kind}" points="([^"]*)"', drawn)
    return [tuple(map(float, pair.split(","))) for pair in points.split()]


def test_memory_that_grows_is_drawn_and_told_as_such():
    growing = [(60.0 * minute, 400 + 10 * minute + (minute % 2)) for minute in range(31)]
    plot = memory_plot(growing)
    drawn = plot.file()
    assert len(rows(drawn, "ours")) == 31
    (x0, y0), (x1, y1) = rows(drawn, "other")
    assert x0 < x1
    assert y0 > y1, "the line of the second half rises"
    slope, low, high = map(float, re.findall(r"[-+]?\d+\.\d\d", plot.desc))
    assert low <= 10 <= high
    assert slope == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("minutes", [0.4, 7, 1000])
def test_an_axis_has_few_marks_however_long_it_ran(minutes):
    flat = [(60 * minutes * part / 11, 480.0) for part in range(12)]
    drawn = memory_plot(flat).file()
    marks = re.findall(r'text-anchor="middle">(\d+)<', drawn)
    assert marks[0] == "0"
    assert len(marks) <= 9
    assert "+0.00 MiB a minute" in drawn
