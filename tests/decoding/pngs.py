"""PNGs written by hand, so that their parts may say anything."""

import struct
import zlib

import numpy as np


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(pixels: np.ndarray, *parts: bytes) -> bytes:
    """A PNG written by hand: uint8 or uint16 pixels, with these parts before the data."""
    height, width, channels = pixels.shape
    bits, kind = 8 * pixels.dtype.itemsize, {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    stored = pixels.astype(">u2") if bits == 16 else pixels
    rows = b"".join(b"\0" + row.tobytes() for row in stored)
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join([chunk(b"IHDR", head), *parts, data, chunk(b"IEND", b"")])


def light(rgb: np.ndarray) -> np.ndarray:
    """Linear light (0-1) of sRGB."""
    stored = rgb / 255
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
