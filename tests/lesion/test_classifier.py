import numpy as np
import pytest
from made_up_entry import made_up_entry

from core.lesion.classifier import LesionClassifier
from core.lesion.prediction import brighten
from core.lesion.taxonomy import LABELS
from core.runtime.engine import open_engine
from core.runtime.manifest import NetworkEntry, load_manifest
from core.runtime.preprocess import network_input

PICTURE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)


def entry(**changes) -> NetworkEntry:
    return made_up_entry(**{"task": "lesion", "labels": list(LABELS)} | changes)


class FakeEngine:
    def __init__(self, logits, features=None, weight=None):
        self.answer = {"logits": np.float32([logits])}
        if features is not None:
            self.answer["features"] = features[None]
        self.weight = weight
        self.batches = []

    def run(self, batch):
        self.batches.append(batch)
        return self.answer

    def initialisers(self, names):
        assert list(names) == ["head.weight"]
        return {"head.weight": self.weight}


LOGITS = [0.0, 3.0, 1.0, -2.0, 0.5, 2.0, -1.0, 0.0, 4.0, 1.5]


def test_all_ten_best_first():
    times = iter([1.0, 1.5])
    prediction = LesionClassifier(FakeEngine(LOGITS), entry(), lambda: next(times)).predict(PICTURE)
    assert sorted(prediction.labels) == sorted(LABELS)
    assert prediction.labels[:2] == ("ulcer", "alopecia")
    assert prediction.probabilities == tuple(sorted(prediction.probabilities, reverse=True))
    powers = np.exp(LOGITS)
    assert dict(zip(prediction.labels, prediction.probabilities, strict=True))["wheal"] == pytest.approx(
        powers[9] / powers.sum()
    )
    assert (prediction.abstained, prediction.reason) == (False, None)
    assert prediction.milliseconds == 500


def test_temperature_is_applied():
    plain = LesionClassifier(FakeEngine(LOGITS), entry()).predict(PICTURE)
    calm = LesionClassifier(FakeEngine(LOGITS), entry(temperature=2.0)).predict(PICTURE)
    powers = np.exp(np.array(LOGITS) / 2)
    assert calm.probabilities[0] == pytest.approx(powers.max() / powers.sum())
    assert calm.probabilities[0] < plain.probabilities[0]
    assert calm.labels == plain.labels


def test_class_offsets_come_after_temperature_and_may_change_the_first_guess():
    offsets = {"ulcer": -3.0, "acne": 0.5}
    made = entry(temperature=2.0, class_offsets=offsets)
    prediction = LesionClassifier(FakeEngine(LOGITS), made).predict(PICTURE)
    moved = np.array(LOGITS) / 2 + [offsets.get(label, 0) for label in LABELS]
    powers = np.exp(moved)
    assert prediction.labels[0] == "alopecia"
    assert prediction.probabilities[0] == pytest.approx(powers.max() / powers.sum())
    with pytest.raises(ValueError, match="class_offsets may only name labels"):
        entry(class_offsets={"wart": 1.0})


def test_labels_follow_the_manifest():
    turned = entry(labels=list(LABELS[::-1]))
    assert LesionClassifier(FakeEngine(LOGITS), turned).predict(PICTURE).labels[0] == "alopecia"
    with pytest.raises(ValueError, match="not a lesion classifier"):
        LesionClassifier(FakeEngine(LOGITS), entry(task="imageqx"))


def test_gamma_lifts_the_shadows_and_keeps_black_and_white():
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    lifted = brighten(ramp, 1.4)
    assert lifted[0, 0, 0] == 0
    assert lifted[0, 255, 0] == 255
    assert lifted[0, 64, 0] == round(255 * (64 / 255) ** (1 / 1.4))
    assert (lifted >= ramp).all()
    np.testing.assert_array_equal(brighten(ramp, 1.0), ramp)
    with pytest.raises(ValueError, match="gamma"):
        brighten(ramp, 0)


def test_gamma_reaches_the_network_only_when_asked_for():
    engine = FakeEngine(LOGITS)
    classifier = LesionClassifier(engine, entry())
    classifier.predict(PICTURE)
    classifier.predict(PICTURE, gamma=1.3)
    np.testing.assert_array_equal(engine.batches[0], network_input(PICTURE))
    np.testing.assert_array_equal(engine.batches[1], network_input(brighten(PICTURE, 1.3)))


def test_explains_a_class_by_the_weights_of_its_row():
    features = np.zeros((2, 7, 7), np.float32)
    features[0, 1, 2], features[1, 5, 5] = 2.0, 3.0
    weight = np.zeros((10, 2), np.float32)
    weight[LABELS.index("acne")] = (1, 0)
    weight[LABELS.index("wheal")] = (0, 1)
    weight[LABELS.index("tumor")] = (-1, -1)
    engine = FakeEngine(LOGITS, features, weight)
    classifier = LesionClassifier(engine, entry())
    assert classifier.no_map is None
    engine.batches.clear()
    acne = classifier.explain(PICTURE, "acne")
    assert (acne.target, acne.method) == ("acne", "gradcam")
    assert np.unravel_index(acne.heatmap.argmax(), (7, 7)) == (1, 2)
    found = classifier.explain_all(PICTURE)
    assert list(found) == list(LABELS)
    assert np.unravel_index(found["wheal"].heatmap.argmax(), (7, 7)) == (5, 5)
    assert not found["tumor"].heatmap.any()
    assert len(engine.batches) == 2
    with pytest.raises(KeyError):
        classifier.explain(PICTURE, "blurry")


def test_shipped_network_predicts_ten_classes():
    manifest = load_manifest()
    classifier = LesionClassifier(open_engine("lesion", manifest, threads=1), manifest.networks["lesion"])
    prediction = classifier.predict(PICTURE)
    assert sum(prediction.probabilities) == pytest.approx(1)
    assert sorted(prediction.labels) == sorted(LABELS)
    heatmap = classifier.explain(PICTURE, prediction.labels[0]).heatmap
    assert heatmap.shape == (7, 7)
    assert heatmap.dtype == np.float32
