import cv2
import numpy as np
import pytest

from core.runtime.preprocess import detail_square


def test_the_detail_is_the_middle_at_the_working_size_pixel_for_pixel():
    rgb = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    assert np.array_equal(detail_square(rgb), rgb[128:352, 208:432])
    assert np.array_equal(detail_square(rgb, 100), rgb[190:290, 270:370])


def test_large_pictures_are_brought_to_the_working_size_first():
    rgb = np.random.default_rng(2).integers(0, 256, (960, 1280, 3), np.uint8)
    small = cv2.resize(rgb, (640, 480), interpolation=cv2.INTER_AREA)
    assert np.array_equal(detail_square(rgb), small[128:352, 208:432])


def test_small_pictures_are_enlarged_so_that_missing_detail_is_missing():
    fine = np.random.default_rng(3).integers(0, 256, (120, 160, 3), np.uint8)
    detail = detail_square(fine).astype(float)
    assert detail.shape == (224, 224, 3)
    # Four times as large: neighbours hardly differ any more.
    assert np.abs(np.diff(detail, axis=1)).mean() < 0.5 * np.abs(np.diff(fine.astype(float), axis=1)).mean()


@pytest.mark.parametrize("size", [(60, 640), (640, 60), (1, 900), (3, 3)])
def test_narrow_strips_are_mirrored_not_bordered(size):
    rgb = np.full((*size, 3), 200, np.uint8)
    detail = detail_square(rgb)
    assert detail.shape == (224, 224, 3)
    assert (detail == 200).all()
