"""What a preset makes of a film, without a network: verdicts are made up."""

import numpy as np
import pytest

from core.designer import pictures
from core.designer.replay import (
    NEUTRAL,
    Analysis,
    Frame,
    Interval,
    analyse,
    condition_of,
    figures,
    intervals,
    merged_condition_of,
    replay,
)
from core.guidance.preset import load_preset
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge

RULE = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))


def seen(fault=None, chance=0.9, best="lesion"):
    quality = {name: 0.91 if name == best else 0.03 for name in QUALITY_CLASSES}
    explanations = {name: chance if name == fault else 0.1 for name in EXPLANATIONS}
    return Analysis(
        judge(
            assessor="x",
            width=640,
            height=480,
            quality=quality,
            explanations=explanations,
            rule=NEUTRAL,
            milliseconds=1,
        )
    )


def film(*parts, rate=10):
    verdicts = [verdict for verdict, seconds in parts for _turn in range(round(seconds * rate))]
    return [Frame(number / rate, look) for number, look in enumerate(verdicts)]


def edited(part="timing", **settings):
    preset = load_preset()
    return preset.model_copy(update={part: getattr(preset, part).model_copy(update=settings)})


def test_a_verdict_is_judged_anew_without_the_picture():
    preset = load_preset()
    verdict = seen("blurry", 0.6)
    assert condition_of(verdict, preset, RULE) == "blurry"
    assert condition_of(verdict, preset, PassRule({**RULE.thresholds, "blurry": 0.7})) == "ready"
    assert condition_of(seen(best="healthy_skin"), preset, RULE) == "healthy_skin"
    healthy = PassRule(RULE.thresholds, healthy_skin_passes=True)
    assert condition_of(seen(best="healthy_skin"), preset, healthy) == "ready"
    leaning = PassRule(RULE.thresholds, class_offsets={"no_skin": 9.0})
    assert condition_of(seen(), preset, leaning) == "no_skin"


def test_prompts_follow_the_film_smoothed_and_the_shutter_opens_once_it_is_steady():
    steps = replay(film((seen("too_far_away"), 3), (seen(), 4)), load_preset(), RULE)
    keys = [one.key for one in intervals(steps, 7.0)]
    assert keys == ["too_far_away", "ready"]
    told = figures(steps, 7.0)
    assert told.prompts == 2
    assert 4.0 <= told.first_open <= 5.0, "a second of passing pictures first"
    assert told.open_seconds == pytest.approx(7.0 - told.first_open)
    assert told.first_taken is None
    behind = [step for step in steps if step.raw != step.shown]
    assert 0 < len(behind) < 20, "what is shown lags behind the pictures"


def test_a_longer_stay_changes_fewer_prompts():
    flicker = film(*[(seen("too_far_away"), 1.2), (seen("bad_light"), 1.2)] * 6)
    quick = replay(flicker, load_preset(), RULE)
    slow = replay(flicker, edited(hint_ms=6000), RULE)
    assert figures(slow, 14.4).prompts < figures(quick, 14.4).prompts


def test_a_preset_that_looks_seldom_sees_fewer_pictures():
    made = film((seen(), 3))
    assert len(replay(made, edited(assess_every_ms=100), RULE)) == 30
    assert len(replay(made, edited(assess_every_ms=500), RULE)) == 6


def test_a_shutter_that_never_opens_says_so():
    told = figures(replay(film((seen("blurry"), 3)), load_preset(), RULE), 3.0)
    assert told.first_open is None
    assert told.open_seconds == 0
    assert figures((), 3.0).prompts == 0


class Dark:
    """Finds poor light in everything."""

    name = "x"

    def assess(self, rgb, rule):
        return seen("bad_light").verdict


def test_which_light_is_told_where_the_preset_asks_for_it():
    dark = analyse(Dark(), np.full((480, 640, 3), 25, np.uint8))
    assert condition_of(dark, load_preset(), RULE) == "too_dark"
    assert condition_of(dark, edited("refine", light=False), RULE) == "bad_light"
    assert merged_condition_of(dark, load_preset("quiet"), RULE) == "adjust"


def test_a_preset_that_says_one_for_all_says_it_over_time_too():
    steps = replay(film((seen("bad_light"), 2), (seen(best="no_skin"), 2)), load_preset("quiet"), RULE)
    assert {step.raw for step in steps} == {"adjust"}
    assert [one.key for one in intervals(steps, 4.0)] == ["adjust"]


def test_a_photo_that_takes_itself_does_so_after_the_countdown():
    made = film((seen(), 8))
    steps = replay(made, edited("gate", auto_capture=True, countdown_ms=2000), RULE)
    told = figures(steps, 8.0)
    assert told.first_taken == pytest.approx(told.first_open + 2.0, abs=0.11)
    assert [one.key for one in intervals(steps, 8.0)] == ["searching", "counting"] or steps[
        -1
    ].shown == "counting"
    slower = figures(replay(made, edited("gate", auto_capture=True, countdown_ms=4000), RULE), 8.0)
    assert slower.first_taken > told.first_taken + 1.5


def test_blur_is_not_mentioned_while_the_stream_settles():
    steps = replay(film((seen("blurry"), 4)), edited("camera", settle_ms=2000), RULE)
    assert {step.raw for step in steps if step.moment < 2.0} == {"searching"}
    assert {step.raw for step in steps if step.moment >= 2.0} == {"blurry"}


def test_stretches_reach_to_the_end():
    steps = replay(film((seen("too_far_away"), 2)), load_preset(), RULE)
    assert intervals(steps, 5.0) == (Interval(0.0, 5.0, "too_far_away"),)
    assert intervals((), 5.0) == ()


def test_the_strip_gets_worse_from_left_to_right():
    bright = [pictures.picture("bright", place).mean() for place in range(pictures.SEVERITIES)]
    dark = [pictures.picture("dark", place).mean() for place in range(pictures.SEVERITIES)]
    assert bright == sorted(bright)
    assert dark == sorted(dark, reverse=True)
    with pytest.raises(ValueError, match="no picture"):
        pictures.picture("dark", pictures.SEVERITIES)
    with pytest.raises(ValueError, match="no picture"):
        pictures.picture("moon", 0)


def test_the_film_is_the_same_each_time_and_darkens_in_the_shadow(monkeypatch):
    monkeypatch.setattr(pictures, "RATE", 1)  # a frame takes long to draw
    light = {}
    for moment, rgb in pictures.film():
        assert rgb.shape == (480, 640, 3)
        light[moment] = rgb.mean()
        if moment >= 17:
            break
    assert light[max(light)] < 0.5 * light[0.0]
    again = next(iter(pictures.film()))[1]
    assert again.mean() == light[0.0]
