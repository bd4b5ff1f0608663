from itertools import pairwise

import cv2
import numpy as np
import pytest

from core.synthetic import scenes
from core.synthetic.phantoms import KINDS, LESION_CLASSES, draw

SIZE = (240, 320)


def luma(rgb):
    return rgb @ np.float32([0.2126, 0.7152, 0.0722]) / 255


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_picture(kind):
    one, two, other = (draw(kind, seed, size=SIZE) for seed in (3, 3, 4))
    assert np.array_equal(one.rgb, two.rgb)
    assert np.array_equal(one.mask, two.mask)
    assert not np.array_equal(one.rgb, other.rgb)


@pytest.mark.parametrize("lesion_class", LESION_CLASSES)
def test_mask_has_the_extent_and_place_asked_for(lesion_class):
    phantom = draw("lesion", 5, size=SIZE, lesion_extent=0.4, centre=(0.55, 0.45), lesion_class=lesion_class)
    assert phantom.lesion_class == lesion_class
    ys, xs = np.nonzero(phantom.mask)
    extent = max(np.ptp(xs), np.ptp(ys)) + 1
    assert extent / min(SIZE) == pytest.approx(0.4, abs=0.05)
    assert (xs.min() + xs.max()) / 2 / SIZE[1] == pytest.approx(0.55, abs=0.04)
    assert (ys.min() + ys.max()) / 2 / SIZE[0] == pytest.approx(0.45, abs=0.04)


@pytest.mark.parametrize("lesion_class", LESION_CLASSES)
def test_the_lesion_can_be_seen(lesion_class):
    """Inside the mask the colour differs from the skin around it by more than skin differs from itself."""
    phantom = draw("lesion", 6, size=SIZE, lesion_extent=0.4, lesion_class=lesion_class, tone=0.35)
    lab = cv2.cvtColor(phantom.rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    mask = phantom.mask.astype(np.uint8)
    near = cv2.dilate(mask, np.ones((31, 31), np.uint8)).astype(bool)
    ring = near & ~cv2.dilate(mask, np.ones((15, 15), np.uint8)).astype(bool)
    apart = np.linalg.norm(lab[phantom.mask].mean(0) - lab[ring].mean(0))
    assert apart > 4


def test_no_skin_has_no_mask_and_healthy_skin_no_lesion():
    assert not draw("no_skin", 1, size=SIZE).mask.any()
    healthy = draw("healthy_skin", 1, size=SIZE)
    assert healthy.lesion_class is None
    assert healthy.mask.mean() > 0.1


def test_darker_tones_are_darker_and_still_well_exposed():
    steps = [np.median(luma(draw("healthy_skin", 7, size=SIZE, tone=tone).rgb)) for tone in (0, 0.3, 0.6, 1)]
    assert all(a > b for a, b in pairwise(steps))
    assert steps[0] < 0.85
    assert steps[-1] > 0.22


@pytest.mark.parametrize("name", scenes.NAMES)
def test_scenes_are_well_lit_and_not_flat(name):
    rgb = draw("no_skin", 2, size=SIZE, scene=name).rgb
    assert rgb.shape == (*SIZE, 3)
    assert rgb.dtype == np.uint8
    assert 0.15 < luma(rgb).mean() < 0.85
    assert luma(rgb).std() > 0.005


def test_smaller_pictures_of_a_seed_need_no_special_size():
    assert draw("lesion", 8, size=(97, 131)).rgb.shape == (97, 131, 3)


def test_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="kind"):
        draw("cat", 1)
    with pytest.raises(ValueError, match="class"):
        draw("lesion", 1, lesion_class="freckle")
