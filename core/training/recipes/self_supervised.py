"""A start for the lesion classifier from photographs of skin alone, without a class: Barlow Twins.

Two views of one picture shall give the same features, and no two features the same thing (Zbontar et al.
2021).
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from core.training.lesion_data import Elsewhere, Picture, training_view
from core.training.recipes.loop import Recipe, normalise, rounds

PROJECTED: Final = 256
OFF_DIAGONAL: Final = 0.005
LOOK: Final = 160
"""Side of the views that the loss is validated on, in pixels."""


def barlow_twins(one: Tensor, other: Tensor) -> Tensor:
    """How far the correlations between two views' outputs are from the identity (their equations 1 and 2).

    Args:
        one, other: float, N x D: of the two views of N > 1 pictures.
    """
    one, other = ((z - z.mean(0)) / (z.std(0, correction=0) + 1e-6) for z in (one, other))
    between = one.T @ other / len(one)
    diagonal = between.diagonal()
    rest = between.pow(2).sum() - diagonal.pow(2).sum()
    return ((1 - diagonal).pow(2).sum() + OFF_DIAGONAL * rest) / len(diagonal)


class SkinData:
    """Pairs of views of pictures of skin, with a lesion or without; nothing is said about them.

    Args:
        lesions: pictures of lesions, to train on.
        skin: uint8 RGB, of healthy skin, to train on and to lay lesions on.
        held_out: pictures to see how alike their views have become.
    """

    def __init__(
        self, lesions: Sequence[Picture], skin: Sequence[np.ndarray], held_out: Sequence[Picture]
    ) -> None:
        bare = [Picture(rgb, (), -1, "healthy_skin") for rgb in skin]
        self.training = [*lesions, *bare]
        self.elsewhere = Elsewhere(lesions, skin)
        rng = np.random.default_rng(0)
        self._pairs = [self._pair(picture, LOOK, rng) for picture in held_out]

    def _pair(self, picture: Picture, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return training_view(picture, size, rng, self.elsewhere), training_view(
            picture, size, rng, self.elsewhere
        )

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """All pictures once before any comes again."""
        return rounds(len(self.training), count, rng)

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Two views: uint8, size x size x 3 each."""
        return self._pair(self.training[index], size, rng)

    def validation(self) -> Dataset:
        """Two views of each held-out picture, the same each time."""
        return self._pairs


class SelfSupervisedRecipe(Recipe):
    """Trains the trunk of a ``LesionNet``; its head stays as it is.

    The layers behind the pooled features that the loss is taken of do not ship.
    """

    views = 2
    targets = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        channels = self.net.head.in_features
        self.projector = nn.Sequential(
            nn.Linear(channels, PROJECTED, bias=False),
            nn.BatchNorm1d(PROJECTED),
            nn.ReLU(),
            nn.Linear(PROJECTED, PROJECTED, bias=False),
        )

    def extra_parameters(self) -> list[nn.Parameter]:
        """Those of the layers that do not ship."""
        return list(self.projector.parameters())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Everything but the head, which nothing is asked of."""
        self.net.head.requires_grad_(False)
        return super().configure_optimizers()

    def answer(self, *inputs: Tensor) -> Sequence[Tensor]:
        """Projections of each view, N x D."""
        return [self.projector(self.net(view)[1].mean((2, 3))) for view in inputs]

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """``barlow_twins`` of the two views."""
        return barlow_twins(*outputs)

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Collect the averaged network's projections."""
        told = [self.projector(self.average(normalise(view))[1].mean((2, 3))) for view in batch]
        self._seen.append(tuple(projected.float() for projected in told))

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Minus the loss over all held-out pairs."""
        return {"score": -float(barlow_twins(*outputs))}
