"""Mix the styles of pictures inside a network while it learns (MixStyle, Zhou et al. 2021)."""

from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

CHANCE: Final = 0.5
ALPHA: Final = 0.1


def mix_styles(features: Tensor, shares: Tensor, order: Tensor) -> Tensor:
    """Give each picture's channels a mean and deviation between its own and another one's (equations 4 to 6).

    What a camera, a lamp or a clinic looks like sits largely in these two; no gradient flows through them.

    Args:
        features: float, N x C x H x W.
        shares: float, N: how much of its own each picture keeps (0-1).
        order: int, N: which picture each one is mixed with.
    """
    with torch.no_grad():
        mean = features.float().mean(dim=(2, 3), keepdim=True)
        deviation = (features.float().var(dim=(2, 3), keepdim=True) + 1e-6).sqrt()
        own = shares[:, None, None, None]
        new_mean = own * mean + (1 - own) * mean[order]
        new_deviation = own * deviation + (1 - own) * deviation[order]
        stretch = (new_deviation / deviation).to(features.dtype)
        shift = (new_mean - mean * new_deviation / deviation).to(features.dtype)
    return features * stretch + shift


def attach(stages: Iterable[nn.Module], chance: float = CHANCE) -> list[RemovableHandle]:
    """Mix the styles behind each of these stages, in one of every few batches while they are in training.

    Returns:
        handles whose ``remove`` takes it off again.
    """

    def hook(stage: nn.Module, _inputs: Any, features: Tensor) -> Tensor:
        if not stage.training or torch.rand(()) >= chance:
            return features
        shares = torch.distributions.Beta(ALPHA, ALPHA).sample((len(features),)).to(features.device)
        return mix_styles(features, shares, torch.randperm(len(features), device=features.device))

    return [stage.register_forward_hook(hook) for stage in stages]
