"""A network of three classes that goes by colour, with words and manifest, as a product team brings it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.lesion.taxonomy import LABELS as SHIPPED
from core.runtime.manifest import WEIGHTS_DIR, Manifest, NetworkEntry, load_manifest, save_entry
from core.runtime.weights import sha256_of

LABELS = ("ember", "moss", "HPV wart")
SIDE, CELL = 32, 8
WORDS = """\
version: 1
few_photos: 50
labels:
  ember:
    term: Pruna
    lay_name: Red spot
    description: A spot that is redder than the rest.
    photos: 12
    sources: 1
    note: Drawn by a test.
  moss:
    term: Muscus
    lay_name: Green spot
    description: A spot that is greener than the rest.
    photos: 500
    sources: 3
  HPV wart:
    term: Verruca
    lay_name: HPV wart
    description: A spot that is bluer than the rest.
"""


def write_toy(
    path: Path,
    *,
    colours: np.ndarray | None = None,
    features: bool = True,
    head: str = "head.weight",
    pool: str = "GlobalAveragePool",
) -> Path:
    """Write the ONNX file: red is ember, green is moss, blue is HPV wart.

    Args:
        colours: float32, classes x 3: how much of each colour makes a class, for other classes than these.
        features: whether the feature map is an output.
        head: what the last layer's weights are called.
        pool: how the feature map becomes one number a channel.
    """
    # One cell's mean of each colour is one channel of the feature map.
    kernel = np.zeros((3, 3, CELL, CELL), np.float32)
    for colour in range(3):
        kernel[colour, colour] = 1 / CELL**2
    weight = 8 * np.eye(3, dtype=np.float32) if colours is None else colours
    bias = np.float32([0.1, 0.2, 0.3]) if colours is None else np.zeros(len(colours), np.float32)
    nodes = [
        helper.make_node("Conv", ["images", "conv.weight"], ["mean"], strides=[CELL, CELL]),
        helper.make_node("Relu", ["mean"], ["features"]),
        helper.make_node(pool, ["features"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", head, "head.bias"], ["logits"], transB=1),
    ]
    side = SIDE // CELL
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(weight)])]
    if features:
        outputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 3, side, side]))
    graph = helper.make_graph(
        nodes,
        "toy",
        # A batch of one, and an input called as ours is not.
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        outputs,
        [
            numpy_helper.from_array(kernel, "conv.weight"),
            numpy_helper.from_array(weight, head),
            numpy_helper.from_array(bias, "head.bias"),
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    return path


def toy_entry(path: Path, **changes) -> NetworkEntry:
    """The manifest entry of a file that ``write_toy`` wrote, its words in ``toy.taxonomy.yaml`` beside it."""
    fields = {
        "file": path.name,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
        "task": "lesion",
        "labels": list(LABELS),
        "taxonomy": "toy.taxonomy.yaml",
        "input_size": SIDE,
        "mean": (0, 0, 0),
        "std": (1, 1, 1),
    }
    return NetworkEntry(**fields | changes)


def write_ten(folder: Path) -> NetworkEntry:
    """A weights folder whose ``lesion`` goes by the mean colour, each of our ten classes by another one."""
    turns = np.linspace(0, 2 * np.pi, len(SHIPPED), endpoint=False)
    colours = np.stack([np.cos(turns), np.sin(turns), np.cos(2 * turns)], 1).astype(np.float32)
    entry = toy_entry(write_toy(folder / "lesion.onnx", colours=colours), labels=list(SHIPPED), taxonomy=None)
    save_entry("lesion", entry, folder)
    return entry


def write_weights(folder: Path) -> Manifest:
    """A weights folder with the shipped networks' entries and files and, added, ``toy`` and ``mute``.

    ``mute`` is the same network without heat maps and without words.
    """
    for file in WEIGHTS_DIR.iterdir():
        if file.name != "manifest.json":
            (folder / file.name).symlink_to(file)
    for name, entry in load_manifest(WEIGHTS_DIR / "manifest.json").networks.items():
        save_entry(name, entry, folder)
    (folder / "toy.taxonomy.yaml").write_text(WORDS, encoding="utf-8")
    save_entry("toy", toy_entry(write_toy(folder / "toy.onnx")), folder)
    mute = write_toy(folder / "mute.onnx", features=False)
    save_entry("mute", toy_entry(mute, taxonomy=None), folder)
    return load_manifest(folder / "manifest.json")


def use_weights(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let everything that opens networks look for them in ``folder``, which ``write_weights`` fills."""
    folder.mkdir()
    write_weights(folder)
    monkeypatch.delenv("RETAKE_LESION", raising=False)
    for module in ("core.runtime.manifest", "core.lesion.networks", "core.lesion.taxonomy"):
        monkeypatch.setattr(f"{module}.WEIGHTS_DIR", folder)
