"""ImageQX (Jalaboi, Winther, Galimzianova 2022), and what it grew here.

It looks at the detail a second time, statistics of early feature maps tell of light and sharpness, and late
maps tell how the lesion lies in the frame.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import efficientnet_b0

from core.quality.labels import EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.runtime.preprocess import IMAGENET_STD
from core.synthetic.degrade import LUMA

FEATURES = 1280
# Channels half way up (a sixteenth of the picture's size), and how many blocks lie below.
MIDDLE, BELOW = 112, 6
DETAILS = 64
HIDDEN = 64
SPECTRUM = 96
# Hidden places of the explanations that see the detail alone.
APART = 16
# Channels of the trunk's first stages, whose statistics are read, and hidden places of what reads them.
EARLY = (32, 16, 24, 40, 80)
READ = 64
# The explanations that those statistics tell; neighbours in EXPLANATIONS.
TOLD = ("bad_light", "blurry", "low_resolution")
# The most that they add to a logit or take from it: they tip the balance, and do not overrule the heads.
MOST_ADDED = 1.5
READ_DROPOUT = 0.3
# Channels of the two maps after that one (a 32nd of the picture's size); and to how many framing brings each.
LATE = (192, 320)
FRAME_CHANNELS = 32
FRAME_DROPOUT = 0.3
# Energy of an invisible pattern, in levels squared.
LEAST = 0.02
DROPOUT = 0.2


def cosine_bank() -> Tensor:
    """The 63 cosine patterns of 8 x 8 pixels that have no mean (as in JPEG): 63 x 1 x 8 x 8.

    Rounded to half precision, in which they are stored when shipped, so that both compute the same.
    """
    k, x = torch.arange(8.0)[:, None], torch.arange(8.0)
    rows = 0.5 * torch.cos(math.pi * (2 * x + 1) * k / 16)
    rows[0] /= math.sqrt(2)
    return torch.einsum("ai,bj->abij", rows, rows).reshape(64, 1, 8, 8)[1:].half().float()


class DetailNet(nn.Module):
    """What the middle of a picture, pixel for pixel, tells of blur, noise and lost pixels.

    How much of every fineness there is says that, not what is shown: so the energy of each cosine pattern is
    taken all over the picture (on average, of the average place, and where it is most), and two small layers
    read it. Convolutions that were free to learn took the source for the fault, and were no better than
    chance on new ones; this has little to know a source by (docs/decisions/training.md).
    """

    bank: Tensor
    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bank", cosine_bank(), persistent=False)
        # From normalised colours to luma of 0-255, but for a constant that the patterns do not see.
        luma = 255 * torch.tensor(LUMA, dtype=torch.float32) * torch.tensor(IMAGENET_STD)
        self.register_buffer("luma", luma.half().float()[None, :, None, None], persistent=False)
        self.mix = nn.Linear(3 * len(self.bank) + 2, SPECTRUM)
        self.mix_norm = nn.BatchNorm1d(SPECTRUM)
        self.tell = nn.Linear(SPECTRUM, DETAILS)

    def forward(self, details: Tensor) -> Tensor:
        """N x 3 x S x S, normalised, to N x 64, not negative."""
        grey = (details * self.luma).sum(dim=1, keepdim=True)
        mean = grey.mean(dim=(2, 3))
        spread = torch.log((grey - mean[..., None, None]).square().mean(dim=(2, 3)) + 1)
        energy = F.conv2d(grey, self.bank, stride=4).square()
        seen = [
            torch.log(energy.mean(dim=(2, 3)) + LEAST),
            torch.log(energy + LEAST).mean(dim=(2, 3)),
            torch.log(energy.amax(dim=(2, 3)) + LEAST),
        ]
        spectrum = torch.cat([*seen, spread, mean / 32], dim=1) / 3
        return torch.relu(self.tell(torch.relu(self.mix_norm(self.mix(spectrum)))))


def channel_statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every channel over the picture: N x C x h x w to twice N x C."""
    mean = features.mean(dim=(2, 3))
    variance = features.square().mean(dim=(2, 3)) - mean.square()
    return mean, (variance.clamp_min(0) + 1e-6).sqrt()


def early_statistics(maps: Sequence[Tensor]) -> Tensor:
    """Channel statistics of several maps side by side: N x 2C, all means and then all deviations."""
    means, deviations = zip(*map(channel_statistics, maps), strict=True)
    return torch.cat([*means, *deviations], dim=1)


class StatisticsNet(nn.Module):
    """What the channel statistics of the early feature maps tell of light, blur and lost pixels.

    Mean and deviation of a channel leave out where in the picture something is: of what is shown little is
    left, of how it was photographed much (docs/decisions/imageqx-network.md).
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(2 * sum(EARLY), READ)
        self.mix_norm = nn.BatchNorm1d(READ)
        self.dropout = nn.Dropout(READ_DROPOUT)
        self.tell = nn.Linear(READ, len(TOLD))

    def forward(self, statistics: Tensor) -> Tensor:
        """N x 384, all means and then all deviations, to N x 5: what to add to the explanation logits."""
        told = self.tell(torch.relu(self.dropout(self.mix_norm(self.mix(statistics)))))
        told = MOST_ADDED * torch.tanh(told / MOST_ADDED)
        before = EXPLANATIONS.index(TOLD[0])
        return F.pad(told, (before, len(EXPLANATIONS) - len(TOLD) - before))


class FramingNet(nn.Module):
    """How the lesion lies in the frame, from three late feature maps; nothing else is read.

    The maps are brought to a few channels and added up; a convolution, whose zeros beyond the edge show it
    where the frame ends, looks at what lies side by side; and what is found is summed up over the whole map
    and over its four sides (docs/decisions/framing.md).
    """

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, FRAME_CHANNELS, 1), nn.BatchNorm2d(FRAME_CHANNELS))
            for channels in (MIDDLE, *LATE)
        )
        self.around = nn.Conv2d(FRAME_CHANNELS, FRAME_CHANNELS, 3, padding=1)
        self.around_norm = nn.BatchNorm2d(FRAME_CHANNELS)
        self.dropout = nn.Dropout(FRAME_DROPOUT)
        self.tell = nn.Linear(5 * FRAME_CHANNELS, len(FRAMINGS))

    def forward(self, middle: Tensor, *late: Tensor) -> Tensor:
        """N x 112 x 2s x 2s, N x 192 x s x s and N x 320 x s x s to logits of ``FRAMINGS``, N x 6."""
        fine, *coarse = (read(of) for read, of in zip(self.read, (middle, *late), strict=True))
        wide = F.interpolate(coarse[0] + coarse[1], scale_factor=2.0, mode="nearest")
        found = torch.relu(self.around_norm(self.around(torch.relu(fine + wide))))
        sides = [found[:, :, 0].amax(2), found[:, :, -1].amax(2)]
        sides += [found[..., 0].amax(2), found[..., -1].amax(2)]
        four = torch.stack(sides, dim=2)
        everywhere = [found.mean(dim=(2, 3)), found.amax(dim=(2, 3))]
        seen = torch.cat([*everywhere, four.amax(2), four.mean(2), four.amin(2)], dim=1)
        return self.tell(self.dropout(seen))


class Workings(NamedTuple):
    """What an ``ImageQXNet`` finds in a batch, and how it came to it.

    Attributes:
        quality, explanations: logits, N x 4 and N x 5.
        features: last feature map, N x 1280 x S/32 x S/32.
        pooled: what the heads read, N x 1280, or 1344 with two views.
        middle: the map half way up, N x 112 x S/16 x S/16.
        late: the two maps after it, channels as in ``LATE``, S/32 x S/32.
        early: the maps of the first stages, channels as in ``EARLY``.
    """

    quality: Tensor
    explanations: Tensor
    features: Tensor
    pooled: Tensor
    middle: Tensor
    late: tuple[Tensor, ...]
    early: tuple[Tensor, ...]


class ImageQXNet(nn.Module):
    """EfficientNet-B0 features with an explanation head and a quality head.

    There is no nonlinearity between a hidden layer and its output layer, so that both heads are affine
    in the pooled features but for the sigmoid through which the explanations reach the quality head.

    Args:
        views: 1, the paper's network, sees the whole frame; 2 adds ``DetailNet`` on a cut-out of it.
        places: also say where the lesion is.
        statistics: add what ``StatisticsNet`` reads of the early feature maps to the explanations.
        framing: also tell how the lesion lies in the frame.
    """

    def __init__(
        self, views: int = 2, places: bool = True, statistics: bool = False, framing: bool = False
    ) -> None:
        super().__init__()
        self.views = views
        self.framing = FramingNet() if framing else None
        self.statistics = StatisticsNet() if statistics else None
        self.place = nn.Conv2d(FEATURES, 1, 1) if places else None
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
        if views == 2:
            self.keep_apart()

    @torch.no_grad()
    def keep_apart(self) -> None:
        """Let the heads tell low resolution by the detail alone, now and through all training to come.

        The whole frame tells the source, and the source tells how many pixels its camera had: a head that may
        read both learns that, and is little better than chance on new sources (docs/decisions/training.md).
        So the last ``APART`` hidden places of the explanations read nothing of the frame, and low resolution
        reads nothing but them. Weights that are zero and whose gradient is zero stay zero: what is exported
        needs to know nothing of this. Call it again after weights were filled in.
        """
        row = EXPLANATIONS.index("low_resolution")
        masks = [(self.explain_hidden.weight, torch.ones_like(self.explain_hidden.weight))]
        masks[0][1][-APART:, :FEATURES] = 0
        masks.append((self.explain_out.weight, torch.ones_like(self.explain_out.weight)))
        masks[1][1][row, :-APART] = 0
        for weight, mask in masks:
            weight.mul_(mask)
            for hook in getattr(weight, "kept_apart", ()):
                hook.remove()
            vars(weight)["kept_apart"] = [weight.register_hook(mask.mul)]

    @property
    def map_layer(self) -> nn.Module:
        """What the last feature map comes from; the trunk as a whole is never called."""
        return self.trunk[-1]

    def forward(self, images: Tensor, details: Tensor | None = None) -> tuple[Tensor, ...]:
        """Assess a batch.

        Args:
            images: float, N x 3 x S x S, normalised: whole frames.
            details: the same of their middles, pixel for pixel; with two views only.

        Returns:
            quality logits (N x 4), explanation logits (N x 5), logits of the lesion's places
            (N x 1 x S/32 x S/32; not without ``places``), framing logits (N x 6; not without ``framing``),
            last feature map (N x 1280 x S/32 x S/32).
        """
        found = self.describe(images, details)
        places = () if self.place is None else (self.place(found.features),)
        framing = () if self.framing is None else (self.framing(found.middle, *found.late),)
        return found.quality, found.explanations, *places, *framing, found.features

    def describe(self, images: Tensor, details: Tensor | None = None) -> Workings:
        """Assess a batch, as ``forward`` does, and show the workings."""
        early = []
        for stage in self.trunk[: len(EARLY)]:
            images = stage(images)
            early.append(images)
        middle = self.trunk[len(EARLY) : BELOW](images)
        late, features = [], middle
        for stage in self.trunk[BELOW:-1]:
            features = stage(features)
            late.append(features)
        features = self.trunk[-1](features)
        pooled = torch.flatten(self.pool(features), 1)
        if self.detail is not None:
            pooled = torch.cat([pooled, self.detail(details)], dim=1)
        explanations = self.explain_out(self.dropout(self.explain_norm(self.explain_hidden(pooled))))
        if self.statistics is not None:
            explanations = explanations + self.statistics(early_statistics(early))
        hidden = self.dropout(self.quality_norm(self.quality_hidden(pooled)))
        quality = self.quality_out(torch.cat([hidden, torch.sigmoid(explanations)], dim=1))
        return Workings(quality, explanations, features, pooled, middle, tuple(late), tuple(early))
