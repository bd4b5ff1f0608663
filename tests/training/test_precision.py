"""Smaller network files: they weigh less, answer nearly the same, and are held against the shipped one."""

import hashlib
import json

import numpy as np
import onnx
import pytest

from core.runtime.engine import Engine
from core.runtime.manifest import WEIGHTS_DIR, load_manifest, save_entry
from core.runtime.onnx_file import read_initialisers
from training.evaluation.quality_predictions import QualityPredictions
from training.networks import precision
from training.networks.export import store_as_half

SHIPPED = WEIGHTS_DIR / "imageqx.onnx"


VIEWS = [np.random.default_rng(seed).standard_normal((1, 3, 224, 224), np.float32) for seed in (0, 1)]


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    """The network as training writes it: with float16 weights, a little off any grid of 8 bits."""
    model = precision.widened(onnx.load(SHIPPED))
    rng = np.random.default_rng(0)
    for index, tensor in enumerate(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.size >= 1024 and values.ndim > 1 and tensor.name not in precision._FIXED:
            moved = values * rng.uniform(0.99, 1.01, values.shape).astype(np.float32)
            model.graph.initializer[index].CopyFrom(onnx.numpy_helper.from_array(moved, tensor.name))
    path = tmp_path_factory.mktemp("half") / "imageqx.onnx"
    onnx.save(store_as_half(model), path)
    return path


@pytest.fixture(scope="module")
def made(half, tmp_path_factory):
    """The versions by name: (file, its answer to a picture of noise)."""
    files = precision.versions(half, tmp_path_factory.mktemp("versions"))
    return {name: (file, Engine(file, threads=1).run(*VIEWS)) for name, file in files}


def test_smaller_versions_weigh_about_half(made):
    shipped = made["as_it_is"][0].stat().st_size
    for name in ("int8_stored", "int8_computed"):
        assert made[name][0].stat().st_size < 0.6 * shipped


def test_weights_of_eight_bits_hardly_change_an_answer(made):
    shipped, small = made["as_it_is"][1], made["int8_stored"][1]
    for name in ("logits", "explanations"):
        spread = np.abs(shipped[name]).max()
        assert 0 < np.abs(small[name] - shipped[name]).max() < 0.05 * spread


@pytest.mark.parametrize("version", ["as_it_is", "int8_stored"])
def test_widening_changes_nothing(made, tmp_path, version):
    file, answer = made[version]
    wide = precision.widened(onnx.load(file))
    assert {tensor.data_type for tensor in wide.graph.initializer} <= {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.INT64,
    }
    onnx.save(wide, tmp_path / "wide.onnx")
    found = Engine(tmp_path / "wide.onnx", threads=1).run(*VIEWS)
    np.testing.assert_allclose(found["logits"], answer["logits"], atol=1e-4)


def test_weights_of_eight_bits_are_read_by_name_as_they_count(made, half):
    names = ["trunk.5.1.block.1.0.weight", "quality_hidden.weight", "quality_out.weight", "detail.bank"]
    before = read_initialisers(half, names)
    after = read_initialisers(made["int8_stored"][0], names)
    assert list(after) == names
    for name in names:
        assert after[name].dtype == np.float32
        np.testing.assert_allclose(after[name], before[name], atol=np.abs(before[name]).max() / 200)
    assert np.abs(after[names[0]] - before[names[0]]).max() > 0


def test_a_network_can_be_shipped_so(half, tmp_path, capsys):
    entry = load_manifest().networks["imageqx"]
    data = half.read_bytes()
    (tmp_path / "imageqx.onnx").write_bytes(data)
    half_entry = entry.model_copy(
        update={"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "provenance": {"seed": 1}}
    )
    save_entry("imageqx", half_entry, tmp_path)
    assert precision.main(["--ship", "imageqx", "--weights", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    changed = load_manifest(tmp_path / "manifest.json").networks["imageqx"]
    assert (changed.sha256, changed.bytes) == (told["sha256"], told["bytes"])
    assert changed.bytes == (tmp_path / "imageqx.onnx").stat().st_size < 0.6 * len(data)
    assert changed.provenance == {"seed": 1, "stored_as": "int8"}
    assert precision.main(["--ship", "imageqx", "--weights", str(tmp_path)]) == 0  # once more: nothing moves
    assert json.loads(capsys.readouterr().out)["bytes"] == told["bytes"]
    assert precision.main(["--ship", "nobody", "--weights", str(tmp_path)]) == 1
    assert "nobody" in capsys.readouterr().err


def predictions(quality, scores, passes):
    count = len(passes)
    label = np.arange(count) % 4
    return QualityPredictions(
        label=label,
        class_votes=np.eye(4)[label],
        votes=np.eye(5)[np.arange(count) % 5],
        predicted=quality.argmax(axis=1),
        quality=quality,
        scores=scores,
        flagged=scores > 0.5,
        passes=passes,
        sources=np.full(count, "x"),
        keys=np.arange(count).astype(str),
        thumbs=np.empty(count, object),
    )


def test_figures_tell_how_far_predictions_moved():
    right = np.eye(4)[np.arange(20) % 4] * 0.9 + 0.025
    scores = np.eye(5)[np.arange(20) % 5] * 0.8 + 0.1
    passes = np.arange(20) % 4 == 0
    shipped = predictions(right, scores, passes)
    same = precision.figures(shipped, shipped)
    assert same["quality_macro_f1"] == same["same_pass"] == same["explanation_mean_auc"] == 1
    assert same["change_most"] == same["change_mean"] == 0
    other = passes.copy()
    other[:5] = ~other[:5]
    moved = precision.figures(predictions(right, scores + 0.05, other), shipped)
    assert moved["same_pass"] == 0.75
    assert moved["change_most"] == pytest.approx(0.05)
    assert moved["change_mean"] == pytest.approx(0.05 * 5 / 9)


def test_the_command_refuses_what_it_cannot_use_in_a_sentence(tmp_path, capsys):
    assert precision.main(["--pool", str(tmp_path / "nowhere")]) == 1
    assert "Traceback" not in (said := capsys.readouterr().err)
    assert said.strip()
    assert precision.main(["--pool", str(tmp_path), "--limit", "0"]) == 2


def test_the_command_prints_a_line_a_version(monkeypatch, tmp_path, capsys):
    asked = []

    def given(_assessor, _rule, pool, split, count):
        asked.append((pool, split, count))
        rng = np.random.default_rng(len(asked))
        return predictions(rng.dirichlet(np.ones(4), 40), rng.random((40, 5)), rng.random(40) > 0.5)

    monkeypatch.setattr(precision, "predict_pool", given)
    assert precision.main(["--pool", str(tmp_path), "--limit", "40"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["version"] for line in lines] == ["as_it_is", "int8_stored", "int8_computed"]
    assert asked == [(tmp_path, "validation", 40)] * 3
    assert lines[0]["change_most"] == 0
    assert lines[0]["bytes"] == SHIPPED.stat().st_size
    assert all(line["sent"] < line["bytes"] for line in lines)
