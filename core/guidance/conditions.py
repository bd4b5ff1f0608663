"""The conditions that a person may be told about: one key each, one prompt each."""

from typing import Final

from core.quality.labels import EXPLANATIONS

PICTURE_KEYS: Final = (*EXPLANATIONS, "no_skin", "healthy_skin")
"""What may be wrong with a picture; a preset puts these in order of priority."""

CALM_KEYS: Final = ("ready", "searching")
"""Nothing to put right: the picture passes, or there is no verdict to speak of yet."""

CAMERA_KEYS: Final = ("camera_black", "camera_frozen", "camera_missing")
"""What may be wrong with the camera itself."""

KEYS: Final = (*PICTURE_KEYS, *CALM_KEYS, *CAMERA_KEYS)
