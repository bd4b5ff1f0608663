"""From a trained torch network to the one ONNX file that is shipped, and where training starts from."""

import tempfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torchvision import models

from core.i18n import _
from core.networks.fold import fold, unfold_into
from core.networks.imageqx import ImageQXNet
from core.networks.lesion import DEFAULT
from core.runtime.onnx_file import initialiser_names, read_initialisers
from training.networks.pretrained import InitError, fill_trunk

OUTPUTS = {
    "imageqx": ("logits", "explanations", "places", "framing", "features"),
    "lesion": ("logits", "features"),
    "ordinal": ("logits", "features"),
}
# Outputs that not every ImageQX network has, and the part that they come of.
_OPTIONAL = {"places": "place", "framing": "framing"}
HALF_LIMIT = float(np.finfo(np.float16).max)


INPUTS = ("images", "details")


def initialise(net: nn.Module, start: str) -> None:
    """Give a fresh network its start.

    Args:
        net: from ``build``.
        start: ``"scratch"`` (leave it), ``"imagenet"`` (torchvision's weights, from its hub or cache), the
            path of a trunk under torchvision's names (.npz, EfficientNet-B0 only), of a checkpoint (.ckpt) of
            an earlier run, or of an ONNX file that ``export`` wrote for the same architecture. BatchNorm,
            folded away there, begins again as the identity.

    Raises:
        InitError: the weights cannot be had, or are of another network.
    """
    if start != "scratch":
        _fill(net, start)
        if isinstance(net, ImageQXNet) and net.views == 2:
            net.keep_apart()


def _fill(net: nn.Module, start: str) -> None:
    if start == "imagenet":
        _from_hub(net)
        return
    path = Path(start)
    if not path.is_file():
        message = _("{file} is not there: --init takes imagenet, scratch, an .npz or one of our ONNX files.")
        raise InitError(message.format(file=path))
    if path.suffix == ".npz":
        if getattr(net, "arch", DEFAULT) != DEFAULT:
            message = _("{file} starts EfficientNet-B0 networks only, not {arch}.")
            raise InitError(message.format(file=path, arch=net.arch))
        fill_trunk(net.trunk, path)
        return
    if path.suffix == ".ckpt":
        _from_checkpoint(net, path)
        return
    try:
        held = initialiser_names(path)
        # These came later: a file without them starts a network that has them.
        names = [name for name, _value in fold(net).named_parameters()]
        later = ("detail.", "place.", "statistics.", "framing.")
        names = [name for name in names if name in held or not name.startswith(later)]
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
    if getattr(net, "arch", DEFAULT) == DEFAULT:
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


def output_names(task: str, net: nn.Module) -> list[str]:
    """What the outputs of a network are called, in order."""
    return [
        name for name in OUTPUTS[task] if name not in _OPTIONAL or getattr(net, _OPTIONAL[name]) is not None
    ]


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

    Outputs are named as in ``OUTPUTS`` (those that a network lacks are left out); initialisers are named as
    the parameters of ``fold(net)``.
    """
    twin = fold(net).float().to(memory_format=torch.contiguous_format)
    outputs = output_names(task, net)
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
            output_names=outputs,
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
