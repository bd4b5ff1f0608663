"""Of a PNG only what makes the picture counts, and its colours are what its parts say."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin
from pngs import chunk, light, png

from core.photo import read_photo

# White, red, green, blue of Display P3.
P3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def far(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


class TestWholeness:
    def test_a_text_of_more_than_a_megabyte(self, drawn):
        text = b"comment\0\0" + zlib.compress(b"x" * 1_100_000)
        profile = b"long\0\0" + zlib.compress(bytes(9_000_000))
        found = read_photo(png(drawn, chunk(b"zTXt", text), chunk(b"iCCP", profile)))
        np.testing.assert_array_equal(found.small, drawn)

    def test_a_text_with_a_wrong_checksum(self, drawn):
        text = chunk(b"tEXt", b"comment\0hello")[:-4] + b"oops"
        gamma = chunk(b"gAMA", struct.pack(">I", 100_000))[:-4] + b"oops"
        np.testing.assert_array_equal(read_photo(png(drawn, text, gamma)).small, drawn)

    @pytest.mark.parametrize("lacking", [2, 12, 16])
    def test_without_its_end(self, drawn, lacking):
        np.testing.assert_array_equal(read_photo(png(drawn)[:-lacking]).small, drawn)

    def test_data_with_a_wrong_checksum(self, drawn, outcome):
        data = bytearray(png(drawn))
        data[data.index(b"IDAT") + 2000] ^= 1
        assert outcome(bytes(data)) == "corrupt"

    def test_more_parts_than_any_picture_has(self, drawn, outcome):
        assert outcome(png(drawn, chunk(b"tEXt", b"") * 60_000)) == "too_complex"


class TestColours:
    def test_linear_light(self, drawn):
        gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
        eight = np.rint(light(drawn) * 255).astype(np.uint8)
        sixteen = np.rint(light(drawn) * 65535).astype(np.uint16)
        assert far(read_photo(png(sixteen, gamma)).small, drawn) <= 1
        assert far(read_photo(png(eight, gamma)).small, drawn) <= 7  # the darkest have few steps
        assert far(read_photo(png(eight)).small, drawn) > 50

    def test_linear_grey_and_what_lies_on_white(self, drawn):
        gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
        grey = drawn[..., :1]
        linear = np.rint(light(grey) * 65535).astype(np.uint16)
        assert far(read_photo(png(linear, gamma)).small, grey) <= 1
        clear = np.dstack([linear, np.zeros_like(linear)])
        assert read_photo(png(clear, gamma)).small.min() == 255

    def test_a_gamma_of_one_over_2_2_is_how_srgb_is_written(self, drawn):
        parts = (
            chunk(b"gAMA", struct.pack(">I", 45455)),
            chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        )
        np.testing.assert_array_equal(read_photo(png(drawn, *parts)).small, drawn)

    @pytest.mark.parametrize(
        "part",
        [
            chunk(b"cHRM", struct.pack(">8I", *P3)) + chunk(b"gAMA", struct.pack(">I", 45455)),
            chunk(b"cICP", bytes([12, 13, 0, 1])),
        ],
        ids=["chromaticities", "code points"],
    )
    def test_display_p3_becomes_more_vivid(self, part):
        red = np.zeros((80, 80, 3), np.uint8) + np.uint8([180, 90, 70])
        shown = read_photo(png(red, part)).small[40, 40].astype(int)
        # By the definition of the two spaces (Display P3 of 180, 90, 70 in sRGB).
        np.testing.assert_allclose(shown, [193, 83, 63], atol=2)

    def test_the_first_that_counts(self, drawn):
        gamma = chunk(b"gAMA", struct.pack(">I", 100_000))
        for before in (chunk(b"sRGB", b"\0"), chunk(b"cICP", bytes([1, 13, 0, 1]))):
            np.testing.assert_array_equal(read_photo(png(drawn, gamma, before)).small, drawn)

    def test_chromaticities_that_cannot_be(self, drawn, outcome):
        for numbers in ((0,) * 8, (31270, 32900) + (30000, 30000) * 3, (2**32 - 1,) * 8):
            broken = chunk(b"cHRM", struct.pack(">8I", *numbers))
            np.testing.assert_array_equal(read_photo(png(drawn, broken)).small, drawn)
        assert outcome(png(drawn, chunk(b"gAMA", struct.pack(">I", 1)))) == "read"

    def test_a_profile_goes_before_gamma(self, drawn):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        out = io.BytesIO()
        info = PngImagePlugin.PngInfo()
        info.add(b"gAMA", struct.pack(">I", 100_000))
        Image.fromarray(drawn).save(out, "PNG", icc_profile=profile, pnginfo=info)
        assert far(read_photo(out.getvalue()).small, drawn) <= 1
