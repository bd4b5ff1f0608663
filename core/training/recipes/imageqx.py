"""ImageQX's recipe (Jalaboi et al. 2022): both heads at once, AdamW, cosine annealing with warm restarts."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.training.degrade import LUMA, MEASURES
from core.training.imageqx_data import PoolDataset, build_pool, load_labels
from core.training.networks.imageqx import FEATURES
from core.training.recipes.lesion import macro_f1
from core.training.recipes.loop import Plan, Recipe

QUALITY_SHARE = 1.0
EXPLANATION_SHARE = 5.0
# Not in the paper: a head that does not ship learns the measures that the panel judged by. Without pretrained
# weights the votes alone taught the trunk too slowly (docs/decisions/training.md).
MEASURE_SHARE = 2.0
# At sizes under the pool's, so many pictures are cut-outs at full sharpness: shrinking hides blur.
CUT_OUTS = 0.5
JUDGED_IN_CUT_OUTS = ("bad_light", "blurry", "low_resolution")
MEASURED_IN_CUT_OUTS = ("blur", "luma", "clipped", "pixels", "jpeg")
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
    processes: int = 1,
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
        processes=processes,
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


_JUDGED = np.array([name in JUDGED_IN_CUT_OUTS for name in EXPLANATIONS])
_MEASURED = np.array([name in MEASURED_IN_CUT_OUTS for name in MEASURES])


class PoolData:
    """A rendered pool of judged samples; training turns and mirrors them, which changes no verdict.

    Args:
        folder: where ``imageqx_data.build_pool`` wrote the pool.
    """

    def __init__(self, folder: Path) -> None:
        self._training = PoolDataset(folder, "train")
        self._held_out = PoolDataset(folder, "validation")
        self.labels = self._training.labels
        measures = load_labels(folder)["measures"]
        self.measures = standard_measures(measures)[self._training.positions]

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Every sample alike, as they come in the pool."""
        samples = len(self._training)
        rounds = [rng.permutation(samples) for _round in range(-(-count // samples))]
        return np.concatenate(rounds)[:count]

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple:
        """(uint8 size x size x 3, class, float32 5: explanations, float32 9: measures).

        A cut-out has no class (-1), and nan where the part says nothing of the whole.
        """
        pool = self._training
        picture = pool.images[pool.positions[index]]
        turn = int(rng.integers(8))
        picture = np.rot90(picture[:, ::-1] if turn & 4 else picture, turn & 3)
        label, explanations, measures = (
            int(pool.labels[index]),
            pool.explanations[index],
            self.measures[index],
        )
        side = picture.shape[0]
        if size < side and rng.random() < CUT_OUTS:
            top, left = rng.integers(0, side - size + 1, 2)
            picture = picture[top : top + size, left : left + size]
            label = -1
            explanations = np.where(_JUDGED, explanations, np.float32(np.nan))
            measures = np.where(_MEASURED, measures, np.float32(np.nan))
        elif size != side:
            picture = cv2.resize(np.ascontiguousarray(picture), (size, size), interpolation=cv2.INTER_AREA)
        picture = _recolour(np.ascontiguousarray(picture), rng)
        return picture, label, explanations, measures

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


def standard_measures(measures: np.ndarray) -> np.ndarray:
    """Measures of a pool as targets: ratios on a log scale, each with mean 0 and deviation 1; nan stays.

    Args:
        measures: float, N x 9, in the order of ``degrade.MEASURES``.

    Returns:
        float32, N x 9.
    """
    scaled = measures.astype(np.float64)
    for name, offset in (("extent", 0.01), ("blur", 0.1), ("shading", 0.0), ("pixels", 1.0)):
        column = MEASURES.index(name)
        scaled[:, column] = np.log(scaled[:, column] + offset)
    seen = np.where(np.isfinite(scaled), scaled, np.nan)
    empty = np.isnan(seen).all(axis=0)
    seen[:, empty] = 0.0
    standard = (seen - np.nanmean(seen, axis=0)) / np.maximum(np.nanstd(seen, axis=0), 1e-6)
    standard[:, empty] = np.nan
    return np.clip(standard, -4, 4).astype(np.float32)


def mean_where_known(losses: Tensor, targets: Tensor) -> Tensor:
    """Mean of ``losses`` over the entries whose target is not nan; 0 when there are none."""
    known = ~torch.isnan(targets)
    return torch.where(known, losses, torch.zeros_like(losses)).sum() / known.sum().clamp(min=1)


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
    """1.0 x class-weighted cross-entropy + 5.0 x binary cross-entropy of the explanations + measures."""

    targets = 2

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer("weights", torch.from_numpy(class_weights(self.data.labels)), persistent=False)
        self.measuring = nn.Linear(FEATURES, len(MEASURES))

    def extra_parameters(self) -> list[nn.Parameter]:
        """The head that learns the measures."""
        return list(self.measuring.parameters())

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The paper's sum of both losses, and the measures' share."""
        classes = targets[0]
        each = F.cross_entropy(outputs[0], classes, weight=self.weights, ignore_index=-1, reduction="none")
        counted = self.weights[classes.clamp(min=0)] * (classes >= 0)
        quality = each.sum() / counted.sum().clamp(min=1e-6)
        given, measures = targets[1], targets[2]
        votes = F.binary_cross_entropy_with_logits(outputs[1], torch.nan_to_num(given), reduction="none")
        measured = self.measuring(outputs[2].mean(dim=(2, 3)))
        off = F.smooth_l1_loss(measured, torch.nan_to_num(measures), reduction="none")
        return (
            QUALITY_SHARE * quality
            + EXPLANATION_SHARE * mean_where_known(votes, given)
            + MEASURE_SHARE * mean_where_known(off, measures)
        )

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
