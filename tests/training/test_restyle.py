"""Other colours and other skin: the lesion stays, what surrounds it does not."""

import numpy as np
import pytest

from core.synthetic.phantoms import draw
from training.data.restyle import coloured_as, cover, on_other_skin


@pytest.fixture(scope="module")
def pale():
    return draw("lesion", 1, (96, 96), lesion_extent=0.3, tone=0.1)


@pytest.fixture(scope="module")
def deep():
    return draw("healthy_skin", 2, (80, 120), tone=0.9)


def test_a_picture_takes_on_the_colours_of_another(pale, deep):
    moved = coloured_as(pale.rgb, deep.rgb, 1.0)
    wanted, before, after = (rgb.mean(axis=(0, 1)) for rgb in (deep.rgb, pale.rgb, moved))
    assert np.abs(after - wanted).max() < 12
    assert np.abs(before - wanted).max() > 40


def test_without_any_amount_colours_stay(pale, deep):
    assert np.abs(coloured_as(pale.rgb, deep.rgb, 0.0).astype(int) - pale.rgb).max() <= 4


def test_half_the_amount_lies_between(pale, deep):
    luma = [float(coloured_as(pale.rgb, deep.rgb, amount).mean()) for amount in (0.0, 0.5, 1.0)]
    assert luma[0] > luma[1] + 10 > luma[2] + 20


def test_cover_follows_the_window():
    places = np.zeros((28, 28), np.float32)
    places[7:14, 14:21] = 1  # from a quarter to a half down, from a half to three quarters across
    whole = cover(places, (0, 0, 1, 1), 112)
    inside = cover(places, (0.5, 0.25, 0.75, 0.5), 64)
    outside = cover(places, (0, 0.5, 0.5, 1), 64)
    assert whole[42, 70] > 0.95
    assert whole[42, 20] < 0.05
    assert inside[32, 32] > 0.95
    assert inside.mean() > 0.8
    assert outside.max() < 0.05
    # A window over the right half shows the spot in its left part, twice as wide as in the whole.
    half = cover(places, (0.5, 0, 1, 1), 112)
    _ys, xs = np.nonzero(half > 0.5)
    assert xs.min() <= 4
    assert 50 <= xs.max() <= 62


def test_the_lesion_stays_and_the_skin_changes(pale):
    textured = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    lesion = cover(pale.mask.astype(np.float32), (0, 0, 1, 1), 96)
    moved = on_other_skin(pale.rgb, lesion, textured).astype(int)
    difference = np.abs(moved - pale.rgb).mean(axis=2)
    assert difference[lesion > 0.99].max() <= 4  # to Lab and back rounds a little
    assert difference[lesion < 0.01].mean() > 5
    # The new ground has the colours that the skin around the lesion had.
    around = lesion < 0.01
    assert np.abs(moved[around].mean(axis=0) - pale.rgb[around].mean(axis=0)).max() < 20


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_is_laid_where_there_is_no_lesion_or_nothing_else(pale, deep, share):
    assert on_other_skin(pale.rgb, np.full((96, 96), share, np.float32), deep.rgb) is pale.rgb
