import json
from dataclasses import replace

import numpy as np
import pytest
from made_up_entry import made_up_entry

from core.lesion.abstain import read_centres, reasons
from core.runtime.weights import sha256_of
from training.data.sources import DataError
from training.evaluation import lesion_limits
from training.evaluation.lesion_calibration import judged
from training.evaluation.lesion_limits import abstention_report, fit, fit_centres, scores
from training.evaluation.lesion_predictions import NO_LESION, LesionPredictions

LABELS = ["a", "b", "c"]
CHANNELS = 6


def entry(**changes):
    return made_up_entry(**{"task": "lesion", "labels": LABELS, "file": "net.onnx"} | changes)


def predictions(seed, lesions, others, slug="somewhere", away=4.0, channels=CHANNELS):
    """Pictures of three classes, each in a direction of its own, and others in yet another one.

    Logits are right about nine times in ten; the others get logits just as large.
    """
    rng = np.random.default_rng(seed)
    truth = np.concatenate([rng.integers(0, 3, lesions), np.full(others, NO_LESION)])
    place = np.where(truth == NO_LESION, 3, truth)
    pooled = rng.normal(0, 1, (len(truth), channels))
    if channels:
        pooled[np.arange(len(truth)), place] += away
    said = np.where(rng.random(len(truth)) < 0.9, truth % 3, rng.integers(0, 3, len(truth)))
    logits = rng.normal(0, 0.5, (len(truth), 3))
    logits[np.arange(len(truth)), said] += rng.uniform(1, 5, len(truth))
    groups = np.where(truth == NO_LESION, "no_skin", "lesion")
    names = np.array([f"{slug}/{seed}/{i}" for i in range(len(truth))])
    return LesionPredictions(truth, np.full(len(truth), slug), names, logits, pooled, groups)


@pytest.fixture(scope="module")
def asked():
    sets = {"validation": predictions(1, 400, 200), "left_out": predictions(2, 100, 80, "elsewhere", 3.0)}
    sets["phantoms"] = predictions(3, 200, 100, "phantom")
    return sets, predictions(4, 400, 200)


def test_the_fit_answers_as_many_lesions_as_promised_and_refuses_the_others(asked, tmp_path):
    sets, references = asked
    found = fit(sets, references, entry(temperature=3.0), tmp_path)
    rule = found.abstention
    assert rule.score == "contrast"
    assert sha256_of(tmp_path / rule.file) == rule.sha256
    assert 0.3 < found.temperature < 2
    centres = read_centres(tmp_path / rule.file)
    shares, calibrated = [], judged(sets, found)
    for name in ("validation", "phantoms"):
        part = sets[name]
        why = reasons(calibrated[name].chances().max(1), part.logits, part.pooled, rule, centres)
        shares.append((why[part.lesion] == "").mean())
        assert (why[part.lesion] == "not_a_lesion").mean() <= 1 - lesion_limits.KEEP_FAMILIAR + 1e-9
        assert (why[~part.lesion] == "not_a_lesion").mean() > 0.7
    # Both sets are answered as promised, and one of them just so: no lower threshold is needed.
    assert lesion_limits.KEEP <= min(shares) < lesion_limits.KEEP + 0.03


def test_without_features_energy_is_all_there_is(tmp_path):
    sets = {"validation": predictions(1, 60, 30, channels=0)}
    found = fit(sets, predictions(2, 60, 30, channels=0), entry(), tmp_path)
    assert found.abstention.score == "energy"
    assert found.abstention.file is None
    assert not list(tmp_path.iterdir())
    assert fit_centres(predictions(2, 60, 0)) is None


def test_thresholds_need_a_lesion(tmp_path):
    with pytest.raises(DataError, match="validation photograph of a lesion"):
        fit({"left_out": predictions(1, 5, 5)}, predictions(2, 40, 20), entry(), tmp_path)


def test_all_ways_to_tell_are_compared_and_features_beat_energy(asked):
    sets, references = asked
    found = scores(references, sets["validation"])
    assert set(found) == {"energy", "contrast", "mahalanobis", "cosine"}
    areas = {
        name: lesion_limits.told_apart(sets["validation"], values)["auc"] for name, values in found.items()
    }
    assert areas["contrast"] > 0.95
    assert areas["mahalanobis"] > 0.8
    assert areas["cosine"] > 0.8
    assert 0.3 < areas["energy"] < 0.7


def test_distance_to_the_classes_is_mahalanobis(asked):
    _sets, references = asked
    probe = references.subset(np.arange(50))
    lesions = [references.pooled[references.label == k] for k in range(3)]
    rest = np.concatenate([part - part.mean(0) for part in lesions])
    spread = rest.T @ rest / len(rest)
    shrunk = (1 - lesion_limits.SHRINKAGE) * spread
    shrunk += lesion_limits.SHRINKAGE * np.trace(spread) / CHANNELS * np.eye(CHANNELS)
    far = [
        [(f - part.mean(0)) @ np.linalg.inv(shrunk) @ (f - part.mean(0)) for part in lesions]
        for f in probe.pooled
    ]
    assert scores(references, probe)["mahalanobis"] == pytest.approx(-np.min(far, axis=1))


def test_the_report_counts_what_is_turned_away_and_what_is_answered(asked, tmp_path):
    sets, references = asked
    found = fit(sets, references, entry(), tmp_path)
    centres = read_centres(tmp_path / found.abstention.file)
    report = abstention_report(sets, found, centres, references)
    json.dumps(report, allow_nan=False)
    kinds = {"validation", "left_out", "phantoms", "validation_and_phantoms"}
    assert set(report["not_a_lesion"]) == kinds
    known = report["not_a_lesion"]["validation"]
    assert (known["n_lesion"], known["n_other"]) == (400, 200)
    low, high = known["auc_interval"]
    assert low <= known["auc"] <= high
    assert known["roc"][0] == [0, 0]
    assert known["roc"][-1] == [1, 1]
    assert report["not_a_lesion"]["validation_and_phantoms"]["n_other"] == 300
    assert set(report["scores"]) == {"energy", "contrast", "mahalanobis", "cosine"}
    assert report["scores"]["contrast"]["validation"]["auc"] == known["auc"]
    answered = report["answered"]["validation"]
    refused = answered["not_a_lesion"] + answered["low_confidence"]
    assert answered["n"] == 400
    assert answered["answered"] == pytest.approx(1 - refused / 400, abs=1e-3)
    # Holding back the unsure ones makes the rest better.
    assert answered["right_of_answered"] >= answered["right_of_all"]
    assert set(abstention_report(sets, found, centres)["scores"]) == {"energy", "contrast"}
    assert abstention_report(sets, entry(), None) == {}


def test_groups_of_pictures_without_a_lesion_are_told_apart_each_by_itself(asked):
    sets, _references = asked
    part = sets["validation"]
    groups = part.groups.astype("U20")
    groups[np.flatnonzero(~part.lesion)[:50]] = "healthy_skin"
    mixed = replace(part, groups=groups)
    rule = {"score": "energy", "unfamiliar": 0.0, "low_confidence": 0.0}
    report = abstention_report({"validation": mixed}, entry(abstention=rule), None)
    found = report["not_a_lesion"]
    assert set(found) == {"validation", "validation_healthy_skin", "validation_no_skin"}
    assert (found["validation_healthy_skin"]["n_other"], found["validation_no_skin"]["n_other"]) == (50, 150)
