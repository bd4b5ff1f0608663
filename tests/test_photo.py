import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from core.decoding import jpeg, pool
from core.photo import MAX_BYTES, PhotoError, photo_from_array, read_photo
from core.runtime.preprocess import shrink

# For the tests to write such files; the app only reads them, in a process of its own.
pillow_heif.register_heif_opener()
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 40), (40, 40, 200), (200, 200, 40)


def quarters(width: int = 120, height: int = 80) -> np.ndarray:
    """Red top left, green top right, blue bottom left, yellow bottom right."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2] = RED
    rgb[: height // 2, width // 2 :] = GREEN
    rgb[height // 2 :, : width // 2] = BLUE
    rgb[height // 2 :, width // 2 :] = YELLOW
    return rgb


def corners(rgb: np.ndarray) -> list[np.ndarray]:
    h, w = rgb.shape[:2]
    return [
        rgb[y, x].astype(int)
        for y, x in ((h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4))
    ]


def encode(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    out = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(out, kind, **options)
    return out.getvalue()


def refusal(data: bytes | Path) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    message = caught.value.message
    assert message.endswith(".")
    assert "Please" in message
    assert str(caught.value) == message
    return caught.value.code


def png(width: int, height: int, rows: bytes = b"", bits: int = 8, colour: int = 2) -> bytes:
    """A PNG written by hand, so that its header may claim anything."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class TestFormats:
    @pytest.mark.parametrize(
        ("kind", "options", "tolerance"),
        [
            ("JPEG", {"quality": 95}, 12),
            ("PNG", {}, 0),
            ("WEBP", {"lossless": True}, 0),
            ("HEIF", {"quality": 95}, 14),
            ("TIFF", {}, 0),
            ("TIFF", {"compression": "tiff_lzw"}, 0),
            ("BMP", {}, 0),
        ],
    )
    def test_every_listed_format_keeps_size_and_colours(self, kind, options, tolerance):
        rgb = quarters()
        photo = read_photo(encode(rgb, kind, **options), "spot")
        assert (photo.name, photo.width, photo.height) == ("spot", 120, 80)
        for pixels in (photo.small, photo.full()):
            assert pixels.dtype == np.uint8
            assert pixels.shape == (80, 120, 3)
            np.testing.assert_allclose(corners(pixels), [RED, GREEN, BLUE, YELLOW], atol=tolerance)

    def test_the_suffix_is_not_believed(self, tmp_path):
        path = tmp_path / "really-a-png.jpg"
        path.write_bytes(encode(quarters(), "PNG"))
        photo = read_photo(path)
        assert photo.name == "really-a-png.jpg"
        np.testing.assert_array_equal(photo.small, quarters())

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
    def test_the_first_frame_of_an_animation(self, kind):
        first, second = Image.fromarray(quarters()), Image.new("RGB", (120, 80), (0, 0, 0))
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encode(first, kind, save_all=True, append_images=[second, second], **options)
        np.testing.assert_array_equal(read_photo(data).small, quarters())

    def test_a_phone_jpeg_with_a_second_picture_inside(self):
        data = encode(
            Image.fromarray(quarters()), "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))]
        )
        np.testing.assert_allclose(corners(read_photo(data).small), [RED, GREEN, BLUE, YELLOW], atol=14)

    def test_digest_is_of_the_file(self):
        data = encode(quarters(), "PNG")
        import hashlib

        assert read_photo(data).sha256 == hashlib.sha256(data).hexdigest()


class TestColours:
    def test_16_bit_grey_is_scaled_not_clipped(self):
        ramp = np.linspace(0, 65535, 120).astype(np.uint16)[None].repeat(80, 0)
        small = read_photo(encode(Image.fromarray(ramp), "PNG")).small
        np.testing.assert_allclose(small[0, :, 0], np.linspace(0, 255, 120), atol=1)
        assert (small[..., 0] == small[..., 2]).all()

    @pytest.mark.parametrize("kind", ["PNG", "TIFF"])
    def test_big_and_little_endian_16_bit_grey(self, kind):
        grey = np.full((80, 120), 0x8000, np.uint16)
        assert abs(int(read_photo(encode(Image.fromarray(grey), kind)).small[5, 5, 0]) - 128) <= 1

    def test_16_bit_colour(self):
        row = b"\0" + struct.pack(">HHH", 200 * 257, 40 * 257, 40 * 257) * 120
        small = read_photo(png(120, 80, row * 80, bits=16)).small
        np.testing.assert_array_equal(small[3, 3], RED)

    def test_32_bit_float_grey(self):
        ramp = np.linspace(0, 1, 120, dtype=np.float32)[None].repeat(80, 0).copy()
        ramp[0, 0] = np.nan
        small = read_photo(encode(Image.fromarray(ramp), "TIFF")).small
        np.testing.assert_allclose(small[1, :, 1], np.linspace(0, 255, 120), atol=1)

    def test_32_bit_whole_numbers(self):
        grey = np.full((80, 120), 100, np.int32)
        assert (read_photo(encode(Image.fromarray(grey), "TIFF")).small == 100).all()

    @pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
    def test_cmyk(self, kind):
        cmyk = Image.fromarray(quarters()).convert("CMYK")
        small = read_photo(encode(cmyk, kind)).small
        np.testing.assert_allclose(corners(small), [RED, GREEN, BLUE, YELLOW], atol=15)

    def test_palette(self):
        paletted = Image.fromarray(quarters()).quantize(8)
        np.testing.assert_allclose(
            corners(read_photo(encode(paletted, "PNG")).small), [RED, GREEN, BLUE, YELLOW], atol=3
        )

    def test_palette_with_a_transparent_colour_shows_white(self):
        paletted = Image.new("P", (100, 100), 0)
        paletted.putpalette([0, 0, 0, 10, 20, 30])
        paletted.paste(1, (0, 0, 50, 100))
        small = read_photo(encode(paletted, "PNG", transparency=0)).small
        assert small[50, 75].tolist() == [255, 255, 255]
        assert small[50, 25].tolist() == [10, 20, 30]

    def test_grey_and_black_and_white(self):
        grey = Image.fromarray(quarters()).convert("L")
        np.testing.assert_array_equal(
            read_photo(encode(grey, "PNG")).small, np.asarray(grey)[..., None].repeat(3, 2)
        )
        assert read_photo(encode(grey.convert("1"), "PNG")).small.shape == (80, 120, 3)

    @pytest.mark.parametrize("kind", ["PNG", "WEBP"])
    def test_alpha_lies_on_white(self, kind):
        image = Image.new("RGBA", (100, 100), (200, 0, 0, 255))
        image.paste((0, 0, 0, 0), (50, 0, 100, 100))
        image.paste((0, 0, 0, 128), (0, 0, 20, 100))
        small = read_photo(encode(image, kind, **({"lossless": True} if kind == "WEBP" else {}))).small
        assert small[50, 75].tolist() == [255, 255, 255]
        assert small[50, 40].tolist() == [200, 0, 0]
        assert abs(int(small[50, 10, 0]) - 127) <= 1

    def test_lab(self):
        lab = ImageCms.profileToProfile(
            Image.fromarray(quarters()),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
        small = read_photo(encode(lab, "TIFF")).small
        np.testing.assert_allclose(corners(small), [RED, GREEN, BLUE, YELLOW], atol=12)

    def test_an_embedded_profile_is_applied(self):
        # A profile of linear light: mid-grey 55 in it is about 128 in sRGB.
        linear = _linear_profile()
        data = encode(Image.new("RGB", (100, 100), (55, 55, 55)), "PNG", icc_profile=linear)
        photo = read_photo(data)
        for pixels in (photo.small, photo.full()):
            assert abs(int(pixels[50, 50, 0]) - 128) <= 3

    def test_a_broken_profile_is_ignored(self):
        data = encode(quarters(), "PNG", icc_profile=b"not a profile at all")
        np.testing.assert_array_equal(read_photo(data).small, quarters())


def _linear_profile() -> bytes:
    """sRGB's own profile with its three tone curves replaced by gamma 1.0."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    for entry in range(count):
        at = 132 + 12 * entry
        name, offset = bytes(profile[at : at + 4]), struct.unpack(">I", profile[at + 4 : at + 8])[0]
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            curve = b"curv" + bytes(4) + struct.pack(">I", 0)  # no entries: the identity
            profile[offset : offset + len(curve)] = curve
            profile[at + 8 : at + 12] = struct.pack(">I", len(curve))
    return bytes(profile)


# Where the stored top left, top right, bottom left, bottom right quarters belong, by EXIF value.
SHOWN = {
    1: [RED, GREEN, BLUE, YELLOW],
    2: [GREEN, RED, YELLOW, BLUE],
    3: [YELLOW, BLUE, GREEN, RED],
    4: [BLUE, YELLOW, RED, GREEN],
    5: [RED, BLUE, GREEN, YELLOW],
    6: [BLUE, RED, YELLOW, GREEN],
    7: [YELLOW, GREEN, BLUE, RED],
    8: [GREEN, YELLOW, RED, BLUE],
}


class TestOrientation:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_is_applied(self, kind, orientation):
        if kind == "TIFF":
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[0x0112] = orientation
            data = encode(quarters(), kind, tiffinfo=tags)
        else:
            exif = Image.Exif()
            exif[0x0112] = orientation
            options = {"lossless": True} if kind == "WEBP" else {"quality": 95}
            data = encode(quarters(), kind, exif=exif.tobytes(), **options)
        photo = read_photo(data)
        size = (80, 120) if orientation >= 5 else (120, 80)
        assert (photo.width, photo.height) == size
        for pixels in (photo.small, photo.full()):
            assert pixels.shape[1::-1] == size
            np.testing.assert_allclose(corners(pixels), SHOWN[orientation], atol=14)

    def test_of_a_reduced_jpeg(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        photo = read_photo(encode(quarters(2400, 1600), "JPEG", exif=exif.tobytes()))
        assert (photo.width, photo.height) == (1600, 2400)
        assert photo.small.shape == (640, 427, 3)
        np.testing.assert_allclose(corners(photo.small), SHOWN[6], atol=14)

    def test_a_broken_exif_block_is_ignored(self):
        data = encode(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xffbroken")
        assert read_photo(data).width == 120


class TestMetadata:
    def jpeg_with_gps(self) -> bytes:
        exif = Image.Exif()
        exif[0x010F] = "SecretMaker"
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
        return encode(quarters(), "JPEG", exif=exif.tobytes(), comment=b"SecretComment")

    @pytest.mark.parametrize("long_side", [None, 100])
    def test_never_survives_in_what_is_kept(self, long_side):
        data = self.jpeg_with_gps()
        assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)
        kept = read_photo(data).jpeg(long_side)
        opened = Image.open(io.BytesIO(kept))
        assert not opened.getexif()
        assert b"Exif" not in kept
        assert b"Secret" not in kept
        assert not {"icc_profile", "comment", "exif", "xmp"} & set(opened.info)

    @pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
    def test_of_other_formats(self, kind):
        exif = Image.Exif()
        exif[0x010F] = "SecretMaker"
        kept = read_photo(encode(quarters(), kind, exif=exif.tobytes())).jpeg()
        assert b"Secret" not in kept


class TestKept:
    def test_jpeg_has_the_full_size(self):
        photo = read_photo(encode(quarters(1200, 800), "PNG"))
        assert Image.open(io.BytesIO(photo.jpeg())).size == (1200, 800)

    def test_jpeg_is_shrunk_on_request(self):
        photo = read_photo(encode(quarters(1200, 800), "PNG"))
        assert Image.open(io.BytesIO(photo.jpeg(900))).size == (900, 600)
        assert Image.open(io.BytesIO(photo.jpeg(300))).size == (300, 200)

    def test_a_small_jpeg_does_not_decode_the_full_picture(self, monkeypatch):
        photo = read_photo(encode(quarters(1200, 800), "JPEG"))
        monkeypatch.setattr(pool, "decode", lambda *a, **k: pytest.fail("decoded again"))
        photo.jpeg(640)
        with pytest.raises(pytest.fail.Exception):
            photo.full()

    def test_quality_counts(self):
        noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
        photo = photo_from_array(noise, "")
        assert len(photo.jpeg(quality=30)) < len(photo.jpeg()) / 2

    def test_photo_cannot_be_changed(self):
        photo = read_photo(encode(quarters(), "PNG"))
        with pytest.raises(ValueError, match="read-only"):
            photo.small[0, 0] = 0


class TestReducedScale:
    @pytest.mark.parametrize(
        ("size", "decoded"),
        [
            ((4000, 3000), (1000, 750)),
            ((1280, 960), (640, 480)),
            ((1279, 959), (1279, 959)),
            ((5120, 700), (640, 88)),
        ],
    )
    def test_jpegs_decode_small_but_never_below_640(self, size, decoded):
        data = encode(quarters(*size), "JPEG")
        picture = jpeg.decode(data, 640)
        assert (picture.columns, picture.lines) == decoded
        assert picture.rows(0, picture.lines).shape[1::-1] == decoded
        photo = read_photo(data)
        assert (photo.width, photo.height) == size
        assert photo.full().shape[1::-1] == size

    @pytest.mark.parametrize("size", [(4000, 3000), (3001, 1999), (1300, 700), (640, 480), (500, 333)])
    def test_small_is_what_shrink_makes_of_the_full_picture(self, size):
        rng = np.random.default_rng(1)
        coarse = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
        photo = read_photo(encode(smooth, "JPEG", quality=95))
        expected = shrink(photo.full())
        assert photo.small.shape == expected.shape
        assert np.abs(photo.small.astype(int) - expected).mean() < 1.5

    def test_full_is_only_decoded_when_asked_for(self):
        data = encode(np.zeros((3000, 4000, 3), np.uint8), "JPEG")
        tracemalloc.start()
        photo = read_photo(data)
        assert tracemalloc.get_traced_memory()[1] < 3000 * 4000 * 3 / 2
        tracemalloc.stop()
        assert photo.full().shape == (3000, 4000, 3)


class TestRefusals:
    def test_empty(self):
        assert refusal(b"") == "empty"

    def test_missing_folder_unreadable(self, tmp_path):
        assert refusal(tmp_path / "nothing.jpg") == "not_found"
        assert refusal(tmp_path) == "is_folder"
        (tmp_path / "file").write_bytes(b"x")
        assert refusal(tmp_path / "file" / "below.jpg") == "not_found"
        assert refusal(Path("a\0b.jpg")) == "unreadable"

    def test_empty_file(self, tmp_path):
        (tmp_path / "empty.png").touch()
        assert refusal(tmp_path / "empty.png") == "empty"

    @pytest.mark.parametrize(
        "data",
        [
            b"hello, I am text" * 50,
            b"%PDF-1.7\n" + bytes(500),
            b"\0\0\0\x20ftypisom" + bytes(500),
            b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
            b"\0" * 1000,
        ],
    )
    def test_not_an_image(self, data):
        assert refusal(data) == "not_an_image"

    def test_formats_that_are_not_listed(self):
        assert refusal(encode(quarters(), "GIF")) == "not_an_image"
        assert refusal(encode(quarters(), "PPM")) == "not_an_image"

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP"])
    @pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
    def test_truncated(self, kind, share):
        noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
        data = encode(noise, kind)
        assert refusal(data[: max(16, int(len(data) * share))]) == "corrupt"

    def test_damaged_in_the_middle(self):
        data = bytearray(
            encode(np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8), "PNG")
        )
        data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
        assert refusal(bytes(data)) == "corrupt"

    def test_over_20_mb(self, tmp_path):
        data = encode(quarters(), "PNG")
        exactly = data + bytes(MAX_BYTES - len(data))
        assert read_photo(exactly).width == 120
        assert refusal(exactly + b"\0") == "file_too_big"
        (tmp_path / "large.png").write_bytes(exactly + b"\0")
        assert refusal(tmp_path / "large.png") == "file_too_big"

    @pytest.mark.parametrize("size", [(8001, 8000), (30000, 30000), (2**31 - 1, 2**31 - 1)])
    def test_a_bomb_is_refused_before_it_is_decoded(self, size):
        tracemalloc.start()
        assert refusal(png(*size)) == "too_many_pixels"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()

    def test_a_jpeg_that_claims_65500_pixels_a_side(self):
        data = bytearray(encode(quarters(), "JPEG"))
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 65500, 65500)
        assert refusal(bytes(data)) == "too_many_pixels"

    def test_other_formats_that_claim_too_much(self):
        bmp = bytearray(encode(quarters(), "BMP"))
        bmp[18:26] = struct.pack("<ii", 30000, 30000)
        assert refusal(bytes(bmp)) == "too_many_pixels"
        heif = bytearray(encode(quarters(640, 512), "HEIF"))
        at = heif.index(b"ispe") + 8
        heif[at : at + 8] = struct.pack(">II", 30000, 30000)
        assert refusal(bytes(heif)) == "too_many_pixels"

    def test_exactly_64_megapixels_pass_the_size_check(self):
        # The header is fine, the rows are missing: what is wrong now is the data.
        assert refusal(png(8000, 8000)) == "corrupt"

    def test_shorter_side_under_64(self):
        assert refusal(encode(quarters(300, 62), "PNG")) == "too_small"
        assert refusal(encode(quarters(62, 300), "JPEG")) == "too_small"
        assert read_photo(encode(quarters(64, 64), "PNG")).small.shape == (64, 64, 3)

    def test_each_refusal_says_something_of_its_own(self, tmp_path):
        found = {}
        files = [b"", b"text", png(9000, 9000), png(20, 20), png(100, 100), bytes(MAX_BYTES + 1)]
        for data in [*files, tmp_path, tmp_path / "missing", Path("\0")]:
            with pytest.raises(PhotoError) as caught:
                read_photo(data)
            found[caught.value.code] = caught.value.message
        assert len(found) == len(set(found.values())) == 9

    def test_names_no_decoder_and_no_exception(self):
        with pytest.raises(PhotoError) as caught:
            read_photo(encode(quarters(), "PNG")[:200])
        assert caught.value.__cause__ is None


class TestFromArray:
    def test_a_camera_frame(self):
        frame = quarters(1280, 720)
        photo = photo_from_array(frame, "camera")
        assert (photo.name, photo.width, photo.height) == ("camera", 1280, 720)
        assert photo.small.shape == (360, 640, 3)
        np.testing.assert_array_equal(photo.full(), frame)

    def test_does_not_change_with_the_frame_it_came_from(self):
        frame = quarters()
        photo = photo_from_array(frame, "camera")
        frame[:] = 0
        np.testing.assert_array_equal(photo.full(), quarters())
        np.testing.assert_array_equal(photo.small, quarters())

    def test_digest_tells_pictures_apart(self):
        same, other = photo_from_array(quarters(), "a"), photo_from_array(quarters()[::-1], "b")
        assert same.sha256 == photo_from_array(quarters(), "c").sha256
        assert same.sha256 != other.sha256

    def test_limits_hold(self):
        with pytest.raises(PhotoError) as caught:
            photo_from_array(np.zeros((50, 500, 3), np.uint8), "")
        assert caught.value.code == "too_small"
        with pytest.raises(ValueError, match="uint8"):
            photo_from_array(np.zeros((100, 100), np.uint8), "")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "TIFF", "BMP"])
def test_damage_anywhere_is_refused_or_read_but_never_anything_else(kind):
    rng = np.random.default_rng(7)
    whole = encode(rng.integers(0, 256, (80, 100, 3), dtype=np.uint8), kind)
    for _turn in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, min(len(data), rng.choice([200, len(data)])), rng.integers(1, 8)):
            data[at] = rng.choice([0, 255, rng.integers(256)])
        code = None
        try:
            photo = read_photo(bytes(data))
        except PhotoError as error:
            code = error.code
        if code is None:
            assert photo.full().shape == (photo.height, photo.width, 3)
        else:
            assert code in (
                "corrupt",
                "not_an_image",
                "unsupported_kind",
                "too_complex",
                "too_many_pixels",
                "too_small",
            )
