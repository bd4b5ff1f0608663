"""Linear probe: the head's start before fine-tuning (LP-FT, Kumar et al. 2022).

A head that begins at random first drags the features of a pretrained trunk towards noise. So it is fitted
alone, on the frozen trunk's features, as multinomial logistic regression, which is convex and takes seconds.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.runtime.preprocess import network_square
from core.training.lesion_data import Picture, picture_weights
from core.training.networks.lesion import LesionNet
from core.training.recipes.loop import normalise

PENALTY: Final = 1e-2
STEPS: Final = 100
SIZE: Final = 192


@torch.inference_mode()
def pooled_features(net: LesionNet, pictures: Sequence[Picture], size: int = SIZE) -> torch.Tensor:
    """Means over the feature map of whole pictures: float32, N x channels."""
    training = net.training
    net.eval()
    out = []
    for begin in range(0, len(pictures), 16):
        squares = [network_square(picture.rgb, size) for picture in pictures[begin : begin + 16]]
        out.append(net.features(normalise(torch.from_numpy(np.stack(squares)))).mean((2, 3)))
    net.train(training)
    return torch.cat(out)


def fit_linear(
    inputs: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, classes: int, penalty: float = PENALTY
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted multinomial logistic regression with a ridge penalty.

    Args:
        inputs: float, N x channels, about standardised.
        labels: int64, N.
        weights: float, N, not negative.
        penalty: on half the squared length of the weights.

    Returns:
        weight (classes x channels) and bias (classes), float32.
    """
    layer = nn.Linear(inputs.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    share = weights / weights.sum()
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        losses = F.cross_entropy(layer(inputs), labels, reduction="none")
        total = (share * losses).sum() + penalty / 2 * layer.weight.square().sum()
        total.backward()
        return total

    optimiser.step(closure)
    return layer.weight.detach(), layer.bias.detach()


@torch.no_grad()
def start_head(net: LesionNet, pictures: Sequence[Picture], size: int = SIZE) -> None:
    """Standardise the feature map of ``net`` and fit its head, both in place, on frozen features.

    Pictures count as they will be drawn (``picture_weights``). A network without ``scale`` (a ResNet) keeps
    its features as they are; its head takes the standardisation in.
    """
    raw = pooled_features(net, pictures, size)
    weights = torch.from_numpy(picture_weights(pictures)).float()
    share = (weights / weights.sum())[:, None]
    mean = (share * raw).sum(0)
    deviation = (share * (raw - mean).square()).sum(0).sqrt().clamp_min(1e-4)
    labels = torch.tensor([picture.label for picture in pictures])
    with torch.enable_grad():
        weight, bias = fit_linear(
            (raw - mean) / deviation, labels, weights, net.head.out_features
        )
    if net.scale is None:
        net.head.weight.copy_(weight / deviation)
        net.head.bias.copy_(bias - weight @ (mean / deviation))
        return
    # The scale may have been set before: the new one comes after it.
    net.scale.weight.div_(deviation[:, None, None, None])
    net.scale.bias.sub_(mean).div_(deviation)
    net.head.weight.copy_(weight)
    net.head.bias.copy_(bias)
