import numpy as np
import pytest

from core.guidance.conditions import CALM_KEYS, KEYS
from core.live.guide import PLAIN, draw_guide
from core.quality.where import Where


def drawn(key, size=(240, 320), level=128):
    rgb = np.full((*size, 3), level, np.uint8)
    draw_guide(rgb, key)
    return rgb


def outline(key, level=128):
    return (drawn(key, level=level) != level).any(axis=2)


def test_the_three_shapes_differ_without_their_colours():
    shapes = [outline(key) for key in ("ready", "searching", "blurry")]
    for one in range(3):
        for other in range(one):
            shared = (shapes[one] & shapes[other]).sum()
            assert shared < 0.6 * (shapes[one] | shapes[other]).sum()


@pytest.mark.parametrize("key", [key for key in KEYS if key not in CALM_KEYS])
def test_everything_to_put_right_has_the_same_corners(key):
    assert np.array_equal(drawn(key), drawn("blurry"))


@pytest.mark.parametrize("level", [0, 90, 170, 255])
@pytest.mark.parametrize("key", ["ready", "searching", "blurry"])
def test_the_shape_is_seen_on_dark_and_on_light(key, level):
    luma = drawn(key, level=level).mean(axis=2)
    assert np.abs(luma - level).max() > 80


@pytest.mark.parametrize("size", [(1, 1), (16, 9), (1080, 1920), (1920, 1080)])
@pytest.mark.parametrize("key", ["ready", "searching", "blurry"])
def test_any_size_will_do(key, size):
    assert drawn(key, size).shape == (*size, 3)


@pytest.mark.parametrize(("x", "y"), [(-0.8, 0.0), (0.8, 0.0), (0.0, -0.8), (0.7, 0.7)])
def test_an_arrow_leads_from_the_spot_to_the_middle_when_framing_is_to_be_put_right(x, y):
    plain, led = (np.full((240, 320, 3), 128, np.uint8) for _picture in range(2))
    draw_guide(plain, "bad_framing")
    draw_guide(led, "bad_framing", Where(x, y))
    rows, columns = np.nonzero((led != plain).any(axis=2))
    assert (columns.mean() - 160) * x >= 0
    assert (rows.mean() - 120) * y >= 0
    reach = np.hypot((columns - 160) / 160, (rows - 120) / 120)
    assert reach.min() < 0.5 * np.hypot(x, y)
    assert reach.max() > 0.9 * np.hypot(x, y)


def test_there_is_no_arrow_for_other_faults_nor_for_a_spot_in_the_middle():
    plain = drawn("blurry")
    for key, where in (("blurry", Where(0.8, 0)), ("bad_framing", Where(0.1, 0.1)), ("bad_framing", None)):
        rgb = np.full((240, 320, 3), 128, np.uint8)
        draw_guide(rgb, key, where)
        assert np.array_equal(rgb, plain)


def grown(progress, **overlay):
    rgb = np.full((240, 320, 3), 128, np.uint8)
    draw_guide(rgb, "counting", None, PLAIN.model_copy(update=overlay), progress)
    return (rgb != 128).any(axis=2)


def test_the_countdown_grows_around_the_ring_from_the_top():
    sizes = [grown(progress).sum() for progress in (0, 0.25, 0.5, 0.75, 1)]
    assert sizes == sorted(sizes)
    assert min(np.diff(sizes)) > 200
    quarter = grown(0.25, ring=False)
    assert quarter[:120, 160:].sum() > 0.9 * quarter.sum(), "the first quarter is the upper right one"


def test_without_the_guide_and_the_arrow_nothing_is_drawn_but_the_countdown():
    rgb = np.full((240, 320, 3), 128, np.uint8)
    off = PLAIN.model_copy(update={"ring": False, "arrow": False})
    for key in KEYS:
        draw_guide(rgb, key, Where(0.8, 0), off)
    assert (rgb == 128).all()
    assert grown(0.5, ring=False).any()


def test_the_middle_is_left_free():
    for key in ("ready", "searching", "blurry"):
        assert not outline(key)[80:160, 120:200].any()
