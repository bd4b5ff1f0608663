"""ImageQX (Jalaboi, Winther, Galimzianova 2022): quality class and explanations from one trunk."""

import torch
from torch import Tensor, nn
from torchvision.models import efficientnet_b0

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES

FEATURES = 1280
HIDDEN = 64
DROPOUT = 0.2


class ImageQXNet(nn.Module):
    """EfficientNet-B0 features with an explanation head and a quality head.

    There is no nonlinearity between a hidden layer and its output layer, so that both heads are affine
    in the pooled features but for the sigmoid through which the explanations reach the quality head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = efficientnet_b0(weights=None).features
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.explain_hidden = nn.Linear(FEATURES, HIDDEN)
        self.explain_norm = nn.BatchNorm1d(HIDDEN)
        self.explain_out = nn.Linear(HIDDEN, len(EXPLANATIONS))
        self.quality_hidden = nn.Linear(FEATURES, HIDDEN)
        self.quality_norm = nn.BatchNorm1d(HIDDEN)
        self.quality_out = nn.Linear(HIDDEN + len(EXPLANATIONS), len(QUALITY_CLASSES))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Assess a batch.

        Args:
            images: float, N x 3 x S x S, normalised.

        Returns:
            quality logits (N x 4), explanation logits (N x 5), last feature map (N x 1280 x S/32 x S/32).
        """
        features = self.trunk(images)
        pooled = torch.flatten(self.pool(features), 1)
        explanations = self.explain_out(self.dropout(self.explain_norm(self.explain_hidden(pooled))))
        hidden = self.dropout(self.quality_norm(self.quality_hidden(pooled)))
        quality = self.quality_out(torch.cat([hidden, torch.sigmoid(explanations)], dim=1))
        return quality, explanations, features
