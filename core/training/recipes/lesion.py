"""The lesion classifier's recipes.

EfficientNet-B0 from a pretrained start is fine-tuned (``fine_tuning``); the ResNets keep SGD with warm
restarts, all layers at one rate when from scratch (``plan``).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.runtime.preprocess import network_square
from core.training.lesion_data import (
    NOWHERE,
    PHANTOM_SLUG,
    Elsewhere,
    Picture,
    balanced_picks,
    training_view,
)
from core.training.metrics import macro_f1
from core.training.networks.auxiliary import ConditionHead, SourceHead, reverse
from core.training.networks.lesion import LABELS
from core.training.recipes import mixstyle
from core.training.recipes.loop import Plan, Recipe

LOSSES = ("cross-entropy", "bce")


@dataclass(frozen=True)
class Choices:
    """What is done against class standing for source.

    Attributes:
        restyled: other skin around the lesion, other colours, crops to where it is likely (``restyle``).
        mixed: styles of pictures mixed inside the network (``mixstyle``).
        adversarial: a head learns the source within a class, and the features learn to hide it.
        conditions: a head learns the finer labels of the sources that have them.
        smoothing: of the labels of cross-entropy.
        blended: share of the batches that blend two pictures each.
        probed: the head starts as a linear probe (``probe``) instead of at random.
    """

    restyled: bool = True
    mixed: bool = True
    adversarial: bool = False
    conditions: bool = False
    smoothing: float = 0.05
    blended: float = 0.3
    probed: bool = False


CONFIGURATIONS: Final = {
    "fine-tuned": Choices(restyled=False, mixed=False, smoothing=0.1, blended=0.0, probed=True),
    "retake": Choices(),
    "plain": Choices(restyled=False, mixed=False),
    "adversarial": Choices(adversarial=True),
    "conditions": Choices(conditions=True),
    "adversarial-conditions": Choices(adversarial=True, conditions=True),
}
# Strongest reversal of the source's gradient, share of the conditions' loss, and the fewest pictures of a
# condition that are learnt from.
REVERSAL: Final = 0.5
CONDITION_SHARE: Final = 0.5
FEWEST: Final = 6
# Distillation (Hinton et al. 2015): how soft answers are compared, and their share of the loss.
SOFTENED: Final = 2.0
DISTILLED: Final = 0.7
SIZES = ((0.0, 128), (0.55, 160), (0.8, 224))
TUNED_SIZES = ((0.0, 128), (0.4, 160), (0.75, 192))
# Factors of the rate by thirds of the trunk: gentler than Mishra et al.'s, whose runs were far longer.
TUNED_THIRDS = (0.1, 0.4, 1.0)


def fine_tuning(
    epochs: int = 24,
    draws: int = 1280,
    batch: int = 32,
    sizes: tuple[tuple[float, int], ...] = TUNED_SIZES,
    seed: int = 0,
    minutes: float | None = None,
    threads: int = 2,
    processes: int = 1,
    rate: float | None = None,
    pretrained: bool = True,
) -> Plan:
    """How a network with a pretrained trunk is trained: AdamW, one cosine, graded rates over thirds."""
    return Plan(
        epochs=epochs,
        draws=draws,
        batch=batch,
        peak=rate or 6e-4,
        optimiser="adamw",
        weight_decay=0.02,
        sizes=sizes,
        floor=1e-6,
        cycles=1,
        bf16=False,
        average=0.995,
        seed=seed,
        minutes=minutes,
        validate_every=8,
        threads=threads,
        processes=processes,
        pretrained=pretrained,
        thirds=TUNED_THIRDS,
        head_alone=0.0,
    )


def plan(
    epochs: int = 60,
    draws: int = 1280,
    batch: int = 32,
    sizes: tuple[tuple[float, int], ...] = SIZES,
    seed: int = 0,
    minutes: float | None = None,
    threads: int = 2,
    processes: int = 1,
    rate: float | None = None,
    pretrained: bool = False,
) -> Plan:
    """The settings that the shipped classifier is trained with, unless told otherwise."""
    return Plan(
        epochs=epochs,
        draws=draws,
        batch=batch,
        peak=rate or 0.03,
        optimiser="sgd",
        weight_decay=5e-4,
        sizes=sizes,
        seed=seed,
        minutes=minutes,
        threads=threads,
        processes=processes,
        pretrained=pretrained,
    )


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
        self.elsewhere = Elsewhere(training, skin) if restyled else NOWHERE
        self.sources = sorted({picture.slug for picture in training} - {PHANTOM_SLUG})
        counts = Counter(name for picture in training for name in picture.conditions)
        self.conditions = sorted(name for name, count in counts.items() if count >= FEWEST)
        self._views = [(network_square(picture.rgb, size), picture.label) for picture in validation]

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Classes evenly, sources by the square root of their size."""
        return balanced_picks(self.training, count, rng)

    def training_item(
        self, index: int, size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, int, int, np.ndarray]:
        """(uint8 size x size x 3, class, place among ``sources`` or -1, float32 for each condition)."""
        picture = self.training[index]
        source = -1 if picture.slug == PHANTOM_SLUG else self.sources.index(picture.slug)
        named = np.array([name in picture.conditions for name in self.conditions], np.float32)
        return training_view(picture, size, rng, self.elsewhere), picture.label, source, named

    def held(self) -> np.ndarray:
        """Whether a source holds photographs of a class: bool, classes x sources."""
        found = {(picture.label, picture.slug) for picture in self.training}
        return np.array([[(i, slug) in found for slug in self.sources] for i in range(len(LABELS))], bool)

    def told(self) -> np.ndarray:
        """Whether a source names a condition for some photographs, not all: bool, sources x conditions."""
        found = np.zeros((len(self.sources), len(self.conditions)), bool)
        for i, slug in enumerate(self.sources):
            here = [picture.conditions for picture in self.training if picture.slug == slug]
            for k, name in enumerate(self.conditions):
                found[i, k] = 0 < sum(name in conditions for conditions in here) < len(here)
        return found

    def validation(self) -> Dataset:
        """(uint8 224 x 224 x 3, class) of each validation picture."""
        return self._views


class LesionRecipe(Recipe):
    """Cross-entropy with a little label smoothing and, now and then, blended pictures (mixup).

    Args:
        loss: ``"cross-entropy"``, or ``"bce"``: binary cross-entropy with logits of each class on its own, as
            Mishra et al. used it.
        mixed: stages of ``net`` behind which the styles of pictures are mixed (``mixstyle``).
        choices: which heads learn beside the network; they stay behind when it is exported.
        teachers: networks whose mean answer is learnt beside the labels.
    """

    def __init__(
        self,
        *args: Any,
        loss: str = LOSSES[0],
        mixed: Sequence[nn.Module] = (),
        choices: Choices = CONFIGURATIONS["retake"],
        teachers: Sequence[nn.Module] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if loss not in LOSSES:
            raise ValueError(f"no such loss: {loss}")
        self._alone = loss == "bce"
        self._choices = choices
        channels = self.net.head.in_features if choices.adversarial or choices.conditions else 0
        self.source_head = (
            SourceHead(channels, torch.from_numpy(self.data.held())) if choices.adversarial else None
        )
        self.condition_head = (
            ConditionHead(channels, torch.from_numpy(self.data.told())) if choices.conditions else None
        )
        # Not registered: they are neither trained nor kept in checkpoints.
        self._teachers = tuple(teacher.eval().requires_grad_(False) for teacher in teachers)
        # The moving average, which is what is kept, was copied before: nothing is mixed in it.
        mixstyle.attach(mixed)

    def extra_parameters(self) -> list[nn.Parameter]:
        """Those of the heads that stay behind."""
        heads = [head for head in (self.source_head, self.condition_head) if head is not None]
        return [parameter for head in heads for parameter in head.parameters()]

    def answer(self, *inputs: Tensor) -> Sequence[Tensor]:
        """Class logits, then what each head beside the network says, then what the teachers say."""
        logits, features = self.net(*inputs)
        pooled, out = features.mean((2, 3)), [logits]
        if self.source_head is not None:
            # Slowly at first (Ganin and Lempitsky 2015): a head that knows nothing has nothing to teach.
            grown = 2 / (1 + math.exp(-10 * self.progress)) - 1
            out.append(self.source_head(reverse(pooled, REVERSAL * grown)))
        if self.condition_head is not None:
            out.append(self.condition_head(pooled))
        if self._teachers:
            with torch.no_grad():
                said = [F.softmax(teacher(*inputs)[0].float() / SOFTENED, 1) for teacher in self._teachers]
            out.append(torch.stack(said).mean(0))
        return out

    def mix(self, images: Tensor, targets: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Put shares of the classes before the targets; some batches blend two pictures each.

        A blend is of no one source, and what its heads would be asked has no answer.
        """
        label, source, conditions = targets
        shares = F.one_hot(label, len(LABELS)).float()
        if torch.rand(()) < self._choices.blended:
            part = float(torch.rand(()) * 0.4)
            order = torch.randperm(len(images))
            images = images * (1 - part) + images[order] * part
            shares = shares * (1 - part) + shares[order] * part
            source = torch.full_like(source, -1)
        return images, [shares, label, source, conditions]

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The chosen loss against shares of the classes, and what the heads beside the network add."""
        shares, label, source, conditions = targets
        beside = list(outputs[1:])
        if self._alone:
            total = F.binary_cross_entropy_with_logits(outputs[0], shares)
        else:
            total = F.cross_entropy(outputs[0], shares, label_smoothing=self._choices.smoothing)
        if self._teachers:
            # Their gradients shrink with the square of the softening.
            soft = F.cross_entropy(outputs[0] / SOFTENED, beside.pop()) * SOFTENED**2
            total = (1 - DISTILLED) * total + DISTILLED * soft
        if self.source_head is not None:
            total = total + self.source_head.loss(beside.pop(0), label, source)
        if self.condition_head is not None:
            total = total + CONDITION_SHARE * self.condition_head.loss(beside.pop(0), source, conditions)
        return total

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Macro F1 (the score) and accuracy on the validation photos."""
        said, truth = outputs[0].argmax(1).cpu().numpy(), targets[0].cpu().numpy()
        return {
            "score": float(macro_f1(truth, said, len(LABELS))),
            "accuracy": float(np.mean(said == truth)),
        }
