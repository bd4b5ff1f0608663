"""Another camera, another lamp, another background: what tells a source is changed on purpose.

In what photographs there are, class often equals source. Crops and colour jitter leave most of what a clinic
looks like in place, so a picture is given the colours of one from elsewhere, and its lesion other skin to lie
on.
"""

from typing import Final

import cv2
import numpy as np

# Shares of a place map (0-1) between which a pixel turns from background to lesion.
OUTSIDE: Final = 0.15
INSIDE: Final = 0.5
# So much of the frame may be lesion for a background to be worth changing.
MOST_LESION: Final = 0.6
MOST_STRETCH: Final = 1.6


def _statistics(lab: np.ndarray, where: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = cv2.meanStdDev(lab, mask=None if where is None else where.astype(np.uint8))
    return mean[:, 0].astype(np.float32), deviation[:, 0].astype(np.float32) + 1e-3


def _moved(lab: np.ndarray, mean: np.ndarray, deviation: np.ndarray, to: tuple, amount: float) -> np.ndarray:
    stretch = np.clip(to[1] / deviation, 1 / MOST_STRETCH, MOST_STRETCH) ** amount
    shift = mean - mean * stretch + amount * (to[0] - mean)
    return cv2.add(cv2.multiply(lab, (*map(float, stretch), 0.0)), (*map(float, shift), 0.0))


def _lab(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.float32)


def _rgb(lab: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.convertScaleAbs(np.maximum(lab, 0)), cv2.COLOR_LAB2RGB)


def coloured_as(rgb: np.ndarray, other: np.ndarray, amount: float) -> np.ndarray:
    """Move a picture's colours towards those of another one (Reinhard et al. 2001, equations 10 and 11).

    Args:
        rgb, other: uint8, H x W x 3 each.
        amount: 0 leaves the picture as it is, 1 gives it the other's mean and deviation in Lab.

    Returns:
        uint8, of ``rgb``'s size.
    """
    lab = _lab(rgb)
    return _rgb(_moved(lab, *_statistics(lab), _statistics(_lab(other)), amount))


def cover(places: np.ndarray, window: tuple[float, float, float, float], size: int) -> np.ndarray:
    """How much of each pixel of a cut-out is lesion: float32, size x size, 0-1, with a soft edge.

    Args:
        places: float, s x s, how likely each part of the picture is lesion (0-1).
        window: x0, y0, x1, y1 of the cut-out, each 0-1 of the picture's width or height.
        size: side of the cut-out in pixels, squeezed to a square.
    """
    side = places.shape[0]
    x0, y0, x1, y1 = window
    # A pixel's middle in the cut-out, in pixels of the map.
    across, down = (x1 - x0) * side / size, (y1 - y0) * side / size
    where = np.array([[across, 0, x0 * side + across / 2 - 0.5], [0, down, y0 * side + down / 2 - 0.5]])
    smooth = cv2.warpAffine(
        places.astype(np.float32),
        where,
        (size, size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    share = np.clip((smooth - OUTSIDE) / (INSIDE - OUTSIDE), 0, 1)
    return share * share * (3 - 2 * share)


def on_other_skin(rgb: np.ndarray, lesion: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Lay a lesion on other skin, whose colours are first brought to those around the lesion.

    Args:
        rgb: uint8, H x W x 3.
        lesion: float, H x W: ``cover`` of it.
        skin: uint8, any size, a picture of skin without a lesion.

    Returns:
        uint8, H x W x 3; the picture itself where the lesion fills most of it, or there is none.
    """
    if not 0.005 < float(lesion.mean()) < MOST_LESION:
        return rgb
    height, width = lesion.shape
    ground = _lab(cv2.resize(skin, (width, height), interpolation=cv2.INTER_LINEAR))
    here = _lab(rgb)
    ground = _moved(ground, *_statistics(ground), _statistics(here, lesion < 0.5), 0.8)
    share = lesion[..., None]
    return _rgb(share * here + (1 - share) * ground)
