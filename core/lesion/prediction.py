"""What a lesion classifier says of one picture, and the gamma that its picture may be given first."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """What a photo might show.

    Attributes:
        labels: all classes, most probable first.
        probabilities: 0-1, in the order of ``labels``; they sum to 1.
        abstained: whether the prediction should be held back.
        reason: why, one of ``core.lesion.abstain.REASONS``; None when not abstained.
        milliseconds: time the prediction took.
    """

    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    abstained: bool
    reason: str | None
    milliseconds: float


def brighten(rgb: np.ndarray, gamma: float) -> np.ndarray:
    """Gamma correction of a uint8 picture, out = in ** (1 / gamma): above 1 lifts the shadows.

    Raises:
        ValueError: gamma is not above 0.
    """
    if not gamma > 0:
        raise ValueError(f"gamma must be above 0, got {gamma}")
    levels = np.rint(255 * (np.arange(256) / 255) ** (1 / gamma)).astype(np.uint8)
    return levels[rgb]
