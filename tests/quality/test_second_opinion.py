import numpy as np
import pytest

from core.quality.image_stats import image_stats
from core.quality.labels import CONDITIONS, EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.quality.localization import LesionLocation
from core.quality.second_opinion import FEATURES, chances, features, is_truncated, revised
from core.quality.verdict import PassRule, judge

RULE = PassRule(dict.fromkeys(EXPLANATIONS, 0.5), second_opinion=True)
ALL_ALIKE = dict.fromkeys(FRAMINGS, 1 / len(FRAMINGS))
WITHOUT_FRAMING = PassRule({**RULE.thresholds, "bad_framing": 1.0}, second_opinion=True)


def verdict(label="lesion", faults=(), rule=RULE, where=None):
    return judge(
        assessor="test",
        width=640,
        height=480,
        quality={name: 0.85 if name == label else 0.05 for name in QUALITY_CLASSES},
        explanations={name: 0.8 if name in faults else 0.1 for name in EXPLANATIONS},
        rule=rule,
        milliseconds=1.0,
        where=where,
    )


def opinion(**given):
    rest = (1 - sum(given.values())) / (len(CONDITIONS) - len(given))
    return {name: given.get(name, rest) for name in CONDITIONS}


def test_a_picture_passes_when_both_find_it_good():
    found = revised(verdict(), RULE, opinion(ready=0.9), 0.4)
    assert (found.label, found.passes, found.flagged) == ("lesion", True, ())


@pytest.mark.parametrize("fault", EXPLANATIONS)
def test_a_fault_that_the_network_missed_is_flagged(fault):
    found = revised(verdict(), RULE, opinion(**{fault: 0.7}), 0.4)
    assert found.flagged == (fault,)
    assert not found.passes
    assert found.nearest == fault


def test_a_fault_that_next_to_nothing_speaks_for_is_not_believed():
    network = verdict(faults=["low_resolution"])
    assert not network.passes
    assert revised(network, RULE, opinion(ready=0.9, low_resolution=0.01), 0.4).passes
    assert revised(network, RULE, opinion(ready=0.6, low_resolution=0.35), 0.4).passes
    kept = revised(network, RULE, opinion(ready=0.5, low_resolution=0.45), 0.4)
    assert kept.flagged == ("low_resolution",)
    blurred = revised(verdict(faults=["blurry"]), RULE, opinion(ready=0.8, blurry=0.1), 0.4)
    assert blurred.flagged == ("blurry",)
    far = verdict(faults=["too_far_away"])
    assert revised(far, RULE, opinion(ready=0.8, too_far_away=0.15), 0.4).passes
    assert not revised(far, RULE, opinion(ready=0.7, too_far_away=0.25), 0.4).passes
    dark = verdict(faults=["bad_light"])
    assert revised(dark, RULE, opinion(ready=0.9, bad_light=0.03), 0.4).flagged == ("bad_light",)


def test_too_little_of_good_refuses_by_the_likeliest_fault():
    undecided = opinion(ready=0.3, blurry=0.28, bad_light=0.2)
    found = revised(verdict(), RULE, undecided, 0.4)
    assert found.flagged == ("blurry",)
    assert revised(verdict(), RULE, undecided, 0.2).passes


def test_skin_without_a_spot_is_not_called_a_lesion():
    found = revised(verdict(), RULE, opinion(healthy_skin=0.8), 0.4)
    assert (found.label, found.passes) == ("healthy_skin", False)
    practising = PassRule(RULE.thresholds, healthy_skin_passes=True, second_opinion=True)
    assert revised(verdict(rule=practising), practising, opinion(healthy_skin=0.8), 0.4).passes


def test_no_skin_is_not_believed_where_there_is_skin():
    found = revised(verdict("no_skin"), RULE, opinion(too_far_away=0.7, no_skin=0.01), 0.4)
    assert (found.label, found.flagged) == ("poor_quality", ("too_far_away",))
    assert (
        revised(verdict("no_skin"), RULE, opinion(healthy_skin=0.8, no_skin=0.01), 0.4).label
        == "healthy_skin"
    )
    assert revised(verdict("no_skin"), RULE, opinion(no_skin=0.9), 0.4).label == "no_skin"


def test_in_bad_light_there_is_no_saying_that_there_is_no_skin():
    found = revised(verdict("lesion"), RULE, opinion(no_skin=0.5, bad_light=0.4), 0.4)
    assert found.flagged == ("bad_light",)
    assert found.label != "no_skin"


def test_poor_quality_without_any_fault_gives_way_to_a_certain_opinion():
    assert revised(verdict("poor_quality"), RULE, opinion(ready=0.95), 0.4).passes
    kept = revised(verdict("poor_quality"), RULE, opinion(ready=0.7, blurry=0.2), 0.4)
    assert (kept.label, kept.passes, kept.nearest) == ("poor_quality", False, "blurry")


def test_what_the_rule_never_counts_the_opinion_does_not_count_either():
    context = PassRule({**RULE.thresholds, "too_far_away": 1.0}, second_opinion=True)
    for far in (opinion(too_far_away=0.8, ready=0.19), opinion(too_far_away=0.97, ready=0.001, blurry=0.02)):
        found = revised(verdict(rule=context), context, far, 0.4)
        assert (found.passes, found.flagged) == (True, ())


def test_the_bounds_on_the_spot_hold_with_an_opinion_as_well():
    near = PassRule(RULE.thresholds, second_opinion=True, spot_at_most=0.45)
    found = revised(verdict(rule=near, where=LesionLocation(0, 0, 0.8)), near, opinion(ready=0.99), 0.4)
    assert (found.flagged, found.too_close, found.passes) == (("bad_framing",), True, False)


def test_probabilities_sum_to_one_whatever_is_read():
    weights = np.random.default_rng(0).normal(0, 50, (len(CONDITIONS), len(FEATURES)))
    found = chances(np.full(len(FEATURES), 9.0), weights, np.zeros(len(CONDITIONS)))
    assert list(found) == list(CONDITIONS)
    assert sum(found.values()) == pytest.approx(1)


def test_the_kinds_of_one_condition_add_up():
    kinds = (*CONDITIONS, "bad_framing", "bad_framing")
    found = chances(
        np.zeros(len(FEATURES)), np.zeros((len(kinds), len(FEATURES))), np.zeros(len(kinds)), kinds
    )
    assert found["bad_framing"] == pytest.approx(3 / len(kinds))
    assert found["ready"] == pytest.approx(1 / len(kinds))
    assert list(found) == list(CONDITIONS)


def test_features_are_finite_for_extreme_answers_and_pictures():
    quality = dict.fromkeys(QUALITY_CLASSES, 0.0) | {"lesion": 1.0}
    for level in (0, 255):
        square = np.full((224, 224, 3), level, np.uint8)
        measured = image_stats(square), square, square
        framing = dict.fromkeys(FRAMINGS, 0.0) | {"far": 1.0}
        given = features(quality, dict.fromkeys(EXPLANATIONS, 0.0), *measured, np.zeros((7, 7)), framing)
        assert given.shape == (len(FEATURES),)
        assert np.isfinite(given).all()


def test_where_the_lesion_lies_is_read_off_the_places():
    square = np.full((224, 224, 3), 150, np.uint8)
    measured = image_stats(square), square, square
    known = dict.fromkeys(QUALITY_CLASSES, 0.25), dict.fromkeys(EXPLANATIONS, 0.5), *measured
    middle, edge = np.full((7, 7), 0.01), np.full((7, 7), 0.01)
    middle[3, 3], edge[0, 3] = 0.9, 0.9
    at = {name: place for place, name in enumerate(FEATURES)}
    inside, cut = features(*known, middle, ALL_ALIKE), features(*known, edge, ALL_ALIKE)
    assert inside[at["edge_to_peak"]] < 0.02 < 0.98 < cut[at["edge_to_peak"]]
    assert inside[at["inner"]] > 0 > cut[at["inner"]]
    assert inside[at["peak"]] == pytest.approx(cut[at["peak"]])


def test_each_framing_is_read_for_itself():
    square = np.full((224, 224, 3), 150, np.uint8)
    measured = image_stats(square), square, square
    known = (
        dict.fromkeys(QUALITY_CLASSES, 0.25),
        dict.fromkeys(EXPLANATIONS, 0.5),
        *measured,
        np.zeros((7, 7)),
    )
    before = features(*known, ALL_ALIKE)
    for name in FRAMINGS:
        changed = features(*known, ALL_ALIKE | {name: 0.9}) != before
        assert [FEATURES[place] for place in np.flatnonzero(changed)] == [f"framing_{name}"]


def test_the_names_of_the_features_are_different():
    assert len(set(FEATURES)) == len(FEATURES)


def test_a_lesion_that_the_frame_cuts_does_not_pass():
    found = revised(verdict(), RULE, opinion(ready=0.9), 0.4, truncated=True)
    assert (found.label, found.flagged, found.passes) == ("lesion", ("bad_framing",), False)


@pytest.mark.parametrize(
    ("network", "found", "rule"),
    [
        (verdict(), opinion(blurry=0.9), RULE),
        (verdict("no_skin"), opinion(no_skin=0.9), RULE),
        (verdict(), opinion(healthy_skin=0.9), RULE),
        (verdict(), opinion(ready=0.9), WITHOUT_FRAMING),
    ],
    ids=["another fault", "no skin", "no lesion", "framing is not counted"],
)
def test_that_the_frame_cuts_it_adds_nothing_elsewhere(network, found, rule):
    assert revised(network, rule, found, 0.4, truncated=True) == revised(network, rule, found, 0.4)


@pytest.mark.parametrize(
    ("framing", "truncated"),
    [
        ({"whole": 0.25, "cut": 0.75}, True),
        ({"whole": 0.26, "cut": 0.74}, False),
        ({"whole": 0.2, "cut": 0.3, "near": 0.5}, True),
        ({"whole": 0.05, "cut": 0.1, "near": 0.05, "far": 0.8}, True),
        ({"whole": 0.1, "cut": 0.2, "healthy_skin": 0.7}, False),
    ],
    ids=["at the threshold", "below", "near counts as well", "the others do not", "nor here"],
)
def test_a_truncated_lesion_is_found_from_the_threshold_on(framing, truncated):
    assert is_truncated(dict.fromkeys(FRAMINGS, 0.0) | framing, 0.75) is truncated
