"""A start from an .npz under torchvision's names: what it gives, and what is refused before training."""

import pickle

import numpy as np
import pytest
import torch
from torchvision.models import efficientnet_b0

from core.networks.build import build
from core.runtime.preprocess import network_input
from core.synthetic.phantoms import draw
from training.networks.export import initialise
from training.networks.pretrained import InitError

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def whole() -> torch.nn.Module:
    """A torchvision network with seeded weights, and BatchNorm statistics that are not the initial ones."""
    torch.manual_seed(3)
    net = efficientnet_b0(weights=None).eval()
    for module in net.features.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return net


@pytest.fixture(scope="module")
def arrays(whole) -> dict[str, np.ndarray]:
    """As shipped elsewhere: convolutions in half precision, the rest in single."""
    state = {f"features.{name}": value.numpy() for name, value in whole.features.state_dict().items()}
    return {name: value.astype(np.float16) if value.ndim == 4 else value for name, value in state.items()}


def written(path, arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("task", ["lesion", "imageqx"])
def test_a_known_picture_has_the_features_that_torchvision_gives_it(tmp_path, whole, arrays, task):
    start = written(tmp_path / "trunk.npz", arrays)
    net = build(task, "efficientnet_b0", views=1).eval()
    initialise(net, str(start))
    picture = torch.from_numpy(network_input(draw("lesion", 4, size=(240, 320)).rgb))
    with torch.inference_mode():
        expected, found = whole.features(picture), net.trunk(picture)
    assert found.shape == (1, 1280, 7, 7)
    # Half precision of the convolutions is all that differs.
    assert float((found - expected).abs().max()) < 0.02 * float(expected.abs().max())


def test_other_arrays_in_the_file_do_not_matter(tmp_path, arrays):
    start = written(tmp_path / "trunk.npz", arrays | {"classifier.1.weight": np.zeros((2, 1280))})
    initialise(build("lesion", "efficientnet_b0"), str(start))


CONV = "features.2.0.block.0.0.weight"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (np.zeros((96, 16, 1), np.float32), "is 96 x 16 x 1, but this network needs 96 x 16 x 1 x 1"),
        (np.full((96, 16, 1, 1), np.nan, np.float32), "something other than finite numbers"),
        (np.full((96, 16, 1, 1), "x"), "something other than finite numbers"),
        (np.full((96, 16, 1, 1), None), "file of plain arrays"),
        (None, f"lacks the array {CONV}"),
    ],
    ids=["misshapen", "not-finite", "text", "objects", "missing"],
)
def test_arrays_that_do_not_fit_are_named_in_one_sentence(tmp_path, arrays, changed, words):
    held = {name: value for name, value in arrays.items() if name != CONV}
    start = written(tmp_path / "trunk.npz", held if changed is None else held | {CONV: changed})
    with pytest.raises(InitError, match=words) as caught:
        initialise(build("lesion", "efficientnet_b0"), str(start))
    assert str(caught.value).count(". ") == 0


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return (open, (str(self.place), "w"))


@pytest.mark.parametrize("kind", ["pickle", "text", "one array", "empty file"])
def test_a_file_that_is_no_npz_is_refused_and_never_executed(tmp_path, kind):
    start = tmp_path / "trunk.npz"
    if kind == "one array":
        with start.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        data = {"pickle": pickle.dumps(Trap(tmp_path / "sprung")), "text": b"weights", "empty file": b""}
        start.write_bytes(data[kind])
    with pytest.raises(InitError, match=r"is not an \.npz file of plain arrays"):
        initialise(build("lesion", "efficientnet_b0"), str(start))
    assert not (tmp_path / "sprung").exists()


def test_a_resnet_does_not_start_from_it(tmp_path, arrays):
    start = written(tmp_path / "trunk.npz", arrays)
    with pytest.raises(InitError, match="EfficientNet-B0 networks only, not resnet34"):
        initialise(build("lesion", "resnet34"), str(start))


@pytest.mark.parametrize(
    ("task", "arch"), [("lesion", "efficientnet_b0"), ("lesion", "resnet34"), ("imageqx", "-")]
)
def test_a_hub_that_does_not_answer_is_said_plainly(monkeypatch, task, arch):
    def silent(*_args, **_more):
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", silent)
    with pytest.raises(InitError, match="ImageNet weights cannot be fetched"):
        initialise(build(task, arch), "imagenet")
