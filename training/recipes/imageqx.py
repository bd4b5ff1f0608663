"""ImageQX's recipes: the paper's (Jalaboi et al. 2022) and ours, named, with what they are compared by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.networks.imageqx import DETAILS, FEATURES, MIDDLE
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.synthetic.degrade import LUMA, MEASURES
from training.data.imageqx_data import TRAINING_SHARES, UNKNOWN, PoolDataset, build_pool, load_labels
from training.evaluation.metrics import macro_f1
from training.recipes.loop import Plan, Recipe, rounds

QUALITY_SHARE = 1.0
EXPLANATION_SHARE = 5.0
# Not in the paper: heads that do not ship learn the measures that the panel judged by, and where the lesion
# is. Without pretrained weights the votes alone taught the trunk too slowly (docs/decisions/training.md).
MEASURE_SHARE = 2.0
PLACE_SHARE = 2.0
HEAVIEST = 10.0
SAMPLES = 14_000
# Validation on all samples takes minutes; while training runs, so many tell enough.
LOOK = 480
# Distance, framing and class can be learnt small, and thrice as fast; detail is never shrunk, only cut.
SIZES = ((0.0, 128), (0.5, 160), (0.8, 224))
# A pretrained trunk starts beyond the small sizes.
TUNED_SIZES = ((0.0, 128), (0.3, 160), (0.75, 224))
TUNED_THIRDS = (0.1, 0.4, 1.0)


@dataclass(frozen=True)
class Choices:
    """What one configuration of ImageQX is made of.

    Attributes:
        labels: ``"hard"``: the plurality class; ``"soft"``: shares of the votes.
        explanations: ``"hard"``: whether any rater gave it; ``"soft"``: half way between that and the share.
        views: 1 whole frame, or 2 with the detail from its middle.
        measures, places: whether the extra heads take part in training.
        statistics: whether the statistics of the early feature maps are read.
    """

    labels: str = "soft"
    explanations: str = "soft"
    views: int = 2
    measures: bool = True
    places: bool = True
    statistics: bool = False


CONFIGURATIONS: Final = {
    "fine-tuned": Choices(labels="hard", statistics=True),
    "paper": Choices(labels="hard", explanations="hard", views=1, measures=False, places=False),
    "retake": Choices(),
    "hard-labels": Choices(labels="hard", explanations="hard"),
}


PLAN: Final = Plan(
    epochs=39,
    draws=2048,
    batch=32,
    peak=1.5e-3,
    validate_every=10,
    optimiser="adamw",
    weight_decay=0.02,
    sizes=SIZES,
    # Depthwise convolutions gain nothing from bfloat16 on a CPU.
    bf16=torch.cuda.is_available(),
)
"""How ImageQX is trained from scratch, unless told otherwise."""

FINE_TUNING: Final = replace(
    PLAN,
    sizes=TUNED_SIZES,
    peak=8e-4,
    floor=1e-6,
    cycles=1,
    pretrained=True,
    thirds=TUNED_THIRDS,
    head_alone=0.04,
)
"""How a network with a pretrained trunk is trained: one cosine, graded rates over thirds of the trunk."""


def _recolour(pictures: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """A slight change of white balance and saturation, alike for all; brightness stays: light is judged."""
    gains = np.exp(rng.normal(0, 0.03, 3))
    gains /= gains @ LUMA
    amount = rng.uniform(0.9, 1.1)
    tables = np.clip(np.arange(256)[:, None] * gains, 0, 255).round().astype(np.uint8)
    done = []
    for picture in pictures:
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        done.append(cv2.LUT(cv2.addWeighted(picture, amount, grey, 1 - amount, 0), tables[:, None]))
    return done


class PoolData:
    """A rendered pool of judged samples; training turns and mirrors them, which changes no verdict.

    Args:
        folder: where ``imageqx_data.build_pool`` wrote the pool.
        choices: the configuration.
        look: validate on the first so many samples only; None takes all.

    Raises:
        DataError: the folder holds no finished pool.
    """

    def __init__(self, folder: Path, choices: Choices, look: int | None = None) -> None:
        pool = PoolDataset(folder, "train")
        columns = load_labels(folder)
        self.choices, self._pool, self._look = choices, pool, look
        self._held_out = PoolDataset(folder, "validation")
        self.subjects = len(set(columns["split_key"][pool.positions]) - {"phantom"})
        self.labels = pool.labels
        self.measures = standard_measures(columns["measures"])[pool.positions]
        self.places = columns["places"]
        any_rater, share = pool.explanations, pool.explanation_shares
        self._given = any_rater if choices.explanations == "hard" else (any_rater + share) / 2

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Every sample alike, as they come in the pool."""
        return rounds(len(self.labels), count, rng)

    def views(self, pool: PoolDataset, row: int) -> list[np.ndarray]:
        """The pictures of one sample: uint8, 224 x 224 x 3, as many as the configuration has views."""
        place = pool.positions[row]
        pictures = [np.array(pool.images[place])]
        if self.choices.views == 2:
            pictures.append(np.array(pool.details[place]))
        return pictures

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple:
        """One draw.

        Returns:
            the pictures (uint8, size x size x 3; the whole frame shrunk, of the detail a part), class shares
            (float32, 4), class (int), explanations (float32, 5), measures (float32, 10, nan unknown), places
            (float32, 14 x 14, nan unknown).
        """
        pool, row = self._pool, int(index)
        turn = int(rng.integers(8))

        def turned(array: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(np.rot90(array[:, ::-1] if turn & 4 else array, turn & 3))

        pictures = _recolour([turned(picture) for picture in self.views(pool, row)], rng)
        side = pictures[0].shape[0]
        if size != side:
            pictures[0] = cv2.resize(pictures[0], (size, size), interpolation=cv2.INTER_AREA)
            top, left = rng.integers(0, max(1, side - size + 1), 2)
            pictures[1:] = [
                np.ascontiguousarray(p[top : top + size, left : left + size]) for p in pictures[1:]
            ]
        marks = turned(self.places[pool.positions[row]])
        places = np.where(marks == UNKNOWN, np.float32(np.nan), marks.astype(np.float32) / 254)
        label = int(pool.labels[row])
        shares = pool.votes[row]
        if self.choices.labels == "hard":
            shares = np.eye(len(QUALITY_CLASSES), dtype=np.float32)[label]
        return *pictures, shares, label, self._given[row], self.measures[row], places

    def validation(self) -> Dataset:
        """(pictures, class, explanations by any rater, class votes) of the validation samples."""
        return _HeldOut(self, self._held_out, self._look)


class _HeldOut(Dataset):
    def __init__(self, data: PoolData, pool: PoolDataset, look: int | None) -> None:
        self._data, self._pool, self._look = data, pool, look

    def __len__(self) -> int:
        return min(len(self._pool), self._look or len(self._pool))

    def __getitem__(self, index: int) -> tuple:
        pool = self._pool
        views = self._data.views(pool, index)
        return *views, int(pool.labels[index]), pool.explanations[index], pool.votes[index]


def load_data(
    data_dir: Path,
    folder: Path,
    count: int,
    seed: int,
    choices: Choices,
    look: int | None = None,
) -> PoolData:
    """The pool in ``folder``, first rendered from the photographs where there is none (minutes to an hour).

    Raises:
        DataError: the photographs or a pool that is there cannot be used.
    """
    if not (folder / "labels.npz").is_file():
        build_pool(data_dir, folder, count=count, seed=seed, shares=TRAINING_SHARES)
    return PoolData(folder, choices, look)


def standard_measures(measures: np.ndarray) -> np.ndarray:
    """Measures of a pool as targets: ratios on a log scale, each with mean 0 and deviation 1; nan stays.

    Args:
        measures: float, N x 10, in the order of ``degrade.MEASURES``.

    Returns:
        float32, N x 10.
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
    """1.0 x class-weighted cross-entropy + 5.0 x binary cross-entropy of the explanations.

    Where the configuration has them, plus the measures' and the places' shares.
    """

    targets = 3

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        choices = self.data.choices
        self.views = choices.views
        self.register_buffer("weights", torch.from_numpy(class_weights(self.data.labels)), persistent=False)
        width = FEATURES + (DETAILS if choices.views == 2 else 0)
        self.measuring = nn.Linear(width, len(MEASURES)) if choices.measures else None
        # The network reads the lesion's place off its last map; here also off the finer one half way up.
        self.placing = nn.Conv2d(MIDDLE, 1, 1) if choices.places else None

    def extra_parameters(self) -> list[nn.Parameter]:
        """The heads that learn measures and places."""
        heads = [head for head in (self.measuring, self.placing) if head is not None]
        return [parameter for head in heads for parameter in head.parameters()]

    def answer(self, *inputs: Tensor) -> Sequence[Tensor]:
        """Class and explanation logits, then what the extra heads say."""
        found = self.net.describe(*inputs)
        out = [found.quality, found.explanations]
        if self.measuring is not None:
            out.append(self.measuring(found.pooled))
        if self.placing is not None:
            out += [self.net.place(found.features), self.placing(found.middle)]
        return out

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The paper's sum of both losses, and the extra heads' shares."""
        shares, classes, given, measures, places = targets
        each = F.cross_entropy(outputs[0], shares, weight=self.weights, reduction="sum")
        quality = each / self.weights[classes].sum()
        votes = F.binary_cross_entropy_with_logits(outputs[1], given.float())
        total = QUALITY_SHARE * quality + EXPLANATION_SHARE * votes
        rest = list(outputs[2:])
        if self.measuring is not None:
            off = F.smooth_l1_loss(rest.pop(0), torch.nan_to_num(measures), reduction="none")
            total = total + MEASURE_SHARE * mean_where_known(off, measures)
        for predicted in rest:
            truth = F.adaptive_avg_pool2d(places[:, None].float(), predicted.shape[-2:])
            off = F.binary_cross_entropy_with_logits(predicted, torch.nan_to_num(truth), reduction="none")
            total = total + PLACE_SHARE / len(rest) * mean_where_known(off, truth)
        return total

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Macro F1 of the classes, mean F1 of the explanations at 0.5, and their mean (the score)."""
        predicted, truth = outputs[0].argmax(1).cpu().numpy(), targets[0].cpu().numpy()
        quality = float(macro_f1(truth, predicted, len(QUALITY_CLASSES)))
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
