import numpy as np
import pytest

from core.guidance.conditions import KEYS
from core.live.guide import draw_guide


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


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("ready", "searching")])
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


def test_the_middle_is_left_free():
    for key in ("ready", "searching", "blurry"):
        assert not outline(key)[80:160, 120:200].any()
