"""How far a pretrained trunk carries to collections never seen: each is held out in turn.

``python -m training.evaluation.lesion_folds --data DIR --init TRUNK.npz`` fits a linear classifier on the
frozen trunk's pooled stages, once for each collection (or group of collections that share originals), on all
others, and asks it about the one held out. Fine-tuning once for each of them would be the real thing and take
a day on two cores; this takes minutes, counts every class that has two or more collections, and needs no
split.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from core.lesion.taxonomy import LABELS
from core.metrics import draws, interval
from core.networks.build import ArchitectureError, build
from core.runtime.preprocess import network_square
from training.data.lesion_data import NOT_PHONE, Picture, picture_weights
from training.data.sources import DataError, Row, read_manifest, read_rgb
from training.evaluation.evaluate_lesion import recall_of
from training.evaluation.metrics import clean
from training.networks.export import InitError, initialise
from training.recipes.loop import normalise
from training.recipes.probe import fit_linear

# Collections that share originals, by their makers' account or ours, are held out together.
SHARED: Final = (("dermnetnz", "dermnet", "skin8", "facesd"), ("bites", "suhaasbites"))
SIZE: Final = 224
_BATCH: Final = 16


def groups_of(slugs: Sequence[str]) -> list[tuple[str, ...]]:
    """The collections that occur, each alone or in its group of ``SHARED``; at least one each."""
    present = set(slugs)
    found = [tuple(slug for slug in group if slug in present) for group in SHARED]
    alone = present - {slug for group in SHARED for slug in group}
    return [group for group in found if group] + [(slug,) for slug in sorted(alone)]


@torch.inference_mode()
def frozen_features(rows: Sequence[Row], start: str) -> np.ndarray:
    """Pooled stages of whole photographs in evaluation mode: float32, N x 2024.

    Raises:
        InitError: the start cannot be used.
        DataError: a photograph cannot be read.
    """
    net = build("lesion")
    initialise(net, start)
    net.eval()
    out = []
    for begin in range(0, len(rows), _BATCH):
        squares = np.stack([network_square(read_rgb(row), SIZE) for row in rows[begin : begin + _BATCH]])
        out.append(net.features(normalise(torch.from_numpy(squares))).mean((2, 3)).numpy())
    return np.concatenate(out)


def held_out(features: np.ndarray, labels: np.ndarray, slugs: np.ndarray) -> np.ndarray:
    """What classifiers that never saw a photograph's collection call it: int, N.

    Args:
        features: float, N x channels.
        labels: int, N: places among ``LABELS``.
        slugs: str, N.
    """
    nothing = np.zeros((1, 1, 3), np.uint8)
    pictures = [
        Picture(nothing, (), int(label), str(slug)) for label, slug in zip(labels, slugs, strict=True)
    ]
    out = np.full(len(labels), -1)
    for group in groups_of(slugs.tolist()):
        here = np.isin(slugs, group)
        known = torch.from_numpy(features[~here])
        mean, deviation = known.mean(0), known.std(0) + 1e-4
        weights = picture_weights(
            [picture for picture, asked in zip(pictures, here, strict=True) if not asked]
        )
        weight, bias = fit_linear(
            (known - mean) / deviation,
            torch.from_numpy(labels[~here]),
            len(LABELS),
            smoothing=0.0,
            weights=torch.from_numpy(weights).float(),
        )
        asked = (torch.from_numpy(features[here]) - mean) / deviation
        out[here] = (asked @ weight.T + bias).argmax(1).numpy()
    return out


def fold_report(
    predicted: np.ndarray, labels: np.ndarray, slugs: np.ndarray, keys: np.ndarray
) -> dict[str, Any]:
    """Recall by class and their mean with 95 % intervals; dermoscopy is passed over.

    Args:
        predicted, labels: int, N.
        slugs, keys: str, N: collection, and what is resampled together.
    """
    phone = ~np.isin(slugs, NOT_PHONE)
    right, weights = predicted == labels, draws(keys)
    classes, drawn = {}, []
    for place, name in enumerate(LABELS):
        here = phone & (labels == place)
        groups = groups_of(slugs[here].tolist()) if here.any() else []
        if len(groups) < 2:
            continue
        figures, replicates = recall_of(here, here & right, weights)
        drawn.append(replicates)
        counts = {"collections": len(set(slugs[here].tolist())), "groups": len(groups)}
        classes[name] = {"n": figures["n"]} | counts | figures
    return {
        "classes": classes,
        "mean_recall": clean(np.mean([entry["recall"] for entry in classes.values()])) if classes else None,
        "mean_recall_interval": interval(np.mean(drawn, axis=0)) if classes else None,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold out every collection, print the figures as JSON; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.lesion_folds", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--init", required=True, help="imagenet or a trunk (.npz)")
    args = parser.parse_args(arguments)
    try:
        rows = [row for row in read_manifest(args.data) if row.group == "lesion" and row.label in LABELS]
        features = frozen_features(rows, args.init)
    except (DataError, InitError, ArchitectureError) as error:
        print(error, file=sys.stderr)
        return 1
    labels = np.array([LABELS.index(row.label) for row in rows])
    slugs, keys = (np.array([getattr(row, name) for row in rows]) for name in ("slug", "split_key"))
    print(json.dumps(fold_report(held_out(features, labels, slugs), labels, slugs, keys), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
