import numpy as np

from core.live.shutter import Outcome, press, use_anyway
from core.live.stream_session import Frame, StreamSession
from core.quality.localization import LesionLocation


def test_a_locked_shutter_takes_nothing(stage):
    stage.show("too_far_away", 3)
    taken = press(stage.stream_session)
    assert taken.outcome is Outcome.LOCKED
    assert taken.photo is None
    assert stage.names()[-2:] == ["capture_attempted", "capture_blocked"]
    assert stage.log.events[-1].properties == {"reason": "locked"}


def test_an_unlocked_shutter_takes_the_picture_at_full_size(stage):
    stage.show("ready", 3, size=(720, 1280))
    frame = stage.stream_session.best_frame()
    taken = press(stage.stream_session)
    assert taken.outcome is Outcome.ACCEPTED
    assert not taken.overridden
    assert (taken.photo.width, taken.photo.height) == (1280, 720)
    assert (taken.verdict.width, taken.verdict.height) == (1280, 720)
    assert np.array_equal(taken.photo.full(), frame.rgb)
    assert stage.names()[-3:] == ["capture_attempted", "photo_captured", "photo_accepted"]


def test_the_still_is_judged_again_and_may_be_refused(stage):
    stage.show("ready", 3)
    stage.assessor.says = "blurry"
    taken = press(stage.stream_session)
    assert taken.outcome is Outcome.REFUSED
    assert taken.verdict.flagged == ("blurry",)
    assert stage.stream_session.status().refused == 1
    assert stage.log.events[-1].properties == {"reason": "refused", "key": "blurry", "refused": 1}
    assert "photo_accepted" not in stage.names()


def test_after_three_refused_tries_the_last_photo_may_be_used_anyway(stage):
    stage.show("ready", 3)
    for turn in range(3):
        assert not stage.stream_session.status().may_override
        assert use_anyway(stage.stream_session, None).outcome is Outcome.LOCKED, turn
        stage.assessor.says = "blurry"
        refused = press(stage.stream_session)
        stage.show("ready", 2)
    assert stage.stream_session.status().may_override
    taken = use_anyway(stage.stream_session, refused)
    assert taken.outcome is Outcome.ACCEPTED
    assert taken.overridden
    assert taken.photo is refused.photo
    assert not taken.verdict.passes
    assert stage.names()[-3:] == ["capture_attempted", "gate_overridden", "photo_accepted"]
    assert stage.log.events[-1].properties == {"overridden": True}


def test_after_thirty_seconds_the_picture_of_this_moment_may_be_used(stage):
    stage.show("blurry", 29)
    assert use_anyway(stage.stream_session, None).outcome is Outcome.LOCKED
    stage.show("blurry", 2)
    taken = use_anyway(stage.stream_session, None)
    assert taken.overridden
    assert taken.outcome is Outcome.ACCEPTED
    assert np.array_equal(taken.photo.full(), stage.stream_session.best_frame().rgb)


def test_a_picture_that_passes_after_all_needs_no_override(stage):
    stage.show("blurry", 31)
    stage.show("ready", 0.24)
    taken = use_anyway(stage.stream_session, None)
    assert taken.outcome is Outcome.ACCEPTED
    assert not taken.overridden
    assert "gate_overridden" not in stage.names()


def test_without_a_picture_there_is_nothing_to_use(stage):
    stage.show("blurry", 31)
    stage.clock.now += 10
    assert use_anyway(stage.stream_session, None).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "no_picture"}


def test_a_picture_too_small_for_a_photo_is_no_picture(stage):
    for _turn in range(30):
        stage.clock.now += 0.1
        stage.stream_session.process_frame(Frame(stage.picture((40, 50)), stage.clock.now))
    assert press(stage.stream_session).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "too_small"}


def test_an_assessor_that_fails_on_the_still_is_no_traceback(stage):
    stage.show("ready", 3)

    def fail(rgb, rule):
        raise RuntimeError("the network is gone")

    stage.assessor.assess = fail
    assert press(stage.stream_session).outcome is Outcome.NO_PICTURE
    assert stage.log.events[-1].properties == {"reason": "assessor"}


def auto(stage, **gate):
    """The stage with a preset whose photo takes itself."""
    rule = stage.preset.gate.model_copy(update={"auto_capture": True, **gate})
    stage.preset = stage.preset.model_copy(update={"gate": rule})
    stage.stream_session = StreamSession(stage.assessor, stage.rule, stage.preset, stage.clock, stage.log)
    return stage.stream_session


def test_the_photo_takes_itself_after_a_countdown_that_is_seen(stage):
    stream_session = auto(stage)
    begun = stage.clock.now
    seen = stage.show("ready", 6)
    due = next(status for status in seen if status.due)
    assert due.progress == 1
    assert (due.key, due.ready) == ("counting", True)
    counting = [status.progress for status in seen if 0 < status.progress < 1]
    assert counting == sorted(counting)
    assert 3.0 <= (seen.index(due) + 1) * 0.12 <= 3.6, "the steady second and two more"
    assert stage.clock.now > begun
    taken = press(stream_session, by_itself=True)
    assert taken.outcome is Outcome.ACCEPTED
    tried = stage.events("capture_attempted")[0]
    assert tried.properties == {"auto": True}


def test_a_photo_that_took_itself_and_was_refused_leaves_time_to_read(stage):
    stream_session = auto(stage)
    stage.show("ready", 4)
    assert stream_session.status().due
    stage.assessor.says = "blurry"
    assert press(stream_session, by_itself=True).outcome is Outcome.REFUSED
    assert not stream_session.status().due
    again = stage.show("ready", 4)
    assert not any(status.progress for status in again[:8])
    assert again[-1].due
    assert stream_session.status().refused == 1


def test_a_frame_that_fails_and_a_picture_that_jumps_stop_the_countdown(stage):
    stream_session = auto(stage)
    assert stage.show("ready", 2)[-1].progress > 0
    assert stage.show("blurry", 0.12)[-1].progress == 0
    assert stage.show("ready", 1)[-1].progress > 0
    half = stage.picture(level=128)
    half[:, 80:] //= 4
    jumped = stage.show("ready", 0.12, picture=half)[-1]
    assert (jumped.progress, jumped.key, jumped.ready) == (0, "counting", True), "the button stays"
    stage.show("ready", 0.12, picture=half + 1)
    assert stream_session.status().progress == 0 or not stream_session.status().due
    notes = [event.properties["note"] for event in stage.events("note_added")]
    assert notes[:4] == ["countdown_started", "countdown_stopped"] * 2


def test_the_best_frame_of_the_last_second_becomes_the_photo(stage):
    stage.show("ready", 3)
    best = stage.picture(level=140)
    stage.assessor.doubt = 0.0
    stage.show("ready", 0.12, picture=best)
    stage.assessor.doubt = 0.1
    stage.show("ready", 0.6)
    assert stage.stream_session.best_frame().rgb is best
    taken = press(stage.stream_session)
    assert np.array_equal(taken.photo.full(), best)
    stage.show("ready", 0.6)
    assert stage.stream_session.best_frame().rgb is not best, "a second later it is too old"


def test_a_preset_may_take_the_newest_frame_instead(stage):
    auto(stage, best_shot_ms=0)
    stage.assessor.doubt = 0.0
    stage.show("ready", 3)
    stage.assessor.doubt = 0.1
    stage.show("ready", 0.12)
    assert stage.stream_session.best_frame().at == stage.clock.now


def test_help_is_offered_and_noted_once(stage):
    seen = stage.show("blurry", 12)
    assert seen[0].help is None
    assert seen[-1].help == "blurry"
    notes = [event.properties for event in stage.events("note_added")]
    assert notes == [{"note": "help_offered", "key": "blurry"}]


def test_the_camera_knows_left_from_right_only_where_it_is_told_which_way_it_looks(stage):
    stage.assessor.where = LesionLocation(-0.7, 0.0)
    assert stage.show("bad_framing", 2)[-1].key == "bad_framing"
    stage.stream_session.facing = "environment"
    assert stage.show("bad_framing", 3)[-1].key == "move_left"
    stage.stream_session.facing = "user"
    assert stage.show("bad_framing", 4)[-1].key == "move_right"
