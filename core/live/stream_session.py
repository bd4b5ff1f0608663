"""What one camera stream shows: each frame looked at, judged and turned into advice. No threads here."""

import logging
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from core.guidance.best_frame import BestFrame
from core.guidance.conditions import CAMERA_KEYS, OPEN_KEYS
from core.guidance.controller import Advice, GuidanceController
from core.guidance.frame_step import FrameStep, frame_step
from core.guidance.preset import Preset
from core.guidance.refine import Facing
from core.quality.image_stats import ImageStats, image_stats
from core.quality.localization import LesionLocation
from core.quality.verdict import Assessor, PassRule, Verdict, chance_good, verdict_properties
from core.runtime.preprocess import network_square
from core.serving import counters
from core.study.events import EventLog, EventName

_LOG: Final = logging.getLogger(__name__)
_LUMA: Final = np.array([0.299, 0.587, 0.114])
FRAMES_LOGGED_EVERY_S: Final = 0.5
GIVING_UP_S: Final = 5.0
"""How long after a silence a browser may still give the connection up, for what it missed then."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of the stream: uint8 RGB, H x W x 3, and when it came (seconds on the clock)."""

    rgb: np.ndarray = field(repr=False)
    at: float


@dataclass(frozen=True)
class StreamStatus:
    """What a page may know of a stream at one moment.

    Attributes:
        key: the condition to show; ``"ready"`` or ``"counting"`` exactly while the shutter is unlocked.
        verdict: of the newest frame that was assessed, or None.
        frames: how many frames this stream has brought.
        refused: photos refused in this attempt.
        may_override: whether "Use this photo anyway" is offered.
        broken: whether assessing failed, so that there is nothing to wait for.
        where: the spot, over the last few frames; None when the newest frame shows none.
        progress: how far the countdown has come (0-1) at whose end the photo takes itself; 0 for none.
        due: whether the photo is to be taken now, without anyone pressing.
        help: the condition whose hint stayed so long that help is offered; None for none.
    """

    key: str
    verdict: Verdict | None
    frames: int
    refused: int
    may_override: bool
    broken: bool
    where: LesionLocation | None = None
    progress: float = 0.0
    due: bool = False
    help: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the shutter is unlocked."""
        return self.key in OPEN_KEYS


class StreamSession:
    """Follows one stream for one person; its methods may be called from any thread.

    Args:
        assessor: judges single frames.
        rule: what passes.
        clock: seconds that never go back.
        log: where events go, or None.
        facing: which way the camera looks, where that is known; else no hint says left or right,
            and the arrow shows the way.
        attempt: the number of the last try before this stream.
    """

    def __init__(
        self,
        assessor: Assessor,
        rule: PassRule,
        preset: Preset,
        clock: Callable[[], float],
        log: EventLog | None = None,
        page: str = "practise",
        facing: Facing | None = None,
        attempt: int = 0,
    ) -> None:
        self.assessor = assessor
        self.preset = preset
        self.facing = facing
        self._rule = rule
        self._clock = clock
        self.log = log
        self._page = page
        self._lock = threading.RLock()
        self._controller = GuidanceController(preset, clock)
        self._attempt = attempt
        # A photo is never taken from a frame that is not fresh.
        self._best: BestFrame[Frame] = BestFrame(min(preset.gate.best_shot_ms, preset.gate.fresh_ms) / 1000)
        self._brought_at: float | None = None
        self._back_at: float | None = None
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
        self._where: LesionLocation | None = None
        self._stats: ImageStats | None = None
        self._told: str | None = None
        self._broken = False
        self._best.forget()

    @property
    def rule(self) -> PassRule:
        """What passes now."""
        return self._rule

    @rule.setter
    def rule(self, rule: PassRule) -> None:
        with self._lock:
            if rule != self._rule:
                self._rule = rule
                self._forget_passing()  # they passed under another rule

    @property
    def attempt(self) -> int:
        """The number of the current try at a photo; the last one's before the first frame."""
        return self._attempt

    def status(self) -> StreamStatus:
        """What there is to show now."""
        with self._lock:
            key = self._advice.key
            if key in OPEN_KEYS and not self._controller.gate.open:
                key = "searching"  # the frames stopped a moment ago
            counting = key in OPEN_KEYS
            return StreamStatus(
                key=key,
                verdict=self._verdict,
                frames=self._frames,
                refused=self._controller.gate.refused,
                may_override=self._frames > 0 and self._controller.gate.may_override,
                broken=self._broken,
                where=self._where,
                progress=self._controller.countdown.progress if counting else 0.0,
                due=counting and self._controller.countdown.due,
                help=self._controller.help,
            )

    def begin_attempt(self) -> None:
        """A new try at a photo: nothing refused yet, and its time starts with the next frame."""
        with self._lock:
            self._attempt += 1
            self._controller.gate.begin()
            self._forget_passing()

    def retake(self) -> None:
        """The person wants another photo after one was accepted."""
        with self._lock:
            self.record("photo_retaken")
            if self._frames:  # the camera never stopped: what comes now belongs to the next try
                self.begin_attempt()

    def pressed(self, **properties: object) -> None:
        """The shutter was pressed, or pressed itself: the next countdown leaves time to read."""
        with self._lock:
            self.record("capture_attempted", **properties)
            self._controller.countdown.rest()

    def refuse(self) -> int:
        """Count a refused photo; returns how many there were in this attempt."""
        with self._lock:
            return self._controller.gate.refuse()

    def best_frame(self) -> Frame | None:
        """The frame to take a photo from.

        Of those that passed in the last moments the one with the best verdict; else the newest that passes,
        where it is fresh; else the newest of all; None without a picture.
        """
        with self._lock:
            now = self._clock()
            best = self._best.best(now)
            if best is not None:
                return best
            fresh = self.preset.gate.fresh_ms / 1000
            if self._passing is not None and now - self._passing.at <= fresh:
                return self._passing
            if self._newest is not None and now - self._newest.at <= self.preset.camera.missing_after_s:
                return self._newest
            return None

    def process_frame(self, frame: Frame) -> StreamStatus:
        """Assess one frame and say what to show. Takes as long as the assessor does."""
        with self._lock:
            if self._frames == 0 and not self._broken:
                self.begin_attempt()
                height, width = frame.rgb.shape[:2]
                self.record("camera_started", width=width, height=height)
            if not self._frames:
                self._back_at = None
            elif self._silent(frame.at):
                self._back_at = frame.at
            self._frames += 1
            self._brought_at = frame.at
            self._note_changes(frame)
            rule = self._rule
            fault = self._camera_fault(frame)
        verdict = None
        if fault is None:
            verdict = self._assess(frame, rule)
        with self._lock:
            if self._frames == 0 or (fault is None and verdict is None):
                return self.status()  # the stream ended meanwhile, or assessing failed
            self._newest = frame
            step = self._step(frame, verdict, fault or "", rule)
            if verdict is not None:
                self._broken = False
                if step.key == "ready":
                    self._keep(frame, verdict, rule)
            self._stats = step.stats
            self._verdict = verdict
            self._where = _calmer(self._where, verdict.where if verdict is not None else None)
            counting = self._controller.countdown.running
            self._show(self._controller.see(step.key, step.moved))
            self._note(counting, step.key)
            if verdict is not None:
                self._sample(verdict)
            return self.status()

    @property
    def fell_silent(self) -> bool:
        """Whether pictures came, then none for so long that the camera counts as lost; also after its end.

        Also where they came again a moment ago: a browser that gives a connection up may send a few more.
        """
        with self._lock:
            now = self._clock()
            return self._silent(now) or (self._back_at is not None and now - self._back_at <= GIVING_UP_S)

    def _silent(self, now: float) -> bool:
        return self._brought_at is not None and now - self._brought_at > self.preset.camera.missing_after_s

    def lost(self) -> StreamStatus:
        """No frame came for too long: say so, and lock the shutter."""
        with self._lock:
            if self._frames:
                self._verdict = None
                self._forget_passing()
                self._show(self._controller.lost())
            return self.status()

    def end_stream(self) -> None:
        """The camera was turned off: forget its pictures and lock the shutter."""
        with self._lock:
            self._show(Advice(key="searching", raw_key="searching"))
            self._start_stream()
            self._controller = GuidanceController(self.preset, self._clock)

    def record(self, event: EventName, **properties: object) -> None:
        """Add an event of this stream to the session's log."""
        if self.log is not None:
            self.log.add(event, page=self._page, source="live", attempt=self._attempt, properties=properties)

    def _forget_passing(self) -> None:
        self._passing = None
        self._best.forget()

    def _step(self, frame: Frame, verdict: Verdict | None, fault: str, rule: PassRule) -> FrameStep:
        """What the frame is called, and whether it moved."""

        def look() -> ImageStats:
            taken = verdict.stats if verdict is not None else None
            return taken or image_stats(network_square(frame.rgb))

        return frame_step(
            verdict,
            self.preset,
            look=look,
            fault=fault,
            healthy_skin_passes=rule.healthy_skin_passes,
            settled=frame.at - self._size_since >= self.preset.camera.settle_ms / 1000,
            before=self._stats,
            facing=self.facing,
        )

    def _note(self, counting: bool, key: str) -> None:
        """Log what is seen on the page beside the prompt: a countdown that starts or stops, and help."""
        countdown = self._controller.countdown
        if countdown.running and not counting:
            self.record("note_added", note="countdown_started")
        elif counting and not countdown.running:
            self.record("note_added", note="countdown_stopped", key=key)
        offered = self._controller.help
        if offered is not None and self._told is None:
            self.record("note_added", note="help_offered", key=offered)
        self._told = offered

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
            return counters.judged("frame", self.assessor.assess(frame.rgb, rule))
        except Exception:
            _LOG.exception("A frame could not be assessed")
            with self._lock:
                if not self._broken:
                    self.record("camera_failed", reason="assessor")
                self._broken = True
            return None

    def _keep(self, frame: Frame, verdict: Verdict, rule: PassRule) -> None:
        """Keep a frame that passes: a photo may be taken from it."""
        self._passing = frame
        if self.preset.gate.best_shot_ms:
            self._best.offer(frame, chance_good(verdict, rule.healthy_skin_passes), frame.at)

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
        if advice.key in CAMERA_KEYS:
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
        if self._logged_at is not None and now - self._logged_at < FRAMES_LOGGED_EVERY_S:
            return
        self._logged_at = now
        self.record("frame_assessed", **verdict_properties(verdict))


def _calmer(before: LesionLocation | None, now: LesionLocation | None) -> LesionLocation | None:
    """Half way from one frame's place to the next: an arrow should not tremble."""
    if before is None or now is None:
        return now
    return LesionLocation((before.x + now.x) / 2, (before.y + now.y) / 2, now.size)
