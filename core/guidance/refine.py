"""Which light, which way: a coarse condition refined, where the picture tells. Never a new one."""

from typing import Final, Literal

from core.guidance.preset import Preset
from core.quality.image_stats import ImageStats
from core.quality.localization import LesionLocation

Facing = Literal["user", "environment"]
"""Which way a camera looks, in the words of browsers: at the person, or away from them."""


def refined(
    key: str,
    preset: Preset,
    seen: ImageStats | None = None,
    where: LesionLocation | None = None,
    facing: Facing | None = None,
) -> str:
    """The refined condition for a coarse one; the coarse one where nothing is clear.

    Args:
        key: the condition of a picture.
        seen: image statistics of that picture, where they were measured.
        where: the spot, where it is known; else the middle of the skin is taken.
        facing: which way the camera looks. Left and right of the picture are the person's own only when that
            is known: a camera that looks at them has its left where they have their right.
    """
    if key == "bad_light" and preset.refine.light and seen is not None:
        return _light(preset, seen)
    if key == "bad_framing" and preset.refine.direction:
        return _way(preset, seen, where, facing)
    return key


# Where not even the brightest part of the frame is brighter (0-1) than this, all is dark and no shadow falls.
ALL_DARK: Final = 0.42


def _light(preset: Preset, seen: ImageStats) -> str:
    rule = preset.refine
    if seen.luma > rule.bright_above:
        return "too_bright"
    if seen.blown > rule.blown_above:
        return "glare"
    if seen.luma < rule.dark_below and seen.brightest < ALL_DARK:
        return "too_dark"
    # Without skin it would be the shading of whatever is in the frame.
    if seen.has_skin and seen.shading > rule.shading_above:
        return "shadow"
    return "too_dark" if seen.luma < rule.dark_below else "bad_light"


def _way(preset: Preset, seen: ImageStats | None, where: LesionLocation | None, facing: Facing | None) -> str:
    rule = preset.refine
    if where is not None:
        if where.size > rule.close_above:
            return "too_close"
        x, y = where.x, where.y
    elif seen is not None and seen.has_skin:
        x, y = seen.x, seen.y
    else:
        return "bad_framing"
    if max(abs(x), abs(y)) < rule.off_centre_from:
        return "bad_framing"
    if abs(y) >= abs(x):
        return "move_up" if y < 0 else "move_down"
    if facing is None:
        return "bad_framing"
    return "move_left" if (x < 0) == (facing == "environment") else "move_right"
