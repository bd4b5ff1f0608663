import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.distributed.together import run_together
from core.runtime.onnx_engine import Engine


def network(path, pictures):
    """The mean of each channel, over a first axis of so many pictures."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    given = helper.make_tensor_value_info("images", TensorProto.FLOAT, [pictures, 3, 8, 8])
    answer = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [pictures, 3])
    graph = helper.make_graph(nodes, "mean", [given], [answer])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9),
        path / "mean.onnx",
    )
    return Engine(path / "mean.onnx", threads=1)


class Counted:
    def __init__(self, engine):
        self.engine, self.takes_batches, self.runs = engine, engine.takes_batches, 0

    def run(self, *batches):
        self.runs += 1
        return self.engine.run(*batches)


@pytest.mark.parametrize(
    ("pictures", "lengths", "runs"), [("n", (1, 5, 2), 1), (1, (1, 1, 1), 3), ("n", (4,), 1)]
)
def test_each_request_gets_its_own_answer(tmp_path, pictures, lengths, runs):
    rng = np.random.default_rng(0)
    requests = [(rng.standard_normal((length, 3, 8, 8)).astype(np.float32),) for length in lengths]
    engine = Counted(network(tmp_path, pictures))
    answers = run_together(engine, requests)
    assert engine.runs == runs
    for (batch,), answer in zip(requests, answers, strict=True):
        np.testing.assert_allclose(answer["logits"], batch.mean((2, 3)), atol=1e-6)
