"""Fit what tells how the lesion lies in the frame, beside a finished ImageQX network.

``python -m training.recipes.framing --data DIR --start DIR --out DIR`` leaves every weight of the network as
it is and trains ``FramingNet`` alone, on feature maps that are computed once: a quarter of an hour on a
processor. It learns from ``training.evaluation.framings``.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.i18n import _
from core.networks.build import build
from core.networks.imageqx import FramingNet, ImageQXNet
from core.quality.labels import FRAMINGS
from core.runtime.manifest import MANIFEST_NAME, NetworkEntry, WeightsError, load_manifest
from core.runtime.onnx_file import initialiser_names
from core.runtime.preprocess import detail_square, network_square
from core.runtime.weights import verify
from training.data.sources import DataError, read_manifest
from training.evaluation.framings import Framed, framed
from training.networks.altered import save_altered
from training.networks.export import InitError, export, initialise
from training.recipes.loop import normalise

SIDE: Final = 224
SHARES: Final = dict(zip(FRAMINGS, (0.4, 0.25, 0.1, 0.1, 0.1, 0.05), strict=True))
"""What share of the loss each framing has."""
# Large collections count less than by their number: by its power of one minus this.
_LEVELLED: Final = 0.35
_LEAST: Final = 1e-3
_AT_ONCE: Final = 16
_VIEWS: Final = (network_square, detail_square)


@dataclass(frozen=True)
class Plan:
    """How it is trained: AdamW, one cycle of the rate up to ``rate`` and down again."""

    epochs: int = 8
    batch: int = 64
    rate: float = 4e-3
    weight_decay: float = 0.05
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures as the frozen network sees them, and their framings.

    Attributes:
        maps: float16, N x 112 x 14 x 14, N x 192 x 7 x 7 and N x 320 x 7 x 7.
        kinds: int, N: place in ``FRAMINGS``.
        weights: float32, N: how much each counts, 1 on average.
    """

    maps: tuple[np.ndarray, ...]
    kinds: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.kinds)


@torch.inference_mode()
def seen_by(net: ImageQXNet, shown: Iterable[Framed]) -> Seen:
    """Feature maps of pictures.

    Raises:
        DataError: a framing has no picture.
    """
    net = net.eval()
    maps, facts = [], []
    left = iter(shown)
    while several := list(islice(left, _AT_ONCE)):
        views = [np.stack([square(one.rgb, SIDE) for one in several]) for square in _VIEWS[: net.views]]
        found = net.describe(*(normalise(torch.from_numpy(view)) for view in views))
        maps.append([of.half().numpy() for of in (found.middle, *found.late)])
        facts += [(one.kind, one.slug, one.weight) for one in several]
    kinds = [kind for kind, _slug, _weight in facts]
    for name in FRAMINGS:
        if name not in kinds:
            raise DataError(_("The data folder has no photographs for {name}.").format(name=name))
    return Seen(
        tuple(map(np.concatenate, zip(*maps, strict=True))),
        np.array([FRAMINGS.index(kind) for kind in kinds]),
        weights_of(facts),
    )


def weights_of(facts: Sequence[tuple[str, str, float]]) -> np.ndarray:
    """How much each picture counts, 1 on average: float32, N.

    Args:
        facts: framing, collection and weight of each.
    """
    of_kind: Counter[str] = Counter()
    for kind, _slug, weight in facts:
        of_kind[kind] += weight
    alike = Counter((kind, slug) for kind, slug, _weight in facts)
    weights = np.array(
        [
            weight * SHARES[kind] / of_kind[kind] * alike[kind, slug] ** -_LEVELLED
            for kind, slug, weight in facts
        ]
    )
    return (weights / weights.mean()).astype(np.float32)


def fit(seen: Seen, plan: Plan) -> FramingNet:
    """Train a fresh ``FramingNet``; what it returns reads feature maps as they come."""
    torch.manual_seed(plan.seed)
    maps = [torch.from_numpy(of) for of in seen.maps]
    scales = [_scale(of) for of in maps]
    kinds, weights = torch.from_numpy(seen.kinds).long(), torch.from_numpy(seen.weights)
    module = FramingNet()
    optimiser = torch.optim.AdamW(module.parameters(), lr=plan.rate, weight_decay=plan.weight_decay)
    batch = min(plan.batch, len(seen))
    steps = len(seen) // batch
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=plan.epochs * steps)
    rng = np.random.default_rng(plan.seed)
    for _epoch in range(plan.epochs):
        for chosen in np.split(rng.permutation(len(seen))[: steps * batch], steps):
            rows = torch.from_numpy(chosen)
            shown = [
                (of[rows].float() - mean) / spread for of, (mean, spread) in zip(maps, scales, strict=True)
            ]
            # A batch is mirrored as a whole: left and right, top and bottom mean nothing here.
            mirrored = [axis for axis in (2, 3) if rng.random() < 0.5]
            told = module(*(of.flip(mirrored) for of in shown))
            losses = F.cross_entropy(told, kinds[rows], reduction="none")
            loss = (losses * weights[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
    with torch.no_grad():
        for layer, (mean, spread) in zip((read[0] for read in module.read), scales, strict=True):
            layer.weight.div_(spread)
            layer.bias.sub_((layer.weight * mean).sum((1, 2, 3)))
    return module.eval()


def _scale(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of every channel, 1 x C x 1 x 1, of at most a few thousand pictures."""
    some = maps[:: max(1, len(maps) // 2000)].float()
    return some.mean((0, 2, 3), keepdim=True), some.std((0, 2, 3), keepdim=True) + _LEAST


def add_framing(
    start: Path, out: Path, plan: Plan, shown: Iterable[Framed], name: str = "imageqx"
) -> NetworkEntry:
    """Write a folder's network anew with a framing output; what it told before it tells as before.

    Args:
        start: a folder with ``manifest.json`` and the network.
        out: where network (as float16) and manifest go.
        shown: what to learn from.

    Raises:
        DataError: there is no photograph of a framing, or one cannot be read.
        InitError: the network is of another kind.
        WeightsError: the folder's manifest or file cannot be used.
        KeyError: the manifest has no such network.
    """
    entry = load_manifest(start / MANIFEST_NAME).networks[name]
    path = verify(entry, start)
    statistics = "statistics.tell.weight" in initialiser_names(path)
    net = build("imageqx", views=2 if entry.detail else 1, statistics=statistics, framing=True)
    assert isinstance(net, ImageQXNet)
    initialise(net, str(path))
    seen = seen_by(net, shown)
    net.framing = fit(seen, plan)
    out.mkdir(parents=True, exist_ok=True)
    export(net.eval(), entry.task, out / entry.file, SIDE)
    counts = np.bincount(seen.kinds, minlength=len(FRAMINGS)).tolist()
    story = {"epochs": plan.epochs, "seed": plan.seed, "pictures": dict(zip(FRAMINGS, counts, strict=True))}
    facts = {"provenance": entry.provenance | {"framing": story}, "opinion": None}
    return save_altered(name, entry, out / entry.file, **facts)


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, and say where the network is; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m training.recipes.framing")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--start", type=Path, required=True, help="folder of the network and its manifest")
    parser.add_argument("--out", type=Path, required=True, help="folder for the new one and its manifest")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        shown = framed(read_manifest(args.data))
        made = add_framing(args.start, args.out, Plan(seed=args.seed), shown)
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
