"""PQ and HLG, however a file tells of them: 203 candelas per square metre are white, more is compressed."""

import io
import re

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image
from pngs import chunk, light, png

from core.photo import read_photo

PQ, HLG = 16, 18
# From linear sRGB to linear BT.2020 (ITU-R BT.2087).
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def pq(linear: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: from light (1 is the reference white) to 0-1."""
    share = (np.clip(linear, 0, None) * 203 / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * share) / (1 + 2392 / 128 * share)) ** (2523 / 32)


def hlg(linear: np.ndarray) -> np.ndarray:
    """ITU-R BT.2100: from light (1 is the reference white, on a display of 1000) to 0-1."""
    display = np.clip(linear, 0, None) * 0.203
    luminance = np.maximum(display @ [0.2627, 0.6780, 0.0593], 1e-9)[..., None]
    scene = display * luminance ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def stored(rgb: np.ndarray, transfer: int, gain: float = 1.0) -> np.ndarray:
    """A picture in BT.2020 and PQ or HLG, uint16, with its white ``gain`` times the reference white."""
    linear = gain * light(rgb) @ TO_2020.T
    return np.rint(np.clip((pq if transfer == PQ else hlg)(linear), 0, 1) * 65535).astype(np.uint16)


def heic(wide: np.ndarray, transfer: int) -> bytes:
    height, width = wide.shape[:2]
    file = pillow_heif.from_bytes("RGB;16", (width, height), wide.tobytes())
    out = io.BytesIO()
    points = {"color_primaries": 9, "transfer_characteristics": transfer, "matrix_coefficients": 9}
    file.save(out, quality=95, chroma=444, full_range_flag=1, **points)
    return out.getvalue()


def as_png(wide: np.ndarray, transfer: int) -> bytes:
    return png(wide, chunk(b"cICP", bytes([9, transfer, 0, 1])))


def away(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("write", [heic, as_png])
def test_up_to_white_it_is_the_same_picture(drawn, transfer, write):
    drawn = drawn[100:340, 160:480]
    wide = stored(drawn, transfer)
    found = read_photo(write(wide, transfer))
    assert away(found.small, drawn) < 2.5
    assert away(found.full(), drawn) < 2.5
    # What it was taken for before: the stored values themselves.
    assert away(wide >> 8, drawn) > 12


def test_the_decoded_heic_has_ten_bits():
    file = pillow_heif.open_heif(io.BytesIO(heic(np.full((64, 64, 3), 30000, np.uint16), PQ)))
    assert file.info["bit_depth"] == 10


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_than_white_keeps_its_order_and_its_hue(drawn, transfer):
    found = read_photo(as_png(stored(drawn, transfer, gain=3.0), transfer)).small
    plain = read_photo(as_png(stored(drawn, transfer), transfer)).small
    assert found.mean() > plain.mean()
    assert (found.min(-1) == 255).mean() < 0.01
    ramp = np.linspace(0, 255, 256).astype(np.uint8)[None, :, None].repeat(64, 0).repeat(3, 2)
    shown = read_photo(as_png(stored(ramp, transfer, gain=4.0), transfer)).small[32].astype(int)
    assert (np.diff(shown[:, 0]) >= 0).all()
    assert shown[-1].min() >= 250
    assert shown[200].max() < shown[250].max()
    assert np.ptp(shown, axis=1).max() <= 2


def test_a_large_one_is_the_same_as_a_small_one(drawn):
    wide = cv2.resize(stored(drawn, PQ), (1300, 975), interpolation=cv2.INTER_CUBIC)
    assert away(read_photo(as_png(wide, PQ)).small, drawn) < 3


def test_an_avif_that_tells_of_pq(drawn):
    out = io.BytesIO()
    eight = (stored(drawn, PQ) >> 8).astype(np.uint8)
    Image.fromarray(eight).save(out, "AVIF", quality=95, subsampling="4:4:4", range="full")
    plain = out.getvalue()
    box = re.search(b"colrnclx(.{4})", plain, re.DOTALL)
    data = plain[: box.start(1)] + bytes([0, 9, 0, PQ]) + plain[box.end(1) :]
    assert away(read_photo(data).small, drawn) < 4
