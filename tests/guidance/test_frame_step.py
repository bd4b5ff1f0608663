"""One frame's way from its verdict to its condition, and that the Designer's films go the same way."""

import numpy as np
import pytest

from core.designer.replay import Analysis, replay
from core.designer.replay import Frame as FilmFrame
from core.guidance.frame_step import frame_step
from core.guidance.preset import load_preset
from core.live.stream_session import Frame, StreamSession
from core.quality.image_stats import ImageStats, image_stats
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.localization import LesionLocation
from core.quality.verdict import PassRule, judge
from core.runtime.preprocess import network_square

PRESET = load_preset()
RULE = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))


def seen(level=180, luma=0.5, side=28):
    return ImageStats(
        skin=0.9, x=0.0, y=0.0, luma=luma, blown=0.0, shading=1.5, cells=level_cells(level, side)
    )


def level_cells(level, side):
    return np.arange(side * side).reshape(side, side) % 50 + level


def verdict(says="ready", where=None):
    label = says if says in QUALITY_CLASSES else "lesion"
    return judge(
        assessor="told",
        width=640,
        height=480,
        quality={name: 0.91 if name == label else 0.03 for name in QUALITY_CLASSES},
        explanations={name: 0.9 if name == says else 0.1 for name in EXPLANATIONS},
        rule=RULE,
        milliseconds=1.0,
        where=where,
    )


def auto(preset=PRESET):
    return preset.model_copy(update={"gate": preset.gate.model_copy(update={"auto_capture": True})})


def never():
    pytest.fail("nothing is to be looked at here")


@pytest.mark.parametrize("says", ["ready", "too_far_away", "no_skin", "blurry"])
def test_a_condition_that_no_glance_refines_needs_none(says):
    step = frame_step(verdict(says), PRESET, look=never)
    assert (step.key, step.stats, step.moved) == (says, None, False)


@pytest.mark.parametrize("says", ["blurry", "low_resolution"])
def test_softness_is_not_told_before_the_stream_has_settled(says):
    assert frame_step(verdict(says), PRESET, look=never, settled=False).key == "searching"
    assert frame_step(verdict(says), PRESET, look=never, settled=True).key == says


def test_light_and_way_are_told_from_the_glance_the_place_and_the_camera():
    dark = seen(luma=0.1, level=10)
    assert frame_step(verdict("bad_light"), PRESET, look=lambda: dark).key == "too_dark"
    assert frame_step(verdict("bad_light"), PRESET, look=lambda: None).key == "bad_light"
    left = verdict("bad_framing", LesionLocation(-0.6, 0.1))
    assert frame_step(left, PRESET, look=seen, facing="environment").key == "move_left"
    assert frame_step(left, PRESET, look=seen, facing="user").key == "move_right"
    assert frame_step(left, PRESET, look=seen).key == "bad_framing"


def test_a_camera_at_fault_keeps_its_condition():
    assert frame_step(None, PRESET, fault="camera_black", look=never).key == "camera_black"


def test_healthy_skin_is_nothing_to_tell_where_the_rule_lets_it_pass():
    healthy = verdict("healthy_skin")
    assert frame_step(healthy, PRESET, look=never).key == "healthy_skin"
    assert frame_step(healthy, PRESET, look=seen, healthy_skin_passes=True).key != "healthy_skin"


def test_movement_is_measured_from_frame_to_frame_where_the_photo_takes_itself():
    first = seen()
    turned = ImageStats(**{**vars(first), "cells": first.cells[::-1, ::-1] * 2})
    still = frame_step(verdict(), auto(), look=lambda: first, before=first)
    assert (still.stats, still.moved) == (first, False)
    assert frame_step(verdict(), auto(), look=lambda: turned, before=first).moved
    assert not frame_step(verdict(), auto(), look=lambda: turned).moved, "the first frame"
    assert not frame_step(verdict(), auto(), look=lambda: None, before=first).moved
    assert frame_step(verdict(), auto(), look=lambda: seen(side=20), before=first).moved, "not to be compared"


class Scripted:
    """Says of each frame what the film says."""

    name = "scripted"

    def __init__(self, says):
        self.says = iter(says)

    def assess(self, rgb, rule, *, width=None, height=None):
        return verdict(next(self.says))


@pytest.mark.parametrize("name", ["balanced", "coach", "quiet"])
def test_a_film_goes_the_way_of_the_live_picture(name):
    """The same pictures in the stream session and in the Designer: the same prompts at the same moments."""
    rng = np.random.default_rng(3)
    preset = load_preset(name)
    parts = [
        ("blurry", 20),
        ("bad_light", 15),
        ("bad_framing", 12),
        ("ready", 40),
        ("no_skin", 12),
        ("ready", 25),
    ]
    says = [key for key, count in parts for _turn in range(count)]
    pictures = [
        rng.integers(level - 3, level + 4, (120, 160, 3)).astype(np.uint8)
        for level in rng.choice([25, 120, 121, 122], len(says))
    ]
    moments = [number * 0.15 for number in range(len(says))]
    now = 0.0
    stream_session = StreamSession(Scripted(says), RULE, preset, lambda: now, facing="environment")
    live, taken = [], []
    for moment, rgb in zip(moments, pictures, strict=True):
        now = moment
        status = stream_session.process_frame(Frame(rgb, moment))
        live.append(status.key)
        taken.append(status.due)
        if status.due:
            stream_session.pressed()
    looks = [
        Analysis(verdict(key), image_stats(network_square(rgb)))
        for key, rgb in zip(says, pictures, strict=True)
    ]
    film = [FilmFrame(moment, look) for moment, look in zip(moments, looks, strict=True)]
    steps = replay(film, preset, RULE)
    assert [step.shown for step in steps] == live
    assert [step.taken for step in steps] == taken
