"""ImageQX's recipe (Jalaboi et al. 2022): both heads at once, AdamW, cosine annealing with warm restarts."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.training.degrade import LUMA
from core.training.imageqx_data import PoolDataset, build_pool
from core.training.recipes.lesion import macro_f1
from core.training.recipes.loop import Plan, Recipe

QUALITY_SHARE = 1.0
EXPLANATION_SHARE = 5.0
HEAVIEST = 10.0
EPOCHS = 39
SIZES = ((0.0, 128), (0.35, 192), (0.8, 224))


def plan(
    epochs: int = EPOCHS,
    draws: int = 2048,
    batch: int = 32,
    sizes: tuple[tuple[float, int], ...] = SIZES,
    seed: int = 0,
    minutes: float | None = None,
    threads: int = 2,
    rate: float | None = None,
    pretrained: bool = False,
) -> Plan:
    """The settings that the shipped ImageQX is trained with, unless told otherwise."""
    return Plan(
        epochs=epochs,
        draws=draws,
        batch=batch,
        peak=rate or 1.5e-3,
        validate_every=10,
        optimiser="adamw",
        weight_decay=0.02,
        sizes=sizes,
        # Depthwise convolutions gain nothing from bfloat16 on a CPU.
        bf16=torch.cuda.is_available(),
        seed=seed,
        minutes=minutes,
        threads=threads,
        pretrained=pretrained,
    )


def _recolour(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another white balance and saturation; brightness stays, since light is judged."""
    gains = np.exp(rng.normal(0, 0.06, 3))
    gains /= gains @ LUMA
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    amount = rng.uniform(0.8, 1.2)
    picture = cv2.addWeighted(picture, amount, grey, 1 - amount, 0)
    tables = np.clip(np.arange(256)[:, None] * gains, 0, 255).round().astype(np.uint8)
    return cv2.LUT(picture, tables[:, None])


class PoolData:
    """A rendered pool of judged samples; training turns and mirrors them, which changes no verdict.

    Args:
        folder: where ``imageqx_data.build_pool`` wrote the pool.
    """

    def __init__(self, folder: Path) -> None:
        self._training = PoolDataset(folder, "train")
        self._held_out = PoolDataset(folder, "validation")
        self.labels = self._training.labels

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Every sample alike, as they come in the pool."""
        samples = len(self._training)
        rounds = [rng.permutation(samples) for _round in range(-(-count // samples))]
        return np.concatenate(rounds)[:count]

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple:
        """(uint8 size x size x 3, class, float32 5: explanations)."""
        pool = self._training
        picture = pool.images[pool.positions[index]]
        turn = int(rng.integers(8))
        picture = np.rot90(picture[:, ::-1] if turn & 4 else picture, turn & 3)
        if size != picture.shape[0]:
            picture = cv2.resize(np.ascontiguousarray(picture), (size, size), interpolation=cv2.INTER_AREA)
        picture = _recolour(np.ascontiguousarray(picture), rng)
        return picture, int(pool.labels[index]), pool.explanations[index]

    def validation(self) -> Dataset:
        """(uint8 224 x 224 x 3, class, explanations) of the validation samples."""
        return _HeldOut(self._held_out)


class _HeldOut(Dataset):
    def __init__(self, pool: PoolDataset) -> None:
        self._pool = pool

    def __len__(self) -> int:
        return len(self._pool)

    def __getitem__(self, index: int) -> tuple:
        pool = self._pool
        return np.array(pool.images[pool.positions[index]]), int(pool.labels[index]), pool.explanations[index]


def load_data(data_dir: Path, folder: Path, count: int, seed: int) -> PoolData:
    """The pool in ``folder``, first rendered from the photographs where there is none (minutes to an hour).

    Raises:
        DataError: the photographs or a pool that is there cannot be used.
    """
    if not (folder / "labels.npz").is_file():
        build_pool(data_dir, folder, count=count, seed=seed)
    return PoolData(folder)


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
