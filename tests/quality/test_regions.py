import numpy as np
import pytest

from core.quality.regions import MAP_SIDE, REGIONS, bounds, part_map, regions, weakest

ALIKE = dict.fromkeys(REGIONS, 2.0)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 641), (3, 5), (1, 1)])
def test_parts_are_of_one_size_and_the_corners_cover_the_picture(width, height):
    boxes = bounds(width, height)
    assert tuple(boxes) == REGIONS
    assert len({(right - left, bottom - top) for left, top, right, bottom in boxes.values()}) == 1
    seen = np.zeros((height, width), int)
    for left, top, right, bottom in boxes.values():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        seen[top:bottom, left:right] += 1
    assert width % 2 or height % 2 or seen[0].min() > 0
    left, top, right, bottom = boxes["middle"]
    assert abs((left + right) - width) <= 1
    assert abs((top + bottom) - height) <= 1


def test_parts_are_cut_at_the_working_size_and_made_square():
    picture = np.zeros((960, 1280, 3), np.uint8)
    picture[:480, :640], picture[480:, 640:] = 50, 200
    parts = regions(picture, 96)
    assert (parts.shape, parts.dtype) == ((5, 96, 96, 3), np.uint8)
    assert [int(part.mean()) for part in parts[:4]] == [50, 0, 0, 200]
    middle = parts[4]
    assert (middle[:40, :40] == 50).all()
    assert (middle[-40:, -40:] == 200).all()


def test_a_small_picture_is_enlarged():
    assert regions(np.full((30, 40, 3), 9, np.uint8), 64).shape == (5, 64, 64, 3)


def test_the_map_is_hottest_at_the_weakest_part():
    heat = part_map(ALIKE | {"top_right": 0.5, "middle": 3.0})
    assert heat.shape == (MAP_SIDE, MAP_SIDE)
    assert heat[5, -5] == 1
    assert heat[MAP_SIDE // 2, MAP_SIDE // 2] == 0
    assert 0 < heat[5, 5] < 1
    strong = part_map(ALIKE | {"top_right": 0.5, "middle": 3.0}, strong=True)
    assert strong[MAP_SIDE // 2, MAP_SIDE // 2] == 1


def test_of_parts_that_are_alike_none_is_weak():
    assert not part_map(ALIKE | {"middle": 2.2}).any()
    assert weakest(ALIKE | {"middle": 2.2}) is None
    assert weakest({}) is None
    assert weakest(ALIKE | {"bottom_left": 1.0}) == "bottom_left"
