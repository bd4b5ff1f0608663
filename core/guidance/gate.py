"""The lock on the shutter."""

from collections import deque
from collections.abc import Callable

from core.guidance.preset import Preset


class Gate:
    """Opens when frames have passed steadily, and counts what a person may go past it with.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, preset: Preset, clock: Callable[[], float]) -> None:
        self._rule = preset.gate
        self._clock = clock
        self._frames: deque[tuple[float, bool]] = deque()
        self._passing_since: float | None = None
        self._open = False
        self._refused = 0
        self._started: float | None = None

    @property
    def open(self) -> bool:
        """Whether the shutter is unlocked now: it locks itself when frames stop coming."""
        if not self._frames or self._clock() - self._frames[-1][0] > self._rule.fresh_ms / 1000:
            self._open = False
        return self._open

    @property
    def steady(self) -> bool:
        """Whether the newest frame passes and enough of those over the steady time did."""
        if not self._frames or not self._frames[-1][1] or self._passing_since is None:
            return False
        now = self._clock()
        if now - self._passing_since < self._rule.steady_ms / 1000:
            return False
        passing = sum(passes for _, passes in self._frames)
        return passing >= self._rule.steady_share * len(self._frames)

    @property
    def refused(self) -> int:
        """Photos refused in this attempt."""
        return self._refused

    @property
    def may_override(self) -> bool:
        """Whether "Use this photo anyway" is offered: enough refused tries, or enough time."""
        if self._refused >= self._rule.refused_tries:
            return True
        started = self._started
        return started is not None and self._clock() - started >= self._rule.override_after_s

    def begin(self) -> None:
        """A new attempt: locked, no tries yet; its time counts from the next frame."""
        self.forget_frames()
        self._refused = 0
        self._started = None

    def see(self, passes: bool) -> bool:
        """Count one assessed frame; returns :attr:`steady`."""
        now = self._clock()
        if self._started is None:
            self._started = now
        if self._frames and now - self._frames[-1][0] > self._rule.fresh_ms / 1000:
            self.forget_frames()  # a pause says nothing of what the camera saw meanwhile
        if self._passing_since is None and passes:
            self._passing_since = now
        self._frames.append((now, passes))
        while self._frames[0][0] < now - self._rule.steady_ms / 1000:
            self._frames.popleft()
        if not any(passed for _, passed in self._frames):
            self._passing_since = None
        return self.steady

    def settle(self, ready_shown: bool) -> bool:
        """Set the lock after the hint is chosen: open exactly while "ready" is what the person reads."""
        self._open = ready_shown and bool(self._frames)
        return self._open

    def refuse(self) -> int:
        """Count a refused photo; returns how many there were in this attempt."""
        self._refused += 1
        return self._refused

    def forget_frames(self) -> None:
        """Forget the frames and lock: for a camera that is covered, stuck or lost."""
        self._frames.clear()
        self._passing_since = None
        self._open = False
