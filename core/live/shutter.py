"""Taking the photo: the best frame of the last moments becomes a still, and the still is judged again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from core.guidance.hint import condition
from core.live.stream_session import StreamSession
from core.photo import Photo, PhotoError, photo_from_array
from core.quality.verdict import Verdict, verdict_properties
from core.serving import counters

_LOG: Final = logging.getLogger(__name__)


class Outcome(Enum):
    """What came of pressing the shutter."""

    LOCKED = "locked"
    NO_PICTURE = "no_picture"
    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, eq=False)
class Try:
    """One press of the shutter.

    Attributes:
        photo, verdict: the still and what it was found to be; None when there was no still.
        overridden: the photo did not pass and the person uses it anyway.
    """

    outcome: Outcome
    photo: Photo | None = None
    verdict: Verdict | None = None
    overridden: bool = False


def press(
    stream_session: StreamSession, name: Callable[[], str] = lambda: "photo.jpg", *, by_itself: bool = False
) -> Try:
    """Take a photo, unless the shutter is locked. The still's own verdict is the one that counts.

    Args:
        by_itself: not by a press, but since :attr:`core.live.stream_session.StreamStatus.due` was set.
    """
    ready = stream_session.status().ready
    stream_session.pressed(**{"auto": True} if by_itself else {})
    if not ready:
        stream_session.record("capture_blocked", reason="locked")
        return Try(Outcome.LOCKED)
    taken = _take(stream_session, name())
    if taken.outcome is Outcome.REFUSED and taken.verdict is not None:
        key = condition(taken.verdict, stream_session.preset, stream_session.rule.healthy_skin_passes)
        stream_session.record("capture_blocked", reason="refused", key=key, refused=stream_session.refuse())
    return taken


def use_anyway(
    stream_session: StreamSession, refused: Try | None, name: Callable[[], str] = lambda: "photo.jpg"
) -> Try:
    """Use the photo that was refused last, or the picture of this moment, though it does not pass.

    Only where :attr:`StreamStatus.may_override` allows it. A picture that turns out to pass is accepted.
    """
    stream_session.pressed(override=True)
    if not stream_session.status().may_override:
        stream_session.record("capture_blocked", reason="locked", override=True)
        return Try(Outcome.LOCKED)
    taken = refused if refused is not None else _take(stream_session, name())
    if taken.outcome is not Outcome.REFUSED or taken.verdict is None:
        return taken
    stream_session.record("gate_overridden", **verdict_properties(taken.verdict))
    stream_session.record("photo_accepted", overridden=True)
    return Try(Outcome.ACCEPTED, taken.photo, taken.verdict, overridden=True)


def _take(stream_session: StreamSession, name: str) -> Try:
    frame = stream_session.best_frame()
    if frame is None:
        stream_session.record("capture_blocked", reason="no_picture")
        return Try(Outcome.NO_PICTURE)
    try:
        photo = photo_from_array(np.ascontiguousarray(frame.rgb), name)
    except PhotoError as error:
        stream_session.record("capture_blocked", reason=error.code)
        return Try(Outcome.NO_PICTURE)
    try:
        verdict = stream_session.assessor.assess(
            photo.small, stream_session.rule, width=photo.width, height=photo.height
        )
    except Exception:
        _LOG.exception("A photo could not be assessed")
        stream_session.record("capture_blocked", reason="assessor")
        return Try(Outcome.NO_PICTURE)
    counters.judged("still", verdict)
    stream_session.record("photo_captured", **verdict_properties(verdict))
    if not verdict.passes:
        return Try(Outcome.REFUSED, photo, verdict)
    stream_session.record("photo_accepted", overridden=False)
    return Try(Outcome.ACCEPTED, photo, verdict)
