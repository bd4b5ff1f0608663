"""The segmenter's recipe: pixels that are known, weighted by how far to trust them; AdamW, one cycle.

``train`` goes from a data folder to ``segmenter.onnx`` with its manifest entry, ``measure`` says how good a
file is. Both keep to the committed splits.
"""

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from core.i18n import _
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, save_entry
from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD
from core.runtime.weights import sha256_of
from core.training.check_data import check_data
from core.training.export import export
from core.training.metrics import auc, clean, draws, interval
from core.training.networks.segmenter import PLANES, SegmenterNet
from core.training.recipes.loop import Plan, Recipe, fit, rounds
from core.training.segmenter_data import (
    LESION,
    LESION_TRUST,
    SIDE,
    SKIN,
    SKIN_TRUST,
    UNTRUSTED_MASKS,
    recolour,
    render,
    segment,
    usable,
    whole,
)
from core.training.sources import DataError, Row, read_manifest
from core.training.splits import split_of

TASK: Final = "segmenter"
# A photo counts as one of skin by its share of pixels that are skin at this probability.
LEVEL: Final = 0.5
# Lesions are few pixels: each counts for so many others.
LESION_WEIGHT: Final = 2.0
SAMPLES: Final = 9000


def plan(
    epochs: int = 12,
    draws: int = 4096,
    batch: int = 32,
    seed: int = 0,
    minutes: float | None = None,
    threads: int = 1,
    rate: float = 3e-3,
) -> Plan:
    """The settings that the segmenter is trained with, unless told otherwise."""
    return Plan(
        epochs=epochs,
        draws=draws,
        batch=batch,
        peak=rate,
        optimiser="adamw",
        weight_decay=1e-2,
        sizes=((0.0, SIDE),),
        cycles=1,
        bf16=False,
        seed=seed,
        minutes=minutes,
        validate_every=3,
        threads=threads,
    )


class SegmenterData:
    """A rendered pool for training, whole photographs for validation; planes are uint8, 56 x 56 x 4."""

    def __init__(
        self,
        pool: tuple[np.ndarray, np.ndarray],
        validation: Sequence[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        self.pictures, self.planes = pool
        self._validation = validation

    def picks(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Pictures of the pool in random order, none twice before all were drawn."""
        return rounds(len(self.pictures), count, rng)

    def training_item(self, index: int, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(uint8 112 x 112 x 3, planes): turned, mirrored and recoloured at random."""
        both = [recolour(self.pictures[index], rng), self.planes[index]]
        turn, mirror = int(rng.integers(4)), rng.random() < 0.5
        both = [np.rot90(part, turn) for part in both]
        picture, planes = (np.ascontiguousarray(part[:, ::-1] if mirror else part) for part in both)
        return picture, planes

    def validation(self) -> Dataset:
        """(uint8 112 x 112 x 3, planes) of each validation photograph."""
        return self._validation


def masked_loss(logits: Tensor, planes: Tensor) -> Tensor:
    """Cross-entropy and Dice over what is known.

    Args:
        logits: float, N x 2 x S x S.
        planes: 0-255, N x S x S x 4.

    Returns:
        The loss, one number; 0 where nothing at all is known.
    """
    planes = planes.float().permute(0, 3, 1, 2) / 255
    truth, trust = planes[:, :2], planes[:, 2:]
    weight = torch.tensor([1.0, LESION_WEIGHT], device=logits.device)[:, None, None]
    each = F.binary_cross_entropy_with_logits(logits, truth, pos_weight=weight, reduction="none")
    entropy = (each * trust).sum() / trust.sum().clamp(min=1)
    chance = torch.sigmoid(logits)
    overlap = (trust * chance * truth).sum((0, 2, 3))
    total = (trust * (chance + truth)).sum((0, 2, 3))
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return entropy + 0.5 * dice.mean()


def iou(said: np.ndarray, planes: np.ndarray, plane: int) -> float:
    """Intersection over union over the well-known pixels of all pictures; nan where there is nothing.

    Args:
        said: bool, N x S x S.
        planes: uint8, N x S x S x 4.
        plane: ``SKIN`` or ``LESION``.
    """
    known = planes[..., SKIN_TRUST if plane == SKIN else LESION_TRUST] > 127
    true = planes[..., plane] > 127
    union = (known & (said | true)).sum()
    return float((known & said & true).sum() / union) if union else float("nan")


class SegmenterRecipe(Recipe):
    """Cross-entropy and Dice against the planes."""

    def loss(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
        """See ``masked_loss``."""
        return masked_loss(outputs[0], targets[0])

    def score(self, outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> dict[str, float]:
        """Intersection over union of skin and lesion; their mean is the score."""
        said, planes = outputs[0].cpu().numpy() > 0, targets[0].cpu().numpy()
        found = {name: iou(said[:, place], planes, place) for place, name in enumerate(PLANES)}
        return {"score": float(np.nan_to_num(list(found.values())).mean())} | {
            f"iou_{name}": value for name, value in found.items()
        }


# ---------------------------------------------------------------- from data to a file


def well_known(row: Row) -> bool:
    """Whether a photograph can be measured against: it has a mask worth the name, or no skin at all."""
    return row.group in ("no_skin", "lesion", "healthy_skin") and (
        row.group == "no_skin" or bool(row.mask and row.slug not in UNTRUSTED_MASKS)
    )


def train(
    data_dir: Path,
    out: Path,
    settings: Plan,
    samples: int = SAMPLES,
    resume: bool = False,
    commit: str = "unknown",
) -> NetworkEntry:
    """Train, write ``segmenter.onnx``, ``segmenter.pt`` (float16) and an entry in ``out/manifest.json``.

    Args:
        data_dir: folder with a manifest; only photographs that are not left out are used.
        out: where everything goes; checkpoints too.
        settings: from ``plan``.
        samples: training pictures to render.
        resume: continue from ``last.ckpt`` in ``out``.
        commit: noted in the entry.

    Raises:
        DataError: the folder cannot be used.
        FileNotFoundError: nothing to resume from.
        KeyboardInterrupt: it was interrupted; it can be resumed.
    """
    began = time.monotonic()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    cv2.setNumThreads(settings.threads)
    rows = read_manifest(data_dir)
    check_data(rows, TASK)
    rows = [row for row in rows if row.group != "real_quality"]
    training = [row for row in rows if split_of(row) == "train" and usable(row)]
    validation = [row for row in rows if split_of(row) == "validation" and well_known(row)]
    if not training or not validation:
        message = _(
            "The data folder needs photographs with masks on both sides of the split, see splits.json."
        )
        raise DataError(message)
    pool = render(training, samples, settings.seed)
    held = [whole(row) for row in validation]
    recipe = SegmenterRecipe(SegmenterNet(), SegmenterData(pool, held), settings)
    net = fit(recipe, out, resume=resume)
    if recipe.trainer.interrupted:
        raise KeyboardInterrupt
    path = out / f"{TASK}.onnx"
    export(net, TASK, path, SIDE)
    torch.save({name: _half(value) for name, value in net.state_dict().items()}, out / f"{TASK}.pt")
    entry = NetworkEntry(
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        task=TASK,
        labels=list(PLANES),
        input_size=SIDE,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        provenance={
            "arch": "segmenter",
            "init": "scratch",
            "seed": settings.seed,
            "epochs": recipe.current_epoch,
            "draws_per_epoch": settings.draws,
            "batch": settings.batch,
            "peak_rate": settings.peak,
            "samples": samples,
            "minutes": round((time.monotonic() - began) / 60, 1),
            "commit": commit,
            "data": dict(sorted(Counter(row.slug for row in training).items())),
            "phantoms": True,
        },
        metrics={
            "validation": measure(rows, path, "validation"),
            "left_out": measure(rows, path, "left_out"),
        },
    )
    save_entry(TASK, entry, out)
    return entry


def train_as_told(args: argparse.Namespace, commit: str = "unknown") -> int:
    """``python -m core train segmenter``: 0 when the network is written, 1 with one sentence when not.

    Raises:
        DataError: the folder cannot be used.
    """
    if args.init != "scratch":
        print(_("The segmenter is trained from scratch: leave --init out."), file=sys.stderr)
        return 1
    given = {"epochs": args.epochs, "draws": args.draws, "minutes": args.minutes, "rate": args.rate}
    given = {name: value for name, value in given.items() if value}
    settings = plan(**given, seed=args.seed, batch=args.batch, threads=args.threads)
    try:
        entry = train(args.data, args.out, settings, args.samples or SAMPLES, args.resume, commit)
    except FileNotFoundError as error:
        message = _("There is nothing to resume from: {file} is missing.")
        print(message.format(file=error.args[0]), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("Training was interrupted. Continue it with --resume."), file=sys.stderr)
        return 1
    if args.ship:
        shutil.copyfile(args.out / entry.file, WEIGHTS_DIR / entry.file)
        save_entry(TASK, entry)
    print(_("Written: {file}").format(file=args.out / entry.file))
    return 0


def _half(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() else value


def load(path: Path) -> nn.Module:
    """The network of a ``segmenter.pt``, in evaluation mode, float32."""
    net = SegmenterNet()
    state = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(
        {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    )
    return net.eval()


def measure(rows: Sequence[Row], path: Path, split: str) -> dict[str, Any]:
    """How good a segmenter's file is on the undegraded photographs of a split.

    Returns:
        ``skin`` and ``lesion``: by source of masks, and over all of them, ``n`` photographs, ``iou`` over
        their pixels together, ``mean_iou`` over photographs; ``false_skin``: mean share of the frame that is
        called skin on photographs without any; ``separation``: AUC of the share of skin in the frame, photos
        without skin against healthy skin and lesions, with its 95 % interval, counts, and by source of skin.
    """
    here = [
        row for row in rows if split_of(row) == split and row.group in ("no_skin", "healthy_skin", "lesion")
    ]
    shares = np.zeros(len(here))
    found: dict[str, dict[str, list[tuple[float, float]]]] = {name: {} for name in PLANES}
    for begin in range(0, len(here), 512):
        part = here[begin : begin + 512]
        pictures, planes = zip(*(whole(row) for row in part), strict=True)
        said = segment(np.stack(pictures), path) > LEVEL
        shares[begin : begin + len(part)] = said[..., SKIN].mean((1, 2))
        for row, answer, truth in zip(part, said, planes, strict=True):
            kind = {"healthy_skin": SKIN, "lesion": LESION}.get(row.group)
            if kind is None or not well_known(row):
                continue
            known = truth[..., SKIN_TRUST if kind == SKIN else LESION_TRUST] > 127
            true = truth[..., kind] > 127
            both, either = known & answer[..., kind] & true, known & (answer[..., kind] | true)
            found[PLANES[kind]].setdefault(row.slug, []).append((both.sum(), either.sum()))
    out: dict[str, Any] = {}
    for name, sources in found.items():
        for slug, counts in [
            *sorted(sources.items()),
            ("all", [c for held in sources.values() for c in held]),
        ]:
            if counts:
                both, either = np.array(counts, float).T
                out.setdefault(name, {})[slug] = {
                    "n": len(counts),
                    "iou": round(float(both.sum() / max(1, either.sum())), 4),
                    "mean_iou": round(float(np.mean(both / np.maximum(either, 1))), 4),
                }
    empty = np.array([row.group == "no_skin" for row in here], bool)
    if empty.any() and not empty.all():
        scenes = shares[empty]
        out["false_skin"] = round(float(scenes.mean()), 4)
        by_slug = {}
        for slug in sorted({row.slug for row, none in zip(here, empty, strict=True) if not none}):
            mine = np.array([row.slug == slug for row in here]) & ~empty
            by_slug[slug] = {
                "n": int(mine.sum()),
                "auc": clean(auc(mine[mine | empty], shares[mine | empty])),
                "mean_share": round(float(shares[mine].mean()), 3),
            }
        weights = draws(np.array([row.split_key for row in here]))
        out["separation"] = {
            "auc": clean(auc(~empty, shares)),
            "interval": interval(auc(~empty, shares, weights)),
            "n_skin": int((~empty).sum()),
            "n_no_skin": int(empty.sum()),
            "sources": by_slug,
        }
    return out
