import numpy as np
import pytest

from core.quality.imageqx import rule_of
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import judge
from core.runtime.manifest import OperatingPoint
from core.runtime.probability import softmax
from training.recipes.calibrate import (
    HIGHEST,
    KEEP,
    LESION_LIMIT,
    LOWEST,
    NAMED,
    acceptable,
    good_lesions,
    joint_point,
    naming_limits,
    naming_offset,
    operating_points,
    passing,
    youden,
)

LESION, POOR = QUALITY_CLASSES.index("lesion"), QUALITY_CLASSES.index("poor_quality")


def made_up(n=900, seed=0, sure=2.0, lean=0.0):
    """Photos with one or two faults each where poor; ``lean`` tilts the class head towards poor_quality."""
    rng = np.random.default_rng(seed)
    label = rng.choice(4, n, p=[0.3, 0.15, 0.15, 0.4])
    given = np.zeros((n, 5), bool)
    for row in np.flatnonzero(label == POOR):
        given[row, rng.choice(5, rng.integers(1, 3), replace=False)] = True
    scores = 1 / (1 + np.exp(-(rng.normal(-1.5, 1, (n, 5)) + 2.2 * given)))
    logits = rng.normal(0, 1, (n, 4))
    logits[np.arange(n), label] += sure
    logits[:, POOR] += lean
    return softmax(logits), scores, label == LESION, label == POOR, given


def true_class(quality, good, faulty):
    """The classes of such photos; which of the other two it is is of no account."""
    return np.where(good, LESION, np.where(faulty, POOR, 2))


def points_of(quality, scores, good, faulty, given):
    return operating_points(quality, scores, good, faulty, given, true_class(quality, good, faulty))


@pytest.mark.parametrize("lean", [0.0, 1.5, -1.5])
@pytest.mark.parametrize("keep", [0.85, 0.95])
def test_the_wanted_share_of_good_photos_passes(keep, lean):
    quality, scores, good, faulty, _given = made_up(lean=lean, sure=3.0)
    point = joint_point(quality, scores, good, faulty, keep)
    passes = passing(quality, scores, point)
    # More pass only where no faulty photo is left to refuse.
    assert keep <= passes[good].mean()
    assert passes[good].mean() <= keep + 0.02 or not passes[faulty].any()
    assert passes[faulty].mean() < 0.5 * passes[good].mean()


def test_the_class_gets_an_offset_where_it_alone_refuses_too_many():
    quality, scores, good, faulty, _given = made_up(lean=3.0, sure=3.0)
    assert (quality[good].argmax(axis=1) == LESION).mean() < 0.6
    point = joint_point(quality, scores, good, faulty, 0.85)
    assert point.class_offsets["poor_quality"] < -1
    assert passing(quality, scores, point)[good].mean() >= 0.85


def test_the_lesion_offset_is_used_only_where_it_must_be():
    quality, scores, good, faulty, _given = made_up(sure=6.0)
    assert "lesion" not in joint_point(quality, scores, good, faulty, 0.85).class_offsets
    vague, scores, good, faulty, _given = made_up(sure=1.0)
    assert 0 < joint_point(vague, scores, good, faulty, 0.85).class_offsets["lesion"] <= LESION_LIMIT


def test_the_joint_search_beats_equal_false_alarms():
    rng = np.random.default_rng(3)
    n = 400
    good, faulty = np.arange(n) < 200, np.arange(n) >= 200
    # Blur tells good from faulty, the others tell nothing: all that may be refused should go to blur.
    scores = rng.uniform(0.2, 0.8, (n, 5))
    blurry = EXPLANATIONS.index("blurry")
    scores[:, blurry] = np.where(good, rng.normal(0.4, 0.1, n), rng.normal(0.55, 0.1, n)).clip(0, 1)
    quality = np.tile([0.97, 0.01, 0.01, 0.01], (n, 1))
    passes = passing(quality, scores, joint_point(quality, scores, good, faulty, 0.85))
    bar = np.quantile(scores[good, blurry], 0.85)
    alone = (scores[faulty, blurry] >= bar).mean()
    assert passes[good].mean() >= 0.85
    assert 1 - passes[faulty].mean() >= alone - 0.01


def test_no_better_vector_on_a_small_grid():
    """Against every vector of three rungs a score: the search must not do worse."""
    quality, scores, good, faulty, _given = made_up(n=300, seed=5, sure=4.0)
    found = passing(quality, scores, joint_point(quality, scores, good, faulty, 0.85))
    offset = joint_point(quality, scores, good, faulty, 0.85).class_offsets.get("lesion", 0.0)
    grids = [np.quantile(scores[good, k], [0.9, 0.96, 1.0]) + 1e-4 for k in range(5)]
    best = 0.0
    for rungs in np.ndindex(3, 3, 3, 3, 3):
        thresholds = {name: min(1.0, grids[k][rungs[k]]) for k, name in enumerate(EXPLANATIONS)}
        for poor in (-2.0, -1.0, 0.0, 1.0):
            offsets = {"poor_quality": poor, "lesion": offset}
            passes = passing(quality, scores, OperatingPoint(thresholds=thresholds, class_offsets=offsets))
            if passes[good].mean() >= 0.85:
                best = max(best, 1 - passes[faulty].mean())
    assert 1 - found[faulty].mean() >= best


def test_the_points_are_ordered_and_the_same_every_time():
    quality, scores, good, faulty, given = made_up(lean=0.5)
    photos = quality, scores, good, faulty, given, true_class(quality, good, faulty)
    points = operating_points(*photos)
    assert points == operating_points(*photos)
    passed = {name: passing(quality, scores, point) for name, point in points.items()}
    assert passed["lenient"][good].mean() > passed["balanced"][good].mean()
    assert passed["lenient"][faulty].mean() > passed["balanced"][faulty].mean()
    assert not points["strict"].class_offsets


def test_passing_is_what_the_app_decides():
    quality, scores, good, faulty, given = made_up(n=200)
    for point in points_of(quality, scores, good, faulty, given).values():
        rule = rule_of(point)
        decided = [
            judge(
                assessor="test",
                width=1,
                height=1,
                quality=dict(zip(QUALITY_CLASSES, map(float, classes), strict=True)),
                explanations=dict(zip(EXPLANATIONS, map(float, faults), strict=True)),
                rule=rule,
                milliseconds=0,
            ).passes
            for classes, faults in zip(quality, scores, strict=True)
        ]
        assert decided == passing(quality, scores, point).tolist()


def test_points_without_good_or_without_faulty_photos():
    quality, scores, good, faulty, given = made_up(n=100)
    none = np.zeros(100, bool)
    assert joint_point(quality, scores, none, faulty, 0.85).thresholds == dict.fromkeys(EXPLANATIONS, 0.5)
    point = joint_point(quality, scores, good, none, 0.85)
    assert passing(quality, scores, point)[good].mean() >= 0.85
    empty = points_of(quality[:0], scores[:0], none[:0], none[:0], given[:0])
    assert set(empty) == {"balanced", "lenient", "strict"}


def test_a_single_good_photo_passes():
    quality, scores = np.array([[0.6, 0.1, 0.1, 0.2]]), np.full((1, 5), 0.3)
    yes, no = np.array([True]), np.array([False])
    assert passing(quality, scores, joint_point(quality, scores, yes, no, 0.85)).all()


def test_thresholds_stay_inside_their_limits():
    quality, scores, good, faulty, given = made_up(n=300)
    for extreme in (np.zeros_like(scores), np.ones_like(scores), scores * 1e-3):
        for point in points_of(quality, extreme, good, faulty, given).values():
            assert all(LOWEST <= value <= HIGHEST for value in point.thresholds.values())


def test_youden_by_hand():
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 0], bool)
    score = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.6])
    # Between 0.4 and 0.5: all three found, one of five flagged for nothing.
    assert youden(truth, score) == pytest.approx(0.45)
    assert youden(np.zeros(4, bool), score[:4]) == 0.5
    assert youden(np.ones(4, bool), score[:4]) == 0.5


def test_good_means_that_at_most_two_of_twelve_object():
    votes = np.array([[12, 0, 0, 0], [9, 0, 1, 2], [9, 0, 0, 3], [1, 0, 9, 2], [0, 0, 0, 12]]) / 12
    label = votes.argmax(axis=1)
    assert good_lesions(label, votes).tolist() == [True, True, False, False, False]
    assert acceptable(label, votes).tolist() == [True, True, False, True, False]


def test_the_classes_are_named_well_within_what_that_may_cost():
    """A head that says poor_quality too seldom gets an offset, but only so far as good photos still pass."""
    quality, scores, good, faulty, given = made_up(n=2000, lean=-1.5, sure=2.5)
    label = true_class(quality, good, faulty)
    free = naming_offset(quality, label, good, cost=1.0)
    assert 1.0 <= free <= 2.0
    tight = naming_offset(quality, label, good, cost=0.08)
    assert 0 < tight < free
    offsets = tight * (np.arange(4) == POOR)
    assert ((np.log(quality) + offsets).argmax(axis=1) != LESION)[good].mean() <= 0.08
    point = operating_points(quality, scores, good, faulty, given, label)["balanced"]
    assert point.class_offsets["poor_quality"] >= naming_offset(quality, label, good, 0.1)
    assert passing(quality, scores, point)[good].mean() >= 0.85


def test_a_class_that_refuses_too_many_already_is_left_to_the_joint_search():
    quality, _scores, good, faulty, _given = made_up(lean=3.0, sure=3.0)
    assert naming_offset(quality, true_class(quality, good, faulty), good, 0.1) < -1


def test_a_plain_fault_is_named_where_good_photos_hardly_pay_for_it():
    rng = np.random.default_rng(0)
    good = np.arange(1000) < 500
    plain = np.zeros((1000, 5), bool)
    plain[500:600] = True
    scores = rng.uniform(0.0, 0.1, (1000, 5))
    scores[plain] = rng.uniform(0.2, 0.8, plain.sum())
    scores[:500, 4] = rng.uniform(0.0, 0.8, 500)  # what is told badly: good photos look like faulty ones
    limits = naming_limits(scores, plain, good, cost=0.05)
    assert limits[4] == HIGHEST
    for score, limit in zip(scores.T[:4], limits, strict=False):
        assert (score[plain[:, 0]] >= limit).mean() == pytest.approx(NAMED, abs=0.011)


def test_limits_hold_and_where_nothing_is_plain_there_are_none():
    quality, scores, good, faulty, given = made_up()
    label = true_class(quality, good, faulty)
    free = operating_points(quality, scores, good, faulty, given, label, np.zeros_like(given))
    assert free == operating_points(quality, scores, good, faulty, given, label)
    held = operating_points(quality, scores, good, faulty, given, label, given)
    for name, point in held.items():
        if name in KEEP:
            limits = naming_limits(scores, given, good, (1 - KEEP[name]) / 2)
            for one, limit in zip(EXPLANATIONS, limits, strict=True):
                assert point.thresholds[one] <= limit + 1e-4
