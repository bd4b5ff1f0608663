"""A JPEG whose data are not whole is never judged; one that lacks nothing of the picture is."""

import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from core.photo import read_photo


@pytest.fixture(params=["baseline", "progressive", "restarts", "optimised"])
def jpeg(request, drawn, encode):
    options = {
        "baseline": {},
        "progressive": {"progressive": True},
        "restarts": {"restart_marker_rows": 1},
        "optimised": {"optimize": True, "subsampling": 0},
    }[request.param]
    return encode(drawn, "JPEG", quality=90, **options)


def data_of(jpeg: bytes) -> int:
    """Where the picture's data begin."""
    at = jpeg.index(b"\xff\xda")
    return at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")


def test_a_whole_one_is_read(jpeg, outcome):
    assert outcome(jpeg) == "read"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_closed_with_an_end_marker_after_a_part_of_its_data(jpeg, share, outcome):
    start = data_of(jpeg)
    cut = start + int((len(jpeg) - start) * share)
    assert outcome(jpeg[:cut] + b"\xff\xd9") == "corrupt"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("filling", [b"\0", b"\xaa"])
def test_two_kilobytes_overwritten(jpeg, share, filling, outcome):
    start = data_of(jpeg)
    at = start + int((len(jpeg) - start - 2100) * share)
    assert outcome(jpeg[:at] + filling * 2048 + jpeg[at + 2048 :]) == "corrupt"


def test_a_second_half_of_zeros_as_a_broken_download_leaves(jpeg, outcome):
    half = len(jpeg) // 2
    assert outcome(jpeg[:half] + bytes(len(jpeg) - half)) == "corrupt"


def test_the_last_two_bytes_are_no_part_of_the_picture(jpeg):
    whole, lacking = read_photo(jpeg), read_photo(jpeg[:-2])
    np.testing.assert_array_equal(lacking.small, whole.small)


def test_a_camera_may_write_a_few_bytes_too_many(jpeg, outcome):
    assert outcome(jpeg + bytes(5000)) == "read"
    assert outcome(jpeg[:-2] + bytes(16) + b"\xff\xd9") == "read"


def test_cut_off_between_two_scans(drawn, encode, outcome):
    jpeg = encode(drawn, "JPEG", quality=90, progressive=True)
    scans = [found.start() for found in re.finditer(b"\xff\xda", jpeg)]
    assert len(scans) >= 6
    for at in scans[1:]:
        assert outcome(jpeg[:at] + b"\xff\xd9") == "corrupt"


def test_a_stretch_between_two_restart_markers_is_missing(drawn, encode, outcome):
    jpeg = encode(drawn, "JPEG", quality=90, restart_marker_rows=1)
    marks = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", jpeg)]
    assert len(marks) == 29
    # Eight of them, so that their numbers still follow each other.
    assert outcome(jpeg[: marks[3]] + jpeg[marks[11] :]) == "corrupt"


def test_damage_that_was_saved_again_shows_as_grey(drawn, encode, outcome):
    filled = drawn.copy()
    filled[300:304, 200:] = filled[304:] = 128
    assert outcome(encode(filled, "JPEG", quality=90)) == "corrupt"
    large = cv2.resize(filled, (2600, 1950), interpolation=cv2.INTER_CUBIC)
    assert outcome(encode(large, "JPEG", quality=80)) == "corrupt"


def test_a_plain_border_is_no_damage(drawn, encode, outcome):
    for value in (0, 100, 255):
        framed = drawn.copy()
        framed[400:] = value
        assert outcome(encode(framed, "JPEG", quality=90)) == "read"
    assert outcome(encode(np.full((200, 300, 3), 128, np.uint8), "JPEG")) == "read"


def test_four_colours_are_looked_over_too(drawn, outcome):
    out = io.BytesIO()
    Image.fromarray(drawn).convert("CMYK").save(out, "JPEG", quality=90)
    jpeg = out.getvalue()
    assert outcome(jpeg) == "read"
    assert outcome(jpeg[: len(jpeg) // 2] + b"\xff\xd9") == "corrupt"
    assert outcome(jpeg[:-2]) == "read"


@pytest.mark.parametrize("at", ["before", "between"])
def test_what_is_not_the_picture_may_be_broken(drawn, encode, at, outcome):
    jpeg = encode(drawn, "JPEG", quality=90, progressive=True)
    place = 2 if at == "before" else [found.start() for found in re.finditer(b"\xff\xda", jpeg)][3]
    odd = b"\xff\xe1\0\x10Exif\0\0broken!!" + b"\xff\xe2\0\x10ICC_PROFILE\0\x07\x09" + b"\xff\xfe\0\x05abc"
    assert outcome(jpeg[:place] + odd + jpeg[place:]) == "read"
