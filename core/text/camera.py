"""What the camera in the page says, in the person's language."""

from typing import Any, get_args

from core.guidance.points import State
from core.i18n import _, language
from core.live import trouble
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.text import drawings
from core.text.wording import about_bars, explanation_name, point_word, quality_name


def words() -> dict[str, Any]:
    """Everything that the browser says, in the person's language; pairs are shown and spoken words."""
    return {
        "language": language(),
        "stage": _("Camera"),
        "title": _("Take a photo that works"),
        "title_live": _("Take a photo"),
        "intro": _("Point the camera at the spot. Retake says what to improve, then unlocks the shutter."),
        "off": (
            _("Start the camera"),
            _("Press Start camera and point the camera at the spot. You will be told what to improve."),
        ),
        "starting": (_("Starting the camera"), _("The camera is starting.")),
        "sending": (_("Sending your photo"), _("Your photo is on its way. Its result comes next.")),
        "waiting": (
            _("Your photo is kept"),
            _("Your photo waits on this device and will be sent when the connection is back."),
        ),
        "left_behind": _("A photo that you took earlier still waits on this device. It was not sent."),
        "fleeting": _("This browser keeps it only while the page is open."),
        "unavailable": _("The camera is not available"),
        "trouble": {reason: trouble.explain(reason) for reason in trouble.ON_DEVICE},
        "start": _("Start camera"),
        "stop": _("Stop camera"),
        "take": _("Take photo"),
        "locked": _("Unlocks when the picture passes for a second."),
        "taking": _("Checking the photo."),
        "anyway": _("Use this photo anyway"),
        "refused": _("This photo did not come out well enough. Try once more."),
        "tries": _("Your tries so far"),
        "tried": _("Try {number}, not used"),
        "compare": _("Before and after"),
        "before": _("Your first try"),
        "after": _("The photo that was used"),
        "help": _("This may help"),
        "help_close": _("Close this help"),
        "help_pictures": drawings.help_words(),
        "your_photo": _("Your photo"),
        "no_picture": _("There was no picture to take. Please try again."),
        "practising": _("No spot, just practising"),
        "practising_help": _("Lets clear skin pass, so that you can try this out on any patch of skin."),
        "another": _("Switch camera"),
        "light": _("Light"),
        "zoom": _("Zoom"),
        "where": _("Show me where"),
        "looked": _("Coloured where the network looks to judge: {point}"),
        "blank": _("No place in the picture stands out for this point: it is judged over all of it."),
        "less": _("looked at less"),
        "most": _("looked at most"),
        "sees": _("What the camera sees"),
        "nothing": _("Nothing yet. Start the camera to see what is measured."),
        "states": {state: point_word(state) for state in get_args(State)},
        "bars": about_bars(),
        "points": {key: explanation_name(key) for key in EXPLANATIONS},
        "classes": {key: quality_name(key) for key in QUALITY_CLASSES},
        **cue_words(),
        "private": _(
            "The picture is checked on this device and stays here. Only a photo that you accept is sent, "
            "with a log of what happened, without pictures."
        ),
        "kept": _("The log of this visit waits on this device until the connection is back."),
        "offline": _("No connection. The camera and its hints go on without it."),
        "dismiss": _("Back to the page"),
        "remove": _("Remove it from this device"),
        "send": _("Send it now"),
    }


def cue_words() -> dict[str, str]:
    """The words of the switches, in the person's language."""
    return {
        "language": language(),
        "cues": _("Voice, sound and vibration"),
        "speech": _("Read hints aloud"),
        "speech_on": _("Hints are read aloud."),
        "sound": _("Sound when the photo can be taken"),
        "vibration": _("Vibrate when the photo can be taken"),
    }
