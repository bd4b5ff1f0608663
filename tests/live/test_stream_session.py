import itertools
from dataclasses import replace

import pytest

from core.live.stream_session import Frame
from core.quality.image_stats import image_stats
from core.quality.labels import EXPLANATIONS
from core.quality.localization import LesionLocation
from core.quality.verdict import PassRule
from core.runtime.preprocess import network_square


def test_statistics_that_the_assessor_measured_are_not_measured_again(stage, monkeypatch):
    taken = []
    monkeypatch.setattr(
        "core.live.stream_session.image_stats", lambda square: taken.append(1) or image_stats(square)
    )
    plain = stage.assessor.assess

    def with_stats(rgb, rule, **sizes):
        return replace(plain(rgb, rule, **sizes), stats=image_stats(network_square(rgb)))

    stage.show("bad_light", 0.12)
    assert len(taken) == 1
    stage.assessor.assess = with_stats
    dark = stage.picture(level=25)
    assert {status.key for status in stage.show("bad_light", 3, picture=dark)} >= {"too_dark"}
    assert len(taken) == 1


@pytest.mark.parametrize("key", [*EXPLANATIONS, "no_skin", "healthy_skin"])
def test_every_fault_brings_its_prompt_and_keeps_the_shutter_locked(stage, key):
    seen = stage.show(key, 4)
    assert seen[-1].key == key
    assert not any(status.ready for status in seen)


def test_a_good_picture_unlocks_the_shutter_after_a_second(stage):
    start = stage.clock.now
    seen = stage.show("ready", 3)
    first = next(turn for turn, status in enumerate(seen) if status.ready)
    assert 1.0 <= (first + 1) * 0.12 <= 1.4
    assert stage.stream_session.status().ready
    assert stage.clock.now > start


def test_a_good_picture_that_stops_coming_locks_the_shutter(stage):
    stage.show("ready", 3)
    stage.clock.now += 1.5
    assert stage.stream_session.status().key == "searching"
    assert not stage.stream_session.status().ready


def test_the_softness_of_a_starting_link_is_not_held_against_the_person(stage):
    assert {status.key for status in stage.show("blurry", 2.4)} == {"searching"}
    assert stage.show("blurry", 3)[-1].key == "blurry"


def test_a_change_of_size_starts_the_wait_anew(stage):
    stage.show("low_resolution", 5)
    stage.show("ready", 3)
    assert "low_resolution" not in {
        status.key for status in stage.show("low_resolution", 2.3, size=(240, 320))
    }
    assert stage.show("low_resolution", 4, size=(240, 320))[-1].key == "low_resolution"


def test_other_faults_are_told_from_the_first_frame_on(stage):
    assert stage.show("too_far_away", 0.12)[0].key == "too_far_away"


def test_the_spot_is_followed_calmly_and_forgotten_at_once(stage):
    stage.assessor.where = LesionLocation(-0.8, 0.0)
    assert stage.show("bad_framing", 0.12)[-1].where == LesionLocation(-0.8, 0.0)
    stage.assessor.where = LesionLocation(0.0, 0.4)
    first, *_rest, last = stage.show("bad_framing", 1.2)
    assert first.where == LesionLocation(-0.4, 0.2)
    assert last.where.off == pytest.approx(0.4, abs=0.01)
    stage.assessor.where = None
    assert stage.show("bad_framing", 0.12)[-1].where is None


def test_a_covered_camera_is_told_and_not_assessed(stage):
    stage.show("ready", 3)
    before = len(stage.assessor.seen)
    seen = stage.show("ready", 4, picture=stage.picture(level=3) * 0)
    assert seen[-1].key == "camera_black"
    assert seen[-1].verdict is None
    assert not seen[-1].ready
    assert len(stage.assessor.seen) == before


def test_a_dark_room_is_not_a_covered_camera(stage):
    assert stage.show("bad_light", 3, picture=None)[-1].key == "bad_light"
    dark = stage.picture(level=12)
    stage.assessor.says = "bad_light"
    stage.clock.now += 0.1
    assert stage.stream_session.process_frame(Frame(dark, stage.clock.now)).verdict is not None


def test_the_same_picture_over_and_over_is_a_stuck_camera(stage):
    stuck = stage.picture()
    assert "camera_frozen" not in {status.key for status in stage.show("ready", 1.9, picture=stuck)}
    assert stage.show("ready", 3, picture=stuck)[-1].key == "camera_frozen"
    assert not stage.stream_session.status().ready
    assert stage.show("ready", 5)[-1].ready, "and it recovers"


def test_no_picture_for_long_is_told(stage):
    stage.show("ready", 3)
    stage.clock.now += 3
    status = stage.stream_session.lost()
    assert (status.key, status.ready, status.verdict) == ("camera_missing", False, None)
    assert (
        stage.stream_session.best_frame() is None
        or stage.stream_session.best_frame().at >= stage.clock.now - 3
    )


def test_a_stream_fell_silent_where_nothing_comes_or_came_until_a_moment_ago(stage):
    assert not stage.stream_session.fell_silent
    stage.show("ready", 3)
    assert not stage.stream_session.fell_silent
    stage.clock.now += 7
    assert stage.stream_session.fell_silent
    stage.show("ready", 0.3)
    stage.stream_session.end_stream()
    assert stage.stream_session.fell_silent, "the browser had given it up, and sent a little more"

    stage.show("ready", 0.3)
    assert not stage.stream_session.fell_silent, "another stream: the time between is no silence"
    stage.clock.now += 7
    stage.show("ready", 7)
    assert not stage.stream_session.fell_silent, "it has been well again for long"


def test_nothing_is_lost_before_anything_came(stage):
    assert stage.stream_session.lost().key == "searching"
    assert stage.log.events == ()


def test_the_best_frame_is_the_newest_that_passes_while_it_is_fresh(stage):
    assert stage.stream_session.best_frame() is None
    stage.show("ready", 1)
    passing_at = stage.clock.now
    stage.show("blurry", 0.6)
    assert stage.stream_session.best_frame().at == passing_at
    stage.show("blurry", 0.6)
    assert stage.stream_session.best_frame().at == stage.clock.now


def test_the_best_frame_keeps_the_full_size(stage):
    stage.show("ready", 1, size=(720, 1280))
    assert stage.stream_session.best_frame().rgb.shape == (720, 1280, 3)


def test_healthy_skin_passes_for_who_is_just_practising(stage):
    assert stage.show("healthy_skin", 3)[-1].key == "healthy_skin"
    stage.stream_session.rule = PassRule(stage.rule.thresholds, healthy_skin_passes=True)
    assert stage.show("healthy_skin", 4)[-1].ready


def test_a_frame_that_passed_under_another_rule_is_not_kept(stage):
    stage.stream_session.rule = PassRule(stage.rule.thresholds, healthy_skin_passes=True)
    stage.show("healthy_skin", 3)
    kept = stage.stream_session.best_frame()
    stage.stream_session.rule = stage.rule
    stage.show("healthy_skin", 0.12)
    assert stage.stream_session.best_frame().at > kept.at


def test_an_assessor_that_breaks_is_told_once_and_can_recover(stage):
    assert stage.show("breaks", 1)[-1].broken
    assert len(stage.events("camera_failed")) == 1
    assert not stage.show("ready", 1)[-1].broken


def test_the_end_of_the_stream_forgets_its_pictures(stage):
    stage.show("ready", 3)
    stage.stream_session.end_stream()
    status = stage.stream_session.status()
    assert (status.key, status.frames, status.verdict) == ("searching", 0, None)
    assert stage.stream_session.best_frame() is None
    assert stage.names().count("gate_closed") == stage.names().count("gate_opened") == 1


def test_each_start_of_the_camera_is_a_new_attempt(stage):
    stage.show("blurry", 1)
    stage.stream_session.refuse()
    stage.stream_session.end_stream()
    stage.show("blurry", 1)
    assert stage.stream_session.attempt == 2
    assert stage.stream_session.status().refused == 0
    assert [event.attempt for event in stage.events("camera_started")] == [1, 2]


def test_retaking_while_the_camera_runs_starts_a_new_attempt(stage):
    stage.show("blurry", 31)
    assert stage.stream_session.status().may_override
    stage.stream_session.retake()
    stage.show("blurry", 1)
    assert stage.stream_session.attempt == 2
    assert not stage.stream_session.status().may_override
    assert [event.attempt for event in stage.events("photo_retaken")] == [1]


def test_the_events_tell_the_story(stage):
    stage.show("too_far_away", 4)
    stage.show("ready", 4)
    stage.show("too_far_away", 4)
    told = [
        (event.event, event.properties.get("key"))
        for event in stage.log.events
        if event.event != "frame_assessed"
    ]
    assert told == [
        ("camera_started", None),
        ("prompt_shown", "too_far_away"),
        ("prompt_cleared", "too_far_away"),
        ("gate_opened", None),
        ("prompt_shown", "ready"),
        ("prompt_cleared", "ready"),
        ("gate_closed", "too_far_away"),
        ("prompt_shown", "too_far_away"),
    ]
    shown = stage.events("prompt_cleared")[0].properties
    assert shown["text_id"] == "balanced@3:too_far_away"
    assert shown["shown_ms"] >= 1500
    assert {event.source for event in stage.log.events} == {"live"}
    assert {event.page for event in stage.log.events} == {"practise"}


def test_frames_are_logged_twice_a_second_at_most(stage):
    stage.show("too_far_away", 10, step=0.05)
    moments = [event.t_ms for event in stage.events("frame_assessed")]
    assert len(moments) > 15
    assert min(later - sooner for sooner, later in itertools.pairwise(moments)) >= 499.9
    properties = stage.events("frame_assessed")[0].properties
    assert properties["label"] == "lesion"
    assert properties["flagged"] == ["too_far_away"]
    assert set(properties) >= {"quality", "explanations", "width", "height", "infer_ms"}
