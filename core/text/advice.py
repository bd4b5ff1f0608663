"""What to do about a photo that is taken already, by condition; presets word what a live camera shows."""

from core.guidance.conditions import family
from core.guidance.preset import Preset
from core.i18n import _, language


def advice(key: str, preset: Preset) -> str:
    """What is wrong with a photo and how to take it again, in two sentences.

    A refined condition without a sentence of its own takes that of the one it stands for; a condition with
    neither takes the preset's spoken prompt.

    Raises:
        KeyError: no such condition.
    """
    sentences = _sentences()
    return sentences.get(key) or sentences.get(family(key)) or preset.prompt(key, language()).spoken


def _sentences() -> dict[str, str]:
    return {
        "no_skin": _(
            "No skin can be seen in this photo. Take one of your skin, with the spot in the middle."
        ),
        "healthy_skin": _("No spot was found in this photo. Take one with the spot in the middle."),
        "bad_framing": _(
            "The spot is near the edge of the photo or cut off. Take the photo again with the whole spot in "
            "the middle."
        ),
        "too_close": _(
            "The spot fills the photo. Take it again from a little further away, with some skin around the "
            "spot."
        ),
        "too_far_away": _(
            "The spot looks small in this photo. Take it again from closer, at about the length of a hand."
        ),
        "bad_light": _(
            "The light is too weak, too strong or uneven. Take the photo again facing a window, away from "
            "direct sun and shadow."
        ),
        "too_dark": _("The photo is dark. Turn on a light or turn towards a window, and take it again."),
        "too_bright": _(
            "The light is too strong. Take the photo again out of direct sun, or further away from the lamp."
        ),
        "glare": _(
            "The skin shines in this photo. Take it again with the camera tilted a little, so that the "
            "bright patch is gone."
        ),
        "shadow": _(
            "A shadow lies on the skin in this photo. Take it again where the light falls evenly on the skin."
        ),
        "blurry": _(
            "The photo is blurred. Take it again, holding still, and from a little further away if it stays "
            "blurred."
        ),
        "low_resolution": _(
            "Fine detail is missing in this photo. If it is a copy that was made smaller, choose the "
            "original; else clean the lens and take it again."
        ),
        "adjust": _(
            "The photo is not there yet. Take it again, and change the distance, the light or the place of "
            "the spot a little."
        ),
    }
