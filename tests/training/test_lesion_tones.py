import numpy as np
import pytest

from core.lesion.taxonomy import LABELS
from training.evaluation.fairness import BINS
from training.evaluation.lesion_predictions import LesionPredictions
from training.evaluation.lesion_text import _tones
from training.evaluation.lesion_tones import recall_by_tone

LIGHT, BROWN = 50.0, 0.0


def predictions(rows):
    """Of rows (true class, predicted class), each photograph its own person."""
    truth, best = np.array(rows).T
    count = len(rows)
    text = np.array([""] * count)
    return LesionPredictions(
        label=truth,
        logits=np.eye(len(LABELS))[best],
        pooled=np.zeros((count, 0)),
        groups=text,
        sources=text,
        keys=np.array([f"key{i}" for i in range(count)]),
    )


def tones(*angles):
    return {f"key{i}": angle for i, angle in enumerate(angles) if angle is not None}


def of_bins(found):
    return {entry["name"]: entry for entry in found["bins"] if entry["n"]}


def test_recall_is_counted_within_each_tone_and_unknown_tones_are_left_out():
    rows = [(0, 0)] * 20 + [(0, 0)] * 15 + [(0, 1)] * 5 + [(0, 1)] * 3
    found = recall_by_tone(predictions(rows), tones(*[LIGHT] * 20, *[BROWN] * 20, *[None] * 3))
    light, brown = of_bins(found)["light"], of_bins(found)["brown"]
    assert (light["n"], light["recall"]) == (20, 1.0)
    assert (brown["n"], brown["recall"]) == (20, 0.75)
    low, high = brown["recall_interval"]
    assert low < 0.75 < high
    assert found["n_unknown"] == 3
    assert found["largest_gap"] == 0.25
    assert len(found["bins"]) == len(BINS)


def test_a_tone_that_only_has_the_harder_kind_does_no_worse_than_its_mix():
    easy, hard = [(0, 0)] * 20, [(1, 1)] * 10 + [(1, 0)] * 10
    found = recall_by_tone(predictions(easy + hard), tones(*[LIGHT] * 20, *[BROWN] * 20))
    assert found["largest_gap"] == 0.5
    assert of_bins(found)["brown"]["expected"] == pytest.approx(0.5)
    assert found["largest_gap_beyond_the_mix"] == 0.0


def test_small_bins_are_shown_and_make_no_gap():
    found = recall_by_tone(predictions([(0, 0)] * 20 + [(0, 1)] * 5), tones(*[LIGHT] * 20, *[BROWN] * 5))
    assert of_bins(found)["brown"]["recall"] == 0.0
    assert found["largest_gap"] is None
    [table] = list(_tones(found))
    assert [row[1] for row in table.rows] == [20, 5]


def test_without_any_tone_there_are_no_figures():
    found = recall_by_tone(predictions([(0, 0)]), {})
    assert found["n_unknown"] == 1
    assert not of_bins(found)
