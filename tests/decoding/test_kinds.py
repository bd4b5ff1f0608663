"""Kinds are told by content; pictures of kinds that are not read are not called damaged."""

import struct

import numpy as np
import pytest

from core.photo import SUFFIXES, PhotoError, read_photo


def tiff(pixels: bytes, width: int, height: int, **tags: int) -> bytes:
    """A little-endian TIFF written by hand, its pixels in one uncompressed strip."""
    numbers = {
        "subfile": 254,
        "bits": 258,
        "photometric": 262,
        "samples": 277,
        "sample_format": 339,
        "dng_version": 50706,
    }
    entries = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(pixels)}
    entries |= {numbers[name]: value for name, value in tags.items()}
    where = 8 + len(pixels) + len(pixels) % 2
    body = pixels + bytes(len(pixels) % 2) + struct.pack("<H", len(entries))
    for tag, value in sorted(entries.items()):
        body += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\0" + struct.pack("<I", where) + body + bytes(4)


@pytest.fixture(scope="module")
def grey(drawn):
    return drawn[..., 1]


class TestNames:
    @pytest.mark.parametrize("name", ["photo.jfif", "photo", "photo.txt", "1000012345", "photo.png"])
    def test_any_name_will_do(self, tmp_path, name, drawn, encode):
        path = tmp_path / name
        path.write_bytes(encode(drawn, "JPEG", quality=95))
        assert read_photo(path).width == 640

    def test_avif_is_read(self, drawn, encode):
        found = read_photo(encode(drawn, "AVIF", quality=95))
        assert np.abs(found.small.astype(int) - drawn).mean() < 3
        assert {".jfif", ".avif"} <= SUFFIXES


class TestGreyTiffs:
    def test_white_is_zero(self, grey):
        plain = tiff((grey.astype("<u2") * 257).tobytes(), 640, 480, bits=16)
        turned = tiff((65535 - grey.astype("<u2") * 257).tobytes(), 640, 480, bits=16, photometric=0)
        for data in (plain, turned):
            np.testing.assert_array_equal(read_photo(data).small[..., 0], grey)
        eight = tiff((255 - grey).tobytes(), 640, 480, photometric=0)
        np.testing.assert_array_equal(read_photo(eight).small[..., 0], grey)

    def test_twelve_bits(self, grey):
        values = np.rint(grey / 255 * 4095).astype(np.uint16).reshape(480, 320, 2)
        first, second = values[..., 0], values[..., 1]
        packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], -1).astype(np.uint8)
        found = read_photo(tiff(packed.tobytes(), 640, 480, bits=12))
        assert np.abs(found.small[..., 0].astype(int) - grey).max() <= 1

    def test_signed_sixteen_bits(self, grey):
        values = np.rint(grey / 255 * 32767).astype("<i2")
        found = read_photo(tiff(values.tobytes(), 640, 480, bits=16, sample_format=2))
        assert np.abs(found.small[..., 0].astype(int) - grey).max() <= 1


class TestKindsThatAreNotRead:
    @pytest.fixture(
        params=["floating colours", "raw", "preview first", "sensor data", "Canon raw", "JPEG XL", "big TIFF"]
    )
    def picture(self, request, drawn):
        pixels = drawn.tobytes()
        colours = {"photometric": 2, "samples": 3}
        floating = (drawn / 255).astype("<f4").tobytes()
        return {
            "floating colours": tiff(floating, 640, 480, bits=32, sample_format=3, **colours),
            "raw": tiff(pixels, 640, 480, dng_version=1, **colours),
            "preview first": tiff(pixels, 640, 480, subfile=1, **colours),
            "sensor data": tiff(pixels, 640, 480, photometric=32803),
            "Canon raw": b"\0\0\0\x18ftypcrx " + bytes(500),
            "JPEG XL": b"\xff\x0a" + bytes(500),
            "big TIFF": b"II+\0" + bytes(500),
        }[request.param]

    def test_the_sentence_is_about_the_kind_and_does_not_blame_the_photo(self, picture):
        with pytest.raises(PhotoError) as caught:
            read_photo(picture)
        assert caught.value.code == "unsupported_kind"
        assert "JPEG, PNG or HEIC" in caught.value.message
        for word in ("damaged", "incomplete", "again"):
            assert word not in caught.value.message

    def test_lossless_and_twelve_bit_jpegs(self, drawn, encode, outcome):
        data = encode(drawn, "JPEG")
        at = data.index(b"\xff\xc0")
        assert outcome(data[: at + 1] + b"\xc3" + data[at + 2 :]) == "unsupported_kind"
        assert outcome(data[: at + 4] + b"\x0c" + data[at + 5 :]) == "unsupported_kind"
