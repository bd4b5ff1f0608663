import hashlib
import json

import pytest

from core.runtime.manifest import Manifest, NetworkEntry, WeightsError, load_manifest, save_entry
from core.runtime.weights import verify, verify_all


def entry(content: bytes = b"weights", **changes) -> NetworkEntry:
    fields = {
        "file": "net.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "task": "lesion",
        "labels": ["a", "b"],
        "input_size": 224,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
    }
    return NetworkEntry(**{**fields, **changes})


def test_a_saved_entry_comes_back_and_leaves_the_others(tmp_path):
    save_entry("one", entry(), tmp_path)
    save_entry("two", entry(b"other"), tmp_path)
    save_entry("one", entry(temperature=2.0), tmp_path)
    manifest = load_manifest(tmp_path / "manifest.json")
    assert manifest.networks["one"].temperature == 2.0
    assert manifest.networks["two"] == entry(b"other")


@pytest.mark.parametrize(
    ("break_it", "place"),
    [
        (lambda e: e.pop("sha256"), "networks.one.sha256"),
        (lambda e: e.update(sha256="xyz"), "networks.one.sha256"),
        (lambda e: e.update(temperature=0), "networks.one.temperature"),
        (lambda e: e.update(file="../elsewhere.onnx"), "networks.one.file"),
        (lambda e: e.update(surprise=1), "networks.one.surprise"),
        (lambda e: e.update(taxonomy="../words.yaml"), "networks.one.taxonomy"),
        (lambda e: e.update(labels=["a", "../b"]), "networks.one.labels.1"),
        (lambda e: e.update(labels=["a", "a"]), "networks.one.labels"),
        (lambda e: e.update(explanations=["blurry"]), "networks.one"),
        (lambda e: e.update(explanations=["blurry"], thresholds={"blurry": 1.5}), "networks.one"),
    ],
)
def test_a_wrong_manifest_is_named_in_one_sentence(tmp_path, break_it, place):
    save_entry("one", entry(), tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    break_it(content["networks"]["one"])
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError) as caught:
        load_manifest(path)
    assert caught.value.code == "manifest_invalid"
    assert place in caught.value.message
    assert "git checkout" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("file", ["net.pt", "net.ckpt", "net.PKL", "net.pth", "pytorch_model.bin"])
def test_a_file_that_could_run_code_is_refused_with_a_way_out(tmp_path, file):
    save_entry("one", entry(), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace("net.onnx", file))
    with pytest.raises(WeightsError) as caught:
        load_manifest(path)
    assert f"{file} is not opened: files of this kind can run any code" in caught.value.message
    assert "Export the network to ONNX" in caught.value.message


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe\x00", b"[]"])
def test_a_missing_or_broken_manifest_is_a_sentence(tmp_path, content):
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        load_manifest(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_verify_finds_the_right_file_and_names_wrong_ones(tmp_path):
    file = tmp_path / "net.onnx"
    with pytest.raises(WeightsError) as missing:
        verify(entry(), tmp_path)
    assert missing.value.code == "weights_missing"
    assert "Restore it with: git checkout" in missing.value.message
    file.write_bytes(b"weights")
    assert verify(entry(), tmp_path) == file
    for altered in (b"Weights", b"weights and more"):
        file.write_bytes(altered)
        with pytest.raises(WeightsError) as caught:
            verify(entry(), tmp_path)
        assert caught.value.code == "weights_altered"
        assert str(file) in caught.value.message


def test_verify_all_reports_each(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"weights")
    manifest = Manifest(networks={"good": entry(), "bad": entry(b"other")})
    found = verify_all(manifest, tmp_path)
    assert found["good"] == tmp_path / "net.onnx"
    assert isinstance(found["bad"], WeightsError)
