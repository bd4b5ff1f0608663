"""What one photo may ask for, and the exception with which it is refused."""

from typing import Final, Literal, get_args

Code = Literal[
    "file_too_big",
    "not_an_image",
    "unsupported_kind",
    "corrupt",
    "too_complex",
    "too_many_pixels",
    "too_small",
]
CODES: Final[frozenset[str]] = frozenset(get_args(Code))

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 64_000_000
MIN_SHORT_SIDE: Final = 64

_MB: Final = 1_000_000
# The worker with its libraries takes some 60 MB; together that stays below 400 MB for one photo.
MEMORY: Final = 320 * _MB
# For all pixels of the largest photos; no page needs them, see `core.photo.Photo.full`.
MEMORY_FOR_ALL_PIXELS: Final = 640 * _MB
CPU_SECONDS: Final = 15
WALL_SECONDS: Final = 60.0
# How many photos are decoded at the same time.
MOST_WORKERS: Final = 2

# Blocks of 8 x 8 that all scans of a JPEG touch together: 64 megapixels with the usual ten scans stay below.
MOST_BLOCKS: Final = 16_000_000
# Sound files have a few hundred parts at most.
MOST_PARTS: Final = 50_000
MOST_PROFILE_BYTES: Final = 8 * _MB


class Refusal(Exception):
    """A file that cannot be used, by its code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code: Code = code


def check_size(width: int, height: int) -> None:
    """Refuse pictures that are too large or too small, before anything is decoded.

    Raises:
        Refusal: ``too_many_pixels`` or ``too_small``; ``corrupt`` where a side is missing.
    """
    if width <= 0 or height <= 0:
        raise Refusal("corrupt")
    if width * height > MAX_PIXELS:
        raise Refusal("too_many_pixels")
    if min(width, height) < MIN_SHORT_SIDE:
        raise Refusal("too_small")


def check_memory(needed: float, all_pixels: bool) -> None:
    """Refuse what would need more memory (in bytes, beside the program itself) than a photo may take.

    Raises:
        Refusal: ``too_complex``.
    """
    if needed > (MEMORY_FOR_ALL_PIXELS if all_pixels else MEMORY):
        raise Refusal("too_complex")
