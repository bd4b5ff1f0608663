"""The loop that every network is trained with, on Lightning."""

import ctypes
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, Dataset

from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD
from training.recipes.schedule import restart_rate, size_at

LAST = "last"
THIRDS = (0.01, 0.1, 1.0)
HEAD_ALONE = 0.1


@dataclass(frozen=True)
class Plan:
    """How one run goes.

    Attributes:
        epochs: how many; one epoch draws ``draws`` pictures.
        batch: pictures a step.
        peak, floor, cycles: learning rate, see ``restart_rate``.
        optimiser: ``"sgd"`` (Nesterov momentum 0.9) or ``"adamw"``.
        weight_decay: on weights, not on biases and BatchNorm.
        sizes: (from which share of the run, picture side in pixels).
        bf16: compute in bfloat16 where torch's autocast sees fit.
        average: decay of the moving average of weights, which is what is kept.
        seed: everything random follows from it.
        minutes: end within this time by shrinking the schedule; None trains all epochs.
        validate_every: epochs between validations and checkpoints.
        threads: for torch, in each process.
        processes: train in so many processes side by side, each with a batch of its own in every step. On a
            CPU that uses the cores better than more threads do. Needs ``minutes`` unset, as clocks differ.
        machines: train on so many machines, with so many processes on each; see docs/scaling.md.
        pretrained: the trunk comes from ImageNet: the head learns alone at first, then the trunk's thirds at
            0.01, 0.1 and 1 times the rate. From scratch everything learns at one rate.
        thirds: those factors, where they are others.
        head_alone: share of the run in which the head of a pretrained network learns alone.
    """

    epochs: int
    draws: int
    batch: int
    peak: float
    optimiser: str
    weight_decay: float
    sizes: tuple[tuple[float, int], ...]
    floor: float = 1e-5
    cycles: int = 3
    bf16: bool = True
    average: float = 0.998
    seed: int = 0
    minutes: float | None = None
    validate_every: int = 5
    threads: int = 2
    processes: int = 1
    machines: int = 1
    pretrained: bool = False
    thirds: tuple[float, float, float] = THIRDS
    head_alone: float = HEAD_ALONE

    @property
    def together(self) -> int:
        """Processes on all machines; each has a batch of its own in every step."""
        return self.processes * self.machines

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.epochs * (self.draws // (self.batch * self.together))


class TrainingData(Protocol):
    """Where pictures come from. A picture is uint8 (S x S x 3); targets are arrays or numbers."""

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Indices of the pictures of one epoch."""
        ...

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple:
        """(picture of each view, targets...) of one draw."""
        ...

    def validation(self) -> Dataset:
        """(picture of each view, targets...) as the shipped network would see them."""
        ...


class _Epoch(Dataset):
    """The draws of one epoch; each has its own generator, so that a resumed run draws the same."""

    def __init__(self, data: TrainingData, plan: Plan, epoch: int, size: int) -> None:
        self.data, self.seed, self.epoch, self.size = data, plan.seed, epoch, size
        self.picks = data.picks(plan.draws, np.random.default_rng([plan.seed, epoch]))

    def __len__(self) -> int:
        return len(self.picks)

    def __getitem__(self, place: int) -> tuple:
        rng = np.random.default_rng([self.seed, self.epoch, place])
        return self.data.training_item(int(self.picks[place]), self.size, rng)


def normalise(pictures: Tensor) -> Tensor:
    """uint8 N x S x S x 3 to float32 N x 3 x S x S with ImageNet mean and deviation, channels last."""
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    return ((pictures.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def rate_groups(
    net: nn.Module, pretrained: bool, thirds: Sequence[float] = THIRDS
) -> list[tuple[float, bool, list[nn.Parameter]]]:
    """Parameters by learning rate: (factor of the rate, whether of the trunk, parameters).

    With a pretrained trunk its stages, in order, make three thirds (Mishra et al. 2019), each at its factor
    of ``thirds``; else all is one.
    """
    if not pretrained:
        return [(1.0, False, list(net.parameters()))]
    stages = [list(stage.parameters()) for stage in net.trunk.children()]
    stages = [stage for stage in stages if stage]
    groups = []
    for third, factor in enumerate(thirds):
        here = stages[third * len(stages) // 3 : (third + 1) * len(stages) // 3]
        groups.append((factor, True, [parameter for stage in here for parameter in stage]))
    head = [p for name, p in net.named_parameters() if not name.startswith("trunk.")]
    return [*groups, (1.0, False, head)]


class Recipe(L.LightningModule):
    """A network under training. A recipe adds ``loss`` and ``score``."""

    def __init__(
        self, net: nn.Module, data: TrainingData, plan: Plan, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.net = net.to(memory_format=torch.channels_last)
        # A young average must follow quickly: its decay grows with the number of steps.
        self.average = AveragedModel(
            self.net,
            avg_fn=lambda old, new, count: old + (new - old) * max(1 - plan.average, 9 / (10 + count)),
            use_buffers=True,
        ).requires_grad_(False)
        self.data, self.plan, self._clock = data, plan, clock
        self._began = clock()
        self._seen: list[tuple[Tensor, ...]] = []

    def answer(self, *inputs: Tensor) -> Sequence[Tensor]:
        """What ``loss`` is given: the network's outputs."""
        return self.net(*inputs)

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """The loss of a batch."""
        raise NotImplementedError

    def batch_loss(self, batch: Sequence[Tensor]) -> Tensor:
        """The loss of a batch as the loader gives it: pictures (uint8) of each view, then targets."""
        images, targets = self.mix(normalise(batch[0]), list(batch[self.views :]))
        more = [normalise(pictures) for pictures in batch[1 : self.views]]
        return self.loss([output.float() for output in self.answer(images, *more)], targets)

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Figures on the whole validation set; ``"score"`` is the one that picks the best."""
        raise NotImplementedError

    def extra_parameters(self) -> list[nn.Parameter]:
        """What is trained beside the network and does not ship; nothing here."""
        return []

    def mix(self, images: Tensor, targets: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """A chance to blend pictures of a batch; does nothing here."""
        return images, targets

    @property
    def progress(self) -> float:
        """Share of the run that is done, by steps or by the clock, whichever is further."""
        done = self.global_step / max(1, self.plan.steps)
        if self.plan.minutes:
            done = max(done, (self._clock() - self._began) / (60 * self.plan.minutes))
        return min(done, 1.0)

    def _batches(self, epoch: int, size: int) -> DataLoader:
        drawn = _Epoch(self.data, self.plan, epoch, size)
        return DataLoader(drawn, batch_size=self.plan.batch, drop_last=True)

    def first_batches(self) -> DataLoader:
        """Batches of the first epoch."""
        return self._batches(0, self.plan.sizes[0][1])

    def train_dataloader(self) -> DataLoader:
        """Batches of the current epoch; Lightning asks anew each epoch."""
        return self._batches(self.current_epoch, size_at(self.progress, self.plan.sizes))

    def val_dataloader(self) -> DataLoader:
        """Validation pictures as the shipped network would see them."""
        return DataLoader(self.data.validation(), batch_size=32)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """SGD or AdamW; biases and BatchNorm do not decay."""
        groups = []
        for factor, trunk, parameters in rate_groups(self.net, self.plan.pretrained, self.plan.thirds):
            for decays in (True, False):
                held = [p for p in parameters if (p.ndim > 1) == decays]
                decay = self.plan.weight_decay if decays else 0.0
                if held:
                    groups.append({"params": held, "weight_decay": decay, "factor": factor, "trunk": trunk})
        extra = self.extra_parameters()
        if extra:
            groups.append({"params": extra, "weight_decay": 0.0, "factor": 1.0, "trunk": False})
        if self.plan.optimiser == "adamw":
            return torch.optim.AdamW(groups, lr=self.plan.peak)
        return torch.optim.SGD(groups, lr=self.plan.peak, momentum=0.9, nesterov=True)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Set the learning rate of this step, and the seed of its dropout and mixing.

        A seed each step: a resumed run makes its loaders, which draw random numbers too, at other times.
        """
        torch.manual_seed(self.plan.seed * 1_000_003 + self.global_step)
        rate = restart_rate(self.progress, self.plan.peak, self.plan.floor, self.plan.cycles)
        head_only = self.plan.pretrained and self.progress < self.plan.head_alone
        for group in self.optimizers().param_groups:
            group["lr"] = 0.0 if head_only and group["trunk"] else rate * group["factor"]

    def training_step(self, batch: Sequence[Tensor], batch_idx: int) -> Tensor:
        """One step."""
        loss = self.batch_loss(batch)
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """Follow with the average; stop when the time is up."""
        self.average.update_parameters(self.net)
        if self.plan.minutes and self.progress >= 1:
            self.trainer.should_stop = True

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Collect the averaged network's answers."""
        outputs = self.average(*map(normalise, batch[: self.views]))
        self._seen.append((*[output.float() for output in outputs[:-1]], *batch[self.views :]))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of the whole set."""
        answers = [torch.cat(part) for part in zip(*self._seen, strict=True)]
        self._seen.clear()
        heads = len(answers) - self.targets
        figures = self.score(answers[:heads], answers[heads:])
        self.log_dict(figures, prog_bar=True, sync_dist=self.plan.together > 1)
        rate = self.optimizers().param_groups[-1]["lr"]
        self.log_dict({"rate": rate, "progress": self.progress})

    targets = 1
    """How many targets a validation batch ends with."""
    views = 1
    """How many pictures of each photograph a batch begins with."""


def rounds(samples: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` indices below ``samples`` in random order, none a second time before all were drawn."""
    drawn = [rng.permutation(samples) for _round in range(-(-count // samples))]
    return np.concatenate(drawn)[:count]


def first_inputs(recipe: Recipe, batches: int = 4) -> list[Tensor]:
    """What the network sees in the first few batches of a run: float32, N x 3 x S x S, for each view."""
    seen = list(islice(recipe.first_batches(), batches))
    return [torch.cat([normalise(batch[view]) for batch in seen]) for view in range(recipe.views)]


_MMAP_MAX, _TRIM_THRESHOLD, _TOP_PAD = -4, -1, -2


def keep_memory() -> None:
    """Tell glibc to keep what is freed; elsewhere do nothing.

    Each step asks for gigabytes and frees them again. Handing them back to the kernel in between cost a third
    of the time in page faults where this was measured (docs/decisions/training.md).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    for option, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28)):
        mallopt(option, value)


def fit(recipe: Recipe, out: Path, resume: bool = False) -> nn.Module:
    """Train and return the averaged network.

    Checkpoints (``last.ckpt`` and the best by score) and ``metrics.csv`` go to ``out``. A finished or broken
    run continues from ``last.ckpt`` with ``resume``.

    Raises:
        FileNotFoundError: ``resume`` without a checkpoint in ``out``.
    """
    keep_memory()
    plan = recipe.plan
    checkpoint = out / f"{LAST}.ckpt"
    if resume and not checkpoint.is_file():
        raise FileNotFoundError(checkpoint)
    torch.set_num_threads(plan.threads)
    keep = ModelCheckpoint(
        dirpath=out,
        filename="best",
        monitor="score",
        mode="max",
        save_last=True,
        enable_version_counter=False,
    )
    trainer = L.Trainer(
        accelerator="auto",
        devices=plan.processes,
        num_nodes=plan.machines,
        strategy="ddp" if plan.together > 1 else "auto",
        max_epochs=plan.epochs,
        precision="bf16-mixed" if plan.bf16 else "32-true",
        reload_dataloaders_every_n_epochs=1,
        check_val_every_n_epoch=min(plan.validate_every, plan.epochs),
        num_sanity_val_steps=0,
        gradient_clip_val=5.0,
        log_every_n_steps=10,
        callbacks=[keep, TQDMProgressBar(refresh_rate=10)],
        logger=CSVLogger(out, name="", version=""),
        enable_model_summary=False,
    )
    trainer.fit(recipe, ckpt_path=str(checkpoint) if resume else None, weights_only=False)
    trainer.save_checkpoint(checkpoint)
    return recipe.average.module.float().cpu().eval()
