"""Boosted trees as arrays: they answer as they are grown, and a damaged file never gets that far."""

import numpy as np
import pytest

from core.quality.classical_model import HEADS, ClassicalModel, load_model, save_model
from core.quality.trees import trees_of
from core.runtime.manifest import OperatingPoint, WeightsError

STUMPS = {
    # Two trees: measure 1 at most 0.5; and one that is nothing but a leaf.
    "feature": np.array([[1, 0, 0], [0, 0, 0]], np.int16),
    "threshold": np.array([[0.5, 0, 0], [0, 0, 0]], np.float32),
    "left": np.array([[1, 1, 2], [0, 1, 2]], np.int16),
    "right": np.array([[2, 1, 2], [0, 1, 2]], np.int16),
    "value": np.array([[0, -1, 2], [3, 0, 0]], np.float32),
    "head": np.array([0, 1], np.int16),
    "start": np.array([10.0, 20.0]),
}


def test_leaves_add_up_to_the_scores_of_their_heads():
    trees = trees_of(STUMPS, features=2, heads=2)
    assert trees.depth == 1
    assert trees.scores(np.array([9, 0.5], np.float32)).tolist() == [9.0, 23.0]
    assert trees.scores(np.array([9, 0.6], np.float32)).tolist() == [12.0, 23.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feature", np.full((2, 3), 2, np.int16)),
        ("left", np.full((2, 3), 3, np.int16)),
        ("right", np.full((2, 3), -1, np.int16)),
        ("head", np.array([0, 2], np.int16)),
        ("value", np.full((2, 3), np.nan, np.float32)),
        ("value", np.zeros((2, 3), np.float64)),
        ("start", np.zeros(3)),
        ("left", np.array([[1, 0, 2], [0, 1, 2]], np.int16)),
    ],
)
def test_arrays_that_lead_astray_are_refused(name, value):
    with pytest.raises(ValueError, match=r"."):
        trees_of(STUMPS | {name: value}, features=2, heads=2)


@pytest.fixture
def model():
    columns = STUMPS | {"start": np.arange(len(HEADS), dtype=float)}
    faults = ("bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away")
    points = {"balanced": OperatingPoint(thresholds=dict.fromkeys(faults, 0.25), class_offsets={"lesion": 1})}
    return ClassicalModel(("one", "two"), trees_of(columns, 2, len(HEADS)), 1.5, points)


def test_a_model_comes_back_from_its_file_as_it_was(model, tmp_path):
    again = load_model(save_model(model, tmp_path / "classical.npz"))
    given = np.array([0, 1], np.float32)
    assert again.probabilities(given) == model.probabilities(given)
    assert (again.features, again.temperature, again.points) == (model.features, 1.5, model.points)


def test_a_file_that_is_missing_damaged_or_pickled_is_one_sentence(model, tmp_path):
    file = tmp_path / "classical.npz"
    with pytest.raises(WeightsError, match=r"is missing"):
        load_model(file)
    save_model(model, file)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(WeightsError, match=r"is damaged"):
        load_model(file)
    np.savez(file, heads=np.array([print], dtype=object))
    with pytest.raises(WeightsError, match=r"is damaged"):
        load_model(file)
