"""Heat maps and frames drawn over photographs."""

import cv2
import numpy as np

# Dark violet to yellow: ordered in lightness, so it reads in greyscale and to colour-blind eyes, and none of
# its strong colours is a colour of skin.
_COLOURS = cv2.COLORMAP_VIRIDIS


def overlay(rgb: np.ndarray, heatmap: np.ndarray, opacity: float = 0.5) -> np.ndarray:
    """Lay a heat map over a picture; the hotter a place, the more of the colour shows.

    Args:
        rgb: uint8, H x W x 3.
        heatmap: float, h x w of any size, 0-1; stretched over the whole picture.
        opacity: share of colour at the hottest place, 0 (the picture alone) to 1.

    Returns:
        uint8 RGB, H x W x 3.

    Raises:
        ValueError: opacity outside 0-1.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie in 0-1, got {opacity}")
    height, width = rgb.shape[:2]
    heat = cv2.resize(np.asarray(heatmap, np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    heat = np.clip(heat, 0, 1)
    colour = cv2.applyColorMap(np.rint(heat * 255).astype(np.uint8), _COLOURS)[..., ::-1]
    share = (opacity * heat)[..., None]
    return np.rint(rgb * (1 - share) + colour * share).astype(np.uint8)


def outlined(rgb: np.ndarray, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """Draw a frame round a part of a picture: a white line in a dark one, so that it shows on every skin.

    Args:
        rgb: uint8, H x W x 3.
        left, top, right, bottom: the part in pixels; the line runs just inside it.

    Returns:
        uint8 RGB, H x W x 3.
    """
    drawn = rgb.copy()
    thin = max(1, round(max(rgb.shape[:2]) / 160))
    for inset, colour in ((0, 20), (thin, 255), (2 * thin, 20)):
        drawn[top + inset : bottom - inset, left + inset : right - inset] = colour
    inside = slice(top + 3 * thin, bottom - 3 * thin), slice(left + 3 * thin, right - 3 * thin)
    drawn[inside] = rgb[inside]
    return drawn
