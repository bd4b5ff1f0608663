"""The conditions that a person may be told about: one key each, one prompt each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.quality.labels import EXPLANATIONS

PICTURE_KEYS: Final = (*EXPLANATIONS, "no_skin", "healthy_skin")
"""What may be wrong with a picture; a preset puts these in order of priority."""

REFINED: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("too_dark", "too_bright", "glare", "shadow"), "bad_light"),
        **dict.fromkeys(("move_left", "move_right", "move_up", "move_down", "too_close"), "bad_framing"),
    }
)
"""Conditions that say more than the coarse one that they stand for: which light, which way."""

GENERAL_KEY: Final = "adjust"
"""Says only that the picture is not there yet: for presets that merge several conditions into one prompt."""

OPEN_KEYS: Final = ("ready", "counting")
"""The picture passes steadily and the shutter is unlocked; ``counting`` while the photo takes itself."""

CALM_KEYS: Final = (*OPEN_KEYS, "searching")
"""Nothing to put right: the picture passes, or there is no verdict to speak of yet."""

CAMERA_KEYS: Final = ("camera_black", "camera_frozen", "camera_missing")
"""What may be wrong with the camera itself."""

KEYS: Final = (*PICTURE_KEYS, *REFINED, GENERAL_KEY, *CALM_KEYS, *CAMERA_KEYS)
"""Everything that may be shown."""

SHOT_KEYS: Final = ("shot_context", "shot_regional", "shot_close_up")
"""What a person is asked for, shot by shot, in a series of photos."""

WORDED_KEYS: Final = (*KEYS, *SHOT_KEYS)
"""Everything that needs a wording."""


def family(key: str) -> str:
    """The coarse condition that a refined one stands for; any other key is its own."""
    return REFINED.get(key, key)
