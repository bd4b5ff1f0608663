"""PNG: only what makes the picture reaches the decoder; colours as browsers read them.

Text of any length, and any part that a picture does not need, is passed over unread: decoders limit such
parts and call the file broken.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from core.decoding import colour
from core.decoding.limits import MOST_PARTS, MOST_PROFILE_BYTES, Refusal, check_memory, check_size
from core.decoding.picture import Picture
from core.decoding.pillow import in_space, opened, orientation_of, picture_of, rows_of

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_NEEDED: Final = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_USED: Final = frozenset({b"tRNS", b"iCCP", b"cICP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"})


@dataclass
class _Parts:
    """The parts of one PNG that are used: each one's first, and all picture data in a row."""

    first: dict[bytes, bytes] = field(default_factory=dict)
    data: list[bytes] = field(default_factory=list)


def decode(data: bytes, long_side: int | None) -> Picture:
    """Decode a PNG; of an animated one the picture that shows where animation is not known.

    Raises:
        Refusal: ``corrupt`` when a part that the picture needs is damaged or missing; or for its size.
    """
    parts = _parts(data)
    head = parts.first.get(b"IHDR", b"")
    if len(head) != 13:
        raise Refusal("corrupt")
    width, height, bits, kind = struct.unpack(">IIBB", head[:10])
    check_size(width, height)
    profile, space = _colours(parts.first)
    clean = _clean(parts)
    orientation = orientation_of(parts.first.get(b"eXIf", b""))
    parts.data.clear()
    if space is not None and bits == 16:
        return _decode_16_bit(clean, (width, height), space, orientation, long_side)
    image = opened(clean, "PNG", long_side is None)
    image.load()
    # Grey takes the curve too; its profile says nothing about three channels.
    usable = profile if kind not in (0, 4) else None
    return in_space(picture_of(image, rows_of(image, usable), orientation), space)


def _decode_16_bit(
    clean: bytes, size: tuple[int, int], space: colour.Space, orientation: int, long_side: int | None
) -> Picture:
    """Pillow reads 8 bits of 16, too few for linear light or high dynamic range."""
    width, height = size
    check_memory(8.0 * width * height, long_side is None)
    try:
        stored = cv2.imdecode(np.frombuffer(clean, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        stored = None
    if stored is None or stored.dtype != np.uint16:
        raise Refusal("corrupt")

    def rows(top: int, below: int) -> np.ndarray:
        strip = stored[top:below]
        if strip.ndim == 2:
            return np.repeat(strip[..., None], 3, axis=2)
        rgb = strip[..., 2::-1]
        if strip.shape[2] == 4:
            alpha = strip[..., 3:].astype(np.uint32)
            rgb = ((rgb * alpha + 65535 * (65535 - alpha)) // 65535).astype(np.uint16)
        return np.ascontiguousarray(rgb)

    return in_space(Picture(width, height, width, height, rows, orientation=orientation), space, depth=16)


def _parts(data: bytes) -> _Parts:
    found = _Parts()
    at = len(_SIGNATURE)
    for _part in range(MOST_PARTS):
        if at + 8 > len(data):
            return found
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body_at, at = at + 8, at + 12 + length
        if name == b"IEND":
            return found
        if name not in _NEEDED and name not in _USED:
            continue
        body = data[body_at : body_at + length]
        checksum = data[body_at + length : at]
        sound = len(checksum) == 4 and zlib.crc32(name + body) == int.from_bytes(checksum, "big")
        if name in _NEEDED and not sound and len(checksum) == 4:
            raise Refusal("corrupt")
        if name == b"IDAT":
            # Cut off inside: whether the picture is whole all the same, the decoder will tell.
            found.data.append(body)
        elif sound:
            found.first.setdefault(name, body)
    raise Refusal("too_complex")


def _clean(parts: _Parts) -> bytes:
    out = [_SIGNATURE]
    bodies = [(name, parts.first.get(name)) for name in (b"IHDR", b"PLTE", b"tRNS")]
    for name, body in [*bodies, (b"IDAT", b"".join(parts.data)), (b"IEND", b"")]:
        if body is not None:
            checksum = zlib.crc32(body, zlib.crc32(name))
            out += [struct.pack(">I", len(body)), name, body, struct.pack(">I", checksum)]
    return b"".join(out)


def _colours(first: dict[bytes, bytes]) -> tuple[bytes | None, colour.Space | None]:
    """A profile, or a space, or neither: the first that counts, in the order of the PNG specification."""
    if len(points := first.get(b"cICP", b"")) == 4:
        return None, colour.of_code_points(points[0], points[1])
    if profile := _profile(first.get(b"iCCP", b"")):
        return profile, None
    if b"sRGB" in first:
        return None, None
    gamma, primaries = first.get(b"gAMA", b""), first.get(b"cHRM", b"")
    return None, colour.of_gamma(
        struct.unpack(">I", gamma)[0] / 100_000 if len(gamma) == 4 else None,
        tuple(value / 100_000 for value in struct.unpack(">8I", primaries)) if len(primaries) == 32 else None,
    )


def _profile(body: bytes) -> bytes | None:
    packed = body.partition(b"\0")[2][1:]
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed, MOST_PROFILE_BYTES)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else profile
