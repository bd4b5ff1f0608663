import numpy as np
import pytest

from core.quality.localization import LesionLocation, find

S = 7


def places(*cells, level=0.9):
    out = np.full((S, S), 0.1)
    for row, column in cells:
        out[row, column] = level
    return out


def test_nothing_likely_is_nowhere():
    assert find(places()) is None
    assert find(places((3, 3), level=0.4), level=0.5) is None
    assert find(places((3, 3), level=0.4)) == LesionLocation(0.0, 0.0, size=1 / S)


@pytest.mark.parametrize(
    ("cell", "x", "y"), [((3, 0), -6 / 7, 0), ((3, 6), 6 / 7, 0), ((0, 3), 0, -6 / 7), ((6, 3), 0, 6 / 7)]
)
def test_left_and_up_are_negative(cell, x, y):
    where = find(places(cell))
    assert (where.x, where.y) == pytest.approx((x, y))
    assert where.off == pytest.approx(6 / 7)


def test_neighbours_pull_by_their_probability_and_others_do_not():
    found = places((3, 3), (3, 4), (0, 0))
    found[3, 4], found[0, 0] = 0.6, 0.8
    where = find(found)
    assert where.x == pytest.approx((0.9 * 0 + 0.6 * 2 / 7) / 1.5)
    assert where.y == pytest.approx(0)
