"""The lesion classifier's recipes.

EfficientNet-B0 from a pretrained start is fine-tuned (``FINE_TUNING``); the ResNets keep SGD with warm
restarts, all layers at one rate when from scratch (``PLAN``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.networks.lesion import LABELS
from core.runtime.preprocess import network_square
from training.data.lesion_data import (
    NOWHERE,
    Picture,
    StyleSources,
    balanced_picks,
    training_view,
)
from training.evaluation.metrics import macro_f1
from training.recipes import mixstyle
from training.recipes.loop import Plan, Recipe

LOSSES = ("cross-entropy", "bce")


@dataclass(frozen=True)
class Choices:
    """What is done against class standing for source.

    Attributes:
        restyled: other skin around the lesion, other colours, crops to where it is likely (``restyle``).
        mixed: styles of pictures mixed inside the network (``mixstyle``).
        smoothing: of the labels of cross-entropy.
        blended: share of the batches that blend two pictures each.
        probed: the head starts as a linear probe (``probe``) instead of at random.
    """

    restyled: bool = True
    mixed: bool = True
    smoothing: float = 0.05
    blended: float = 0.3
    probed: bool = False


CONFIGURATIONS: Final = {
    "fine-tuned": Choices(restyled=False, mixed=False, smoothing=0.1, blended=0.0, probed=True),
    "retake": Choices(),
}
SIZES = ((0.0, 128), (0.55, 160), (0.8, 224))
TUNED_SIZES = ((0.0, 128), (0.4, 160), (0.75, 192))
# Factors of the rate by thirds of the trunk: gentler than Mishra et al.'s, whose runs were far longer.
TUNED_THIRDS = (0.1, 0.4, 1.0)


FINE_TUNING: Final = Plan(
    epochs=24,
    draws=1280,
    batch=32,
    peak=6e-4,
    optimiser="adamw",
    weight_decay=0.02,
    sizes=TUNED_SIZES,
    floor=1e-6,
    cycles=1,
    bf16=False,
    average=0.995,
    validate_every=8,
    pretrained=True,
    thirds=TUNED_THIRDS,
    head_alone=0.0,
)
"""How a network with a pretrained trunk is trained: AdamW, one cosine, graded rates over thirds."""

PLAN: Final = Plan(
    epochs=60, draws=1280, batch=32, peak=0.03, optimiser="sgd", weight_decay=5e-4, sizes=SIZES
)
"""How the others are trained, unless told otherwise."""


class LesionData:
    """Training pictures in memory, validation pictures as the shipped network sees them.

    Args:
        skin: pictures of healthy skin to lay lesions on: uint8 RGB.
        restyled: borrow skin and colours from elsewhere.
    """

    def __init__(
        self,
        training: Sequence[Picture],
        validation: Sequence[Picture],
        size: int = 224,
        skin: Sequence[np.ndarray] = (),
        restyled: bool = True,
    ) -> None:
        self.training = training
        self.elsewhere = StyleSources(training, skin) if restyled else NOWHERE
        self._views = [(network_square(picture.rgb, size), picture.label) for picture in validation]

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Classes evenly, sources by the square root of their size."""
        return balanced_picks(self.training, count, rng)

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """(uint8 size x size x 3, class)."""
        picture = self.training[index]
        return training_view(picture, size, rng, self.elsewhere), picture.label

    def validation(self) -> Dataset:
        """(uint8 224 x 224 x 3, class) of each validation picture."""
        return self._views


class LesionRecipe(Recipe):
    """Cross-entropy with a little label smoothing and, now and then, blended pictures (mixup).

    Args:
        loss: ``"cross-entropy"``, or ``"bce"``: binary cross-entropy with logits of each class on its own, as
            Mishra et al. used it.
        mixed: stages of ``net`` behind which the styles of pictures are mixed (``mixstyle``).
        choices: how much labels are smoothed, and how often pictures are blended.
    """

    def __init__(
        self,
        *args: Any,
        loss: str = LOSSES[0],
        mixed: Sequence[nn.Module] = (),
        choices: Choices = CONFIGURATIONS["retake"],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if loss not in LOSSES:
            raise ValueError(f"no such loss: {loss}")
        self._alone = loss == "bce"
        self._choices = choices
        # The moving average, which is what is kept, was copied before: nothing is mixed in it.
        mixstyle.attach(mixed)

    def mix(self, images: Tensor, targets: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Classes become shares of them; some batches blend two pictures each."""
        (label,) = targets
        shares = F.one_hot(label, len(LABELS)).float()
        if torch.rand(()) < self._choices.blended:
            part = float(torch.rand(()) * 0.4)
            order = torch.randperm(len(images))
            images = images * (1 - part) + images[order] * part
            shares = shares * (1 - part) + shares[order] * part
        return images, [shares]

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The chosen loss against shares of the classes."""
        logits, (shares,) = outputs[0], targets
        if self._alone:
            return F.binary_cross_entropy_with_logits(logits, shares)
        return F.cross_entropy(logits, shares, label_smoothing=self._choices.smoothing)

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Macro F1 (the score) and accuracy on the validation photos."""
        predicted, truth = outputs[0].argmax(1).cpu().numpy(), targets[0].cpu().numpy()
        return {
            "score": float(macro_f1(truth, predicted, len(LABELS))),
            "accuracy": float(np.mean(predicted == truth)),
        }
