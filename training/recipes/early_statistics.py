"""Fit what reads the early feature maps' channel statistics, beside a finished ImageQX network.

``python -m training.recipes.early_statistics --pool DIR --start DIR --out DIR`` leaves every weight of the
network as it is and trains ``StatisticsNet`` alone, by the same loss as the whole, on statistics that are
computed once: minutes on a processor. It learns from the pool's samples, rendered as for the network; with
``--data DIR`` also from photographs and phantoms with plain faults, as photos and as frames of a video
(``training.evaluation.examples``).
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.i18n import _
from core.networks.build import build, parts_in
from core.networks.imageqx import HIDDEN, ImageQXNet, StatisticsNet, early_statistics
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import MANIFEST_NAME, NetworkEntry, load_manifest
from core.runtime.onnx_file import initialiser_names
from core.runtime.weights import verify
from training.data.imageqx_data import SIDE, PoolDataset
from training.data.sources import DataError, read_manifest
from training.evaluation.examples import KINDS, Example, examples, photos_and_frames
from training.networks.altered import save_altered
from training.networks.export import export, initialise
from training.recipes.beside import Plan, described, minimise, run, views_of
from training.recipes.imageqx import EXPLANATION_SHARE, QUALITY_SHARE, class_weights

PLAN: Final = Plan(epochs=30, batch=256, rate=1e-3, weight_decay=1.0)
EXAMPLE_WEIGHT: Final = 0.25
"""How much an example of a plain fault counts against a sample of the pool."""
# Not the second opinion's: what that learns from is to be new to the network.
EXAMPLES_SEED: Final = 16
# A channel that hardly varies is not stretched to the size of the others.
_LEAST: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures as the frozen network sees them, and what they are.

    Attributes:
        statistics: float32, N x 384.
        quality, explanations: float32, N x 4 and N x 5, the network's logits without statistics.
        labels: int, N: quality class.
        given: float32, N x 5, 0-1: how far each explanation is true.
        weights: float32, N: how much each counts.
    """

    statistics: np.ndarray
    quality: np.ndarray
    explanations: np.ndarray
    labels: np.ndarray
    given: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: "Seen") -> "Seen":
        both = ((vars(self)[name], vars(other)[name]) for name in vars(self))
        return Seen(*map(np.concatenate, both))


def of_pool(net: ImageQXNet, pool: PoolDataset) -> Seen:
    """The samples of a pool's split; each counts 1."""
    views = ((pool.images[place], pool.details[place])[: net.views] for place in pool.positions)
    given = (pool.explanations + pool.explanation_shares) / 2
    return Seen(*_seen(net, views), pool.labels, given, np.ones(len(pool), np.float32))


def of_examples(net: ImageQXNet, shown: Iterable[Example]) -> Seen:
    """Examples whose one fault is known, or that have none; each counts ``EXAMPLE_WEIGHT``."""
    labels, given = [], []

    def views() -> Iterator[list[np.ndarray]]:
        for example in shown:
            found = KINDS[example.kind]
            given.append([float(name == found) for name in EXPLANATIONS])
            label = "poor_quality" if found in EXPLANATIONS else "lesion" if found == "ready" else found
            labels.append(QUALITY_CLASSES.index(label))
            yield views_of(net, example.rgb)

    seen = _seen(net, views())
    weights = np.full(len(labels), EXAMPLE_WEIGHT, np.float32)
    return Seen(*seen, np.array(labels), np.array(given, np.float32), weights)


def _seen(
    net: ImageQXNet, views: Iterable[Sequence[np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Statistics and logits of pictures, each as its views."""
    statistics, quality, explanations = [], [], []
    for found in described(net, views):
        statistics.append(early_statistics(found.early).numpy())
        quality.append(found.quality.numpy())
        explanations.append(found.explanations.numpy())
    return np.concatenate(statistics), np.concatenate(quality), np.concatenate(explanations)


def fit(seen: Seen, through: np.ndarray, plan: Plan) -> StatisticsNet:
    """Train a fresh ``StatisticsNet`` on what a frozen network left out.

    Args:
        seen: by a network without statistics.
        through: float32, 4 x 5: how the explanations' probabilities reach the class logits.

    Returns:
        the trained module, in evaluation mode; it reads statistics as they come.
    """
    torch.manual_seed(plan.seed)
    mean, deviation = seen.statistics.mean(0), seen.statistics.std(0) + _LEAST
    shown = torch.from_numpy((seen.statistics - mean) / deviation)
    quality, explanations = torch.from_numpy(seen.quality), torch.from_numpy(seen.explanations)
    classes, wanted = torch.from_numpy(seen.labels).long(), torch.from_numpy(seen.given)
    counts = torch.from_numpy(seen.weights)
    of_class, mixed = torch.from_numpy(class_weights(seen.labels)), torch.from_numpy(through)
    module = StatisticsNet()
    # It begins with adding nothing.
    nn.init.zeros_(module.tell.weight)
    nn.init.zeros_(module.tell.bias)

    def loss_of(rows: Tensor) -> Tensor:
        before = explanations[rows]
        after = before + module(shown[rows])
        # The rest of the quality head is frozen, too: its answer changes by what reaches it.
        classed = quality[rows] + (torch.sigmoid(after) - torch.sigmoid(before)) @ mixed.T
        loss = QUALITY_SHARE * _mean(
            F.cross_entropy(classed, classes[rows], reduction="none"),
            of_class[classes[rows]] * counts[rows],
        )
        apart = F.binary_cross_entropy_with_logits(after, wanted[rows], reduction="none")
        return loss + EXPLANATION_SHARE * _mean(apart.mean(1), counts[rows])

    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng([plan.seed, epoch]).permutation(len(shown))

    minimise(module, plan, len(shown), order, loss_of)
    with torch.no_grad():
        module.mix.weight.div_(torch.from_numpy(deviation))
        module.mix.bias.sub_(module.mix.weight @ torch.from_numpy(mean))
    return module.eval()


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    return (losses * weights).sum() / weights.sum()


def add_statistics(
    start: Path,
    pool: Path,
    out: Path,
    plan: Plan,
    shown: Iterable[Example] | None = None,
    name: str = "imageqx",
) -> NetworkEntry:
    """Write a folder's network anew with statistics; thresholds are the old ones, to be refitted.

    Args:
        start: a folder that ``core train`` wrote: ``manifest.json`` and the network, as float16.
        pool: samples rendered for training (``imageqx_data.build_pool``).
        out: where network and manifest go.
        shown: examples of plain faults; None for the pool alone.

    Raises:
        DataError: the pool or a photograph cannot be used.
        InitError: the network is of another kind, or kept as 8 bits.
        WeightsError: the folder's manifest or file cannot be used.
        KeyError: the manifest has no such network.
    """
    entry = load_manifest(start / MANIFEST_NAME).networks[name]
    path = verify(entry, start)
    views, parts = 2 if entry.detail else 1, parts_in(initialiser_names(path))
    frozen = build("imageqx", views=views, **parts | {"statistics": False})
    assert isinstance(frozen, ImageQXNet)
    initialise(frozen, str(path))
    training = PoolDataset(pool, "train")
    if not len(training):
        raise DataError(_("The data folder needs photographs on both sides of the split, see splits.json."))
    seen = of_pool(frozen, training)
    if shown is not None:
        seen += of_examples(frozen, shown)
    through = frozen.quality_out.weight[:, HIDDEN:].detach().numpy()
    whole = build("imageqx", views=views, **parts | {"statistics": True})
    assert isinstance(whole, ImageQXNet)
    initialise(whole, str(path))
    whole.statistics = fit(seen, through, plan)
    out.mkdir(parents=True, exist_ok=True)
    written = out / entry.file
    export(whole.eval(), entry.task, written, SIDE)
    story: dict[str, Any] = {"epochs": plan.epochs, "seed": plan.seed, "samples": len(training)}
    if shown is not None:
        story["examples"] = len(seen) - len(training)
    return save_altered(name, entry, written, provenance=entry.provenance | {"statistics": story}, metrics={})


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, and say where the network is; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m training.recipes.early_statistics")
    parser.add_argument("--pool", type=Path, required=True, help="samples rendered for training")
    parser.add_argument(
        "--data", type=Path, help="photographs to put plain faults on: folder with manifest.csv"
    )

    def add(args: argparse.Namespace) -> NetworkEntry:
        shown = args.data and photos_and_frames(examples(read_manifest(args.data), EXAMPLES_SEED))
        return add_statistics(args.start, args.pool, args.out, replace(PLAN, seed=args.seed), shown)

    return run(parser, add, argv)


if __name__ == "__main__":
    sys.exit(main())
