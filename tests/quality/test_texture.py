import cv2
import numpy as np
import pytest

from core.quality.texture import levels_of, texture

SIDE = 224


@pytest.fixture(scope="module")
def sharp():
    """Structure of all sizes, as skin and its surroundings have it."""
    rng = np.random.default_rng(0)
    grey = sum(
        cv2.resize(rng.normal(0, 12, (side, side)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        for side in (7, 14, 28, 56, 112, 224)
    )
    return np.repeat(np.clip(128 + grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_differences_of_a_blurred_picture_grow_with_the_square_of_the_distance(sharp):
    blurred = cv2.GaussianBlur(sharp, (0, 0), 8)
    assert texture(sharp).soft < 1
    assert texture(blurred).soft > 1.7
    assert texture(blurred).fine < texture(sharp).fine - 3


@pytest.mark.parametrize("turned", [False, True])
def test_movement_shows_in_one_direction_alone(sharp, turned):
    kernel = np.full((1, 31), 1 / 31, np.float32)
    moved = cv2.filter2D(sharp, -1, kernel.T if turned else kernel)
    assert texture(moved).soft > 1.5
    assert texture(moved).smear > texture(sharp).smear + 0.5


def test_blocks_have_equal_neighbours(sharp):
    blocks = np.kron(sharp[::8, ::8], np.ones((8, 8, 1), np.uint8))
    assert texture(blocks).flat > 0.7
    assert texture(sharp).flat < 0.05


def test_the_grid_of_blocks_is_seen_through_noise(sharp):
    blocks = np.kron(sharp[::8, ::8], np.ones((8, 8, 1), np.uint8))
    noise = np.random.default_rng(1).normal(0, 2, sharp.shape)
    noisy, fine = (np.clip(one + noise, 0, 255).astype(np.uint8) for one in (blocks, sharp))
    assert texture(noisy).flat < 0.1, "equal neighbours are gone"
    assert texture(noisy).blocks > 3 * texture(fine).blocks
    assert texture(noisy[:, ::-1].copy()).blocks == pytest.approx(texture(noisy).blocks)


def test_an_edge_of_the_picture_s_own_is_no_grid(sharp):
    edge = sharp.copy()
    edge[:, 100:] //= 2
    blocks = np.kron(sharp[::8, ::8], np.ones((8, 8, 1), np.uint8))
    assert texture(edge).blocks < texture(blocks).blocks / 3


def test_brightness_that_half_and_a_twentieth_of_the_pixels_reach():
    picture = np.full((SIDE, SIDE, 3), 51, np.uint8)
    picture[: SIDE // 10] = 255
    assert levels_of(picture) == (pytest.approx(0.2), 1.0)


def test_one_flat_colour_is_measured_without_a_warning():
    seen = texture(np.full((SIDE, SIDE, 3), 90, np.uint8))
    assert (seen.soft, seen.smear, seen.flat, seen.equal, seen.blocks) == (0, 0, 1, 1, 0)
