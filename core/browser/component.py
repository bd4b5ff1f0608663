"""The camera in the page that checks its own pictures: mounts the component and gives it its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import streamlit as st

from core.browser import markup
from core.browser.intake import MOST_BYTES, Answer
from core.text.camera import words

Scene = Literal["camera", "result"]


@dataclass(frozen=True)
class ComponentState:
    """What the browser sends in one run.

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
    rules: Mapping[str, Mapping[str, Any] | None],
    scene: Scene,
    again: int,
    answers: Sequence[Answer],
    held: Sequence[str],
    visit: Mapping[str, Any],
    report: str,
    shot: str | None = None,
    keep: Mapping[str, Any] | None = None,
) -> ComponentState:
    """Draw the camera in the page. Call it in every run, also while the result is read: it owns the outbox.

    Not inside a fragment: a browser that finds its server started anew would ask for that fragment, which the
    new server has never run, and nothing that waited would be taken in.

    Args:
        base: where modules, runtime and network are published, such as ``/app/static/retake/1f/``.
        preset: in the person's language, as :mod:`core.browser.settings` makes it.
        rules: what passes, by ``"spot"`` and ``"practising"``; None for the latter where that is not offered.
        scene: what is on the page: the camera, or the result of its photo.
        again: grows each time the person wants another photo; then the camera comes back by itself.
        answers: to the messages that came last, so that the browser need not keep them any longer.
        held: the photos whose result can be read here, by the browser's ids: it keeps them as long.
        visit: the ``id`` of the log that takes events now, its clock ``t_ms`` when this was first sent, and
            the ``attempts`` before that; ``met``, the token that a page which was loaded again has shown.
        report: the last that was reported of the camera, ``"ok"`` at first.
        shot: which photo of a series is asked for; None for a photo alone.
        keep: what the card of a photo says that stays in the browser
            (:func:`core.text.device_card.device_words`); None where an accepted photo is sent.
    """
    state = _component(
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
            "keep": None if keep is None else dict(keep),
            "most_bytes": MOST_BYTES,
            "words": words(),
        },
        # Only named here. What comes is read off below: in its first run a new server calls no callback.
        on_message_change=lambda: None,
        on_report_change=lambda: None,
    )
    return ComponentState(state.message, str(state.report or report))


def address(path: str) -> str:
    """The address of something that this server serves, from the root of its host."""
    prefix = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return "/" + "/".join(filter(None, (prefix, path.strip("/"))))


def health_address() -> str:
    """Where the server answers whenever it is there."""
    return address("_stcore/health")
