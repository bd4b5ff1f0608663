import hashlib

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from toy_network import toy_entry, write_toy

from core.networks.build import ArchitectureError, build
from core.networks.fold import fold
from core.networks.twin import fill_twin, load_twin
from core.runtime.engine import Engine
from core.runtime.manifest import NetworkEntry, WeightsError
from core.runtime.onnx_file import read_initialisers
from training.networks.export import InitError, export, initialise, output_names

SIZE = 64
LIMITS = {"imageqx": 15e6, "lesion": 9e6}


@pytest.fixture(scope="module", params=["imageqx", "lesion"])
def exported(request, tmp_path_factory):
    """(task, network, file) of a network with random weights."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    net = build(request.param).eval()
    path = tmp_path_factory.mktemp("onnx") / f"{request.param}.onnx"
    export(net, request.param, path)
    return request.param, net, path


def images(net: torch.nn.Module, count: int = 2, size: int = 224) -> list[np.ndarray]:
    """As many different batches as the network has views."""
    rng = np.random.default_rng(0)
    return [
        rng.standard_normal((count, 3, size, size)).astype(np.float32)
        for _view in range(getattr(net, "views", 1))
    ]


def test_every_weight_is_stored_as_half_and_the_file_is_small(exported):
    task, net, path = exported
    model = onnx.load(path)
    assert {tensor.data_type for tensor in model.graph.initializer} == {TensorProto.FLOAT16}
    assert {name for name, _ in fold(net).named_parameters()} <= {t.name for t in model.graph.initializer}
    assert path.stat().st_size < LIMITS[task]
    assert [output.name for output in model.graph.output] == output_names(task, net)


def test_nothing_of_the_training_machine_is_in_the_file(exported):
    assert b"site-packages" not in exported[2].read_bytes()


def test_onnx_and_torch_twin_agree(exported):
    task, net, path = exported
    twin = fold(net)
    fill_twin(twin, read_initialisers(path, [name for name, _ in twin.named_parameters()]))
    for views in (images(net, 2), images(net, 1)):
        answers = Engine(path, threads=1).run(*views)
        with torch.inference_mode():
            wanted = dict(zip(output_names(task, net), twin(*map(torch.from_numpy, views)), strict=True))
        for name, value in wanted.items():
            np.testing.assert_allclose(
                answers[name], value.numpy(), rtol=1e-3, atol=1e-5 * float(value.abs().max())
            )


def test_half_storage_costs_little(exported):
    _task, net, path = exported
    views = images(net, 2)
    with torch.inference_mode():
        wanted = net(*map(torch.from_numpy, views))[0].numpy()
    got = Engine(path, threads=1).run(*views)["logits"]
    assert np.abs(got - wanted).max() < 0.01 * np.abs(wanted).max()


def test_init_from_our_own_file_continues_where_it_ended(exported):
    task, _net, path = exported
    torch.manual_seed(99)
    fresh = build(task)
    initialise(fresh, str(path))
    views = images(fresh, 2)
    with torch.inference_mode():
        got = fresh.eval()(*map(torch.from_numpy, views))[0].numpy()
    wanted = Engine(path, threads=1).run(*views)["logits"]
    np.testing.assert_allclose(got, wanted, rtol=1e-2, atol=1e-3 * np.abs(wanted).max())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in fresh.modules())


def test_init_from_the_wrong_file_says_so(exported, tmp_path):
    task, _net, path = exported
    other = build("lesion" if task == "imageqx" else "imageqx")
    with pytest.raises(InitError, match="does not hold weights"):
        initialise(other, str(path))
    with pytest.raises(InitError, match="not there"):
        initialise(other, str(tmp_path / "none.onnx"))
    junk = tmp_path / "junk.onnx"
    junk.write_bytes(b"not a network")
    with pytest.raises(InitError, match="does not hold weights"):
        initialise(other, str(junk))


def test_unknown_architecture_says_which_there_are():
    with pytest.raises(ArchitectureError, match="resnet34"):
        build("lesion", "resnet18")


@pytest.mark.usefixtures("one_block_a_stage")
def test_weights_too_large_for_half_are_refused(tmp_path):
    net = build("lesion", "resnet34").eval()
    with torch.no_grad():
        net.head.bias[0] = 1e6
    with pytest.raises(ValueError, match=r"head\.bias"):
        export(net, "lesion", tmp_path / "big.onnx")


@pytest.mark.usefixtures("one_block_a_stage")
def test_the_twin_has_as_many_classes_as_the_file(tmp_path):
    torch.manual_seed(4)
    net = build("lesion", "resnet34", classes=3).eval()
    path = tmp_path / "three.onnx"
    export(net, "lesion", path, SIZE)
    entry = toy_entry(path, input_size=SIZE, provenance={"arch": "resnet34"})
    batch = images(net, 1, SIZE)[0]
    with torch.inference_mode():
        answers = load_twin("three", entry, tmp_path)(torch.from_numpy(batch))[0]
    np.testing.assert_allclose(
        answers.numpy(), Engine(path, threads=1).run(batch)["logits"], rtol=1e-3, atol=1e-4
    )


def test_a_network_that_was_not_built_here_has_no_twin_and_says_so(tmp_path):
    path = write_toy(tmp_path / "toy.onnx")
    with pytest.raises(WeightsError, match="no network that was built here"):
        load_twin("toy", toy_entry(path), tmp_path)


def test_load_twin_reads_the_file_the_entry_names(exported):
    task, net, path = exported
    entry = NetworkEntry(
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        task=task,
        labels=["a", "b"],
        explanations=[],
        detail=task == "imageqx",
        input_size=224,
        mean=(0, 0, 0),
        std=(1, 1, 1),
    )
    twin = load_twin(task, entry, path.parent)
    assert not any(parameter.requires_grad for parameter in twin.parameters())
    for name, value in fold(net).named_parameters():
        half = value.detach().half().float()
        assert torch.equal(half, dict(twin.named_parameters())[name].detach()), name
