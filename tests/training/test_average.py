import numpy as np
import onnx
import pytest
from made_up_entry import IMAGEQX, made_up_entry
from onnx import TensorProto, helper, numpy_helper

from core.runtime.manifest import load_manifest, save_entry
from core.runtime.weights import sha256_of, verify
from training.networks.average import average, main, mean_of
from training.networks.export import InitError


def network(weight, name="w", kind=np.float16):
    """y = x * w, with a counter that is no weight beside it."""
    tensors = [
        numpy_helper.from_array(np.asarray(weight, kind), name),
        numpy_helper.from_array(np.array([1, 2], np.int64), "shape"),
    ]
    cast = helper.make_node("Cast", [name], ["wide"], to=TensorProto.FLOAT)
    times = helper.make_node("Mul", ["x", "wide"], ["y"])
    ends = [helper.make_tensor_value_info(one, TensorProto.FLOAT, [2]) for one in "xy"]
    return helper.make_model(helper.make_graph([cast, times], "g", ends[:1], ends[1:], tensors))


def weights_of(model):
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


@pytest.fixture
def folder(tmp_path):
    def made(name, weight, **story):
        place = tmp_path / name
        place.mkdir()
        path = place / "imageqx.onnx"
        onnx.save(network(weight), path)
        facts = {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
        save_entry("imageqx", made_up_entry(**IMAGEQX, **facts, provenance=story), place)
        return place

    return made


def test_each_weight_is_the_weighted_mean_and_what_is_none_stays():
    mean = weights_of(mean_of([network([1.0, 4.0]), network([4.0, 1.0])], [2, 1]))
    np.testing.assert_allclose(mean["w"], [2.0, 3.0])
    assert mean["w"].dtype == np.float16
    assert mean["shape"].tolist() == [1, 2]


@pytest.mark.parametrize("other", [network([1.0, 2.0, 3.0]), network([1.0, 2.0], name="v")])
def test_networks_that_do_not_fit_are_refused(other):
    with pytest.raises(InitError, match="not the same kind"):
        mean_of([network([1.0, 2.0]), other], [1, 1])


def test_whole_numbers_are_refused():
    with pytest.raises(InitError, match="8 bits"):
        mean_of([network([1, 2], kind=np.int8)] * 2, [1, 1])


def test_a_folder_comes_out_that_says_whose_mean_it_is(folder, tmp_path):
    folders = [folder("a", [1.0, 4.0], seed=1), folder("b", [4.0, 1.0], seed=2)]
    made = average(folders, [2, 1], tmp_path / "mean")
    entry = load_manifest(tmp_path / "mean" / "manifest.json").networks["imageqx"]
    verify(entry, tmp_path / "mean")
    assert entry.sha256 == made.sha256
    assert [(part["share"], part["of"]["seed"]) for part in entry.provenance["average"]] == [
        (0.667, 1),
        (0.333, 2),
    ]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["--shares", "1"], 2, "one positive number for each folder"),
        (["--shares", "1", "-1"], 2, "one positive number for each folder"),
        (["--name", "other"], 1, "There is no network other"),
    ],
)
def test_what_is_in_the_way_is_one_sentence(folder, tmp_path, capsys, words, status, sentence):
    folders = [str(folder("a", [1.0, 4.0])), str(folder("b", [4.0, 1.0]))]
    assert main([*folders, "--out", str(tmp_path / "mean"), *words]) == status
    assert sentence in capsys.readouterr().err
