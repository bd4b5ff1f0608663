import numpy as np
import pytest
from made_up_entry import made_up_entry

from core.lesion import abstain
from core.lesion.abstain import Centres, contrast, energy, read_centres, reasons, write_centres
from core.lesion.classifier import LesionClassifier
from core.lesion.prediction import Prediction
from core.runtime.manifest import Abstention
from core.runtime.weights import sha256_of

LABELS = ["acne", "alopecia", "blister", "crust", "erythema", "leukoderma"]
LABELS += ["pigmented_macula", "tumor", "ulcer", "wheal"]
PICTURE = np.zeros((30, 40, 3), np.uint8)
ENERGY = Abstention(score="energy", unfamiliar=2.0, low_confidence=0.3)


class Engine:
    """Says the same of every picture."""

    def __init__(self, logits, features=None, folder=None):
        self.said = {"logits": np.float32([logits])}
        if features is not None:
            self.said["features"] = np.float32(features)[None]
        self.path = None if folder is None else folder / "net.onnx"

    def run(self, _batch):
        return self.said


def classify(engine, abstention):
    entry = made_up_entry(task="lesion", labels=LABELS, abstention=abstention)
    return LesionClassifier(engine, entry).predict(PICTURE)


def test_energy_is_the_log_of_the_summed_exponentials():
    logits = np.array([[0.0, 1.0, -2.0], [1000.0, 0.0, 0.0]])
    assert energy(logits) == pytest.approx([np.log(1 + np.e + np.exp(-2)), 1000.0])


def test_contrast_is_the_difference_of_the_squared_distances():
    rng = np.random.default_rng(0)
    means, root = rng.normal(size=(5, 4)), rng.normal(size=(4, 4))
    precision = root @ root.T + np.eye(4)
    lesion = np.array([True, True, False, False, False])
    weight = means @ precision
    centres = Centres(np.float32(weight), np.float32(-(weight * means).sum(1) / 2), lesion)
    pooled = rng.normal(size=(20, 4))
    far = np.array([[(f - m) @ precision @ (f - m) for m in means] for f in pooled])
    expected = far[:, ~lesion].min(1) - far[:, lesion].min(1)
    assert contrast(pooled, centres) == pytest.approx(expected, rel=1e-4, abs=1e-4)
    # At the centre of a lesion class a picture is familiar, at one of the others it is not.
    assert contrast(means[0], centres) > 0 > contrast(means[4], centres)


def test_centres_come_back_from_their_file(tmp_path):
    centres = Centres(np.ones((2, 3), np.float32), np.zeros(2, np.float32), np.array([True, False]))
    write_centres(tmp_path / "c.npz", centres)
    back = read_centres(tmp_path / "c.npz")
    for name in ("weight", "bias", "lesion"):
        np.testing.assert_array_equal(getattr(back, name), getattr(centres, name))


@pytest.mark.parametrize(
    "held",
    [
        {"weight": np.ones((2, 3)), "bias": np.zeros(2)},
        {"weight": np.ones((2, 3)), "bias": np.zeros(3), "lesion": np.array([True, False])},
        {"weight": np.ones((2, 3)), "bias": np.zeros(2), "lesion": np.array([True, True])},
        {"weight": np.array([{}, 1], object), "bias": np.zeros(2), "lesion": np.array([True, False])},
    ],
)
def test_other_files_are_refused_and_never_unpickled(tmp_path, held):
    np.savez(tmp_path / "c.npz", **held)
    with pytest.raises(ValueError, match=r"centres|pickle"):
        read_centres(tmp_path / "c.npz")
    (tmp_path / "c.npz").write_bytes(b"PK\x03\x04 not an archive")
    with pytest.raises(ValueError, match="centres"):
        read_centres(tmp_path / "c.npz")


def test_an_unfamiliar_picture_weighs_more_than_an_unsure_answer():
    logits = np.array([[3.0, 0.0], [0.0, 0.0], [3.0, 2.9], [-3.0, -9.0]])
    rule = Abstention(score="energy", unfamiliar=1.0, low_confidence=0.6)
    top = np.exp(logits).max(1) / np.exp(logits).sum(1)
    assert reasons(top, logits, None, rule, None).tolist() == [
        "",
        "not_a_lesion",
        "low_confidence",
        "not_a_lesion",
    ]


def test_a_sure_answer_to_a_familiar_picture_is_given():
    prediction = classify(Engine([5.0, *[0.0] * 9]), ENERGY)
    assert (prediction.abstained, prediction.reason) == (False, None)


@pytest.mark.parametrize(
    ("logits", "reason"), [([2.0] * 10, "low_confidence"), ([1.5, *[-9.0] * 9], "not_a_lesion")]
)
def test_else_it_abstains_and_still_says_what_it_would_have_said(logits, reason):
    prediction = classify(Engine(logits), ENERGY)
    assert (prediction.abstained, prediction.reason) == (True, reason)
    assert len(prediction.labels) == 10
    assert sum(prediction.probabilities) == pytest.approx(1)
    plain = classify(Engine(logits), None)
    assert (plain.abstained, plain.reason) == (False, None)
    assert plain.probabilities == prediction.probabilities


def test_the_centres_beside_the_weights_decide(tmp_path):
    path = tmp_path / "net_centres.npz"
    weight = np.float32([[1, 0], [0, 1]])
    write_centres(path, Centres(weight, np.float32([-0.5, -0.5]), np.array([True, False])))
    rule = Abstention(
        score="contrast", unfamiliar=0.0, low_confidence=0.0, file=path.name, sha256=sha256_of(path)
    )

    def asked(red, blue):
        features = np.zeros((2, 7, 7))
        features[0], features[1] = red, blue
        return classify(Engine([0.0] * 10, features, tmp_path), rule).reason

    assert asked(1, 0) is None
    assert asked(0, 1) == "not_a_lesion"


def test_contrast_without_features_is_a_plain_error():
    with pytest.raises(ValueError, match="feature map"):
        abstain.familiarity("contrast", np.zeros((1, 2)), None, None)


def test_a_photo_that_did_not_pass_keeps_its_classes():
    before = Prediction(tuple(LABELS), (0.1,) * 10, False, None, 3.0)
    after = abstain.not_passed(before)
    assert (after.abstained, after.reason) == (True, "not_passed")
    assert (after.labels, after.probabilities) == (before.labels, before.probabilities)
    assert set(abstain.REASONS) == {"not_passed", "not_a_lesion", "low_confidence"}
