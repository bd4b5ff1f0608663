"""The one way from pixels to network input; Python and JavaScript share its test vectors."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

WORKING_LONG_SIDE: Final = 640
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)


def shrink(rgb: np.ndarray, long_side: int = WORKING_LONG_SIDE) -> np.ndarray:
    """Area-resample so that the longest side is at most ``long_side`` pixels; never enlarge.

    Args:
        rgb: uint8, H x W x 3.
        long_side: the limit in pixels.

    Returns:
        uint8, h x w x 3, with max(h, w) <= long_side; the same array when it is small enough.
    """
    height, width = rgb.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def network_square(rgb: np.ndarray, size: int = 224) -> np.ndarray:
    """A picture as a network sees it, before normalisation: the whole frame, no crop, no borders.

    Two area resamplings (longest side to 640 px, then ``size`` x ``size`` without keeping the aspect), so
    that photographs of all cameras look alike to the network.

    Args:
        rgb: uint8, H x W x 3, any size.
        size: side of the square, in pixels.

    Returns:
        uint8, size x size x 3.
    """
    return cv2.resize(shrink(rgb), (size, size), interpolation=cv2.INTER_AREA)


def detail_square(rgb: np.ndarray, size: int = 224) -> np.ndarray:
    """The middle of a picture at the working size, pixel for pixel: where blur and lost detail show.

    The longest side is brought to 640 px (area-resampled down, bilinear up, so that detail a small picture
    never had is missing here too), then the middle ``size`` x ``size`` is cut out; a strip narrower than that
    is mirrored at its edges.

    Args:
        rgb: uint8, H x W x 3, any size.
        size: side of the cut-out, in pixels.

    Returns:
        uint8, size x size x 3.
    """
    working = shrink(rgb)
    height, width = working.shape[:2]
    scale = WORKING_LONG_SIDE / max(height, width)
    if scale > 1:
        wanted = (max(1, round(width * scale)), max(1, round(height * scale)))
        working = cv2.resize(working, wanted, interpolation=cv2.INTER_LINEAR)
        height, width = working.shape[:2]
    top, left = max(0, (height - size) // 2), max(0, (width - size) // 2)
    part = working[top : top + size, left : left + size]
    down, right = size - part.shape[0], size - part.shape[1]
    if down or right:
        edges = (down // 2, down - down // 2, right // 2, right - right // 2)
        part = cv2.copyMakeBorder(part, *edges, cv2.BORDER_REFLECT)
    return np.ascontiguousarray(part)


def square_batch(
    square: np.ndarray, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD
) -> np.ndarray:
    """A square picture (uint8, size x size x 3) as a batch of one: float32, 1 x 3 x size x size."""
    scaled = square.astype(np.float32) / np.float32(255)
    normal = (scaled - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])


def network_input(
    rgb: np.ndarray,
    size: int = 224,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
) -> np.ndarray:
    """Turn a picture into one network input: its ``network_square``, normalised.

    Args:
        rgb: uint8, H x W x 3, any size.
        size: side of the square input, in pixels.
        mean, std: per channel, of values in 0-1.

    Returns:
        float32, 1 x 3 x size x size.
    """
    return square_batch(network_square(rgb, size), mean, std)
