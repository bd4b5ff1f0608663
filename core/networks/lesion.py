"""The lesion classifier: a trunk, average pooling and one affine head over ten classes.

The ResNets are those of Mishra, Imaizumi, Yamasaki 2019. EfficientNet-B0 is what ships: its head reads every
stage from ``FIRST_READ`` on, because a linear classifier on them all told collections it had never seen apart
far better than one on the last map alone (docs/decisions/lesion-network.md).
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

from core.lesion.taxonomy import LABELS

ARCHITECTURES: Final[dict[str, Callable[..., nn.Module]]] = {
    "efficientnet_b0": models.efficientnet_b0,
    "resnet34": models.resnet34,
    "resnet50": models.resnet50,
    "resnet101": models.resnet101,
    "resnet152": models.resnet152,
}
RESNETS: Final = tuple(name for name in ARCHITECTURES if name.startswith("resnet"))
DEFAULT: Final = "efficientnet_b0"
FIRST_READ: Final = 3
_TRUNK: Final = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


def _channels(stage: nn.Module) -> int:
    """Channels that a stage puts out: those of its last convolution, as listed."""
    return [layer.out_channels for layer in stage.modules() if isinstance(layer, nn.Conv2d)][-1]


class LesionNet(nn.Module):
    """A trunk (``arch`` names which), global average pooling and a linear head over the classes.

    For EfficientNet-B0 the feature map is that of stages 3 to 8 side by side: each is averaged over the cells
    of the last map, which leaves its mean as it is, and standardised channel by channel (``scale``), which is
    affine. So the logits stay affine in the mean of one feature map, as the closed form of Grad-CAM needs.
    """

    def __init__(self, arch: str = DEFAULT, classes: int = len(LABELS)) -> None:
        super().__init__()
        self.arch = arch
        whole = ARCHITECTURES[arch](weights=None)
        self.scale: nn.Conv2d | None = None
        if arch in RESNETS:
            self.trunk = nn.Sequential(OrderedDict((name, getattr(whole, name)) for name in _TRUNK))
            width = _channels(self.trunk)
        else:
            self.trunk = nn.Sequential(OrderedDict(whole.get_submodule("features").named_children()))
            width = sum(_channels(stage) for stage in self.trunk[FIRST_READ:])
            self.scale = nn.Conv2d(width, width, 1, groups=width)
            nn.init.ones_(self.scale.weight)
            assert self.scale.bias is not None
            nn.init.zeros_(self.scale.bias)
            self.scale.requires_grad_(False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(width, classes)

    @property
    def map_layer(self) -> nn.Module:
        """The layer whose output is the feature map: what gradient methods are hooked to."""
        return self.trunk if self.scale is None else self.scale

    @property
    def early_stages(self) -> tuple[nn.Module, nn.Module]:
        """Two stages behind which styles of pictures may be mixed (``mixstyle``)."""
        first, second = ("layer1", "layer2") if self.scale is None else ("2", "3")
        return self.trunk.get_submodule(first), self.trunk.get_submodule(second)

    def features(self, images: Tensor) -> Tensor:
        """The feature map whose mean the head reads; arguments as for ``forward``."""
        if self.scale is None:
            return self.trunk(images)
        maps = []
        for number, stage in enumerate(self.trunk):
            images = stage(images)
            if number >= FIRST_READ:
                maps.append(images)
        side = maps[-1].shape[-1]
        return self.scale(torch.cat([F.avg_pool2d(one, one.shape[-1] // side) for one in maps], 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Classify a batch.

        Args:
            images: float, N x 3 x S x S, normalised; S a multiple of 32.

        Returns:
            logits (N x classes), feature map (N x C x S/32 x S/32; C is 2024 for EfficientNet-B0, 512 for
            ResNet-34).
        """
        features = self.features(images)
        return self.head(torch.flatten(self.pool(features), 1)), features
