"""How each point of a verdict stands, apart from any words."""

from dataclasses import replace

import pytest

from core.guidance.points import points
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge

THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)


def verdict(label="lesion", **faults):
    return judge(
        assessor="made-up",
        width=640,
        height=480,
        quality={name: 0.7 if name == label else 0.1 for name in QUALITY_CLASSES},
        explanations={name: faults.get(name, 0.1) for name in EXPLANATIONS},
        rule=PassRule(THRESHOLDS),
        milliseconds=1,
    )


def states(judged, said, thresholds=THRESHOLDS):
    return {point.key: point.state for point in points(judged, thresholds, said)}


def fine_but(**others):
    return dict.fromkeys(EXPLANATIONS, "fine") | others


def test_a_photo_that_passes_is_fine_and_has_no_place_to_show():
    assert states(verdict(), None) == fine_but()
    assert not any(point.has_place for point in points(verdict(), THRESHOLDS, None))


def test_what_is_flagged_is_at_fault_and_has_a_place():
    found = points(verdict(blurry=0.9, bad_framing=0.5), THRESHOLDS, "bad_framing")
    assert [point.key for point in found if point.state == "fault"] == ["bad_framing", "blurry"]
    assert [point.key for point in found if point.has_place] == ["bad_framing", "blurry"]


def test_what_keeps_a_photo_from_passing_without_being_flagged_is_nearly_so():
    judged = verdict("poor_quality", blurry=0.4)
    assert states(judged, "blurry") == fine_but(blurry="nearly")
    assert [point.key for point in points(judged, THRESHOLDS, "blurry") if point.has_place] == ["blurry"]


@pytest.mark.parametrize("label", ["no_skin", "healthy_skin"])
def test_where_no_spot_is_framing_and_distance_are_not_judged(label):
    assert states(verdict(label), label) == fine_but(bad_framing="unjudged", too_far_away="unjudged")


def test_in_bad_light_nothing_else_is_called_fine():
    wanted = dict.fromkeys(EXPLANATIONS, "unjudged") | {"bad_light": "fault", "blurry": "fault"}
    assert states(verdict(bad_light=0.9, blurry=0.9), "bad_light") == wanted


def test_what_never_counts_or_was_not_assessed_is_not_judged():
    far = THRESHOLDS | {"too_far_away": 1}
    assert states(verdict(), None, far) == fine_but(too_far_away="unjudged")
    part = replace(verdict(), explanations={"blurry": 0.1})
    assert states(part, None) == dict.fromkeys(EXPLANATIONS, "unjudged") | {"blurry": "fine"}
    assert states(verdict(), None, {}) == dict.fromkeys(EXPLANATIONS, "unjudged")


def test_a_refined_condition_words_the_point_that_it_belongs_to():
    found = {point.key: point for point in points(verdict(bad_light=0.9), THRESHOLDS, "glare")}
    assert (found["bad_light"].condition, found["blurry"].condition) == ("glare", "blurry")
    assert found["bad_light"].state == "fault"


def test_what_another_check_found_has_no_figures_and_no_place():
    """The network sees nothing there: its map would be brightest somewhere all the same."""
    found = {
        point.key: point for point in points(replace(verdict(), flagged=("glare",)), THRESHOLDS, "glare")
    }
    light = found["bad_light"]
    assert (light.state, light.measured, light.has_place) == ("fault", False, False)


def test_what_is_said_is_never_called_fine():
    """Such as "Move closer" where there is skin but the class is no_skin."""
    assert states(verdict("no_skin"), "too_far_away")["too_far_away"] == "fault"
