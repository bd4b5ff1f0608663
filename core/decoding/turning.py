"""EXIF orientation: how stored pixels lie in the picture that is shown."""

import numpy as np

SIDEWAYS = frozenset({5, 6, 7, 8})
"""Orientations whose width and height change places."""


def as_stored(shown: np.ndarray, orientation: int) -> np.ndarray:
    """A view of the pixels of an upright picture (H x W x C), in the order in which its file stores them.

    Args:
        shown: what a person sees.
        orientation: EXIF value 1-8.
    """
    if orientation in (2, 3, 6, 7):
        shown = shown[:, ::-1]
    if orientation in (3, 4, 7, 8):
        shown = shown[::-1]
    if orientation in SIDEWAYS:
        shown = shown.swapaxes(0, 1)
    return shown
