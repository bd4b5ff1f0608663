import numpy as np
import pytest

from core.explain.overlay import outlined, overlay

PICTURE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


def test_a_cold_map_leaves_the_picture_alone():
    np.testing.assert_array_equal(overlay(PICTURE, np.zeros((7, 7), np.float32), 1.0), PICTURE)


def test_no_opacity_leaves_the_picture_alone():
    np.testing.assert_array_equal(overlay(PICTURE, np.ones((7, 7), np.float32), 0.0), PICTURE)


def test_only_the_hot_place_is_coloured():
    heat = np.zeros((7, 7), np.float32)
    heat[1, 1] = 1
    drawn = overlay(PICTURE, heat, 1.0)
    assert drawn.shape == PICTURE.shape
    assert drawn.dtype == np.uint8
    # Cell (1, 1) of 7 has its centre at 1.5/7 of each side.
    red, green, blue = drawn[round(90 * 1.5 / 7), round(120 * 1.5 / 7)].astype(int)
    assert red > 200
    assert green > 200
    assert blue < 100
    np.testing.assert_array_equal(drawn[50:], PICTURE[50:])


def test_opacity_grows_the_difference():
    heat = np.linspace(0, 1, 49, dtype=np.float32).reshape(7, 7)
    differences = [
        np.abs(overlay(PICTURE, heat, share).astype(int) - PICTURE).sum() for share in (0.2, 0.5, 0.9)
    ]
    assert differences == sorted(differences)
    assert differences[0] > 0


def test_the_picture_is_not_changed():
    before = PICTURE.copy()
    overlay(PICTURE, np.ones((7, 7), np.float32))
    np.testing.assert_array_equal(PICTURE, before)


@pytest.mark.parametrize("opacity", [-0.1, 1.1])
def test_other_opacities_are_refused(opacity):
    with pytest.raises(ValueError, match="opacity"):
        overlay(PICTURE, np.ones((7, 7), np.float32), opacity)


def test_a_frame_is_drawn_just_inside_a_part_and_the_rest_stays():
    drawn = outlined(PICTURE, 20, 10, 80, 60)
    changed = (drawn != PICTURE).any(-1)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) == (20, 10, 80, 60)
    np.testing.assert_array_equal(drawn[15:55, 25:75], PICTURE[15:55, 25:75])
    # Dark, white, dark: seen on every tone.
    assert [drawn[30, x].tolist() for x in (20, 21, 22)] == [[20] * 3, [255] * 3, [20] * 3]


@pytest.mark.parametrize("box", [(0, 0, 120, 90), (5, 5, 6, 6), (118, 88, 120, 90)])
def test_a_frame_of_any_size_fits(box):
    assert outlined(PICTURE, *box).shape == PICTURE.shape
