"""After training: calibrate on validation photos, export, and write the manifest entry."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import NetworkEntry, save_entry
from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD
from core.runtime.weights import sha256_of
from core.training.export import export
from core.training.networks.lesion import LABELS
from core.training.recipes.calibrate import fit_temperature, joint_thresholds
from core.training.recipes.loop import Recipe, normalise

INPUT_SIZE = 224


@torch.inference_mode()
def answers(net: nn.Module, recipe: Recipe) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(outputs without the feature map, targets) of ``net`` on the whole validation set."""
    net = net.eval()
    outputs, targets = [], []
    for images, *rest in recipe.val_dataloader():
        outputs.append([output.float().numpy() for output in net(normalise(images))[:-1]])
        targets.append([target.numpy() for target in rest])
    return (
        [np.concatenate(part) for part in zip(*outputs, strict=True)],
        [np.concatenate(part) for part in zip(*targets, strict=True)],
    )


def finish(task: str, net: nn.Module, recipe: Recipe, out: Path, provenance: dict[str, Any]) -> NetworkEntry:
    """Write ``out/<task>.onnx`` and its entry in ``out/manifest.json``.

    Temperature and thresholds are set on the validation photos. A photo is good there when its class is
    lesion and none of its explanations is true.
    """
    outputs, targets = answers(net, recipe)
    thresholds: dict[str, float] = {}
    temperature = fit_temperature(outputs[0], targets[0])
    if task == "imageqx":
        good = (targets[0] == QUALITY_CLASSES.index("lesion")) & ~(targets[1] > 0.5).any(axis=1)
        right = outputs[0][good].argmax(axis=1) == QUALITY_CLASSES.index("lesion")
        probabilities = 1 / (1 + np.exp(-outputs[1][good]))
        thresholds = joint_thresholds(probabilities, right, EXPLANATIONS)
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
        thresholds=thresholds,
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
