"""One temperature and a bias for each class, and what they are worth on other photographs."""

import numpy as np
import pytest
from made_up_entry import made_up_entry

from core.runtime.probability import softmax
from training.evaluation.calibration import reliability_bins
from training.evaluation.lesion_calibration import (
    MOST_ERROR,
    Calibration,
    caution,
    cross_fitted,
    fit_calibration,
    judged,
)
from training.evaluation.lesion_predictions import NO_LESION, LesionPredictions
from training.evaluation.predictions import joined

LABELS = ["a", "b", "c"]


def predictions(count, seed=0, prior=(0.8, 0.15, 0.05), boast=2.0, subjects=None):
    """A network that is honest for classes drawn evenly, but for boasting, asked about uneven ones."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, count, p=prior)
    seen = rng.normal(0, 1, (count, 3))
    seen[np.arange(count), truth] += 1.5
    keys = np.arange(count) if subjects is None else rng.integers(0, subjects, count)
    text = np.array(["lesion"] * count)
    # Of unit normals 1.5 apart the log odds are 1.5 times what is seen.
    return LesionPredictions(truth, text, keys.astype(str), boast * 1.5 * seen, np.zeros((count, 0)), text)


def entry_of(calibration, **changes):
    offsets = dict(zip(LABELS, map(float, calibration.biases), strict=True))
    fields = {"task": "lesion", "labels": LABELS, "temperature": calibration.temperature}
    return made_up_entry(**fields | {"class_offsets": offsets} | changes)


def test_what_the_network_boasts_and_what_is_frequent_is_found():
    made = predictions(20_000)
    found = fit_calibration(made.logits, made.label)
    assert found.temperature == pytest.approx(2, rel=0.05)
    wanted = np.log([0.8, 0.15, 0.05])
    np.testing.assert_allclose(found.biases - found.biases.mean(), wanted - wanted.mean(), atol=0.1)


def test_biases_make_answers_to_others_honest_and_better():
    made, others = predictions(3000), predictions(3000, seed=1)
    scores = fit_calibration(made.logits, made.label).scores(others.logits)

    def figures(logits):
        chances = softmax(logits)
        right = chances.argmax(1) == others.label
        return reliability_bins(chances.max(1), right)[1], right.mean()

    (before, fewer), (after, more) = figures(others.logits), figures(scores)
    assert after < 0.03 < before
    assert more > fewer + 0.05


def test_a_class_without_a_photograph_is_left_as_it_is():
    made = predictions(200, prior=(0.7, 0.3, 0))
    found = fit_calibration(made.logits, made.label)
    assert found.biases[2] == 0
    assert found.biases[0] > found.biases[1]
    # One photograph alone moves a bias, and not without limit.
    alone = fit_calibration(made.logits[:1], made.label[:1])
    assert np.isfinite(alone.biases).all()
    assert np.abs(alone.biases).max() < 6


def test_no_photograph_is_judged_by_its_own_label_or_its_subjects():
    made = predictions(60, prior=(0.4, 0.3, 0.3), subjects=25)
    subject = made.keys == made.keys[7]
    turned = made.label.copy()
    turned[subject] = (turned[subject] + 1) % 3
    other = LesionPredictions(**{**vars(made), "label": turned})
    same = np.isclose(cross_fitted(made), cross_fitted(other)).all(1)
    np.testing.assert_array_equal(same, subject)


def test_a_subject_alone_is_judged_by_its_own_fit():
    made = predictions(5)
    one = LesionPredictions(**{**vars(made), "keys": np.array(["x"] * 5)})
    fitted = fit_calibration(one.logits, one.label)
    np.testing.assert_allclose(cross_fitted(one), fitted.scores(one.logits))


def test_only_the_set_that_was_fitted_on_is_cross_fitted():
    made, new = predictions(80, prior=(0.5, 0.3, 0.2)), predictions(50, seed=2)
    bare = predictions(20, seed=3)
    bare = LesionPredictions(**{**vars(bare), "label": np.full(20, NO_LESION)})
    both = joined([made, bare])
    calibration = fit_calibration(made.logits, made.label)
    entry = entry_of(calibration)
    found = judged({"validation": both, "left_out": new}, entry)
    np.testing.assert_allclose(found["left_out"].logits, calibration.scores(new.logits))
    np.testing.assert_allclose(found["validation"].logits[:80], cross_fitted(made))
    np.testing.assert_allclose(found["validation"].logits[80:], calibration.scores(bare.logits))


def test_an_entry_without_offsets_is_temperature_alone():
    made = predictions(5)
    entry = made_up_entry(task="lesion", labels=LABELS, temperature=2.0)
    np.testing.assert_allclose(Calibration.of(entry).scores(made.logits), made.logits / 2)


def error_of(scores, truth):
    chances = softmax(scores)
    return reliability_bins(chances.max(1), chances.argmax(1) == truth)[1]


def test_caution_is_as_much_doubt_as_the_error_on_known_collections_allows():
    made = predictions(600, subjects=200)
    factor = caution(made)
    assert factor > 1.05
    assert error_of(cross_fitted(made), made.label) < error_of(cross_fitted(made, factor), made.label)
    assert error_of(cross_fitted(made, factor), made.label) <= MOST_ERROR
    assert error_of(cross_fitted(made, factor + 0.01), made.label) > MOST_ERROR
    # On photographs of a camera on which the network boasts more, doubt makes it honest.
    new = predictions(3000, seed=5, boast=3.5)
    fitted = fit_calibration(made.logits, made.label)
    raised = Calibration(fitted.temperature * factor, fitted.biases)
    assert error_of(raised.scores(new.logits), new.label) < error_of(fitted.scores(new.logits), new.label)


def test_photographs_that_were_fitted_on_are_judged_with_the_same_caution():
    made = predictions(80, prior=(0.5, 0.3, 0.2))
    fitted = fit_calibration(made.logits, made.label)
    entry = entry_of(Calibration(fitted.temperature * 1.2, fitted.biases))
    np.testing.assert_allclose(judged({"a": made}, entry)["a"].logits, cross_fitted(made, 1.2), rtol=1e-6)
    other = Calibration(fitted.temperature * 3, fitted.biases)
    np.testing.assert_allclose(judged({"a": made}, entry_of(other))["a"].logits, other.scores(made.logits))


def test_a_fit_that_is_in_error_already_is_left_as_it_is():
    made = predictions(12, prior=(0.4, 0.3, 0.3))
    assert caution(made) == 1.0 or error_of(cross_fitted(made, caution(made)), made.label) <= MOST_ERROR
