import numpy as np

from core.live.shutter import Outcome, press, use_anyway
from core.live.watcher import Frame


def test_a_locked_shutter_takes_nothing(stage):
    stage.show("too_far_away", 3)
    taken = press(stage.watcher)
    assert taken.outcome is Outcome.LOCKED
    assert taken.photo is None
    assert stage.names()[-2:] == ["capture_attempted", "capture_blocked"]
    assert stage.log.events[-1].properties == {"reason": "locked"}


def test_an_unlocked_shutter_takes_the_picture_at_full_size(stage):
    stage.show("ready", 3, size=(720, 1280))
    frame = stage.watcher.best_frame()
    taken = press(stage.watcher)
    assert taken.outcome is Outcome.ACCEPTED
    assert not taken.overridden
    assert (taken.photo.width, taken.photo.height) == (1280, 720)
    assert (taken.verdict.width, taken.verdict.height) == (1280, 720)
    assert np.array_equal(taken.photo.full(), frame.rgb)
    assert stage.names()[-3:] == ["capture_attempted", "photo_captured", "photo_accepted"]


def test_the_still_is_judged_again_and_may_be_refused(stage):
    stage.show("ready", 3)
    stage.assessor.says = "blurry"
    taken = press(stage.watcher)
    assert taken.outcome is Outcome.REFUSED
    assert taken.verdict.flagged == ("blurry",)
    assert stage.watcher.sight().refused == 1
    assert stage.log.events[-1].properties == {"reason": "refused", "key": "blurry", "refused": 1}
    assert "photo_accepted" not in stage.names()


def test_after_three_refused_tries_the_last_photo_may_be_used_anyway(stage):
    stage.show("ready", 3)
    for turn in range(3):
        assert not stage.watcher.sight().may_override
        assert use_anyway(stage.watcher, None).outcome is Outcome.LOCKED, turn
        stage.assessor.says = "blurry"
        refused = press(stage.watcher)
        stage.show("ready", 2)
    assert stage.watcher.sight().may_override
    taken = use_anyway(stage.watcher, refused)
    assert taken.outcome is Outcome.ACCEPTED
    assert taken.overridden
    assert taken.photo is refused.photo
    assert not taken.verdict.passes
    assert stage.names()[-3:] == ["capture_attempted", "gate_overridden", "photo_accepted"]
    assert stage.log.events[-1].properties == {"overridden": True}


def test_after_thirty_seconds_the_picture_of_this_moment_may_be_used(stage):
    stage.show("blurry", 29)
    assert use_anyway(stage.watcher, None).outcome is Outcome.LOCKED
    stage.show("blurry", 2)
    taken = use_anyway(stage.watcher, None)
    assert taken.overridden
    assert taken.outcome is Outcome.ACCEPTED
    assert np.array_equal(taken.photo.full(), stage.watcher.best_frame().rgb)


def test_a_picture_that_passes_after_all_needs_no_override(stage):
    stage.show("blurry", 31)
    stage.show("ready", 0.24)
    taken = use_anyway(stage.watcher, None)
    assert taken.outcome is Outcome.ACCEPTED
    assert not taken.overridden
    assert "gate_overridden" not in stage.names()


def test_without_a_picture_there_is_nothing_to_use(stage):
    stage.show("blurry", 31)
    stage.clock.now += 10
    assert use_anyway(stage.watcher, None).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "no_picture"}


def test_a_picture_too_small_for_a_photo_is_no_picture(stage):
    for _turn in range(30):
        stage.clock.now += 0.1
        stage.watcher.look(Frame(stage.picture((40, 50)), stage.clock.now))
    assert press(stage.watcher).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "too_small"}


def test_an_assessor_that_fails_on_the_still_is_no_traceback(stage):
    stage.show("ready", 3)

    def fail(rgb, rule):
        raise RuntimeError("the network is gone")

    stage.assessor.assess = fail
    assert press(stage.watcher).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "assessor"}
