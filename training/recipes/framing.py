"""Fit what tells how the lesion lies in the frame, beside a finished ImageQX network.

``python -m training.recipes.framing --data DIR --start DIR --out DIR`` leaves every weight of the network as
it is and trains ``FramingNet`` alone, on feature maps that are computed once: a quarter of an hour on a
processor. It learns from ``training.evaluation.framings``.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.i18n import _
from core.networks.build import build, parts_in
from core.networks.imageqx import FramingNet, ImageQXNet
from core.quality.labels import FRAMINGS
from core.runtime.manifest import MANIFEST_NAME, NetworkEntry, load_manifest
from core.runtime.onnx_file import initialiser_names
from core.runtime.weights import verify
from training.data.imageqx_data import SIDE
from training.data.sources import DataError, read_manifest
from training.evaluation.framings import Framed, framed
from training.networks.altered import save_altered
from training.networks.export import export, initialise
from training.recipes.beside import Plan, described, minimise, run, views_of

PLAN: Final = Plan(epochs=8, batch=64, rate=4e-3, weight_decay=0.05)
SHARES: Final = dict(zip(FRAMINGS, (0.4, 0.25, 0.1, 0.1, 0.1, 0.05), strict=True))
"""What share of the loss each framing has."""
# Large collections count less than by their number: by its power of one minus this.
_LEVELLED: Final = 0.35
_LEAST: Final = 1e-3


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


def seen_by(net: ImageQXNet, shown: Iterable[Framed]) -> Seen:
    """Feature maps of pictures.

    Raises:
        DataError: a framing has no picture.
    """
    facts: list[tuple[str, str, float]] = []

    def pictures() -> Iterator[list[np.ndarray]]:
        for one in shown:
            facts.append((one.kind, one.slug, one.weight))
            yield views_of(net, one.rgb)

    maps = [[of.half().numpy() for of in (found.middle, *found.late)] for found in described(net, pictures())]
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
    rng = np.random.default_rng(plan.seed)

    def loss_of(rows: Tensor) -> Tensor:
        shown = [(of[rows].float() - mean) / spread for of, (mean, spread) in zip(maps, scales, strict=True)]
        # A batch is mirrored as a whole: left and right, top and bottom mean nothing here.
        mirrored = [axis for axis in (2, 3) if rng.random() < 0.5]
        told = module(*(of.flip(mirrored) for of in shown))
        return (F.cross_entropy(told, kinds[rows], reduction="none") * weights[rows]).mean()

    minimise(module, plan, len(seen), lambda _epoch: rng.permutation(len(seen)), loss_of)
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
    parts = parts_in(initialiser_names(path)) | {"framing": True}
    net = build("imageqx", views=2 if entry.detail else 1, **parts)
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

    def add(args: argparse.Namespace) -> NetworkEntry:
        shown = framed(read_manifest(args.data))
        return add_framing(args.start, args.out, replace(PLAN, seed=args.seed), shown)

    return run(parser, add, argv)


if __name__ == "__main__":
    sys.exit(main())
