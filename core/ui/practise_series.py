"""One photo, or three as the guidelines ask for: from far, from near and close up."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Final

import streamlit as st

from core.browser.intake import ReceivedPhoto
from core.data_uri import data_uri
from core.guidance.preset_schema import SHOTS, ShotName
from core.i18n import _, language
from core.study.events import EventLog
from core.text.drawings import guide_drawing, picture
from core.text.tries import Tried
from core.text.wording import say
from core.ui import embedded, session, study_arm
from core.ui.result_card import result_card

_STATE_KEY: Final = "practise_series"
_PICKED_KEY: Final = "practise-series"
FIRST, RESULT = "", "result"
_SMALL_LONG_SIDE: Final = 480
_DRAWINGS: Final = {
    "context": "distance-context",
    "regional": "distance-regional",
    "close_up": "distance-close",
}


@dataclass
class Series:
    """What this visit takes, and which step of it is shown; kept when the page is loaded again.

    Attributes:
        three: whether it is a series of three photos.
        photos: those of the series so far.
        received: the photo that came last, where it has a result of its own or ends the series.
        tried: the tries on the server since the last photo that was used.
        at: the step that the person went back or forward to; None for as far as they came.
    """

    three: bool = False
    photos: dict[ShotName, ReceivedPhoto] = field(default_factory=dict)
    received: ReceivedPhoto | None = None
    tried: list[Tried] = field(default_factory=list)
    at: str | None = None

    @property
    def next(self) -> ShotName | None:
        """The shot that is missing next; None for a photo alone, and when all are there."""
        return next((name for name in SHOTS if name not in self.photos), None) if self.three else None

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that there is something for: the camera for one shot or another, and the result."""
        later = [name for name in SHOTS[1:] if self.three and (name in self.photos or name == self.next)]
        return (FIRST, *later, *([RESULT] if self.received is not None else []))

    @property
    def step(self) -> str:
        """The step that is shown."""
        if self.at in self.steps:
            return str(self.at)
        if self.received is not None:
            return RESULT
        return self.next if self.next in SHOTS[1:] else FIRST

    @property
    def shown(self) -> ReceivedPhoto | None:
        """The photo whose result is shown, if any."""
        return self.received if self.step == RESULT else None

    @property
    def shot(self) -> ShotName | None:
        """The shot that is asked for now; None for a photo alone, and while the result is shown."""
        if not self.three or self.step == RESULT:
            return None
        return next((name for name in SHOTS if name == self.step), SHOTS[0])

    @property
    def complete(self) -> bool:
        """Whether it is a series of three and all are there."""
        return self.three and self.next is None

    @property
    def sent(self) -> tuple[str, ...]:
        """The photos of which this is the one place, by the ids that the browser gave them."""
        return tuple(taken.sent_as for taken in self._all() if taken.sent_as)

    @property
    def nbytes(self) -> int:
        """Bytes of all photos."""
        return sum(taken.photo.nbytes for taken in self._all()) + sum(len(tried.jpeg) for tried in self.tried)

    @property
    def comes_again(self) -> bool:
        """Whether the browser has all photos as well, and sends them to a server that lost them."""
        return not self.tried and all(taken.sent_as for taken in self._all())

    def begin(self) -> None:
        """Forget the photos: begin anew."""
        self.photos.clear()
        self.tried.clear()
        self.received = self.at = None

    def _all(self) -> list[ReceivedPhoto]:
        return [*tuple(self.photos.values()), *([] if self.received is None else [self.received])]


def series() -> Series:
    """This visit's series; in a study's task that task's own, of one photo."""
    if (arm := study_arm.current()) is not None:
        return session.kept(f"{_STATE_KEY}-{arm.key}", Series)
    return session.kept(_STATE_KEY, lambda: Series(three=embedded.wants_three()))


def shot() -> ShotName | None:
    """The shot that is asked for now; None for a photo alone, and while the result is shown."""
    return series().shot


def keep(received: ReceivedPhoto, current: Series, log: EventLog) -> bool:
    """Keep a photo; returns whether another one of its series is asked for. Calls no Streamlit."""
    if not current.three or received.shot is None:
        current.received, current.at = received, None
        return False
    current.photos[received.shot] = received
    current.at = None
    current.received = received if current.complete else None
    log.add(
        "note_added",
        page="practise",
        source="live",
        properties={"note": "series_photo", "shot": received.shot, "passes": received.verdict.passes},
    )
    return not current.complete


def begin() -> None:
    """Begin anew, and forget the photos."""
    series().begin()


def picker() -> None:
    """Let the person choose between one photo and three."""
    names = {False: _("One photo"), True: _("Three photos: far, near, close up")}
    st.radio(
        _("What to take"),
        [False, True],
        index=int(series().three),
        format_func=names.__getitem__,
        horizontal=True,
        key=session.control(_PICKED_KEY),
        on_change=_picked,
    )
    if series().received is not None:  # the person went back from it
        st.button(
            _("Your photo"),
            key="practise-to-result",
            icon=":material/arrow_forward:",
            width="stretch",
            on_click=_to_result,
        )


def _picked() -> None:
    current = series()
    three = session.value_of(_PICKED_KEY)
    # Streamlit tells of a control that only came back to the page, too.
    if three is not None and three != current.three:
        current.three = three
        current.begin()


def _to_result() -> None:
    series().at = RESULT


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
    received: ReceivedPhoto,
    *,
    on_retake: Callable[[], None],
    on_again: Callable[[], None],
    on_override: Callable[[], None] | None = None,
) -> None:
    """Draw the result: of a photo alone its card; of a series the three, and the card of the close-up.

    Args:
        received: the photo that came last.
        on_retake: begin anew.
        on_again: one shot of the series is wanted once more; it has been let go of.
        on_override: use a photo that does not pass.
    """
    current = series()
    whole = current.complete
    if (arm := study_arm.current()) is not None:
        arm.after_photo(received, on_retake, on_override)
        return
    if embedded.on():
        photos = [current.photos[name] for name in SHOTS] if whole else [received]
        embedded.result(photos, on_retake=on_retake, on_override=on_override)
        return
    if whole:
        _overview(current, on_again)
        received = current.photos["close_up"]
    result_card(
        received.photo,
        received.verdict,
        key="practise-result",
        overridden=received.overridden,
        on_retake=on_retake,
        on_override=on_override,
        page="practise",
        source="live",
        shot=received.shot,
    )


def overridden(received: ReceivedPhoto) -> ReceivedPhoto:
    """The photo that the card shows, used although it does not pass; returns the one that came last."""
    current = series()
    if current.complete:
        current.photos["close_up"] = replace(current.photos["close_up"], overridden=True)
        return current.photos.get(received.shot or "close_up", received)
    return replace(received, overridden=True)


def names() -> dict[ShotName, str]:
    """What the shots are called."""
    return {"context": _("From far"), "regional": _("From near"), "close_up": _("Close up")}


def _overview(current: Series, on_again: Callable[[], None]) -> None:
    st.header(_("Your three photos"), anchor=False)
    with st.container(key="rt-series"):
        for name in SHOTS:
            received = current.photos[name]
            small = session.held(
                ("series", received.photo.sha256), partial(received.photo.jpeg, _SMALL_LONG_SIDE)
            )
            headline = say(received.verdict, session.preset()).headline
            with st.container(gap="small"):
                st.html(
                    f'<figure class="rt-series"><img alt="" src="{data_uri(small)}">'
                    f"<figcaption><b>{escape(names()[name])}</b><br>{escape(headline)}</figcaption></figure>"
                )
                st.button(
                    _("Take again"),
                    key=f"practise-again-{name}",
                    # Three buttons of one name differ in what they are for.
                    help=_("Take this photo again: {name}").format(name=names()[name]),
                    width="stretch",
                    on_click=_again,
                    args=(name, on_again),
                )
    st.subheader(names()["close_up"], anchor=False)


def _again(name: ShotName, on_again: Callable[[], None]) -> None:
    current = series()
    current.photos.pop(name, None)
    current.received = current.at = None
    on_again()
