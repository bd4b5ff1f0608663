import pytest
import torch
from torch import nn

from core.networks.fold import fold, settle, unfold_into
from core.networks.imageqx import SPECTRUM, ImageQXNet
from core.networks.lesion import LesionNet


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def lived_in(net: nn.Module, seed: int = 0) -> nn.Module:
    """A network whose BatchNorm statistics are not the fresh ones, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            shape = module.running_mean.shape
            module.running_mean.copy_(0.1 * torch.randn(shape, generator=generator))
            module.running_var.copy_(0.5 + torch.rand(shape, generator=generator))
            with torch.no_grad():
                module.weight.copy_(0.8 + 0.4 * torch.rand(shape, generator=generator))
                module.bias.copy_(0.1 * torch.randn(shape, generator=generator))
    return net.eval()


NETWORKS = [ImageQXNet, lambda: ImageQXNet(views=1), LesionNet, lambda: LesionNet("resnet50")]


@pytest.mark.parametrize("make", NETWORKS)
def test_folded_network_answers_the_same_without_batchnorm(make):
    torch.manual_seed(1)
    net = lived_in(make())
    twin = fold(net)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in twin.modules())
    images = [torch.randn(2, 3, 64, 64) for _view in range(getattr(net, "views", 1))]
    with torch.inference_mode():
        for before, after in zip(net(*images), twin(*images), strict=True):
            assert torch.allclose(before, after, rtol=1e-3, atol=1e-4 * float(before.abs().max()))


def test_folding_keeps_names_and_leaves_the_original_alone():
    net = lived_in(LesionNet("resnet34"))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    names = {name for name, _ in fold(net).named_parameters()}
    assert {"trunk.conv1.weight", "trunk.conv1.bias", "head.weight", "head.bias"} <= names
    assert not any("bn" in name for name in names)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


@pytest.mark.parametrize("make", NETWORKS)
def test_unfolding_into_a_fresh_network_gives_the_same_answers(make):
    torch.manual_seed(2)
    twin = fold(lived_in(make()))
    fresh = lived_in(make(), seed=5)
    unfold_into(fresh, dict(twin.named_parameters()))
    images = [torch.randn(2, 3, 64, 64) for _view in range(getattr(fresh, "views", 1))]
    with torch.inference_mode():
        for wanted, got in zip(twin(*images), fresh.eval()(*images), strict=True):
            assert torch.allclose(wanted, got, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))
    assert any(isinstance(m, nn.BatchNorm2d) for m in fresh.modules())


def test_unfolding_weights_of_another_network_is_refused():
    weights = dict(fold(LesionNet("resnet50")).named_parameters())
    with pytest.raises((KeyError, ValueError)):
        unfold_into(LesionNet("resnet34"), weights)


def test_one_view_starts_two_which_answer_the_same_at_first():
    torch.manual_seed(3)
    twin = fold(lived_in(ImageQXNet(views=1)))
    fresh = lived_in(ImageQXNet(views=2), seed=5)
    unfold_into(fresh, dict(twin.named_parameters()))
    images, details = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        for wanted, got in zip(twin(images), fresh.eval()(images, details), strict=True):
            assert torch.allclose(wanted, got, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))


def test_settling_leaves_what_begins_anew_as_it_is():
    torch.manual_seed(5)
    twin = fold(lived_in(ImageQXNet(views=1)))
    fresh = ImageQXNet(views=2)
    unfold_into(fresh, dict(twin.named_parameters()))
    settle(fresh, torch.rand(4, 3, 64, 64), torch.rand(4, 3, 64, 64))
    first = fresh.detail.mix_norm
    assert torch.equal(first.weight, torch.ones(SPECTRUM))
    assert torch.equal(first.running_var, torch.ones(SPECTRUM))
    assert not torch.equal(fresh.trunk[0][1].weight, torch.ones(32))


def test_settled_network_goes_on_in_training_from_what_it_knew():
    torch.manual_seed(4)
    twin = fold(lived_in(LesionNet("resnet34")))
    fresh = lived_in(LesionNet("resnet34"), seed=6)
    unfold_into(fresh, dict(twin.named_parameters()))
    images = torch.rand(12, 3, 64, 64) + torch.randn(12, 3, 1, 1)
    with torch.inference_mode():
        wanted = twin(images)[0]
        flattened = fresh.train()(images)[0]
        unfold_into(fresh, dict(twin.named_parameters()))
        settle(fresh, images)
        assert fresh.training
        training = fresh(images)[0]
        serving = fresh.eval()(images)[0]
    spread = float(wanted.std())
    assert float((training - wanted).abs().max()) < 0.02 * spread
    # The running statistics moved a little with the batch above; the function may only follow as little.
    assert float((serving - wanted).abs().max()) < 0.05 * spread
    assert float((flattened - wanted).abs().max()) > 0.5 * spread
