"""The drawn video of the load bench: each frame carries its number where a server can read it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import numpy as np

from core.synthetic.phantoms import draw

SIZE: Final = (480, 640)
RATE: Final = 24
FRAMES: Final = 120
BITS: Final = 8
_SIDE: Final = 16


@dataclass(frozen=True)
class Film:
    """VP8 packets, one a frame; played in a loop."""

    packets: tuple[bytes, ...]


def mark(rgb: np.ndarray, number: int) -> None:
    """Write a frame's number (0-255) into its upper left corner: black and white squares, and a parity."""
    bits = [number >> place & 1 for place in range(BITS)]
    for place, bit in enumerate([*bits, sum(bits) % 2]):
        rgb[:_SIDE, place * _SIDE : (place + 1) * _SIDE] = 255 * bit


def number_of(rgb: np.ndarray) -> int | None:
    """The number in a frame (uint8 RGB, H x W x 3, not scaled); None where there is none to be read."""
    inner = [
        rgb[4 : _SIDE - 4, place * _SIDE + 4 : (place + 1) * _SIDE - 4].mean() for place in range(BITS + 1)
    ]
    bits = [int(level > 128) for level in inner]
    if sum(bits[:-1]) % 2 != bits[-1]:
        return None
    return sum(bit << place for place, bit in enumerate(bits[:-1]))


def pictures(frames: int = FRAMES, seed: int = 0) -> list[np.ndarray]:
    """A spot on skin in a hand that is not quite still, with a camera's noise: uint8 RGB, 480 x 640 x 3."""
    rng = np.random.default_rng(seed)
    still = draw("lesion", seed=1, size=SIZE).rgb
    made = []
    for number in range(frames):
        moved = np.roll(still, (number % 5, number % 7), (0, 1)).astype(np.int16)
        rgb = np.clip(moved + rng.integers(-3, 4, moved.shape), 0, 255).astype(np.uint8)
        mark(rgb, number)
        made.append(rgb)
    return made


def shoot(frames: int = FRAMES) -> Film:
    """Draw and encode the film, with a key frame every second: who joins late sees it soon."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width = SIZE
    encoder.pix_fmt = "yuv420p"
    encoder.bit_rate, encoder.gop_size = 1_000_000, RATE
    encoder.time_base = Fraction(1, RATE)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets: list[bytes] = []
    for number, rgb in enumerate(pictures(frames)):
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, encoder.time_base
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    packets += [bytes(packet) for packet in encoder.encode(None)]
    return Film(tuple(packets))
