"""Folding BatchNorm into the layer before it, and opening a folded network up again for training."""

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

Module = TypeVar("Module", bound=nn.Module)


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

    Where the layer has no bias of its own the BatchNorm takes the folded bias as its shift; every other
    BatchNorm statistic becomes the identity (in evaluation mode).

    Raises:
        KeyError: a parameter is missing from ``folded``.
        ValueError: a parameter has another shape.
    """
    normed: dict[int, nn.Module] = {}
    for owner, name, norm_name in _pairs(module):
        normed[id(getattr(owner, name))] = getattr(owner, norm_name)
    for path, layer in module.named_modules():
        if not isinstance(layer, nn.Conv2d | nn.Linear):
            continue
        weight, bias = folded[f"{path}.weight"], folded[f"{path}.bias"]
        if weight.shape != layer.weight.shape:
            raise ValueError(f"{path}.weight: {tuple(weight.shape)} does not fit {tuple(layer.weight.shape)}")
        layer.weight.copy_(weight)
        norm = normed.get(id(layer))
        if norm is not None:
            norm.reset_parameters()
            # running_var + eps is what the output is divided by: make it exactly one.
            norm.running_var.fill_(1 - norm.eps)
        if layer.bias is not None:
            layer.bias.copy_(bias)
        elif norm is not None:
            norm.bias.copy_(bias)
