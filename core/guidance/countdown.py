"""Auto-capture: the photo takes itself when the picture goes on passing and nothing moves."""

from collections.abc import Callable

from core.guidance.preset import Preset


class Countdown:
    """Counts while frames are good, starts anew when one is not; does nothing unless the preset asks for it.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, preset: Preset, clock: Callable[[], float]) -> None:
        self._rule = preset.gate
        self._clock = clock
        self._since: float | None = None
        self._rests_until = float("-inf")
        self._due = False

    @property
    def running(self) -> bool:
        """Whether it counts now."""
        return self._since is not None

    @property
    def progress(self) -> float:
        """How far it has come, 0 to 1; 0 while it does not count."""
        if self._since is None:
            return 0.0
        return min(1.0, (self._clock() - self._since) / (self._rule.countdown_ms / 1000))

    @property
    def due(self) -> bool:
        """Whether the photo is to be taken now: the newest frame ended the count."""
        return self._due

    def see(self, good: bool) -> None:
        """Count one frame.

        Args:
            good: the shutter is unlocked, this very frame passes, and nothing moved since the one before.
        """
        now = self._clock()
        if not (good and self._rule.auto_capture) or now < self._rests_until:
            self.stop()
            return
        if self._since is None:
            self._since = now
        self._due = now - self._since >= self._rule.countdown_ms / 1000

    def stop(self) -> None:
        """Start anew with the next good frame."""
        self._since = None
        self._due = False

    def rest(self) -> None:
        """A photo was taken: leave the person the steady time to read what came of it."""
        self.stop()
        self._rests_until = self._clock() + self._rule.steady_ms / 1000
