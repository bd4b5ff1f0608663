import json

import numpy as np
import pytest

from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.quality.imageqx import rule_of
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.localization import LesionLocation
from core.quality.verdict import PassRule, judge, shifted, verdict_properties
from core.runtime.manifest import OperatingPoint

CALM = dict.fromkeys(EXPLANATIONS, 0.1)
HALF = dict.fromkeys(EXPLANATIONS, 0.5)


def verdict(quality, rule, explanations=CALM):
    return judge(
        assessor="test",
        width=1,
        height=1,
        quality=dict(zip(QUALITY_CLASSES, quality, strict=True)),
        explanations=explanations,
        rule=rule,
        milliseconds=0,
    )


def test_an_offset_moves_the_odds_of_its_class():
    moved = shifted({"lesion": 0.5, "poor_quality": 0.5}, {"poor_quality": -np.log(3)})
    assert moved == pytest.approx({"lesion": 0.75, "poor_quality": 0.25})


def test_opposite_offsets_cancel():
    quality = dict(zip(QUALITY_CLASSES, (0.1, 0.2, 0.3, 0.4), strict=True))
    there = shifted(quality, {"lesion": 1.3, "poor_quality": -0.7})
    assert shifted(there, {"lesion": -1.3, "poor_quality": 0.7}) == pytest.approx(quality)


def test_probabilities_that_are_all_zero_stay_so():
    assert shifted({"lesion": 0.0, "no_skin": 0.0}, {"lesion": 1.0}) == {"lesion": 0.0, "no_skin": 0.0}


def test_a_photo_that_the_class_alone_refuses_passes_with_an_offset():
    quality = (0.4, 0.05, 0.05, 0.5)
    assert not verdict(quality, PassRule(HALF)).passes
    eased = verdict(quality, PassRule(HALF, class_offsets={"poor_quality": -1.0}))
    assert eased.passes
    assert eased.label == "lesion" == max(eased.quality, key=lambda name: eased.quality[name])
    assert sum(eased.quality.values()) == pytest.approx(1)


def test_offsets_leave_the_explanations_alone():
    rule = PassRule(HALF, class_offsets={"poor_quality": -5.0})
    flagged = verdict((0.9, 0.0, 0.0, 0.1), rule, CALM | {"blurry": 0.5})
    assert flagged.flagged == ("blurry",)
    assert not flagged.passes


def test_without_offsets_probabilities_come_as_they_are():
    quality = (0.1, 0.2, 0.3, 0.4)
    assert tuple(verdict(quality, PassRule(HALF)).quality.values()) == quality


def test_a_verdict_in_a_log_is_rounded():
    chances = dict.fromkeys(EXPLANATIONS, 1 / 3)
    verdict = judge(
        assessor="x",
        width=640,
        height=480,
        quality=dict.fromkeys(QUALITY_CLASSES, 1 / 7),
        explanations=chances,
        rule=PassRule(dict.fromkeys(EXPLANATIONS, 0.5)),
        milliseconds=12.3456,
    )
    told = verdict_properties(verdict)
    assert set(told["quality"].values()) == {0.1429}
    assert set(told["explanations"].values()) == {0.3333}
    assert told["infer_ms"] == 12.3
    assert told["assessor"] == verdict.assessor
    assert json.loads(json.dumps(told)) == told


def test_a_rule_of_an_operating_point():
    point = OperatingPoint(thresholds=HALF | {"blurry": 0.3}, class_offsets={"lesion": 0.5})
    rule = rule_of(point, healthy_skin_passes=True)
    assert rule.thresholds["blurry"] == 0.3
    assert rule.class_offsets == {"lesion": 0.5}
    assert rule.healthy_skin_passes


def test_no_skin_is_not_believed_where_the_light_is_bad():
    dark = {**CALM, "bad_light": 0.6}
    assert verdict((0.1, 0.7, 0.05, 0.15), PassRule(HALF), dark).label == "poor_quality"
    assert verdict((0.1, 0.7, 0.05, 0.15), PassRule(HALF)).label == "no_skin"


@pytest.mark.parametrize(
    ("size", "flagged", "too_close"),
    [(0.3, (), False), (0.6, ("bad_framing",), True), (0.1, ("too_far_away",), False)],
)
def test_a_shot_of_a_series_bounds_the_spot_both_ways(size, flagged, too_close):
    quality = dict(zip(QUALITY_CLASSES, (0.9, 0.03, 0.03, 0.04), strict=True))
    given = {"assessor": "test", "width": 1, "height": 1, "quality": quality, "milliseconds": 0}
    rule = PassRule({**HALF, "bad_framing": 1.0, "too_far_away": 1.0}, spot_at_least=0.2, spot_at_most=0.45)
    found = judge(**given, explanations=CALM, rule=rule, where=LesionLocation(0, 0, size))
    assert (found.flagged, found.too_close, found.passes) == (flagged, too_close, not flagged)
    key = {(): None, ("bad_framing",): "too_close", ("too_far_away",): "too_far_away"}[flagged]
    assert condition(found, load_preset()) == key
    assert judge(**given, explanations=CALM, rule=rule, where=None).passes
