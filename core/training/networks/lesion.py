"""The lesion classifier (Mishra, Imaizumi, Yamasaki 2019): a ResNet and one linear layer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torchvision import models

from core.lesion.taxonomy import LABELS

ARCHITECTURES: Final[dict[str, Callable[..., models.ResNet]]] = {
    "resnet34": models.resnet34,
    "resnet50": models.resnet50,
    "resnet101": models.resnet101,
    "resnet152": models.resnet152,
}
_TRUNK: Final = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


class LesionNet(nn.Module):
    """A ResNet trunk (``arch`` names which), global average pooling and a linear head over ten classes."""

    def __init__(self, arch: str = "resnet34", classes: int = len(LABELS)) -> None:
        super().__init__()
        self.arch = arch
        resnet = ARCHITECTURES[arch](weights=None)
        self.trunk = nn.Sequential(OrderedDict((name, getattr(resnet, name)) for name in _TRUNK))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(resnet.fc.in_features, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Classify a batch.

        Args:
            images: float, N x 3 x S x S, normalised.

        Returns:
            logits (N x 10), last feature map (N x 512 x S/32 x S/32 for ResNet-34).
        """
        features = self.trunk(images)
        return self.head(torch.flatten(self.pool(features), 1)), features
