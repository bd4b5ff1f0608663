"""The learning-rate range test that Mishra et al. 2019 choose their rate with (their Figure 3)."""

import copy
import json
import logging
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning as L
import numpy as np
import torch
from lightning.pytorch.tuner.tuning import Tuner
from torch import Tensor

from core.reports import lr_plot
from training.recipes.loop import Recipe

# Rates left out at the start, where a momentum that is still filling up looks like learning.
_SKIPPED = 0.15


@dataclass(frozen=True)
class RangeTest:
    """What came of it.

    Attributes:
        rates: tried in this order, ever higher.
        losses: at each rate, averaged over neighbours.
        slopes: change of the loss for a tenfold rate.
        optimum: the rate at the steepest fall.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    slopes: tuple[float, ...]
    optimum: float


class _Trial(L.LightningModule):
    """A recipe's loss under a rate that the tuner raises."""

    def __init__(self, recipe: Recipe, low: float) -> None:
        super().__init__()
        self.recipe = recipe
        self.lr = low
        # Lightning's own list is smoothed in a way that makes the first losses look small.
        self.losses: list[float] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        parameters = [*self.recipe.net.parameters(), *self.recipe.extra_parameters()]
        return torch.optim.SGD(parameters, lr=self.lr, momentum=0.9, nesterov=True)

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        loss = self.recipe.batch_loss(batch)
        self.losses.append(float(loss.detach()))
        return loss


def steepest(tried: Sequence[float], losses: Sequence[float]) -> RangeTest:
    """Where the loss falls fastest on a logarithmic scale of rates.

    The losses are averaged over a fifteenth of the test first, so that one lucky batch is no optimum, and
    what comes after their least value is no longer of interest.
    """
    losses = np.asarray(losses, float)
    finite = np.isfinite(losses)
    tried, losses = np.asarray(tried, float)[finite], losses[finite]
    reach = max(1, len(losses) // 15)
    padded = np.pad(losses, reach, mode="edge")
    smooth = np.convolve(padded, np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid")
    slopes = np.gradient(smooth, np.log10(tried)) if len(tried) > 1 else np.zeros(len(tried))
    begin, end = int(len(tried) * _SKIPPED), int(np.argmin(smooth)) + 1
    begin = min(begin, end - 1)
    best = begin + int(np.argmin(slopes[begin:end]))
    return RangeTest(
        tuple(map(float, tried)), tuple(map(float, smooth)), tuple(map(float, slopes)), float(tried[best])
    )


def range_test(recipe: Recipe, low: float = 1e-4, high: float = 1.0, steps: int = 60) -> RangeTest:
    """Train a little with ever higher rates (Lightning's tuner) and put everything back as it was.

    Args:
        recipe: what is to be trained.
        low, high: first and last rate.
        steps: batches to spend; it ends earlier when the loss has grown fourfold.

    Raises:
        ValueError: an epoch of the recipe has no full batch.
    """
    batches = recipe.first_batches()
    if not len(batches):
        raise ValueError("an epoch has no full batch")
    before = copy.deepcopy(recipe.state_dict())
    torch.manual_seed(recipe.plan.seed)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        trainer = L.Trainer(
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=folder,
            max_epochs=-1,
        )
        trial = _Trial(recipe, low)
        found = Tuner(trainer).lr_find(
            trial,
            train_dataloaders=batches,
            min_lr=low,
            max_lr=high,
            num_training=steps,
            update_attr=False,
        )
        logging.getLogger("lightning.pytorch").setLevel(logging.INFO)
    recipe.load_state_dict(before)
    count = min(len(trial.losses), len(found.results["lr"]))
    return steepest(found.results["lr"][:count], trial.losses[:count])


_PLOT, _FIGURES = "range_test.svg", "range_test.json"


def write_range_test(test: RangeTest, folder: Path) -> Path:
    """Write figures and plot (``range_test.json`` and ``.svg``) into a folder; returns the plot's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FIGURES).write_text(json.dumps(asdict(test)) + "\n", encoding="utf-8")
    drawn = lr_plot.range_test(test.rates, test.losses, test.slopes, test.optimum)
    (folder / _PLOT).write_text(drawn.file() + "\n", encoding="utf-8")
    return folder / _PLOT


def earlier_optimum(folder: Path) -> float | None:
    """The rate that a run in this folder was begun with, or None when there was no range test."""
    path = folder / _FIGURES
    return float(json.loads(path.read_text(encoding="utf-8"))["optimum"]) if path.is_file() else None
