"""The camera in the page that checks its own pictures: mounts the component and gives it its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import streamlit as st

from core.browser import markup
from core.browser.intake import MOST_BYTES, Answer
from core.guidance.points import State
from core.live import trouble
from core.live.cues import cue_words
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.ui import drawings
from core.ui.wording import about_bars, explanation_name, point_word, quality_name
from core.words import _, language

Scene = Literal["camera", "result"]


@dataclass(frozen=True)
class Said:
    """What the browser says in one run.

    Attributes:
        message: a message as it came, in this run alone; nothing of it is checked. None without one.
        report: of its camera: ``"ok"``, a reason of :mod:`core.live.trouble`, or ``"unfit"`` when it cannot
            check pictures.
    """

    message: Any
    report: str


_component: Final = st.components.v2.component(
    "retake_on_device", html=markup.html(), css=markup.css(), js=markup.web("component.js")
)


def on_device_camera(
    *,
    key: str,
    base: str,
    preset: Mapping[str, Any],
    rules: Mapping[str, Mapping[str, Any]],
    scene: Scene,
    again: int,
    answers: Sequence[Answer],
    held: Sequence[str],
    visit: Mapping[str, Any],
    report: str,
    shot: str | None = None,
) -> Said:
    """Draw the camera in the page. Call it in every run, also while the result is read: it owns the outbox.

    Not inside a fragment: a browser that finds its server started anew would ask for that fragment, which the
    new server has never run, and nothing that waited would be taken in.

    Args:
        base: where modules, runtime and network are published, such as ``/app/static/retake/1f/``.
        preset: in the person's language, as :mod:`core.browser.settings` makes it.
        rules: what passes, by ``"spot"`` and ``"practising"``.
        scene: what is on the page: the camera, or the result of its photo.
        again: grows each time the person wants another photo; then the camera comes back by itself.
        answers: to the messages that came last, so that the browser need not keep them any longer.
        held: the photos whose result can be read here, by the browser's ids: it keeps them as long.
        visit: the ``id`` of the log that takes events now, its clock ``t_ms`` when this was first said, and
            the ``attempts`` before that.
        report: the last that was said of the camera, ``"ok"`` at first.
        shot: which photo of a series is asked for; None for a photo alone.
    """
    said = _component(
        key=key,
        data={
            "base": base,
            "health": health_address(),
            "backend": "auto",
            "preset": preset,
            "rules": rules,
            "scene": scene,
            "again": again,
            "answers": [{"id": answer.message, "sentence": answer.sentence} for answer in answers],
            "held": list(held),
            "visit": dict(visit),
            "report": report,
            "shot": shot,
            "most_bytes": MOST_BYTES,
            "words": words(),
        },
        # Only named here. What comes is read off below: in its first run a server started anew calls nobody.
        on_message_change=_nothing,
        on_report_change=_nothing,
    )
    return Said(said.message, str(said.report or report))


def _nothing() -> None:
    pass


def address(path: str) -> str:
    """The address of something that this server serves, from the root of its host."""
    prefix = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return "/" + "/".join(filter(None, (prefix, path.strip("/"))))


def health_address() -> str:
    """Where the server answers whenever it is there."""
    return address("_stcore/health")


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
