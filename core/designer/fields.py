"""Settings of a preset in plain words: what each is called, and how its value is shown."""

from collections.abc import Sequence
from typing import Any

from core.designer.diff import MISSING
from core.guidance.preset_content import Steps
from core.i18n import LANGUAGES, _


def condition_name(key: str) -> str:
    """A condition, a shot or an explanation in plain words; other keys as they are."""
    return {
        "no_skin": _("No skin"),
        "healthy_skin": _("Skin without a spot"),
        "bad_framing": _("Badly framed"),
        "too_far_away": _("Too far away"),
        "bad_light": _("Poor light"),
        "blurry": _("Blurred"),
        "low_resolution": _("Little detail"),
        "too_dark": _("Too dark"),
        "too_bright": _("Too bright"),
        "glare": _("Shine on the skin"),
        "shadow": _("Shadow"),
        "move_left": _("Spot too far left"),
        "move_right": _("Spot too far right"),
        "move_up": _("Spot too high"),
        "move_down": _("Spot too low"),
        "too_close": _("Too close"),
        "adjust": _("Something is amiss"),
        "ready": _("Ready"),
        "counting": _("The photo takes itself"),
        "searching": _("Still checking"),
        "camera_black": _("Camera covered"),
        "camera_frozen": _("Camera stuck"),
        "camera_missing": _("No camera picture"),
        "shot_context": _("First photo: from far"),
        "shot_regional": _("Second photo: the area"),
        "shot_close_up": _("Third photo: close up"),
    }.get(key, key)


def shot_name(key: str) -> str:
    """One of the photos of a series."""
    return {
        "context": _("First photo: from far"),
        "regional": _("Second photo: the area"),
        "close_up": _("Third photo: close up"),
    }.get(key, key)


def point_name(key: str) -> str:
    """An operating point."""
    return {"lenient": _("Lenient"), "balanced": _("Balanced"), "strict": _("Strict")}.get(key, key)


def assessor_name(key: str | None) -> str:
    """Who judges photos; an assessor is called by its name everywhere."""
    return key or _("As the server is set")


def outline_name(key: str) -> str:
    """A shape of the guide."""
    return {
        "corners_then_ring": _("Corners, then a ring"),
        "ring": _("Ring"),
        "corners": _("Corners"),
        "hand": _("Hand"),
        "face": _("Face"),
        "foot": _("Foot"),
    }.get(key, key)


def place_name(key: str) -> str:
    """Where the prompt stands."""
    return {"top": _("Above the picture"), "bottom": _("Below the picture")}.get(key, key)


def option_name(steps: Sequence[str], key: str) -> str:
    """One of the words that a setting may be, in plain words."""
    named = {
        ("operating_point",): point_name,
        ("overlay", "shape"): outline_name,
        ("overlay", "banner"): place_name,
    }
    name = named.get(tuple(steps))
    return name(key) if name is not None else key


def section_name(key: str) -> str:
    """A part of the preset."""
    return {
        "timing": _("Timing"),
        "gate": _("Shutter"),
        "photo": _("Photo"),
        "camera": _("Camera"),
        "refine": _("Which light, which way"),
        "overlay": _("Overlay"),
        "feedback": _("Sound and vibration"),
        "shots": _("Series"),
        "prompts": _("Wording"),
        "thresholds": _("Thresholds"),
    }.get(key, key)


def field_name(steps: Sequence[str]) -> str:
    """One setting, without the part that it stands in; an unknown one by its key."""
    return _names().get("/".join(steps), steps[-1].replace("_", " "))


def _names() -> dict[str, str]:
    return {
        "name": _("Name"),
        "version": _("Version"),
        "description": _("Description"),
        "operating_point": _("Start from the thresholds"),
        "healthy_skin_passes": _("Skin without a spot may pass"),
        "second_opinion": _("Weigh light, sharpness and place with the network"),
        "assessor": _("Who judges photos"),
        "spot_at_least": _("Spot at least (share of the picture)"),
        "spot_at_most": _("Spot at most (share of the picture)"),
        "priority": _("What is said first"),
        "merge": _("Said as another"),
        "timing/assess_every_ms": _("Look at a picture every"),
        "timing/window_ms": _("The vote over pictures reaches back"),
        "timing/half_life_ms": _("A picture's vote loses half its weight in"),
        "timing/lead": _("A new prompt needs so many times the votes"),
        "timing/hint_ms": _("A prompt stays at least"),
        "timing/calm_ms": _("“Ready” and “checking” stay at least"),
        "timing/help_after_s": _("Offer help after the same prompt for"),
        "gate/steady_ms": _("The picture passes so long before the shutter unlocks"),
        "gate/steady_share": _("Share of the pictures in that time that must pass"),
        "gate/fresh_ms": _("A photo's picture is at most so old"),
        "gate/refused_tries": _("Refused photos until “Use this photo anyway”"),
        "gate/override_after_s": _("Or time with the camera until then"),
        "gate/auto_capture": _("The photo takes itself"),
        "gate/countdown_ms": _("Countdown before it does"),
        "gate/moved_above": _("Movement (0 to 1) that stops the countdown"),
        "gate/best_shot_ms": _("Keep the best picture of the last"),
        "photo/keep_on_device": _("Keep everything on this device, until the person chooses"),
        "camera/black_luma": _("Brightness (0 to 1) below which the camera counts as covered"),
        "camera/frozen_after_s": _("The same picture for so long counts as stuck"),
        "camera/missing_after_s": _("No picture for so long counts as lost"),
        "camera/settle_ms": _("Say nothing of blur for the first"),
        "refine/light": _("Say what is wrong with the light"),
        "refine/direction": _("Say which way to move"),
        "refine/dark_below": _("Too dark below this brightness (0 to 1)"),
        "refine/bright_above": _("Too bright above this brightness (0 to 1)"),
        "refine/blown_above": _("Shine: share of the skin that is white"),
        "refine/shading_above": _("Shadow: brightest to darkest light"),
        "refine/off_centre_from": _("Off the middle from (1 is the edge)"),
        "refine/close_above": _("Too close: share of the picture that the spot takes"),
        "overlay/ring": _("Draw the guide"),
        "overlay/shape": _("Shape of the guide"),
        "overlay/size": _("Its radius (of the picture's short side)"),
        "overlay/colour": _("Its colour"),
        "overlay/colour_ready": _("Its colour when the photo can be taken"),
        "overlay/thickness": _("Thickness of its lines (1 is as usual)"),
        "overlay/arrow": _("Draw an arrow that shows the way"),
        "overlay/arrow_from": _("Arrow when the spot is off the middle by"),
        "overlay/banner": _("Where the prompt stands"),
        "overlay/icons": _("Show a sign beside the prompt"),
        "overlay/help_drawing": _("Show a drawing with the help"),
        "feedback/sound": _("Sounds, until the person chooses"),
        "feedback/vibration": _("Vibration, until the person chooses"),
        "feedback/speech": _("Prompts read aloud, until the person chooses"),
    }


def where(steps: Steps) -> str:
    """A setting with the part that it stands in: "Wording, English, Blurred"."""
    if not steps:
        return _("The whole draft")
    first, rest = steps[0], steps[1:]
    if first == "prompts":
        parts = [section_name(first), *(LANGUAGES.get(step, step) for step in rest[:1])]
        parts += [condition_name(step) for step in rest[1:2]]
        parts += [_("read aloud") for step in rest[2:3] if step == "spoken"]
    elif first == "thresholds":
        parts = [section_name(first), *map(condition_name, rest)]
    elif first == "merge":
        parts = [field_name((first,)), *map(condition_name, rest)]
    elif first == "shots":
        parts = [section_name(first), *(shot_name(step) for step in rest[:1]), *map(_inner, rest[1:])]
    elif rest:
        parts = [section_name(first), field_name(steps)]
    else:
        parts = [field_name(steps)]
    return ", ".join(parts)


def _inner(step: str) -> str:
    if step in ("healthy_skin_passes", "spot_at_least", "spot_at_most"):
        return field_name((step,))
    named = section_name(step)
    return named if named != step else condition_name(step).replace("_", " ")


def value_text(value: Any, steps: Sequence[str] = ()) -> str:
    """A value in plain words, with its unit."""
    name = steps[-1] if steps else ""
    if value is MISSING:
        return _("not set")
    if value is None:
        return assessor_name(None) if name == "assessor" else _("never")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(condition_name(str(key)) for key in value)
    if isinstance(value, int | float):
        unit = {"_ms": " ms", "_s": " s"}.get(name[-3:] if name.endswith("_ms") else name[-2:], "")
        return f"{value:g}{unit}"
    if steps and steps[0] == "merge":
        return condition_name(str(value))
    return option_name(steps, str(value))
