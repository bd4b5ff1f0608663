"""Collections held out in turn: the classifier never saw a photograph of the group it is asked about."""

import numpy as np
import pytest

from core.lesion.taxonomy import LABELS
from training.evaluation import lesion_folds
from training.evaluation.lesion_folds import fold_report, groups_of, held_out


def test_collections_that_share_originals_are_held_out_together():
    assert groups_of(["facesd", "one", "skin8", "bites", "one"]) == [
        ("skin8", "facesd"),
        ("bites",),
        ("one",),
    ]


def made_up():
    """Two classes in three collections: the class moves the first feature, the collection the second."""
    rng = np.random.default_rng(0)
    slugs = np.repeat(["one", "two", "three"], 40)
    labels = np.tile([0, 1], 60)
    features = rng.normal(0, 0.3, (120, 2)).astype(np.float32)
    features[:, 0] += labels * 2
    features[:, 1] += np.repeat([0, 3, 6], 40)
    return features, labels, slugs


def test_what_carries_over_is_found_and_what_names_the_collection_is_not():
    features, labels, slugs = made_up()
    assert np.mean(held_out(features, labels, slugs) == labels) > 0.9
    # A class that is a collection cannot be known where that collection is held out.
    place = np.repeat([0, 1, 2], 40)
    assert not np.any(held_out(features[:, 1:], place, slugs) == place)


def test_a_group_is_asked_about_by_others_only(monkeypatch):
    features, labels, slugs = made_up()
    seen = []

    def fit(inputs, given, *_args, **more):
        seen.append((len(inputs), len(given), len(more["weights"])))
        return lesion_folds.torch.zeros(len(LABELS), 2), lesion_folds.torch.zeros(len(LABELS))

    monkeypatch.setattr(lesion_folds, "fit_linear", fit)
    held_out(features, labels, slugs)
    assert seen == [(80, 80, 80)] * 3


def test_the_mean_is_of_classes_with_two_groups_and_passes_dermoscopy_over():
    labels = np.array([0] * 10 + [1] * 10 + [2] * 10)
    slugs = np.array((["one"] * 5 + ["two"] * 5) * 2 + ["dermnetnz"] * 5 + ["skin8"] * 5)
    said = labels.copy()
    said[:4] = 9
    found = fold_report(said, labels, slugs, np.arange(30).astype(str))
    assert list(found["classes"]) == [LABELS[0], LABELS[1]]
    assert found["classes"][LABELS[0]]["recall"] == pytest.approx(0.6)
    assert found["mean_recall"] == pytest.approx(0.8)
    low, high = found["mean_recall_interval"]
    assert low < 0.8 < high
    slugs[:5] = "scdet2"
    assert list(fold_report(said, labels, slugs, np.arange(30).astype(str))["classes"]) == [LABELS[1]]


def test_a_start_that_cannot_be_used_is_one_sentence(tmp_path, capsys):
    assert lesion_folds.main(["--data", str(tmp_path), "--init", "imagenet"]) == 1
    assert "manifest.csv" in capsys.readouterr().err
