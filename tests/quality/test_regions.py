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
    picture[:144, :192], picture[816:, 1088:] = 50, 200  # three twentieths, which no other corner shows
    picture[456:504, 608:672] = 100
    parts = regions(picture, 70)
    assert (parts.shape, parts.dtype) == ((5, 70, 70, 3), np.uint8)
    assert [int(part[0, 0, 0]) for part in parts] == [50, 0, 0, 0, 50]
    assert [int(part[-1, -1, 0]) for part in parts] == [0, 0, 0, 200, 200]
    assert parts[4][35, 35, 0] == 100


def test_a_small_picture_is_enlarged():
    assert regions(np.full((30, 40, 3), 9, np.uint8), 64).shape == (5, 64, 64, 3)


@pytest.mark.parametrize(
    ("weak", "place"),
    [
        ("top_left", (5, 5)),
        ("top_right", (5, -5)),
        ("bottom_left", (-5, 5)),
        ("bottom_right", (-5, -5)),
        ("middle", (MAP_SIDE // 2, MAP_SIDE // 2)),
    ],
)
def test_the_map_is_hottest_at_the_weakest_part(weak, place):
    heat = part_map(ALIKE | {weak: 0.5})
    assert heat.shape == (MAP_SIDE, MAP_SIDE)
    assert (heat.min(), heat.max()) == (0, 1)
    assert heat[place] > 0.9
    strong = part_map(ALIKE | {weak: 0.5}, strong=True)
    assert strong[place] < 0.1
    assert part_map(ALIKE | {weak: 3.5}, strong=True)[place] > 0.9


def test_of_parts_that_are_alike_none_is_weak():
    assert not part_map(ALIKE | {"middle": 2.2}).any()
    assert weakest(ALIKE | {"middle": 2.2}) is None
    assert weakest({}) is None
    assert weakest(ALIKE | {"bottom_left": 1.0}) == "bottom_left"
