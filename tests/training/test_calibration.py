import json

import numpy as np
import pytest

from core.metrics import draws
from core.runtime.probability import softmax
from training.evaluation.calibration import (
    at_thresholds,
    best_thresholds,
    reliability,
    reliability_bins,
)
from training.evaluation.metrics import auc, best_f1, confusion, macro_f1, roc_points, share_interval


def yes(*values):
    return np.array(values, bool)


def test_bins_and_error_by_hand():
    chance = np.array([0.62, 0.68, 0.95, 1.0])
    bins, error = reliability_bins(chance, yes(1, 0, 1, 1))
    assert len(bins) == 10
    assert bins[6] == {"low": 0.6, "high": 0.7, "n": 2, "said": 0.65, "right": 0.5}
    assert bins[9] == {"low": 0.9, "high": 1.0, "n": 2, "said": 0.975, "right": 1.0}
    assert bins[0]["said"] is None
    assert error == pytest.approx((2 * 0.15 + 2 * 0.025) / 4, abs=1e-3)


def test_no_answers_have_no_error():
    bins, error = reliability_bins(np.zeros(0), np.zeros(0, bool))
    assert error is None
    assert sum(entry["n"] for entry in bins) == 0


def test_the_temperature_is_undone_for_before():
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(0, 1, (4000, 4))
    truth = np.array([rng.choice(4, p=chances) for chances in softmax(logits / 3)])
    found = reliability(softmax(logits / 3), truth, 3.0)
    assert found["ece_after"] < 0.03
    assert found["ece_before"] > 0.15
    plain = softmax(logits)
    bins, error = reliability_bins(plain.max(axis=1), plain.argmax(axis=1) == truth)
    assert found["bins_before"] == bins
    assert found["ece_before"] == error
    json.dumps(found)


def test_without_a_temperature_before_is_after():
    found = reliability(np.array([[0.7, 0.1, 0.1, 0.1]]), np.array([0]), 1.0)
    assert found["bins_before"] == found["bins_after"]


def test_best_f1_by_hand():
    truth, score = yes(0, 1, 1, 0, 1), np.array([0.1, 0.8, 0.6, 0.5, 0.4])
    # At 0.4: three hits of four; at 0.6: two hits of two. 2*3/7 > 2*2/5.
    assert best_f1(truth, score) == pytest.approx((0.25, 6 / 7))
    assert best_f1(yes(0, 0), score[:2]) is None
    # Equal scores stand or fall together.
    assert best_f1(yes(1, 0, 1, 0), np.full(4, -1e6)) == pytest.approx((-1e6, 2 / 3))
    assert best_f1(yes(1, 0), np.array([0.5, 0.5])) == pytest.approx((0.5, 2 / 3))


def test_best_f1_is_the_best_of_all_thresholds():
    rng = np.random.default_rng(1)
    truth = rng.random(300) < 0.3
    score = (rng.random(300) * 0.7 + 0.3 * truth).round(2)

    def f1(bar):
        given = score >= bar
        return 2 * (given & truth).sum() / (given.sum() + truth.sum())

    threshold, best = best_f1(truth, score)
    assert f1(threshold) == best == max(f1(bar) for bar in np.unique(score))


def test_thresholds_of_one_set_are_used_on_another(make_predictions):
    validation = make_predictions(200, seed=0)
    thresholds = best_thresholds(validation)
    other = make_predictions(100, seed=1)
    found = at_thresholds(other, thresholds | {"blurry": 0.0}, draws(other.keys, 50))
    assert found["blurry"]["recall"] == 1
    assert found["blurry"]["specificity"] == 0
    low, high = found["bad_light"]["f1_interval"]
    assert low <= found["bad_light"]["f1"] <= high
    assert found["bad_light"]["threshold"] == thresholds["bad_light"]
    assert at_thresholds(other, {}, draws(other.keys, 50)) == {}


def test_confusion_has_rows_of_truth():
    assert confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 3) == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_macro_f1_leaves_out_classes_that_do_not_occur():
    truth, said = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert macro_f1(truth, said, 4) == pytest.approx((1 + 2 / 3) / 2)
    twice = macro_f1(truth, said, 4, np.array([[1, 1, 1, 0], [0, 0, 0, 0.0]]))
    assert twice[0] == 1
    assert np.isnan(twice[1])


def test_roc_by_hand_and_never_too_long():
    points = roc_points(yes(1, 0, 1, 0), np.array([0.9, 0.6, 0.6, 0.1]))
    assert points == [[0.0, 0.0], [0.0, 0.5], [0.5, 1.0], [1.0, 1.0]]
    assert roc_points(yes(1, 1), np.array([0.1, 0.2])) == []
    rng = np.random.default_rng(0)
    truth = rng.random(3000) < 0.5
    many = np.array(roc_points(truth, rng.random(3000) + 0.5 * truth))
    assert len(many) <= 60
    assert (np.diff(many, axis=0) >= 0).all()
    assert many[0].tolist() == [0, 0]
    assert many[-1].tolist() == [1, 1]


def test_the_thinned_roc_keeps_its_area():
    rng = np.random.default_rng(2)
    truth = rng.random(2000) < 0.3
    score = rng.normal(0, 1, 2000) + 1.5 * truth

    points = np.array(roc_points(truth, score))
    area = np.sum(np.diff(points[:, 0]) * (points[1:, 1] + points[:-1, 1]) / 2)
    assert area == pytest.approx(float(auc(truth, score)), abs=0.01)


def test_an_interval_of_a_share_stays_honest_for_few_cases():
    assert share_interval(0, 0) is None
    low, high = share_interval(3, 3)
    assert high == 1
    assert 0.3 < low < 0.5
    assert share_interval(50, 100) == pytest.approx([0.404, 0.596], abs=0.002)
