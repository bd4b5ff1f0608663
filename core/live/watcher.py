"""What one camera stream shows: each frame looked at, judged and turned into advice. No threads here."""

import logging
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from core.guidance.coach import Advice, Coach
from core.guidance.hint import condition
from core.guidance.preset import Preset
from core.quality.verdict import Assessor, PassRule, Verdict
from core.study.events import EventLog, EventName

_LOG: Final = logging.getLogger(__name__)
_LUMA: Final = np.array([0.299, 0.587, 0.114])
_RAMP: Final = frozenset({"blurry", "low_resolution"})
_FRAMES_LOGGED_EVERY: Final = 0.5


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the stream: uint8 RGB, H x W x 3, and when it came (seconds on the clock)."""

    rgb: np.ndarray = field(repr=False)
    at: float


@dataclass(frozen=True)
class Sight:
    """What a page may know of a stream at one moment.

    Attributes:
        key: the condition to show; ``"ready"`` exactly while the shutter is unlocked.
        verdict: of the newest frame that was assessed, or None.
        frames: how many frames this stream has brought.
        refused: photos refused in this attempt.
        may_override: whether "Use this photo anyway" is offered.
        broken: whether assessing failed, so that there is nothing to wait for.
    """

    key: str
    verdict: Verdict | None
    frames: int
    refused: int
    may_override: bool
    broken: bool

    @property
    def ready(self) -> bool:
        """Whether the shutter is unlocked."""
        return self.key == "ready"


class Watcher:
    """Follows one stream for one person; its methods may be called from any thread.

    Args:
        assessor: judges single frames.
        rule: what passes.
        clock: seconds that never go back.
        log: where events go, or None.
    """

    def __init__(
        self,
        assessor: Assessor,
        rule: PassRule,
        preset: Preset,
        clock: Callable[[], float],
        log: EventLog | None = None,
        page: str = "practise",
    ) -> None:
        self.assessor = assessor
        self.preset = preset
        self._rule = rule
        self._clock = clock
        self._log = log
        self._page = page
        self._lock = threading.RLock()
        self._coach = Coach(preset, clock)
        self._attempt = 0
        self._start_stream()

    def _start_stream(self) -> None:
        self._advice = Advice(key="searching", raw_key="searching")
        self._shown_at: float | None = None
        self._verdict: Verdict | None = None
        self._newest: Frame | None = None
        self._passing: Frame | None = None
        self._frames = 0
        self._size: tuple[int, ...] | None = None
        self._size_since = 0.0
        self._print: int | None = None
        self._print_since = 0.0
        self._logged_at: float | None = None
        self._broken = False

    @property
    def rule(self) -> PassRule:
        """What passes now."""
        return self._rule

    @rule.setter
    def rule(self, rule: PassRule) -> None:
        with self._lock:
            if rule != self._rule:
                self._rule = rule
                self._passing = None  # it passed under another rule

    @property
    def attempt(self) -> int:
        """The number of the current try at a photo, from 1; 0 before any."""
        return self._attempt

    def sight(self) -> Sight:
        """What there is to show now."""
        with self._lock:
            key = self._advice.key
            if key == "ready" and not self._coach.gate.open:
                key = "searching"  # the frames stopped a moment ago
            return Sight(
                key=key,
                verdict=self._verdict,
                frames=self._frames,
                refused=self._coach.gate.refused,
                may_override=self._frames > 0 and self._coach.gate.may_override,
                broken=self._broken,
            )

    def begin_attempt(self) -> None:
        """A new try at a photo: nothing refused yet, and its time starts with the next frame."""
        with self._lock:
            self._attempt += 1
            self._coach.gate.begin()
            self._passing = None

    def retake(self) -> None:
        """The person wants another photo after one was accepted."""
        with self._lock:
            self.record("photo_retaken")
            if self._frames:  # the camera never stopped: what comes now belongs to the next try
                self.begin_attempt()

    def refuse(self) -> int:
        """Count a refused photo; returns how many there were in this attempt."""
        with self._lock:
            return self._coach.gate.refuse()

    def best_frame(self) -> Frame | None:
        """The newest frame that passes, where it is fresh; else the newest of all; None without a picture."""
        with self._lock:
            now = self._clock()
            fresh = self.preset.gate.fresh_ms / 1000
            if self._passing is not None and now - self._passing.at <= fresh:
                return self._passing
            if self._newest is not None and now - self._newest.at <= self.preset.camera.missing_after_s:
                return self._newest
            return None

    def look(self, frame: Frame) -> Sight:
        """Assess one frame and say what to show. Takes as long as the assessor does."""
        with self._lock:
            if self._frames == 0 and not self._broken:
                self.begin_attempt()
                height, width = frame.rgb.shape[:2]
                self.record("camera_started", width=width, height=height)
            self._frames += 1
            self._note_changes(frame)
            rule = self._rule
            key = self._camera_fault(frame)
        verdict = None
        if key is None:
            verdict = self._assess(frame, rule)
        with self._lock:
            if self._frames == 0 or (key is None and verdict is None):
                return self.sight()  # the stream ended meanwhile, or assessing failed
            self._newest = frame
            if verdict is not None:
                key = self._judge(frame, verdict, rule)
            self._verdict = verdict
            self._show(self._coach.see(key))
            if verdict is not None:
                self._sample(verdict)
            return self.sight()

    def lost(self) -> Sight:
        """No frame came for too long: say so, and lock the shutter."""
        with self._lock:
            if self._frames:
                self._verdict = None
                self._passing = None
                self._show(self._coach.lost())
            return self.sight()

    def end_stream(self) -> None:
        """The camera was turned off: forget its pictures and lock the shutter."""
        with self._lock:
            self._show(Advice(key="searching", raw_key="searching"))
            self._start_stream()
            self._coach = Coach(self.preset, self._clock)

    def record(self, event: EventName, **properties: object) -> None:
        """Add an event of this stream to the session's log."""
        if self._log is not None:
            self._log.add(event, page=self._page, source="live", attempt=self._attempt, properties=properties)

    def _note_changes(self, frame: Frame) -> None:
        size = frame.rgb.shape[:2]
        if size != self._size:
            self._size, self._size_since = size, frame.at
        fingerprint = zlib.crc32(frame.rgb[::4, ::4].tobytes())
        if fingerprint != self._print:
            self._print, self._print_since = fingerprint, frame.at

    def _camera_fault(self, frame: Frame) -> str | None:
        camera = self.preset.camera
        if float(frame.rgb[::8, ::8].mean(axis=(0, 1)) @ _LUMA) / 255 < camera.black_luma:
            return "camera_black"
        # Noise makes any two pictures of a working camera differ, however still it is held.
        if frame.at - self._print_since >= camera.frozen_after_s:
            return "camera_frozen"
        return None

    def _assess(self, frame: Frame, rule: PassRule) -> Verdict | None:
        try:
            return self.assessor.assess(frame.rgb, rule)
        except Exception:
            _LOG.exception("A frame could not be assessed")
            with self._lock:
                if not self._broken:
                    self.record("camera_failed", reason="assessor")
                self._broken = True
            return None

    def _judge(self, frame: Frame, verdict: Verdict, rule: PassRule) -> str:
        """The condition of an assessed frame."""
        self._broken = False
        key = condition(verdict, self.preset, rule.healthy_skin_passes)
        if key is None:
            self._passing = frame
            return "ready"
        settled = frame.at - self._size_since >= self.preset.camera.settle_ms / 1000
        if key in _RAMP and not settled:
            # A video link starts small and soft and sharpens by itself: not the person's doing.
            return "searching"
        return key

    def _show(self, advice: Advice) -> None:
        before, self._advice = self._advice, advice
        if advice.key == before.key:
            return
        now = self._clock()
        if before.key != "searching" and self._shown_at is not None:
            shown_ms = round((now - self._shown_at) * 1000)
            self.record(
                "prompt_cleared", key=before.key, text_id=self._text_id(before.key), shown_ms=shown_ms
            )
        if before.ready:
            self.record("gate_closed", key=advice.key)
        if advice.ready:
            self.record("gate_opened")
        if advice.key in ("camera_black", "camera_frozen", "camera_missing"):
            self.record("camera_failed", reason=advice.key)
        if advice.key != "searching":
            self.record(
                "prompt_shown", key=advice.key, raw_key=advice.raw_key, text_id=self._text_id(advice.key)
            )
        self._shown_at = now

    def _text_id(self, key: str) -> str:
        return f"{self.preset.name}@{self.preset.version}:{key}"

    def _sample(self, verdict: Verdict) -> None:
        """Log frames no more often than twice a second."""
        now = self._clock()
        if self._logged_at is not None and now - self._logged_at < _FRAMES_LOGGED_EVERY:
            return
        self._logged_at = now
        self.record("frame_assessed", **verdict_properties(verdict))


def verdict_properties(verdict: Verdict) -> dict[str, object]:
    """A verdict as an event's properties."""
    return {
        "label": verdict.label,
        "quality": {name: round(value, 4) for name, value in verdict.quality.items()},
        "explanations": {name: round(value, 4) for name, value in verdict.explanations.items()},
        "flagged": list(verdict.flagged),
        "passes": verdict.passes,
        "width": verdict.width,
        "height": verdict.height,
        "infer_ms": round(verdict.milliseconds, 1),
    }
