import numpy as np
import pytest

from core.quality.labels import CONDITIONS
from core.quality.texture import texture
from core.runtime.preprocess import detail_square
from core.synthetic.phantoms import draw
from training.evaluation.behaviour import LADDER, video_frame
from training.evaluation.faults import FAULTS, LOSSES, RIGHT, coarse, without_detail


@pytest.fixture(scope="module")
def good():
    phantom = draw("lesion", 3, size=(480, 640), lesion_extent=0.4)
    rows, columns = np.nonzero(phantom.mask)
    return phantom.rgb, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def put(name, good, strength=1.0):
    return FAULTS[name](good[0], tuple(map(float, good[1])), np.random.default_rng(0), strength)


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_fault_changes_the_picture_and_leaves_the_photograph_alone(name, good):
    before = good[0].copy()
    worse = put(name, good)
    assert worse.dtype == np.uint8
    assert worse.ndim == 3
    assert worse.shape != before.shape or np.abs(worse.astype(int) - before).mean() > 0.5
    np.testing.assert_array_equal(good[0], before)


@pytest.mark.parametrize("name", list(FAULTS))
def test_the_same_generator_makes_the_same_fault(name, good):
    np.testing.assert_array_equal(put(name, good), put(name, good))


def test_dark_and_bright_are_a_tenth_and_six_times_the_light(good):
    assert put("dark", good).mean() < 0.45 * good[0].mean()
    assert put("dark", good, 4.0).mean() < put("dark", good).mean()
    assert np.median(put("bright", good)) > 1.5 * np.median(good[0])


def test_blur_softens_and_movement_does_so_in_one_direction(good):
    sharp = texture(detail_square(good[0]))
    for name in ("defocus", "motion"):
        assert texture(detail_square(put(name, good))).soft > sharp.soft + 0.2
    assert (
        texture(detail_square(put("motion", good))).smear > texture(detail_square(put("defocus", good))).smear
    )


@pytest.mark.parametrize("way", LOSSES)
def test_lost_detail_is_seen_in_a_frame_of_a_video_as_well(way, good):
    worse = without_detail(good[0], way)
    assert (min(worse.shape[:2]) == 100) == (way == "small")
    frame, sharp = (
        texture(detail_square(video_frame(rgb, np.random.default_rng(1)))) for rgb in (worse, good[0])
    )
    if way == "small":
        assert frame.soft > sharp.soft + 0.2
    else:
        assert frame.blocks > sharp.blocks + 0.1


def test_glare_is_white_over_the_middle_of_the_lesion(good):
    x0, y0, x1, y1 = good[1]
    worse = put("glare", good)
    assert worse[(y0 + y1) // 2, (x0 + x1) // 2].min() == 255
    np.testing.assert_allclose(worse[:5, :5].astype(int), good[0][:5, :5], atol=2)


def test_a_shadow_darkens_a_part_alone(good):
    share = put("shadow", good).mean(axis=2) / np.maximum(good[0].mean(axis=2), 1)
    assert 0.1 < (share < 0.6).mean() < 0.9
    assert (share > 0.9).mean() > 0.1


def test_near_and_cut_show_a_part_of_the_photograph(good):
    # Of the two halves of the lesion one is left; near, nothing but lesion is.
    assert put("cut", good).shape != good[0].shape
    x0, y0, x1, y1 = good[1]
    inner = good[0][y0:y1, x0:x1].mean(axis=(0, 1))
    np.testing.assert_allclose(put("near", good).mean(axis=(0, 1)), inner, atol=25)


def test_every_rung_has_a_right_prompt_of_one_condition():
    assert set(RIGHT) == set(LADDER)
    assert {coarse(name) for name in LADDER} == set(CONDITIONS) - {"ready", "healthy_skin"}
