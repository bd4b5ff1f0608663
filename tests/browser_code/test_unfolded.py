"""The graph that is optimised beforehand: the same answers, where the weights follow byte for byte."""

import base64
import shutil

import numpy as np
import onnxruntime
import pytest

from core.browser.unfolded import WEIGHTS, made, unfolded
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR
from core.runtime.onnx_file import places

NETWORK = WEIGHTS_DIR / "imageqx.onnx"


def test_graph_and_weights_answer_as_the_file_does(tmp_path):
    found = unfolded(NETWORK)
    (tmp_path / "graph.onnx").write_bytes(base64.b64decode(found["graph"]))
    (tmp_path / WEIGHTS).write_bytes(made(NETWORK.read_bytes(), found["parts"], found["bytes"]))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(tmp_path / "graph.onnx"), options)
    rng = np.random.default_rng(0)
    views = [rng.normal(size=(1, 3, 224, 224)).astype(np.float32) for _input in session.get_inputs()]
    names = [one.name for one in session.get_outputs()]
    inputs = {one.name: view for one, view in zip(session.get_inputs(), views, strict=True)}
    answers = dict(zip(names, session.run(names, inputs), strict=True))
    for name, wanted in open_engine("imageqx").run(*views).items():
        np.testing.assert_allclose(answers[name], wanted, atol=1e-3, err_msg=name)


def test_a_file_whose_weights_are_kept_otherwise_is_opened_as_it_is():
    assert unfolded(WEIGHTS_DIR / "lesion.onnx") is None, "its weights are float16"


def test_a_weight_is_where_it_is_said_to_lie(tmp_path):
    shutil.copy(NETWORK, tmp_path / "n.onnx")
    place = places(tmp_path / "n.onnx")["trunk.0.0.bias"]
    data = bytearray((tmp_path / "n.onnx").read_bytes())
    values = np.frombuffer(data, "<f4", 32, place.start)
    assert place.shape == (32,)
    other = open_engine("imageqx").initialisers(["trunk.0.0.bias"])["trunk.0.0.bias"]
    assert values == pytest.approx(other)
