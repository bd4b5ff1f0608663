"""A design to begin with, a clock that is set, and a store over each database that there is."""

from datetime import UTC, datetime, timedelta

import pytest

from core.study.design import Allocation, Arm, Consent, Question, StudyDesign, Task


@pytest.fixture
def make_design():
    """A design of two arms and two tasks; any part may be given anew."""

    def make(**parts):
        whole = {
            "title": "Does coaching help?",
            "consent": Consent(text={"en": "I agree."}, photos={"en": "Keep my photos."}),
            "arms": (Arm(name="coach", preset="coach"), Arm(name="quiet", preset="quiet")),
            "tasks": (
                Task(name="arm_spot", title={"en": "A spot"}, scenario={"en": "Photograph a spot."}),
                Task(name="hand", title={"en": "A hand"}, scenario={"en": "Photograph a hand."}),
            ),
            "screening": (
                Question(
                    name="adult",
                    text={"en": "Are you 18 or older?"},
                    choices={"yes": {"en": "Yes"}, "no": {"en": "No"}},
                    excludes=("no",),
                ),
            ),
            "allocation": Allocation(seed=7),
        }
        return StudyDesign(**(whole | parts))

    return make


class Day:
    """The time of day, set by hand."""

    def __init__(self):
        self.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def monotonic(self):
        return self.now.timestamp()

    def pass_by(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def day():
    return Day()
