"""A HEIC is judged by its photo, with the colours that its boxes tell."""

import io

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from core.photo import read_photo


def heic(rgb: np.ndarray, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "HEIF", quality=80, **options)
    return out.getvalue()


def test_a_thumbnail_inside_is_never_what_is_judged(drawn):
    large = cv2.resize(drawn, (800, 600), interpolation=cv2.INTER_NEAREST)
    plain, carrying = heic(large), heic(large, thumbnails=[640])
    assert pillow_heif.open_heif(io.BytesIO(carrying)).info["thumbnails"] == [640]
    one, other = read_photo(plain), read_photo(carrying)
    np.testing.assert_array_equal(other.small, one.small)
    assert (other.width, other.height) == (800, 600)


@pytest.mark.parametrize("tiles", [{}, {"tile_size": 256}], ids=["in one piece", "tiles"])
def test_a_hole_of_zeros_in_its_data(drawn, outcome, tiles):
    whole = heic(drawn[:300, :400], **tiles)
    assert outcome(whole) == "read"
    for share in (0.3, 0.6, 0.9):
        at = int(len(whole) * share)
        assert outcome(whole[:at] + bytes(512) + whole[at + 512 :]) == "corrupt"


def test_zeros_elsewhere_are_no_damage(drawn, outcome):
    exif = Image.Exif()
    exif[0x927C] = bytes(4000)
    assert outcome(heic(drawn[:80, :80], exif=exif.tobytes())) == "read"
    assert outcome(heic(np.zeros((200, 300, 3), np.uint8), thumbnails=[128])) == "read"


def test_display_p3_told_by_code_points_alone():
    vivid = np.zeros((80, 80, 3), np.uint8) + np.uint8([180, 90, 70])
    p3 = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6}
    shown = read_photo(heic(vivid, chroma=444, full_range_flag=1, **p3)).small[40, 40].astype(int)
    # By the definition of the two spaces (Display P3 of 180, 90, 70 in sRGB).
    np.testing.assert_allclose(shown, [193, 83, 63], atol=4)
    plain = read_photo(heic(vivid, chroma=444)).small[40, 40].astype(int)
    np.testing.assert_allclose(plain, [180, 90, 70], atol=4)


def test_a_profile_goes_before_code_points(drawn):
    drawn = drawn[160:240, 240:360]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = read_photo(heic(drawn, icc_profile=profile)).small
    assert np.abs(found.astype(int) - read_photo(heic(drawn)).small).mean() < 1


def test_transparency_and_grey(drawn):
    drawn = drawn[160:240, 240:360]
    clear = np.dstack([drawn, np.zeros(drawn.shape[:2], np.uint8)])
    assert read_photo(heic(clear)).small.min() > 250
    grey = read_photo(heic(drawn[..., 1])).small
    assert np.abs(grey.astype(int) - drawn[..., 1:2]).mean() < 3
