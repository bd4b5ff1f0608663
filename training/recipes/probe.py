"""Linear probe: the head's start before fine-tuning (LP-FT, Kumar et al. 2022).

A head that begins at random first drags the features of a pretrained trunk towards noise. So it is fitted
alone, on the frozen trunk's features, as multinomial logistic regression, which is convex and takes seconds.

The features are those of the views that training is about to draw, with the statistics of a batch in every
BatchNorm, as in training: a probe on whole photographs in evaluation mode knew none of these, and fine-tuning
began with a loss of three times that of guessing (docs/decisions/lesion-network.md).
"""

from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from core.networks.lesion import LesionNet
from training.recipes.loop import TrainingData, normalise

VIEWS: Final = 2048
BATCH: Final = 32
PENALTY: Final = 1e-2
SMOOTHING: Final = 0.1
STEPS: Final = 60
# A channel that hardly varies is not stretched beyond this share of the median deviation.
LEAST_DEVIATION: Final = 0.2


@torch.no_grad()
def view_features(
    net: LesionNet, data: TrainingData, size: int, count: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Means over the feature map of training views, and their classes.

    Every BatchNorm of ``net`` works with the statistics of the batch, and afterwards keeps their average in
    place of the statistics it had.

    Args:
        size: side of the views in pixels.
        count: how many views, drawn as training draws them.
        seed: decides which.

    Returns:
        float32 (count x channels) and int64 (count).
    """
    rng = np.random.default_rng([seed, count])
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    training = net.training
    net.train()
    pooled, labels = [], []
    picks = data.picks(count, rng)
    for begin in range(0, count, BATCH):
        items = [data.training_item(int(index), size, rng) for index in picks[begin : begin + BATCH]]
        views = torch.from_numpy(np.stack([item[0] for item in items]))
        pooled.append(net.features(normalise(views)).mean((2, 3)))
        labels += [item[1] for item in items]
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    net.train(training)
    return torch.cat(pooled), torch.tensor(labels)


def fit_linear(
    inputs: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    penalty: float = PENALTY,
    smoothing: float = SMOOTHING,
    weights: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Multinomial logistic regression with smoothed labels and a ridge penalty.

    Args:
        inputs: float, N x channels, about standardised.
        labels: int64, N.
        penalty: on half the squared length of the weights.
        weights: float, N, not negative: how much each counts; None for all alike.

    Returns:
        weight (classes x channels) and bias (classes), float32.
    """
    layer = nn.Linear(inputs.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    share = torch.full((len(labels),), 1.0) if weights is None else weights
    share = share / share.sum()
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        losses = F.cross_entropy(layer(inputs), labels, label_smoothing=smoothing, reduction="none")
        total = (share * losses).sum() + penalty / 2 * layer.weight.square().sum()
        total.backward()
        return total

    with torch.enable_grad():
        optimiser.step(closure)
    return layer.weight.detach(), layer.bias.detach()


@torch.no_grad()
def start_head(net: LesionNet, data: TrainingData, size: int, seed: int = 0, count: int = VIEWS) -> None:
    """Standardise the feature map of ``net`` and fit its head, both in place; arguments as above.

    A network without ``scale`` (a ResNet) keeps its features as they are; its head takes the standardisation
    in.
    """
    raw, labels = view_features(net, data, size, count, seed)
    mean, deviation = raw.mean(0), raw.std(0)
    deviation = deviation.clamp_min(max(LEAST_DEVIATION * float(deviation.median()), 1e-6))
    weight, bias = fit_linear((raw - mean) / deviation, labels, net.head.out_features)
    if net.scale is None:
        net.head.weight.copy_(weight / deviation)
        net.head.bias.copy_(bias - weight @ (mean / deviation))
        return
    # The scale may have been set before: the new one comes after it.
    net.scale.weight.div_(deviation[:, None, None, None])
    net.scale.bias.sub_(mean).div_(deviation)
    net.head.weight.copy_(weight)
    net.head.bias.copy_(bias)
