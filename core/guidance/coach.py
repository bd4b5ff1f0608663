"""Stabiliser and gate in step: what is shown, and whether the shutter is unlocked."""

from collections.abc import Callable
from dataclasses import dataclass

from core.guidance.gate import Gate
from core.guidance.preset import Preset
from core.guidance.stabiliser import Stabiliser


@dataclass(frozen=True)
class Advice:
    """What the person should see now.

    Attributes:
        key: the condition to show; ``"ready"`` exactly while the shutter is unlocked.
        raw_key: the condition of the newest frame, before smoothing.
    """

    key: str
    raw_key: str

    @property
    def ready(self) -> bool:
        """Whether the shutter is unlocked."""
        return self.key == "ready"


class Coach:
    """Follows one stream of conditions, one a frame.

    "Ready" and the open shutter come and go together, so that words and button never disagree.
    """

    def __init__(self, preset: Preset, clock: Callable[[], float]) -> None:
        self.gate = Gate(preset, clock)
        self._stabiliser = Stabiliser(preset, clock)

    def see(self, key: str) -> Advice:
        """Take in one frame's condition (``"ready"`` when it passes) and say what to show."""
        steady = self.gate.see(key == "ready")
        shown = self._stabiliser.update(key, ready_allowed=steady)
        self.gate.settle(shown == "ready")
        return Advice(key=shown, raw_key=key)

    def lost(self) -> Advice:
        """No frame came for too long: lock, and say so."""
        self.gate.forget_frames()
        return Advice(key=self._stabiliser.update("camera_missing"), raw_key="camera_missing")
