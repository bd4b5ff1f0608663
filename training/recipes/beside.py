"""What the recipes share that fit a part beside a finished ImageQX network, whose other weights stay."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from core.i18n import _
from core.networks.imageqx import ImageQXNet, Workings
from core.runtime.manifest import NetworkEntry, WeightsError
from core.runtime.preprocess import detail_square, network_square
from training.data.imageqx_data import SIDE
from training.data.sources import DataError
from training.networks.export import InitError
from training.recipes.loop import normalise

_VIEWS: Final = (network_square, detail_square)
_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Plan:
    """How a part is trained: AdamW, one cycle of the rate up to ``rate`` and down again."""

    epochs: int
    batch: int
    rate: float
    weight_decay: float
    seed: int = 0


def views_of(net: ImageQXNet, rgb: np.ndarray) -> list[np.ndarray]:
    """What a network is shown of a picture (uint8 RGB): uint8, 224 x 224 x 3, one or two."""
    return [square(rgb, SIDE) for square in _VIEWS[: net.views]]


def described(net: ImageQXNet, pictures: Iterable[Sequence[np.ndarray]]) -> Iterator[Workings]:
    """Pictures as the frozen network sees them, some at a time.

    Args:
        pictures: each as its views, see ``views_of``.
    """
    net = net.eval()
    left = iter(pictures)
    while several := list(islice(left, _AT_ONCE)):
        views = [normalise(torch.from_numpy(np.stack(of))) for of in zip(*several, strict=True)]
        with torch.inference_mode():
            yield net.describe(*views)


def minimise(
    module: nn.Module,
    plan: Plan,
    count: int,
    order: Callable[[int], np.ndarray],
    loss_of: Callable[[Tensor], Tensor],
) -> None:
    """Train a module in place.

    Args:
        count: of the pictures; a batch has at most as many.
        order: of all of them in an epoch, given its number: int, ``count``.
        loss_of: the loss of these pictures, given their places.
    """
    optimiser = torch.optim.AdamW(module.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    batch = min(plan.batch, count)
    steps = count // batch
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=plan.epochs * steps)
    for epoch in range(plan.epochs):
        for chosen in np.split(order(epoch)[: steps * batch], steps):
            loss = loss_of(torch.from_numpy(chosen))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()


def run(
    parser: argparse.ArgumentParser,
    add: Callable[[argparse.Namespace], NetworkEntry],
    argv: Sequence[str] | None,
) -> int:
    """Fit a part, and say where the network is; 1 and a sentence on failure.

    Args:
        parser: with what one recipe alone takes; start, out, seed and threads are added.
        add: writes the network anew, and may raise what the recipes raise.
    """
    parser.add_argument("--start", type=Path, required=True, help="folder of the network and its manifest")
    parser.add_argument("--out", type=Path, required=True, help="folder for the new one and its manifest")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        made = add(args)
    except (DataError, InitError, WeightsError) as error:
        print(getattr(error, "message", None) or str(error), file=sys.stderr)
        return 1
    except KeyError:
        print(_("There is no network {name} in the manifest.").format(name="imageqx"), file=sys.stderr)
        return 1
    print(_("Written: {file}").format(file=args.out / made.file))
    return 0
