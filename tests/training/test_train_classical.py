"""Calibrating the classical assessor on a made-up pool: what is stored answers as scikit-learn does."""

import json

import numpy as np
import pytest

from core.__main__ import main
from core.quality.classical import Classical
from core.quality.classical_model import HEADS, load_model
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from training.evaluation.classical_limits import limits_report
from training.evaluation.focus import phantoms
from training.evaluation.good_or_bad import good_or_bad
from training.recipes.classical import Measured, Plan, calibrated, fit_trees, scores_of

COUNT = 240
PLAN = Plan(trees=6, leaf=5, measures=1.0)


@pytest.fixture(scope="module")
def samples():
    """Two measures of twelve are enough to tell everything; the others are noise."""
    rng = np.random.default_rng(0)
    given = rng.normal(size=(COUNT, 12)).astype(np.float32)
    explained = np.stack([given[:, k % 2] > 0.3 * k for k in range(len(EXPLANATIONS))], axis=1)
    label = np.where(explained.any(axis=1), QUALITY_CLASSES.index("poor_quality"), np.arange(COUNT) % 3)
    votes = np.eye(len(QUALITY_CLASSES))[label]
    names = tuple(f"m{k}" for k in range(12))
    return Measured(names, given, label, votes, explained, np.zeros(COUNT, bool))


def test_the_arrays_answer_as_scikit_learn_does(samples):
    from sklearn.ensemble import HistGradientBoostingClassifier

    scores = scores_of(fit_trees(samples, PLAN, seed=3), samples.given)
    for number in (0, len(EXPLANATIONS)):
        truth = samples.explained[:, 0] if number == 0 else samples.label
        model = HistGradientBoostingClassifier(
            max_iter=PLAN.trees,
            learning_rate=PLAN.rate,
            max_leaf_nodes=PLAN.leaves,
            max_depth=PLAN.depth,
            min_samples_leaf=PLAN.leaf,
            max_features=PLAN.measures,
            l2_regularization=PLAN.penalty,
            early_stopping=False,
            random_state=3 + number,
        ).fit(samples.given, truth)
        expected = model.decision_function(samples.given).reshape(COUNT, -1)
        ours = scores[:, number : number + expected.shape[1]]
        assert ours == pytest.approx(expected, abs=1e-5)


def test_a_model_has_learnt_and_comes_with_its_points(samples):
    model = calibrated(samples, samples, PLAN)
    assert set(model.points) == {"balanced", "lenient", "strict"}
    told = [model.probabilities(row) for row in samples.given]
    right = [
        max(quality, key=quality.get) == QUALITY_CLASSES[k]
        for (quality, _), k in zip(told, samples.label, strict=True)
    ]
    assert np.mean(right) > 0.6


def test_the_command_measures_a_pool_and_writes_the_model(tmp_path, capsys):
    pool, out = tmp_path / "pool", tmp_path / "out"
    pool.mkdir()
    rng = np.random.default_rng(1)
    splits = np.array(["train"] * 60 + ["validation"] * 20)
    pictures = rng.integers(0, 256, (80, 224, 224, 3), np.uint8)
    for name in ("images", "details"):
        np.save(pool / f"{name}.npy", pictures)
    votes = np.zeros((80, 4), np.uint16)
    votes[np.arange(80), np.arange(80) % 4] = 12
    columns = {name: np.array([""] * 80) for name in ("group", "label", "slug", "split_key")}
    np.savez(
        pool / "labels.npz",
        split=splits,
        quality_votes=votes,
        explanation_votes=rng.integers(0, 2, (80, 5), np.uint16),
        measures=np.zeros((80, 10), np.float32),
        **columns,
    )
    command = ["train", "classical", "--data", str(tmp_path), "--out", str(out), "--pool", str(pool)]
    assert main(command) == 0
    assert capsys.readouterr().out.strip().endswith(str(out / "classical.npz"))
    model = load_model(out / "classical.npz")
    assert len(model.trees.start) == len(HEADS)
    assert main([*command[:-1], str(tmp_path / "nowhere")]) == 1
    assert "There is no manifest.csv in" in capsys.readouterr().err


def test_every_limit_has_its_row_of_figures():
    assessor, pictures = Classical(), phantoms(2)
    found = limits_report(assessor, assessor.rule(), predictions(), pictures)
    assert set(found) == {limit.name for limit in assessor.limits}
    assert json.dumps(found)
    row = found["framing"]
    assert (row["alarms"], row["alarms_n"], row["missed"], row["missed_n"]) == (0.0, 2, 0.5, 2)
    # A scene without skin that is called a lesion, and a lesion that is called so.
    row = found["no_skin"]
    assert (row["missed"], row["missed_n"], row["alarms"]) == (1.0, 1, 0.0)
    assert found["background_blur"]["alarms_n"] == found["background_blur"]["missed_n"] <= 2


def predictions():
    from training.evaluation.quality_predictions import QualityPredictions

    votes = np.zeros((4, 5))
    votes[2:, 0] = 0.5
    flagged = np.zeros((4, 5), bool)
    flagged[3, 0] = True
    label = np.array([0, 1, 2, 3])
    return QualityPredictions(
        label=label,
        sources=np.array(["a"] * 4),
        keys=np.array(list("abcd")),
        class_votes=np.eye(4)[label],
        votes=votes,
        predicted=np.array([0, 0, 2, 3]),
        quality=np.eye(4)[[0, 0, 2, 3]],
        scores=flagged * 0.5,
        flagged=flagged,
        passes=np.array([True, True, False, False]),
        thumbs=np.array([b""] * 4, object),
    )


def test_areas_are_of_the_chance_that_a_photo_is_good():
    from training.evaluation.scores import scores_of as stored

    found = good_or_bad(stored(predictions()))
    assert (found["good_against_faulty"]["auc"], found["good_against_faulty"]["n"]) == (1.0, 2)
    assert found["lesion_against_all"]["auc"] == pytest.approx(0.833, abs=1e-3)
    assert found["bad_framing"]["auc"] == 0.75
    assert found["blurry"]["auc"] is None
