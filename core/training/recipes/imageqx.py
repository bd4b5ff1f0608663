"""ImageQX's recipe (Jalaboi et al. 2022): both heads at once, AdamW, cosine annealing with warm restarts."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.training.recipes.lesion import macro_f1
from core.training.recipes.loop import Plan, Recipe

QUALITY_SHARE = 1.0
EXPLANATION_SHARE = 5.0
HEAVIEST = 10.0
EPOCHS = 39
SIZES = ((0.0, 128), (0.4, 160), (0.75, 224))


def plan(
    epochs: int = EPOCHS,
    draws: int = 2048,
    batch: int = 32,
    sizes: tuple[tuple[float, int], ...] = SIZES,
    seed: int = 0,
    minutes: float | None = None,
    threads: int = 2,
) -> Plan:
    """The settings that the shipped ImageQX is trained with, unless told otherwise."""
    return Plan(
        epochs=epochs,
        draws=draws,
        batch=batch,
        peak=1.5e-3,
        optimiser="adamw",
        weight_decay=0.02,
        sizes=sizes,
        # Depthwise convolutions gain nothing from bfloat16 on a CPU.
        bf16=torch.cuda.is_available(),
        seed=seed,
        minutes=minutes,
        threads=threads,
    )


def class_weights(labels: np.ndarray) -> np.ndarray:
    """min(n_max / n_c, 10) for each quality class; a class without photos counts as the rarest would.

    Args:
        labels: int, N, of the training photos.

    Returns:
        float32, 4.
    """
    counts = np.bincount(labels, minlength=len(QUALITY_CLASSES))
    return np.minimum(counts.max() / np.maximum(counts, 1), HEAVIEST).astype(np.float32)


class ImageQXRecipe(Recipe):
    """1.0 x class-weighted cross-entropy + 5.0 x binary cross-entropy of the explanations."""

    targets = 2

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer("weights", torch.from_numpy(class_weights(self.data.labels)), persistent=False)

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The paper's sum of both losses."""
        quality = F.cross_entropy(outputs[0], targets[0], weight=self.weights)
        explanations = F.binary_cross_entropy_with_logits(outputs[1], targets[1])
        return QUALITY_SHARE * quality + EXPLANATION_SHARE * explanations

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Macro F1 of the classes, mean F1 of the explanations at 0.5, and their mean (the score)."""
        predicted, truth = outputs[0].argmax(1).cpu().numpy(), targets[0].cpu().numpy()
        quality = macro_f1(predicted, truth, len(QUALITY_CLASSES))
        given, true = (outputs[1] > 0).cpu().numpy(), (targets[1] > 0.5).cpu().numpy()
        each = [
            2 * np.sum(given[:, k] & true[:, k]) / max(1, np.sum(given[:, k]) + np.sum(true[:, k]))
            for k in range(len(EXPLANATIONS))
        ]
        explanations = float(np.mean(each))
        return {
            "score": (quality + explanations) / 2,
            "quality_f1": quality,
            "explanation_f1": explanations,
        }
