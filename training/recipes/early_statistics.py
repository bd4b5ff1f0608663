"""Fit what reads the early feature maps' channel statistics, beside a finished ImageQX network.

``python -m training.recipes.early_statistics --pool DIR --start DIR --out DIR`` leaves every weight of the
network as it is and trains ``StatisticsNet`` alone, by the same loss as the whole, on statistics that are
computed once: minutes on a processor.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.i18n import _
from core.networks.imageqx import EARLY, HIDDEN, ImageQXNet, StatisticsNet, early_statistics
from core.runtime.manifest import MANIFEST_NAME, NetworkEntry, WeightsError, load_manifest, save_entry
from core.runtime.weights import sha256_of, verify
from training.data.imageqx_data import PoolDataset
from training.data.sources import DataError
from training.networks.export import InitError, export, initialise
from training.recipes.imageqx import EXPLANATION_SHARE, QUALITY_SHARE, class_weights
from training.recipes.loop import normalise

SIDE: Final = 224
DROPOUT: Final = 0.3
# A channel that hardly varies is not stretched to the size of the others.
_LEAST: Final = 1e-3
_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Plan:
    """How it is trained: AdamW, one cycle of the rate up to ``rate`` and down again."""

    epochs: int = 30
    batch: int = 256
    rate: float = 1e-3
    weight_decay: float = 1.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Computed:
    """What the frozen network makes of samples.

    Attributes:
        statistics: float32, N x 384.
        quality, explanations: float32, N x 4 and N x 5, its logits.
    """

    statistics: np.ndarray
    quality: np.ndarray
    explanations: np.ndarray


@torch.inference_mode()
def compute(net: ImageQXNet, pool: PoolDataset) -> Computed:
    """Statistics and logits of every sample of a pool's split."""
    net = net.eval()
    early: list[Tensor] = []
    hooks = [
        stage.register_forward_hook(lambda _stage, _inputs, output: early.append(output))
        for stage in net.trunk[: len(EARLY)]
    ]
    statistics, quality, explanations = [], [], []
    for begin in range(0, len(pool), _AT_ONCE):
        places = pool.positions[begin : begin + _AT_ONCE]
        views = [normalise(torch.from_numpy(np.array(of[places]))) for of in (pool.images, pool.details)]
        early.clear()
        answers = net(*views[: net.views])
        statistics.append(early_statistics(early).numpy())
        quality.append(answers[0].numpy())
        explanations.append(answers[1].numpy())
    for hook in hooks:
        hook.remove()
    return Computed(*map(np.concatenate, (statistics, quality, explanations)))


def fit(
    computed: Computed, labels: np.ndarray, given: np.ndarray, through: np.ndarray, plan: Plan
) -> StatisticsNet:
    """Train a fresh ``StatisticsNet`` on what a frozen network left out.

    Args:
        computed: of N samples, by a network without statistics.
        labels: int, N: quality class.
        given: float32, N x 5, 0-1: how far each explanation is true.
        through: float32, 4 x 5: how the explanations' probabilities reach the class logits.

    Returns:
        the trained module, in evaluation mode; it reads statistics as they come.
    """
    torch.manual_seed(plan.seed)
    mean, deviation = computed.statistics.mean(0), computed.statistics.std(0) + _LEAST
    shown = torch.from_numpy((computed.statistics - mean) / deviation)
    quality, explanations = torch.from_numpy(computed.quality), torch.from_numpy(computed.explanations)
    classes, wanted = torch.from_numpy(labels).long(), torch.from_numpy(given)
    weights, mixed = torch.from_numpy(class_weights(labels)), torch.from_numpy(through)
    module = StatisticsNet()
    # It begins with adding nothing.
    nn.init.zeros_(module.tell.weight)
    nn.init.zeros_(module.tell.bias)
    drop = nn.Dropout(DROPOUT)
    drop_hook = module.mix_norm.register_forward_hook(lambda _norm, _inputs, output: drop(output))
    optimiser = torch.optim.AdamW(module.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    batch = min(plan.batch, len(shown))
    steps = len(shown) // batch
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=plan.epochs * steps)
    for epoch in range(plan.epochs):
        order = np.random.default_rng([plan.seed, epoch]).permutation(len(shown))
        for chosen in np.split(order[: steps * batch], steps):
            rows = torch.from_numpy(chosen)
            before = explanations[rows]
            after = before + module(shown[rows])
            classed = quality[rows] + (torch.sigmoid(after) - torch.sigmoid(before)) @ mixed.T
            loss = QUALITY_SHARE * F.cross_entropy(classed, classes[rows], weight=weights)
            loss = loss + EXPLANATION_SHARE * F.binary_cross_entropy_with_logits(after, wanted[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
    drop_hook.remove()
    with torch.no_grad():
        module.mix.weight.div_(torch.from_numpy(deviation))
        module.mix.bias.sub_(module.mix.weight @ torch.from_numpy(mean))
    return module.eval()


def add_statistics(start: Path, pool: Path, out: Path, plan: Plan, name: str = "imageqx") -> NetworkEntry:
    """Write a folder's network anew with statistics; thresholds are the old ones, to be refitted.

    Args:
        start: a folder that ``core train`` wrote: ``manifest.json`` and the network, as float16.
        pool: samples rendered for training (``imageqx_data.build_pool``).
        out: where network and manifest go.

    Raises:
        DataError: the pool cannot be used.
        InitError: the network is of another kind, or kept as 8 bits.
        WeightsError: the folder's manifest or file cannot be used.
        KeyError: the manifest has no such network.
    """
    entry = load_manifest(start / MANIFEST_NAME).networks[name]
    frozen = ImageQXNet(2 if entry.detail else 1)
    file = str(verify(entry, start))
    initialise(frozen, file)
    training = PoolDataset(pool, "train")
    if not len(training):
        raise DataError(_("The data folder needs photographs on both sides of the split, see splits.json."))
    computed = compute(frozen, training)
    given = (training.explanations + training.explanation_shares) / 2
    through = frozen.quality_out.weight[:, HIDDEN:].detach().numpy()
    whole = ImageQXNet(frozen.views, statistics=True)
    initialise(whole, file)
    whole.statistics = fit(computed, training.labels, given, through, plan)
    out.mkdir(parents=True, exist_ok=True)
    path = out / entry.file
    export(whole.eval(), entry.task, path, SIDE)
    story: dict[str, Any] = {"epochs": plan.epochs, "seed": plan.seed, "samples": len(training)}
    facts = {
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "provenance": entry.provenance | {"statistics": story},
    }
    made = entry.model_copy(update=facts | {"metrics": {}})
    save_entry(name, made, out)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, and say where the network is; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m training.recipes.early_statistics")
    parser.add_argument("--pool", type=Path, required=True, help="samples rendered for training")
    parser.add_argument("--start", type=Path, required=True, help="folder of the network, as float16")
    parser.add_argument("--out", type=Path, required=True, help="folder for the new one and its manifest")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        made = add_statistics(args.start, args.pool, args.out, Plan(seed=args.seed))
    except (DataError, InitError, WeightsError) as error:
        print(getattr(error, "message", None) or str(error), file=sys.stderr)
        return 1
    except KeyError:
        print(_("There is no network {name} in the manifest.").format(name="imageqx"), file=sys.stderr)
        return 1
    print(_("Written: {file}").format(file=args.out / made.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
