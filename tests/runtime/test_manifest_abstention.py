import pytest
from made_up_entry import made_up_entry
from pydantic import ValidationError

from core.runtime.manifest import Abstention, ConfusedPair, WeightsError, load_manifest, save_entry
from core.runtime.weights import sha256_of, verify

RULE = {"score": "contrast", "unfamiliar": -3.0, "low_confidence": 0.2}
BESIDE = {"file": "c.npz", "sha256": "0" * 64}


def entry(**changes):
    return made_up_entry(**{"task": "lesion", "labels": ["a", "b"]} | changes)


def test_what_a_classifier_does_not_know_comes_back(tmp_path):
    rule = Abstention(**RULE | BESIDE)
    made = entry(abstention=rule, confused=[ConfusedPair(true="a", said="b", count=5, of=9)])
    save_entry("lesion", made, tmp_path)
    assert load_manifest(tmp_path / "manifest.json").networks["lesion"] == made
    assert (entry().abstention, entry().confused) == (None, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"score": "guess"},
        {"unfamiliar": float("nan")},
        {"low_confidence": 1.5},
        {"file": "../c.npz"},
        {"file": "c.pkl"},
        {"file": None, "sha256": None},
        {"sha256": None},
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(changes):
    with pytest.raises(ValidationError):
        Abstention(**RULE | BESIDE | changes)


def test_only_labels_can_be_confused():
    with pytest.raises(ValidationError, match="labels"):
        entry(confused=[ConfusedPair(true="a", said="c", count=1, of=2)])


def test_the_file_beside_the_weights_is_verified_with_them(tmp_path):
    network, beside = tmp_path / "fake.onnx", tmp_path / "c.npz"
    network.write_bytes(b"network")
    beside.write_bytes(b"centres")
    rule = Abstention(**RULE | {"file": "c.npz", "sha256": sha256_of(beside)})
    made = entry(sha256=sha256_of(network), bytes=network.stat().st_size, abstention=rule)
    assert verify(made, tmp_path) == network
    beside.write_bytes(b"altered")
    with pytest.raises(WeightsError, match=r"c\.npz") as altered:
        verify(made, tmp_path)
    beside.unlink()
    with pytest.raises(WeightsError, match=r"c\.npz") as missing:
        verify(made, tmp_path)
    assert (altered.value.code, missing.value.code) == ("weights_altered", "weights_missing")
