"""Taking the photo: the best frame of the last moments becomes a still, and the still is judged again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from core.guidance.hint import condition
from core.live.watcher import Watcher
from core.photo import Photo, PhotoError, photo_from_array
from core.quality.verdict import Verdict, verdict_properties

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


def press(watcher: Watcher, name: Callable[[], str] = lambda: "photo.jpg", *, by_itself: bool = False) -> Try:
    """Take a photo, unless the shutter is locked. The still's own verdict is the one that counts.

    Args:
        by_itself: nobody pressed: :attr:`core.live.watcher.Sight.due` said that it is time.
    """
    ready = watcher.sight().ready
    watcher.pressed(**{"auto": True} if by_itself else {})
    if not ready:
        watcher.record("capture_blocked", reason="locked")
        return Try(Outcome.LOCKED)
    taken = _take(watcher, name())
    if taken.outcome is Outcome.REFUSED:
        key = condition(taken.verdict, watcher.preset, watcher.rule.healthy_skin_passes)
        watcher.record("capture_blocked", reason="refused", key=key, refused=watcher.refuse())
    return taken


def use_anyway(watcher: Watcher, refused: Try | None, name: Callable[[], str] = lambda: "photo.jpg") -> Try:
    """Use the photo that was refused last, or the picture of this moment, though it does not pass.

    Only where :attr:`Sight.may_override` allows it. A picture that turns out to pass is simply accepted.
    """
    watcher.pressed(override=True)
    if not watcher.sight().may_override:
        watcher.record("capture_blocked", reason="locked", override=True)
        return Try(Outcome.LOCKED)
    taken = refused if refused is not None else _take(watcher, name())
    if taken.outcome is not Outcome.REFUSED:
        return taken
    watcher.record("gate_overridden", **verdict_properties(taken.verdict))
    watcher.record("photo_accepted", overridden=True)
    return Try(Outcome.ACCEPTED, taken.photo, taken.verdict, overridden=True)


def _take(watcher: Watcher, name: str) -> Try:
    frame = watcher.best_frame()
    if frame is None:
        watcher.record("capture_blocked", reason="no_picture")
        return Try(Outcome.NO_PICTURE)
    try:
        photo = photo_from_array(np.ascontiguousarray(frame.rgb), name)
    except PhotoError as error:
        watcher.record("capture_blocked", reason=error.code)
        return Try(Outcome.NO_PICTURE)
    try:
        verdict = watcher.assessor.assess(photo.small, watcher.rule, width=photo.width, height=photo.height)
    except Exception:
        _LOG.exception("A photo could not be assessed")
        watcher.record("capture_blocked", reason="assessor")
        return Try(Outcome.NO_PICTURE)
    watcher.record("photo_captured", **verdict_properties(verdict))
    if not verdict.passes:
        return Try(Outcome.REFUSED, photo, verdict)
    watcher.record("photo_accepted", overridden=False)
    return Try(Outcome.ACCEPTED, photo, verdict)
