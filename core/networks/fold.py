"""Folding BatchNorm into the layer before it, and opening a folded network up again for training."""

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

Module = TypeVar("Module", bound=nn.Module)
_Norm = nn.BatchNorm1d | nn.BatchNorm2d


def _pairs(module: nn.Module) -> list[tuple[nn.Module, str, str]]:
    """(owner, layer name, norm name) of every layer that a BatchNorm follows directly."""
    found = []
    for owner in module.modules():
        children = list(owner.named_children())
        for (name, layer), (norm_name, norm) in pairwise(children):
            conv = isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            linear = isinstance(layer, nn.Linear) and isinstance(norm, nn.BatchNorm1d)
            if conv or linear:
                found.append((owner, name, norm_name))
    return found


def fold(module: Module) -> Module:
    """The same network without BatchNorm, in evaluation mode; the given one is left as it is.

    Parameter names stay: ``x.weight`` now holds the folded weight, and layers that had no bias gain one.
    A BatchNorm belongs to the convolution or linear layer registered right before it, as in torchvision.
    """
    twin = copy.deepcopy(module).eval()
    for owner, name, norm_name in _pairs(twin):
        layer, norm = getattr(owner, name), getattr(owner, norm_name)
        fuse = fuse_conv_bn_eval if isinstance(layer, nn.Conv2d) else fuse_linear_bn_eval
        setattr(owner, name, fuse(layer, norm))
        setattr(owner, norm_name, nn.Identity())
    return twin


@torch.no_grad()
def unfold_into(module: nn.Module, folded: dict[str, torch.Tensor]) -> None:
    """Fill a network that has BatchNorm with folded weights, so that it computes the same.

    A layer whose weights are not in ``folded`` at all begins anew, and a linear layer may have grown inputs:
    those begin at zero. So a network with one view starts one with two.

    Where the layer has no bias of its own the BatchNorm takes the folded bias as its shift; every other
    BatchNorm statistic becomes the identity (in evaluation mode).

    Raises:
        KeyError: no layer of the network is in ``folded``, or one without its bias.
        ValueError: a parameter has another shape.
    """
    filled = 0
    normed: dict[int, _Norm] = {}
    for owner, name, norm_name in _pairs(module):
        normed[id(getattr(owner, name))] = getattr(owner, norm_name)
    for path, layer in module.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        if f"{path}.weight" not in folded:
            continue
        weight, bias = folded[f"{path}.weight"], folded[f"{path}.bias"]
        grown = layer.weight.shape[1] - weight.shape[1] if isinstance(layer, nn.Linear) else 0
        if grown > 0:
            weight = torch.nn.functional.pad(weight, (0, grown))
        filled += 1
        if weight.shape != layer.weight.shape:
            raise ValueError(f"{path}.weight: {tuple(weight.shape)} does not fit {tuple(layer.weight.shape)}")
        layer.weight.copy_(weight)
        norm = normed.get(id(layer))
        if norm is not None:
            norm.reset_parameters()
            # running_var + eps is what the output is divided by: make it exactly one.
            _statistics(norm)[1].fill_(1 - norm.eps)
        if layer.bias is not None:
            layer.bias.copy_(bias)
        elif norm is not None:
            norm.bias.copy_(bias)
    if not filled:
        raise KeyError("no layer of this network")


def _statistics(norm: _Norm) -> tuple[torch.Tensor, torch.Tensor]:
    """Running mean and variance of a BatchNorm, which every one here has."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean, norm.running_var


def _is_identity(norm: _Norm) -> bool:
    """Whether ``unfold_into`` made this BatchNorm an identity but for a shift."""
    return bool((_statistics(norm)[1] == 1 - norm.eps).all())


@torch.no_grad()
def settle(module: nn.Module, *images: torch.Tensor) -> None:
    """Make every BatchNorm that was filled know these images and still compute what it computed, in place.

    After ``unfold_into`` a BatchNorm is the identity in evaluation mode alone: with the statistics of a
    batch, as in training, it would flatten what the network has learnt. Here each takes mean and variance of
    what comes in as its statistics, and scale and shift that undo them, so that training goes on from the
    same function.

    Args:
        module: a network whose BatchNorms are identities but for a shift.
        images: float, N x 3 x S x S, normalised, one for each input; some tens of the pictures it is going to
            be trained with.
    """

    def take(norm: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        # A layer that begins anew needs its statistics: made an identity it would let the signal die away.
        if not isinstance(norm, _Norm) or not _is_identity(norm):
            return
        values = inputs[0].transpose(0, 1).flatten(1)
        mean, variance = values.mean(1), values.var(1, correction=0)
        known_mean, known_variance = _statistics(norm)
        norm.bias.add_(mean)
        known_mean.copy_(mean)
        known_variance.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())

    hooks = [m.register_forward_pre_hook(take) for m in module.modules() if isinstance(m, _Norm)]
    was_training = module.training
    module.eval()(*images)
    module.train(was_training)
    for hook in hooks:
        hook.remove()
