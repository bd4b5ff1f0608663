"""A small network that finds skin, and the lesion on it: an encoder, and a way back up with additions."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS: Final = (16, 32, 64, 112)
PLANES: Final = ("skin", "lesion")


class _Block(nn.Module):
    """Two 3 x 3 convolutions with BatchNorm, the first with a stride."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor) -> Tensor:
        """N x inside x S x S to N x outside x S/stride x S/stride."""
        x = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(x)))


class _Up(nn.Module):
    """Twice as large, fewer channels, plus what the encoder saw at that size."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inside, outside, 1, bias=False)
        self.narrow_norm = nn.BatchNorm2d(outside)
        self.conv = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(outside)

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        """N x inside x S x S and N x outside x 2S x 2S to N x outside x 2S x 2S."""
        x = F.interpolate(self.narrow_norm(self.narrow(x)), scale_factor=2.0, mode="nearest")
        return F.relu(self.norm(self.conv(F.relu(x + beside))))


class SegmenterNet(nn.Module):
    """About 0.3 M parameters; a quarter of a squeezed frame's pixels (112 to 56) is as fine as it answers."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four = CHANNELS
        self.down1 = _Block(3, one, 2)
        self.down2 = _Block(one, two, 2)
        self.down3 = _Block(two, three, 2)
        self.down4 = _Block(three, four, 2)
        # What the whole frame shows helps to tell wood or bread from skin.
        self.context = nn.Conv2d(four, four, 1)
        self.up3 = _Up(four, three)
        self.up2 = _Up(three, two)
        self.up1 = _Up(two, one)
        self.out = nn.Conv2d(one, len(PLANES), 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Segment a batch.

        Args:
            images: float, N x 3 x S x S, normalised; S a multiple of 16, 112 as it is trained.

        Returns:
            logits (N x 2 x S/2 x S/2: skin with the lesion in it, lesion), coarsest feature map
            (N x 112 x S/16 x S/16).
        """
        first = self.down1(images)
        second = self.down2(first)
        third = self.down3(second)
        features = self.down4(third)
        features = features + self.context(torch.mean(features, (2, 3), keepdim=True))
        x = self.up3(features, third)
        x = self.up2(x, second)
        return self.out(self.up1(x, first)), features
