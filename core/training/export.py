"""From a trained torch network to the one ONNX file that is shipped, and back to a torch twin."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision import models

from core.runtime.manifest import NetworkEntry, load_manifest
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.weights import WEIGHTS_DIR, verify
from core.training.networks.fold import fold, unfold_into
from core.training.networks.imageqx import ImageQXNet
from core.training.networks.lesion import ARCHITECTURES, LesionNet
from core.words import _

OUTPUTS = {"imageqx": ("logits", "explanations", "features"), "lesion": ("logits", "features")}
HALF_LIMIT = float(np.finfo(np.float16).max)


class InitError(Exception):
    """A training start that cannot be used; the message is one sentence."""


INPUTS = ("images", "details")


def build(task: str, arch: str = "resnet34", views: int = 2) -> nn.Module:
    """A fresh network for ``task`` (``"imageqx"`` or ``"lesion"``), with BatchNorm.

    Args:
        arch: of the lesion classifier.
        views: of ImageQX, see ``ImageQXNet``.

    Raises:
        InitError: there is no such architecture.
    """
    if task == "imageqx":
        return ImageQXNet(views)
    if arch not in ARCHITECTURES:
        message = _("There is no architecture {arch}; choose one of {known}.")
        raise InitError(message.format(arch=arch, known=", ".join(ARCHITECTURES)))
    return LesionNet(arch)


def initialise(net: nn.Module, start: str) -> None:
    """Give a fresh network its start.

    Args:
        net: from ``build``.
        start: ``"scratch"`` (leave it), ``"imagenet"`` (torchvision's weights, from its hub or cache), the
            path of a checkpoint (.ckpt) of an earlier run, or that of an ONNX file that ``export`` wrote for
            the same architecture. BatchNorm, folded away there, begins again as the identity.

    Raises:
        InitError: the weights cannot be had, or are of another network.
    """
    if start == "scratch":
        return
    if start == "imagenet":
        _from_hub(net)
        return
    path = Path(start)
    if not path.is_file():
        message = _("{file} is not there: --init takes imagenet, scratch or one of our ONNX files.")
        raise InitError(message.format(file=path))
    if path.suffix == ".ckpt":
        _from_checkpoint(net, path)
        return
    try:
        held = initialiser_names(path)
        # The detail view came later: a file without it starts a network that has it.
        names = [name for name, _value in fold(net).named_parameters()]
        names = [name for name in names if name in held or not name.startswith("detail.")]
        weights = read_initialisers(path, names)
        unfold_into(net, {name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    except (KeyError, ValueError, IndexError) as error:
        raise InitError(_("{file} does not hold weights for this network.").format(file=path)) from error


def _from_checkpoint(net: nn.Module, path: Path) -> None:
    """The averaged network of an earlier run; only tensors are read, nothing in the file is executed."""
    prefix = "average.module."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
        held = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
        net.load_state_dict(held)
    except (KeyError, RuntimeError, UnpicklingError, EOFError) as error:
        raise InitError(_("{file} does not hold weights for this network.").format(file=path)) from error


def _from_hub(net: nn.Module) -> None:
    if isinstance(net, ImageQXNet):
        weights, prefix = models.EfficientNet_B0_Weights.IMAGENET1K_V1, "features."
    else:
        weights, prefix = models.get_model_weights(net.arch).IMAGENET1K_V1, ""
    try:
        state = weights.get_state_dict(progress=True)
    except OSError as error:
        message = _("The ImageNet weights cannot be fetched. Use --init scratch or --init FILE.")
        raise InitError(message) from error
    trunk = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    wanted = net.trunk.state_dict().keys()
    net.trunk.load_state_dict({name: value for name, value in trunk.items() if name in wanted})


def store_as_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every float32 weight as float16 behind a Cast that ONNX Runtime folds when it loads.

    The network still computes in float32. Weight names stay; what consumed ``x`` now takes ``x.float``.

    Raises:
        ValueError: a weight is too large for float16 or not finite.
    """
    graph = model.graph
    casts = []
    for index, tensor in enumerate(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if not np.all(np.abs(values) <= HALF_LIMIT):
            raise ValueError(f"{tensor.name} does not fit into float16")
        graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(np.float16), tensor.name))
        wide = f"{tensor.name}.float"
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[place] = wide
        casts.append(helper.make_node("Cast", [tensor.name], [wide], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes for debugging: stack traces name folders of the training machine."""
    graph = model.graph
    del graph.value_info[:]
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def export(net: nn.Module, task: str, path: Path, input_size: int = 224) -> None:
    """Fold ``net`` and write it to ``path`` as ONNX with float16 weights and a free batch size.

    Outputs are named as in ``OUTPUTS``; initialisers are named as the parameters of ``fold(net)``.
    """
    twin = fold(net).float().to(memory_format=torch.contiguous_format)
    outputs = OUTPUTS[task]
    views = getattr(net, "views", 1)
    batch = torch.export.Dim("batch")
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        torch.onnx.export(
            twin,
            # One tensor given twice would be taken for one input.
            tuple(torch.zeros(2, 3, input_size, input_size) for _view in range(views)),
            str(raw),
            dynamo=True,
            external_data=False,
            optimize=False,
            verbose=False,
            opset_version=18,
            input_names=list(INPUTS[:views]),
            output_names=list(outputs),
            dynamic_shapes=({0: batch},) * views,
        )
        model = onnx.load(raw)
    names = {tensor.name for tensor in model.graph.initializer}
    missing = {name for name, _ in twin.named_parameters()} - names
    if missing:
        raise RuntimeError(f"the export lost parameter names: {sorted(missing)[:3]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    _strip(model)
    onnx.save(store_as_half(model), path)


def fill_twin(twin: nn.Module, weights: Mapping[str, np.ndarray]) -> nn.Module:
    """Copy weights by name into a folded network; every parameter must be there."""
    state = {name: torch.from_numpy(np.array(weights[name])) for name, _ in twin.named_parameters()}
    twin.load_state_dict(state)
    return twin


def load_twin(name: str, entry: NetworkEntry | None = None, directory: Path = WEIGHTS_DIR) -> nn.Module:
    """The shipped network as a BN-free torch module in evaluation mode, for gradient methods.

    Args:
        name: ``"imageqx"`` or ``"lesion"``.
        entry: its manifest entry; the shipped manifest's when not given.
        directory: where the entry's file lies.

    Raises:
        WeightsError: the file is missing or altered.
    """
    entry = entry or load_manifest().networks[name]
    twin = fold(build(entry.task, entry.provenance.get("arch", "resnet34"), 2 if entry.detail else 1))
    weights = read_initialisers(verify(entry, directory), [key for key, _ in twin.named_parameters()])
    return fill_twin(twin, weights).eval().requires_grad_(False)
