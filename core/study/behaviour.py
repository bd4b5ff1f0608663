"""Participants who exist only here: how long each takes to follow a prompt, and what their log would hold."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.study.design import StudyDesign
from core.study.events import Event, EventName
from core.study.records import SessionRecord

BEGIN: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
FAULTS: Final = ("too_far_away", "blurry", "bad_light", "bad_framing", "no_skin")
_SHARES: Final = (0.3, 0.28, 0.22, 0.14, 0.06)


@dataclass(frozen=True)
class Behaviour:
    """What people do under one arm.

    Attributes:
        fix_s: median seconds until a prompt is followed; ``fix_spread`` is the SD of its logarithm.
        person_spread: SD of the logarithm of how much slower one person is than another in everything.
        patience_s: median seconds after which a person gives up.
        faults: mean number of faults beyond the first.
        refused: chance (0-1) that a photo that was taken does not pass.
        retake: chance (0-1) that an accepted photo is taken anew.
        wrong: chance (0-1) that a prompt is reported as wrong.
    """

    fix_s: float = 6.0
    fix_spread: float = 0.55
    person_spread: float = 0.35
    patience_s: float = 240.0
    faults: float = 2.0
    refused: float = 0.15
    retake: float = 0.08
    wrong: float = 0.0


@dataclass(frozen=True)
class Visit:
    """One simulated session: its events, how slow its person is (median 1), and the tasks given up."""

    events: tuple[Event, ...]
    slowness: float
    abandoned: tuple[str, ...]
    minutes: float


class _Log:
    """Collects one session's rows; time is moved on by hand."""

    def __init__(self, session: SessionRecord, frames: bool) -> None:
        self.rows: list[Event] = []
        self.ms = 0.0
        self.task: str | None = None
        self.attempt = 0
        self._session, self._frames = session, frames

    def wait(self, seconds: float) -> None:
        self.ms = round(self.ms + 1000 * seconds, 1)

    def add(self, event: EventName, live: bool = False, **properties: Any) -> None:
        moment = self._session.started_at + timedelta(milliseconds=self.ms)
        self.rows.append(
            Event(
                event_id=f"{self._session.session_id}-{len(self.rows)}",
                session_id=self._session.session_id,
                participant_id=self._session.participant_id,
                study_id=self._session.study_id,
                variant=self._session.arms[0],
                seq=len(self.rows),
                ts=moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z",
                t_ms=self.ms,
                page="study",
                task_id=self.task,
                attempt=self.attempt if live else 0,
                event=event,
                source="live" if live else None,
                properties=properties,
            )
        )

    def watch(self, fault: str | None, seconds: float) -> None:
        """Time with a running camera, with a sampled frame a second."""
        end = self.ms + 1000 * seconds
        while self._frames and self.ms + 1000 < end:
            self.wait(1)
            self.frame(fault)
        self.ms = round(end, 1)

    def frame(self, fault: str | None) -> None:
        """One sampled frame that has a fault, or none."""
        label = "lesion" if fault is None else fault if fault in QUALITY_CLASSES else "poor_quality"
        self.add(
            "frame_assessed",
            live=True,
            label=label,
            quality={name: 0.91 if name == label else 0.03 for name in QUALITY_CLASSES},
            explanations={name: 0.88 if name == fault else 0.06 for name in EXPLANATIONS},
            flagged=[fault] if fault in EXPLANATIONS else [],
            passes=fault is None,
            width=1280,
            height=960,
            infer_ms=21.0,
        )


def visit(
    rng: np.random.Generator,
    session: SessionRecord,
    design: StudyDesign,
    behaviour: Behaviour,
    *,
    frames: bool = False,
) -> Visit:
    """One session's log under one arm.

    Args:
        frames: whether sampled frames stand in it too; they are most of its rows.
    """
    slowness = float(rng.lognormal(0.0, behaviour.person_spread))
    log = _Log(session, frames)
    preset = next(arm.preset for arm in design.arms if arm.name == session.arms[0])
    log.add("session_started")
    log.wait(8 * slowness)
    log.add("consent_given", consent_hash=session.consent_hash)
    abandoned = []
    for name in session.tasks:
        task = next(task for task in design.tasks if task.name == name)
        log.wait(6 * slowness)
        log.task = name
        log.add("task_started", arm=session.arms[0])
        done = _task(rng, log, behaviour, slowness, preset)
        log.wait(2 * slowness)
        log.add("task_completed" if done else "task_abandoned")
        abandoned += [] if done else [name]
        log.wait(5 * slowness)
        for questionnaire in task.after:
            log.add("questionnaire_submitted", questionnaire=questionnaire)
        log.task = None
    log.wait(60 * slowness)
    for questionnaire in design.after:
        log.add("questionnaire_submitted", questionnaire=questionnaire)
    log.wait(3)
    log.add("session_ended")
    return Visit(tuple(log.rows), slowness, tuple(abandoned), log.ms / 60_000)


def _task(rng: np.random.Generator, log: _Log, behaviour: Behaviour, slowness: float, preset: str) -> bool:
    """From the task's start to an accepted photo (True), or to where patience ended."""
    limit = log.ms + 1000 * float(rng.lognormal(math.log(behaviour.patience_s), 0.4))

    def takes(median_s: float) -> float:
        return float(rng.lognormal(math.log(median_s), behaviour.fix_spread)) * slowness

    def show(key: str) -> None:
        log.add("prompt_shown", live=True, key=key, raw_key=key, text_id=f"{preset}@1:{key}")

    def clear(key: str, since: float) -> None:
        text_id = f"{preset}@1:{key}"
        log.add("prompt_cleared", live=True, key=key, text_id=text_id, shown_ms=round(log.ms - since))

    log.wait(takes(4))
    log.attempt += 1
    log.add("camera_started", live=True, width=1280, height=960)
    faults: list[str] = rng.choice(FAULTS, size=1 + rng.poisson(behaviour.faults), p=_SHARES).tolist()
    refused = 0
    while True:
        previous: tuple[str, float] | None = None
        for fault in map(str, faults):
            if previous is not None and previous[0] == fault:
                continue
            if previous is not None:
                clear(*previous)
            show(fault)
            previous = fault, log.ms
            seconds = takes(behaviour.fix_s)
            if log.ms + 1000 * seconds > limit:
                log.watch(fault, max(0.0, (limit - log.ms) / 1000))
                clear(*previous)
                return False
            log.watch(fault, seconds)
            if rng.random() < behaviour.wrong:
                log.add("hint_reported_wrong", live=True, key=fault)
        if previous is not None:
            clear(*previous)
        log.add("gate_opened", live=True)
        show("ready")
        ready = log.ms
        log.watch(None, takes(1.6))
        log.add("capture_attempted", live=True)
        log.add("photo_captured", live=True)
        if rng.random() >= behaviour.refused:
            log.add("photo_accepted", live=True, overridden=False)
            clear("ready", ready)
            log.add("gate_closed", live=True, key="searching")
            if rng.random() < behaviour.retake:
                log.wait(takes(4))
                log.add("photo_retaken", live=True)
            return True
        refused += 1
        again = str(rng.choice(FAULTS, p=_SHARES))
        log.add("capture_blocked", live=True, reason="refused", key=again, refused=refused)
        if refused >= 2 and rng.random() < 0.6:
            log.wait(takes(3))
            log.add("capture_attempted", live=True, override=True)
            log.add("gate_overridden", live=True)
            log.add("photo_accepted", live=True, overridden=True)
            clear("ready", ready)
            return True
        clear("ready", ready)
        log.add("gate_closed", live=True, key=again)
        faults = [again]
