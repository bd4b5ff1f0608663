import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.runtime.engine import Engine, default_threads, open_engine
from core.runtime.manifest import NetworkEntry, WeightsError, load_manifest, save_entry
from core.runtime.onnx_file import read_initialisers
from core.runtime.weights import sha256_of

WEIGHT = np.random.default_rng(0).standard_normal((4, 3, 5, 5)).astype(np.float16)
BIAS = np.arange(4, dtype=np.float32)


@pytest.fixture
def tiny(tmp_path):
    """One convolution, weights as half, bias as float, pooled to logits."""
    nodes = [
        helper.make_node("Cast", ["conv.weight"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["images", "wide", "conv.bias"], ["features"]),
        helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 4]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 4, 28, 28]),
        ],
        [numpy_helper.from_array(WEIGHT, "conv.weight"), numpy_helper.from_array(BIAS, "conv.bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = tmp_path / "tiny.onnx"
    onnx.save(model, path)
    return path


def entry_of(path):
    return NetworkEntry(
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        task="lesion",
        labels=list("abcd"),
        input_size=32,
        mean=(0, 0, 0),
        std=(1, 1, 1),
    )


def test_the_number_of_threads_can_be_changed_while_it_runs(tiny):
    engine = Engine(tiny, threads=2)
    batch = np.random.default_rng(1).standard_normal((1, 3, 32, 32)).astype(np.float32)
    before = engine.run(batch)["logits"]
    engine.use_threads(1)
    assert engine.threads == 1
    np.testing.assert_allclose(engine.run(batch)["logits"], before, rtol=1e-5)


def test_a_file_that_was_altered_while_it_runs_is_not_opened_again(tiny):
    engine = Engine(tiny, threads=2)
    tiny.write_bytes(b"something else")
    engine.use_threads(1)
    assert engine.threads == 2
    assert engine.run(np.zeros((1, 3, 32, 32), np.float32))["logits"].shape == (1, 4)


def test_outputs_come_by_name_for_any_batch_size(tiny):
    engine = Engine(tiny, threads=1)
    batch = np.random.default_rng(1).standard_normal((3, 3, 32, 32)).astype(np.float32)
    answers = engine.run(batch)
    assert set(answers) == {"logits", "features"}
    assert answers["features"].shape == (3, 4, 28, 28)
    np.testing.assert_allclose(answers["logits"], answers["features"].mean((2, 3)), rtol=1e-4, atol=1e-4)
    patch = (batch[0, :, 4:9, 6:11] * WEIGHT[2].astype(np.float32)).sum() + BIAS[2]
    assert answers["features"][0, 2, 4, 6] == pytest.approx(patch, rel=1e-3, abs=1e-3)


def test_many_threads_get_the_answers_of_one(tiny):
    engine = Engine(tiny, threads=1)
    rng = np.random.default_rng(2)
    batches = [rng.standard_normal((1, 3, 32, 32)).astype(np.float32) for _ in range(40)]
    alone = [engine.run(batch)["logits"] for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda batch: engine.run(batch)["logits"], batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_are_read_by_name_as_the_onnx_package_reads_them(tiny):
    weights = Engine(tiny, threads=1).initialisers(["conv.bias", "conv.weight"])
    assert weights["conv.weight"].dtype == np.float32
    np.testing.assert_array_equal(weights["conv.weight"], WEIGHT.astype(np.float32))
    np.testing.assert_array_equal(weights["conv.bias"], BIAS)
    with pytest.raises(KeyError, match="no_such"):
        read_initialisers(tiny, ["conv.bias", "no_such"])


def test_an_engine_opens_only_the_file_the_manifest_means(tiny):
    save_entry("lesion", entry_of(tiny), tiny.parent)
    manifest = load_manifest(tiny.parent / "manifest.json")
    assert open_engine("lesion", manifest, threads=1, directory=tiny.parent).path == tiny
    tiny.write_bytes(tiny.read_bytes() + b"\0")
    with pytest.raises(WeightsError):
        open_engine("lesion", manifest, threads=1, directory=tiny.parent)


@pytest.mark.parametrize(("asked", "threads"), [("3", 3), ("0", None), ("many", None), ("", None)])
def test_threads_come_from_the_environment(monkeypatch, tiny, asked, threads):
    monkeypatch.setenv("RETAKE_THREADS", asked)
    usual = min(2, os.cpu_count() or 1)
    assert default_threads() == (threads or usual)
    assert Engine(tiny).threads == (threads or usual)
    assert Engine(tiny, threads=1).threads == 1


def test_serving_imports_neither_torch_nor_onnx():
    code = (
        "import sys, core.runtime.engine, core.runtime.weights, core.runtime.cli, training.cli;"
        "print([name for name in ('torch', 'onnx', 'lightning') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
