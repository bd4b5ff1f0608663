"""One photo, or three as the guidelines ask for: from far, from near and close up."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final

import streamlit as st

from core.data_address import data_address
from core.guidance.parts import SHOTS, ShotName
from core.live.on_device.intake import Arrived
from core.study.events import EventLog
from core.ui import embedded, session
from core.ui.drawings import guide_drawing, picture
from core.ui.result_card import result_card
from core.ui.wording import say
from core.words import _, language

_STATE_KEY: Final = "practise_series"
_PICKED_KEY: Final = "practise-series"
_SMALL_LONG_SIDE: Final = 480
_DRAWINGS: Final = {
    "context": "distance-context",
    "regional": "distance-regional",
    "close_up": "distance-close",
}


@dataclass
class Series:
    """What this visit takes.

    Attributes:
        three: whether it is a series of three photos.
        photos: those of the series so far.
    """

    three: bool = False
    photos: dict[ShotName, Arrived] = field(default_factory=dict)


def series() -> Series:
    """This visit's series."""
    return st.session_state.setdefault(_STATE_KEY, Series(three=embedded.wants_three()))


def shot() -> ShotName | None:
    """The shot that is asked for now; None for a photo alone, and when all are there."""
    return _next(series())


def _next(current: Series) -> ShotName | None:
    if not current.three:
        return None
    return next((name for name in SHOTS if name not in current.photos), None)


def keep(arrived: Arrived, current: Series, log: EventLog) -> bool:
    """Keep a photo of a series; returns whether another one is asked for. Calls no Streamlit."""
    if not current.three or arrived.shot is None:
        return False
    current.photos[arrived.shot] = arrived
    log.add(
        "note_added",
        page="practise",
        source="live",
        properties={"note": "series_photo", "shot": arrived.shot, "passes": arrived.verdict.passes},
    )
    return _next(current) is not None


def begin() -> None:
    """Begin the series anew."""
    series().photos.clear()


def picker() -> None:
    """Let the person choose between one photo and three."""
    names = {False: _("One photo"), True: _("Three photos: far, near, close up")}
    st.radio(
        _("What to take"),
        [False, True],
        index=int(series().three),
        format_func=names.__getitem__,
        horizontal=True,
        key=_PICKED_KEY,
        on_change=_picked,
    )


def _picked() -> None:
    current = series()
    three = bool(st.session_state[_PICKED_KEY])
    if three != current.three:  # else Streamlit tells of a control that only came back to the page
        current.three = three
        current.photos.clear()


def instruction() -> None:
    """What is wanted of the next photo of a series; nothing for a photo alone."""
    wanted = shot()
    if wanted is None:
        return
    chosen = session.preset()
    prompt = chosen.prompt(getattr(chosen.shots, wanted).instruction, language())
    count = _("Photo {number} of {total}").format(number=SHOTS.index(wanted) + 1, total=len(SHOTS))
    st.html(
        f'<div class="rt-shot" role="status">{picture(guide_drawing(_DRAWINGS[wanted]), "")}'
        f"<p><span>{escape(count)}</span><b>{escape(prompt.text)}</b>"
        f'<span class="rt-unseen">{escape(prompt.spoken)}</span></p></div>'
    )


def result(
    arrived: Arrived,
    *,
    on_retake: Callable[[], None],
    on_again: Callable[[], None],
    on_override: Callable[[], None] | None = None,
) -> None:
    """Draw the result: of a photo alone its card; of a series the three, and the card of the close-up.

    Args:
        arrived: the photo that came last.
        on_retake: begin anew.
        on_again: one shot of the series is wanted once more; it has been let go of.
        on_override: use a photo that does not pass.
    """
    current = series()
    whole = current.three and shot() is None
    if embedded.on():
        photos = [current.photos[name] for name in SHOTS] if whole else [arrived]
        embedded.result(photos, on_retake=on_retake, on_override=on_override)
        return
    if whole:
        _overview(current, on_again)
        arrived = current.photos["close_up"]
    result_card(
        arrived.photo,
        arrived.verdict,
        key="practise-result",
        overridden=arrived.overridden,
        on_retake=on_retake,
        on_override=on_override,
        page="practise",
        source="live",
        shot=arrived.shot,
    )


def overridden(arrived: Arrived) -> Arrived:
    """The photo that the card shows, used although it does not pass; returns the one that came last."""
    current = series()
    if current.three and shot() is None:
        current.photos["close_up"] = replace(current.photos["close_up"], overridden=True)
        return current.photos.get(arrived.shot or "close_up", arrived)
    return replace(arrived, overridden=True)


def names() -> dict[ShotName, str]:
    """What the shots are called."""
    return {"context": _("From far"), "regional": _("From near"), "close_up": _("Close up")}


def _overview(current: Series, on_again: Callable[[], None]) -> None:
    st.header(_("Your three photos"), anchor=False)
    with st.container(key="rt-series"):
        for name in SHOTS:
            arrived = current.photos[name]
            small = session.held(
                ("series", arrived.photo.sha256), lambda photo=arrived.photo: photo.jpeg(_SMALL_LONG_SIDE)
            )
            said = say(arrived.verdict, session.preset()).headline
            with st.container(gap="small"):
                st.html(
                    f'<figure class="rt-series"><img alt="" src="{data_address(small)}">'
                    f"<figcaption><b>{escape(names()[name])}</b><br>{escape(said)}</figcaption></figure>"
                )
                st.button(
                    _("Take again"),
                    key=f"practise-again-{name}",
                    # Three buttons of one name are told apart by what they are for.
                    help=_("Take this photo again: {name}").format(name=names()[name]),
                    width="stretch",
                    on_click=_again,
                    args=(name, on_again),
                )
    st.subheader(names()["close_up"], anchor=False)


def _again(name: ShotName, on_again: Callable[[], None]) -> None:
    series().photos.pop(name, None)
    on_again()
