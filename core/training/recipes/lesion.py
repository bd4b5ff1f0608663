"""The lesion classifier's recipe: SGD with warm restarts, all layers at one rate when from scratch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.runtime.preprocess import network_square
from core.training.lesion_data import Picture, balanced_picks, training_view
from core.training.networks.lesion import LABELS
from core.training.recipes.loop import Plan, Recipe

SMOOTHING = 0.05
MIXED = 0.3
SIZES = ((0.0, 128), (0.55, 160), (0.8, 224))


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
    """Training pictures in memory, validation pictures as the shipped network sees them."""

    def __init__(self, training: Sequence[Picture], validation: Sequence[Picture], size: int = 224) -> None:
        self.training = training
        self._views = [(network_square(picture.rgb, size), picture.label) for picture in validation]

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Classes evenly, sources by the square root of their size."""
        return balanced_picks(self.training, count, rng)

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """(uint8 size x size x 3, class)."""
        picture = self.training[index]
        return training_view(picture, size, rng), picture.label

    def validation(self) -> Dataset:
        """(uint8 224 x 224 x 3, class) of each validation picture."""
        return self._views


def macro_f1(predicted: np.ndarray, truth: np.ndarray, classes: int) -> float:
    """Mean F1 (0-1) over the classes that occur."""
    scores = []
    for label in range(classes):
        hits = np.sum((predicted == label) & (truth == label))
        total = np.sum(predicted == label) + np.sum(truth == label)
        if np.any(truth == label):
            scores.append(2 * hits / total)
    return float(np.mean(scores))


class LesionRecipe(Recipe):
    """Cross-entropy with a little label smoothing and, now and then, blended pictures (mixup)."""

    def mix(self, images: Tensor, targets: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Turn labels into shares, of one class or, for some batches, of two blended ones."""
        shares = F.one_hot(targets[0], len(LABELS)).float()
        if torch.rand(()) < MIXED:
            part = float(torch.rand(()) * 0.4)
            order = torch.randperm(len(images))
            images = images * (1 - part) + images[order] * part
            shares = shares * (1 - part) + shares[order] * part
        return images, [shares]

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """Cross-entropy against shares."""
        return nn.functional.cross_entropy(outputs[0], targets[0], label_smoothing=SMOOTHING)

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Macro F1 (the score) and accuracy on the validation photos."""
        predicted, truth = outputs[0].argmax(1).cpu().numpy(), targets[0].cpu().numpy()
        return {
            "score": macro_f1(predicted, truth, len(LABELS)),
            "accuracy": float(np.mean(predicted == truth)),
        }
