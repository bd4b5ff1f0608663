"""The capture flow alone in another page's frame (``?embed=true``): what it shows, and what it tells."""

import os
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import streamlit as st

from core import embedding
from core.browser.intake import ReceivedPhoto
from core.embedding import Parent, Shown
from core.i18n import _
from core.i18n import language as spoken_language
from core.text import bars
from core.text.wording import disclaimer, say
from core.ui import language, session

PICTURE_LONG_SIDE: Final = 2048
_LETTERS_KEY: Final = "rt_letters"
_SENT_KEY: Final = "rt_letters_sent"
_HERE: Final = Path(__file__).parent
_post: Final = st.components.v2.component(
    "retake_embedded", js=(_HERE / "embedded.js").read_text(encoding="utf-8")
)


def on() -> bool:
    """Whether this visit shows the capture flow alone."""
    return bool(st.context.is_embedded)


def parent() -> Parent:
    """The page around this one, as far as it may be told anything."""
    asked, picture = (str(st.query_params.get(name, "")) for name in ("parent", "picture"))
    return embedding.parent(os.environ.get(embedding.VARIABLE, ""), asked, picture)


def wants_three() -> bool:
    """Whether the address asks for a series of three photos."""
    return st.query_params.get("photos") == "3"


def frame() -> None:
    """What stands below the flow: what Retake is, what becomes of photos, and the language."""
    st.html(f'<p class="rt-fine">{disclaimer()}</p>')
    st.html(f'<p class="rt-fine">{escape(_privacy(parent()))}</p>')
    with st.container(key="rt-language", width="content"):
        language.picker()


def _privacy(around: Parent) -> str:
    if around.origin is None:
        return _("Photos stay in the memory of the computer that runs Retake while you use the page.")
    return _(
        "Photos stay in the memory of the computer that runs Retake while you use the page. {site} is told "
        "whether they work, and gets no picture unless you send it."
    ).format(site=_host(around.origin))


def _host(origin: str) -> str:
    return urlsplit(origin).netloc


def post() -> None:
    """Hand what is to be told to the browser; call it in every run."""
    around = parent()
    if around.stranger:
        st.warning(
            _(
                "The page around this one is told nothing: it is not on this server's list. Whoever runs "
                "Retake can add it to {variable}."
            ).format(variable=embedding.VARIABLE),
            icon=":material/link_off:",
        )
    if around.origin is None:
        return
    _tell("opened", "opened")
    _post(key="rt-embedded", data={"origin": around.origin, "letters": _letters()}, height=0)


def _letters() -> list[dict[str, Any]]:
    return st.session_state.setdefault(_LETTERS_KEY, [])


def _tell(identity: str, kind: str, pictures: Sequence[dict[str, Any]] = (), **facts: Any) -> None:
    """Add a message, unless one of this name was added before; pictures go with the newest alone."""
    letters = _letters()
    if any(letter["message"]["id"] == identity for letter in letters):
        return
    for letter in letters:
        letter["pictures"] = []
    told = facts.get("told") or embedding.message(kind, id=identity, **facts)
    letters.append({"message": told, "pictures": list(pictures)})


def trouble(reason: str) -> None:
    """Tell the page around why there is no camera: it may have another way on."""
    if on() and parent().origin is not None:
        _tell(f"trouble-{reason}", "trouble", reason=reason)


def result(
    photos: Sequence[ReceivedPhoto],
    *,
    on_retake: Callable[[], None],
    on_override: Callable[[], None] | None,
) -> None:
    """Say whether the photos work, and tell the page around; a picture goes only when the person sends it.

    Args:
        photos: one, or those of a series; the last is the one that may be used although it does not pass.
    """
    preset = session.preset()
    for photo in photos:
        thresholds = session.rule(shot=photo.shot).thresholds
        st.html(bars.verdict_line(say(photo.verdict, preset, thresholds, photo.shot)))
        small = session.held(("embedded", photo.photo.sha256), partial(photo.photo.jpeg, 1200))
        st.image(small, width="stretch", alt=_("Your photo"))
    last = photos[-1]
    settled = last.verdict.passes or last.overridden
    around = parent()
    if settled:
        _outcome(photos, f"{preset.name}@{preset.version}")
        if around.origin is not None and around.picture:
            _send(photos, around.origin)
    elif on_override is not None:
        st.button(_("Use this photo anyway"), key="embedded-override", width="stretch", on_click=on_override)
    st.button(
        _("Take another photo"),
        key="embedded-retake",
        icon=":material/replay:",
        width="stretch",
        on_click=on_retake,
    )


def _name(photos: Sequence[ReceivedPhoto]) -> str:
    return "-".join(f"{photo.photo.sha256[:16]}{'o' if photo.overridden else ''}" for photo in photos)


def _outcome(photos: Sequence[ReceivedPhoto], preset: str) -> None:
    if parent().origin is None:
        return
    identity = f"outcome-{_name(photos)}"
    shown = [Shown(photo.verdict, photo.overridden, photo.shot) for photo in photos]
    told = embedding.outcome(identity, preset, spoken_language(), shown)
    _tell(identity, "outcome", told=told)


def _send(photos: Sequence[ReceivedPhoto], origin: str) -> None:
    identity = f"picture-{_name(photos)}"
    if st.session_state.get(_SENT_KEY) == identity:
        st.success(_("Sent to {site}.").format(site=_host(origin)), icon=":material/check:")
        return

    def send() -> None:
        st.session_state[_SENT_KEY] = identity
        session.event_log().add(
            "note_added", page="practise", source="live", properties={"note": "picture_given_to_parent"}
        )
        pictures = [
            {"shot": photo.shot, "jpeg": b64encode(photo.photo.jpeg(PICTURE_LONG_SIDE)).decode("ascii")}
            for photo in photos
        ]
        _tell(identity, "picture", pictures)

    st.button(
        _("Send the picture to {site}").format(site=_host(origin)),
        key="embedded-send",
        icon=":material/send:",
        type="primary",
        width="stretch",
        on_click=send,
    )
