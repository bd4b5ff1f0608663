"""After training: calibrate on validation photos, export, and write the manifest entry."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from core.networks.lesion import LABELS
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import DEFAULT_POINT, NetworkEntry, OperatingPoint, save_entry
from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD
from core.runtime.probability import sigmoid, softmax
from core.runtime.weights import sha256_of
from training.networks.export import export
from training.recipes.calibrate import fit_temperature, good_lesions, operating_points
from training.recipes.loop import Recipe, normalise

INPUT_SIZE = 224


@torch.inference_mode()
def answers(net: nn.Module, recipe: Recipe) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(outputs without the feature map, targets) of ``net`` on the whole validation set."""
    net = net.eval()
    outputs, targets = [], []
    for batch in recipe.val_dataloader():
        views = map(normalise, batch[: recipe.views])
        outputs.append([output.float().numpy() for output in net(*views)[:-1]])
        targets.append([target.numpy() for target in batch[recipe.views :]])
    return (
        [np.concatenate(part) for part in zip(*outputs, strict=True)],
        [np.concatenate(part) for part in zip(*targets, strict=True)],
    )


def finish(task: str, net: nn.Module, recipe: Recipe, out: Path, provenance: dict[str, Any]) -> NetworkEntry:
    """Write ``out/<task>.onnx`` and its entry in ``out/manifest.json``.

    Temperature and operating points are set on the validation photos.
    """
    outputs, targets = answers(net, recipe)
    points: dict[str, OperatingPoint] = {}
    temperature = fit_temperature(outputs[0], targets[0])
    if task == "imageqx":
        label, given, votes = targets
        points = operating_points(
            softmax(outputs[0], temperature),
            sigmoid(outputs[1]),
            good_lesions(label, votes),
            label == QUALITY_CLASSES.index("poor_quality"),
            given > 0.5,
            label,
        )
    path = out / f"{task}.onnx"
    export(net, task, path, INPUT_SIZE)
    entry = NetworkEntry(
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        task=task,
        labels=list(QUALITY_CLASSES if task == "imageqx" else LABELS),
        explanations=list(EXPLANATIONS) if task == "imageqx" else [],
        input_size=INPUT_SIZE,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        thresholds=points[DEFAULT_POINT].thresholds if points else {},
        operating_points=points,
        detail=recipe.views > 1,
        temperature=temperature,
        provenance=provenance,
        metrics={
            "validation": {
                key: round(value, 4)
                for key, value in recipe.score(
                    [torch.from_numpy(output) for output in outputs], [torch.from_numpy(t) for t in targets]
                ).items()
            }
        },
    )
    save_entry(task, entry, out)
    return entry
