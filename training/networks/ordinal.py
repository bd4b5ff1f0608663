"""The ordinal network (Jeong et al. 2024): one part of a picture in, rank-consistent answers out.

``vgg16`` is the paper's: its first five convolutions stay as they came, one fully connected layer follows.
``efficientnet_b0`` is what ships: a hidden layer, and ranks over it, read the mean of every stage, and of the
early ones, where the texture is, the deviation over the picture too.
"""

from typing import Final

import torch
from coral_pytorch.layers import CoralLayer
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

from core.i18n import _
from core.networks.build import ArchitectureError
from core.networks.imageqx import channel_statistics
from training.data.ordinal_data import RATERS

ARCHITECTURES: Final = ("efficientnet_b0", "vgg16")
DEFAULT: Final = "efficientnet_b0"
RANKS: Final = RATERS + 1
FROZEN_CONVOLUTIONS: Final = 5
# Stages of EfficientNet-B0 whose deviation over the picture is read too, and all their channels.
_TEXTURED: Final = 6
# Places between features and ranks; the paper's network has none (docs/decisions/ordinal.md).
_HIDDEN: Final = 64
_DROPOUT: Final = 0.5
_CHANNELS: Final = (32, 16, 24, 40, 80, 112, 192, 320, 1280)
_VGG_CELLS: Final = 7
_VGG_CHANNELS: Final = 512
_LEAST: Final = 1e-6


class RankHead(nn.Module):
    """A CORAL layer, over a hidden layer if wanted: ... x features to logits, ... x 4.

    The CORAL layer has one weight an input and one bias a threshold, so that the chance of at least k
    agreeing raters never grows with k (Cao, Mirjalili and Raschka 2020).
    """

    def __init__(self, width: int, hidden: int = 0) -> None:
        super().__init__()
        self.hidden = nn.Sequential()
        if hidden:
            self.hidden.extend(
                [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(_DROPOUT)]
            )
        self.coral = CoralLayer(hidden or width, RANKS)

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        # Normalisation is over all pictures and parts together.
        flat = self.hidden(features.flatten(0, -2))
        return self.coral(flat).reshape(*features.shape[:-1], RANKS - 1)


class OrdinalNet(nn.Module):
    """A trunk, what is read of it, standardised, and what ranks it.

    Raises:
        ArchitectureError: there is no such architecture.
    """

    feature_mean: Tensor
    feature_deviation: Tensor

    def __init__(self, arch: str = DEFAULT) -> None:
        super().__init__()
        if arch not in ARCHITECTURES:
            message = _("There is no architecture {arch}; choose one of {known}.")
            raise ArchitectureError(message.format(arch=arch, known=", ".join(ARCHITECTURES)))
        self.arch = arch
        if arch == "vgg16":
            self.trunk = models.vgg16(weights=None).features
            width = _VGG_CHANNELS * _VGG_CELLS * _VGG_CELLS
            convolutions = [layer for layer in self.trunk if isinstance(layer, nn.Conv2d)]
            for layer in convolutions[:FROZEN_CONVOLUTIONS]:
                layer.requires_grad_(False)
        else:
            self.trunk = models.efficientnet_b0(weights=None).features
            width = sum(_CHANNELS) + sum(_CHANNELS[:_TEXTURED])
        self.register_buffer("feature_mean", torch.zeros(width))
        self.register_buffer("feature_deviation", torch.ones(width))
        self.head = RankHead(width, 0 if arch == "vgg16" else _HIDDEN)

    def describe(self, images: Tensor) -> Tensor:
        """What the head reads, not standardised: N x 3 x S x S to N x features."""
        if self.arch == "vgg16":
            return torch.flatten(F.adaptive_avg_pool2d(self.trunk(images), _VGG_CELLS), 1)
        means, deviations = [], []
        for number, stage in enumerate(self.trunk):
            images = stage(images)
            mean, deviation = channel_statistics(images)
            means.append(mean)
            if number < _TEXTURED:
                deviations.append(deviation)
        return torch.cat([*means, *deviations], dim=1)

    def rank(self, features: Tensor) -> Tensor:
        """Logits of at least 1, 2, 3 and 4 agreeing raters from ``describe``: ... x features to ... x 4."""
        return self.head((features - self.feature_mean) / self.feature_deviation)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Judge parts of pictures.

        Args:
            images: float, N x 3 x S x S, normalised.

        Returns:
            logits (N x 4) of at least 1, 2, 3 and 4 agreeing raters, never rising, and what they were read
            from (N x features).
        """
        features = self.describe(images)
        return self.rank(features), features

    @torch.no_grad()
    def standardise(self, features: Tensor) -> None:
        """Take mean and deviation of these features (N x features) for its own."""
        self.feature_mean.copy_(features.mean(0))
        spread = features.std(0)
        # A channel that hardly varies is not stretched to the size of the others.
        self.feature_deviation.copy_(spread.clamp_min(max(0.05 * float(spread.median()), _LEAST)))
