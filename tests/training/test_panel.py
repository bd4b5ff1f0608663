from dataclasses import replace

import numpy as np
import pytest

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.training.degrade import Measures
from core.training.panel import ONSETS, RATERS, Panel, Votes, agreement

FINE = Measures(
    extent=0.4, share=1, offset=0.02, blur=0.05, luma=0.5, clipped=0, shading=1.1, pixels=480, jpeg=90
)
POOR = QUALITY_CLASSES.index("poor_quality")


def vote(measures, group="lesion", seed=3):
    return Panel(1).vote(measures, group, np.random.default_rng(seed))


@pytest.mark.parametrize("group", ["lesion", "healthy_skin", "no_skin"])
def test_nobody_objects_to_a_fine_photograph(group):
    votes = vote(FINE, group)
    assert votes.explanations.sum() == 0
    assert QUALITY_CLASSES[votes.label] == group
    assert votes.quality.sum() == RATERS


WORST = {
    "too_far_away": {"extent": 0.01},
    "bad_framing": {"share": 0.2, "offset": 0.7},
    "blurry": {"blur": 3.0},
    "bad_light": {"luma": 0.03},
    "low_resolution": {"pixels": 30},
}


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_everybody_sees_a_hopeless_fault_and_only_that(name):
    votes = vote(replace(FINE, **WORST[name]))
    assert votes.explanations[EXPLANATIONS.index(name)] == RATERS
    assert votes.explanations.sum() == RATERS
    assert votes.label == POOR
    assert votes.shares[POOR] == 1


def test_scenes_without_skin_keep_their_class_but_get_explanations():
    votes = vote(replace(FINE, blur=3.0), "no_skin")
    assert QUALITY_CLASSES[votes.label] == "no_skin"
    assert votes.explanations[EXPLANATIONS.index("blurry")] == RATERS


@pytest.mark.parametrize("onset", ONSETS, ids=lambda o: f"{o.explanation}-{o.measure}-{o.begins}")
def test_about_half_the_raters_object_where_the_table_says_a_fault_begins(onset):
    column = EXPLANATIONS.index(onset.explanation)
    measures = replace(FINE, **{onset.measure: onset.begins})
    given = [vote(measures, seed=seed).explanations[column] for seed in range(60)]
    assert 0.42 * RATERS < np.mean(given) < 0.58 * RATERS


@pytest.mark.parametrize("onset", ONSETS, ids=lambda o: f"{o.explanation}-{o.measure}-{o.begins}")
def test_one_deviation_past_the_onset_most_raters_object(onset):
    column = EXPLANATIONS.index(onset.explanation)
    way = 1 if onset.above else -1
    past = onset.begins * onset.scatter**way if onset.factor else onset.begins + way * onset.scatter
    measures = replace(FINE, **{onset.measure: past})
    given = [vote(measures, seed=seed).explanations[column] for seed in range(60)]
    assert 0.75 * RATERS < np.mean(given) < 0.93 * RATERS


def test_more_blur_never_wins_raters_back():
    steps = [vote(replace(FINE, blur=blur)).explanations[2] for blur in (0.1, 0.3, 0.5, 0.8, 1.2)]
    assert steps == sorted(steps)
    assert steps[0] == 0


def test_the_seed_seats_the_panel():
    assert np.array_equal(Panel(4).tolerance, Panel(4).tolerance)
    assert not np.array_equal(Panel(4).tolerance, Panel(5).tolerance)


def test_raters_agree_well_but_not_wholly_on_photographs_of_mixed_quality():
    rng = np.random.default_rng(8)
    panel = Panel(1)
    rows = [
        panel.objections(replace(FINE, blur=float(np.exp(rng.uniform(np.log(0.1), np.log(2.5))))), rng)
        for _photo in range(300)
    ]
    blurry = np.array(rows)[:, :, EXPLANATIONS.index("blurry")]
    kappas = [agreement(blurry[:, i], blurry[:, j]) for i in range(RATERS) for j in range(i)]
    assert 0.5 < np.mean(kappas) < 0.9


def test_agreement_by_hand():
    one, two = np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])
    # Observed 3/4; by chance 1/2 * 1/4 + 1/2 * 3/4 = 1/2.
    assert agreement(one, two) == pytest.approx(0.5)
    assert agreement(one, one) == 1
    assert agreement(np.ones(3), np.ones(3)) == 1


def test_fusion_by_hand():
    votes = Votes(quality=np.array([5, 0, 2, 5]), explanations=np.array([0, 1, 5, 0, 0]))
    assert votes.label == POOR  # of equals poor_quality wins
    assert votes.true_explanations.tolist() == [False, True, True, False, False]
    assert votes.shares == pytest.approx([5 / 12, 0, 2 / 12, 5 / 12])
