"""ImageQX (Jalaboi, Winther, Galimzianova 2022), and what it grew here: a second look at the detail."""

import torch
from torch import Tensor, nn
from torchvision.models import efficientnet_b0

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES

FEATURES = 1280
# Channels half way up (a sixteenth of the picture's size), and how many blocks lie below.
MIDDLE, BELOW = 112, 6
DETAILS = 64
HIDDEN = 64
DROPOUT = 0.2


class DetailNet(nn.Module):
    """What the middle of a picture, pixel for pixel, tells of blur, noise and lost pixels.

    Four plain convolutions are enough for that, and add an eighth to the cost of the whole. Beside the
    picture comes the same evened out to mean 0 and deviation 1, since detail in the dark is detail too.
    """

    def __init__(self) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for came, goes in ((6, 24), (24, 32), (32, 48), (48, 64)):
            steps += [
                nn.Conv2d(came, goes, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(goes),
                nn.ReLU(inplace=True),
            ]
        self.trunk = nn.Sequential(*steps)
        self.out = nn.Linear(2 * 64, DETAILS)

    def forward(self, details: Tensor) -> Tensor:
        """N x 3 x S x S, normalised, to N x 64, not negative."""
        mean = details.mean(dim=(1, 2, 3), keepdim=True)
        spread = (details - mean).square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        maps = self.trunk(torch.cat([details, (details - mean) / (spread + 0.1)], dim=1))
        return torch.relu(self.out(torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)))


class ImageQXNet(nn.Module):
    """EfficientNet-B0 features with an explanation head and a quality head.

    There is no nonlinearity between a hidden layer and its output layer, so that both heads are affine
    in the pooled features but for the sigmoid through which the explanations reach the quality head.

    Args:
        views: 1, the paper's network, sees the whole frame; 2 adds ``DetailNet`` on a cut-out of it.
    """

    def __init__(self, views: int = 2) -> None:
        super().__init__()
        self.views = views
        self.trunk = efficientnet_b0(weights=None).features
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.detail = DetailNet() if views == 2 else None
        width = FEATURES + (DETAILS if views == 2 else 0)
        self.explain_hidden = nn.Linear(width, HIDDEN)
        self.explain_norm = nn.BatchNorm1d(HIDDEN)
        self.explain_out = nn.Linear(HIDDEN, len(EXPLANATIONS))
        self.quality_hidden = nn.Linear(width, HIDDEN)
        self.quality_norm = nn.BatchNorm1d(HIDDEN)
        self.quality_out = nn.Linear(HIDDEN + len(EXPLANATIONS), len(QUALITY_CLASSES))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, images: Tensor, details: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Assess a batch.

        Args:
            images: float, N x 3 x S x S, normalised: whole frames.
            details: the same of their middles, pixel for pixel; with two views only.

        Returns:
            quality logits (N x 4), explanation logits (N x 5), last feature map (N x 1280 x S/32 x S/32).
        """
        return self._heads(self.trunk(images), details)[:3]

    def describe(
        self, images: Tensor, details: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Assess a batch and show the workings.

        Returns:
            the three of ``forward``, the pooled features (N x 1280, or 1344 with two views), and the map half
            way up (N x 112 x S/16 x S/16).
        """
        middle = self.trunk[:BELOW](images)
        return *self._heads(self.trunk[BELOW:](middle), details), middle

    def _heads(self, features: Tensor, details: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        pooled = torch.flatten(self.pool(features), 1)
        if self.detail is not None:
            pooled = torch.cat([pooled, self.detail(details)], dim=1)
        explanations = self.explain_out(self.dropout(self.explain_norm(self.explain_hidden(pooled))))
        hidden = self.dropout(self.quality_norm(self.quality_hidden(pooled)))
        quality = self.quality_out(torch.cat([hidden, torch.sigmoid(explanations)], dim=1))
        return quality, explanations, features, pooled
