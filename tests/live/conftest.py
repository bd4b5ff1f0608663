"""A clock that the test turns, an assessor that says what it is told, frames that differ as a camera's do."""

from types import SimpleNamespace

import numpy as np
import pytest

from core.guidance.preset import load_preset
from core.live.stream_session import Frame, StreamSession
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.study.events import EventLog

THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)


class Clock:
    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


class SaysWhatItIsTold:
    """``says`` is a condition key: an explanation, a class, or "ready"."""

    name = "told"

    def __init__(self):
        self.says = "ready"
        self.where = None
        self.doubt = 0.1  # how likely each fault is that it is not told to say
        self.seen = []

    def assess(self, rgb, rule, *, width=None, height=None):
        self.seen.append(rgb)
        if self.says == "breaks":
            raise RuntimeError("a broken network")
        says = self.says
        label = says if says in QUALITY_CLASSES else "lesion"
        return judge(
            assessor=self.name,
            width=width or rgb.shape[1],
            height=height or rgb.shape[0],
            quality={name: 0.91 if name == label else 0.03 for name in QUALITY_CLASSES},
            explanations={name: 0.9 if name == says else self.doubt for name in EXPLANATIONS},
            rule=rule,
            milliseconds=2.0,
            where=self.where,
        )


class Stage:
    """A stream session, and hands to show it frames with."""

    def __init__(self):
        self.clock = Clock()
        self.assessor = SaysWhatItIsTold()
        self.log = EventLog(self.clock)
        self.preset = load_preset()
        self.rule = PassRule(THRESHOLDS)
        self.stream_session = StreamSession(self.assessor, self.rule, self.preset, self.clock, self.log)
        self.rng = np.random.default_rng(0)

    def picture(self, size=(120, 160), level=128):
        return self.rng.integers(level - 3, level + 4, (*size, 3)).astype(np.uint8)

    def show(self, says, seconds, step=0.12, picture=None, size=(120, 160)):
        """Show frames for a while; returns what was to be seen after each."""
        self.assessor.says = says
        seen = []
        for _turn in range(round(seconds / step)):
            self.clock.now += step
            rgb = self.picture(size) if picture is None else picture
            seen.append(self.stream_session.process_frame(Frame(rgb, self.clock.now)))
        return seen

    def events(self, *names):
        return [event for event in self.log.events if event.event in names]

    def names(self):
        return [event.event for event in self.log.events]


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def fakes():
    return SimpleNamespace(Clock=Clock, SaysWhatItIsTold=SaysWhatItIsTold, Stage=Stage)
