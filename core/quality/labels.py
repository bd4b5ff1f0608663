"""The words of ImageQX: four quality classes and five explanations, in network output order."""

from typing import Final

QUALITY_CLASSES: Final = ("lesion", "no_skin", "healthy_skin", "poor_quality")
EXPLANATIONS: Final = ("bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away")
CONDITIONS: Final = ("ready", *EXPLANATIONS, "no_skin", "healthy_skin")
"""The outcome of a picture: good, one of the faults, no skin, or skin without a spot."""
