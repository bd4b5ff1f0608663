"""The words of ImageQX: four quality classes, five explanations and six framings, in network output order."""

from typing import Final

QUALITY_CLASSES: Final = ("lesion", "no_skin", "healthy_skin", "poor_quality")
EXPLANATIONS: Final = ("bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away")
CONDITIONS: Final = ("ready", *EXPLANATIONS, "no_skin", "healthy_skin")
"""The outcome of a picture: good, one of the faults, no skin, or skin without a spot."""
FRAMINGS: Final = ("whole", "cut", "near", "far", "healthy_skin", "no_skin")
"""How the lesion lies in the frame: whole, cut by an edge, beyond it on all sides, tiny, or not at all."""
