"""Stabiliser, gate and countdown in step: what is shown, and whether the shutter is unlocked."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.guidance.conditions import GENERAL_KEY, OPEN_KEYS, PICTURE_KEYS, family
from core.guidance.countdown import Countdown
from core.guidance.gate import Gate
from core.guidance.preset import Preset
from core.guidance.stabiliser import Stabiliser

_HELPED: Final = (*PICTURE_KEYS, GENERAL_KEY)


@dataclass(frozen=True)
class Advice:
    """What the person should see now.

    Attributes:
        key: the condition to show; ``"ready"`` or ``"counting"`` exactly while the shutter is unlocked.
        raw_key: the condition of the newest frame, before smoothing.
    """

    key: str
    raw_key: str

    @property
    def ready(self) -> bool:
        """Whether the shutter is unlocked."""
        return self.key in OPEN_KEYS


class GuidanceController:
    """Follows one stream of conditions, one a frame.

    "Ready" and the open shutter come and go together, so that words and button never disagree. Where the
    photo takes itself, "counting" is shown in its place all the while: a countdown may stop and start anew,
    and keeping still is right either way.
    """

    def __init__(self, preset: Preset, clock: Callable[[], float]) -> None:
        self.gate = Gate(preset, clock)
        self.countdown = Countdown(preset, clock)
        self._preset = preset
        self._clock = clock
        self._stabiliser = Stabiliser(preset, clock)
        self._shown = "searching"
        self._same_since = -math.inf

    def see(self, key: str, moved: bool = False) -> Advice:
        """Take in one frame and say what to show.

        Args:
            key: its condition; ``"ready"`` when it passes.
            moved: whether the picture changed much since the frame before.
        """
        steady = self.gate.see(key == "ready")
        shown = self._stabiliser.update(self._preset.merged_into(key), ready_allowed=steady)
        self.gate.settle(shown == "ready")
        self.countdown.see(shown == "ready" and key == "ready" and not moved)
        return self._say(shown, key)

    def lost(self) -> Advice:
        """No frame came for too long: lock, and say so."""
        self.gate.forget_frames()
        self.countdown.stop()
        return self._say(self._stabiliser.update("camera_missing"), "camera_missing")

    @property
    def help(self) -> str | None:
        """The condition that help is offered for, since its hint stayed long; None for none."""
        after = self._preset.timing.help_after_s
        if after is None or family(self._shown) not in _HELPED:
            return None
        return self._shown if self._clock() - self._same_since >= after else None

    def _say(self, shown: str, raw_key: str) -> Advice:
        shown_key = "counting" if shown == "ready" and self._preset.gate.auto_capture else shown
        if family(shown_key) != family(self._shown):
            self._same_since = self._clock()
        self._shown = shown_key
        return Advice(key=shown_key, raw_key=raw_key)
