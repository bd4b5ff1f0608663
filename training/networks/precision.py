"""How small may the network be that browsers fetch? Smaller versions of it, and what each loses.

``python -m training.networks.precision --pool DIR`` prints a JSON object a version: what it weighs, and how
it judges the validation samples of a pool rendered for the benchmark. Nothing that ships is changed by that.

``python -m training.networks.precision --ship imageqx`` keeps a network's weights as 8 bits from then on: its
file and its entry in the manifest are written anew.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from core.i18n import _
from core.quality.imageqx import ImageQX
from core.quality.labels import QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.runtime.engine import Engine
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, WeightsError, load_manifest
from core.runtime.onnx_file import FACTOR
from core.runtime.weights import verify
from training.data.sources import DataError
from training.evaluation.metrics import macro_f1
from training.evaluation.quality_predictions import QualityPredictions, predict_pool
from training.evaluation.quality_report import quality_report
from training.networks.altered import save_altered

# Weights with fewer values are no load worth saving.
_SMALL: Final = 1024
# What is no weight but a fixed pattern.
_FIXED: Final = ("detail.bank", "detail.luma")


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose float16 and int8 weights are float32, without the nodes that make them so."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    graph = wide.graph
    held = {tensor.name: tensor for tensor in graph.initializer}
    small = {name for name, one in held.items() if one.data_type in (TensorProto.FLOAT16, TensorProto.INT8)}
    values = {name: numpy_helper.to_array(held[name]).astype(np.float32) for name in small}
    stands_for: dict[str, str] = {}
    kept = []
    for node in graph.node:
        source = stands_for.get(node.input[0], node.input[0]) if node.input else ""
        if source not in small or node.op_type not in ("Cast", "Mul"):
            kept.append(node)
        elif node.op_type == "Cast":
            stands_for[node.output[0]] = source
        elif node.input[1] == source + FACTOR:
            values[source] *= numpy_helper.to_array(held[node.input[1]])
            stands_for[node.output[0]] = source
        else:
            kept.append(node)
    for node in kept:
        for place, name in enumerate(node.input):
            node.input[place] = stands_for.get(name, name)
    factors = {name + FACTOR for name in small}
    weights = [tensor for tensor in held.values() if tensor.name not in small | factors]
    weights += [numpy_helper.from_array(values[name], name) for name in held if name in small]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
    return wide


def stored_as_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that keeps large weights as 8 bits with a factor for each output channel.

    They become float32 again when the file is opened, and the network computes in float32: it weighs half as
    much as with float16 and is as fast.
    """
    small = widened(model)
    graph = small.graph
    nodes = []
    for index, tensor in enumerate(list(graph.initializer)):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL or values.ndim < 2 or tensor.name in _FIXED:
            continue
        axes = tuple(range(1, values.ndim))
        factor = np.maximum(np.abs(values).max(axis=axes, keepdims=True), 1e-12).astype(np.float32) / 127
        graph.initializer[index].CopyFrom(
            numpy_helper.from_array(np.rint(values / factor).astype(np.int8), tensor.name)
        )
        graph.initializer.append(numpy_helper.from_array(factor, tensor.name + FACTOR))
        wide, whole = f"{tensor.name}.whole", f"{tensor.name}.float"
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name == tensor.name:
                    node.input[place] = wide
        nodes.append(helper.make_node("Cast", [tensor.name], [whole], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [whole, tensor.name + FACTOR], [wide]))
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(small)
    return small


def computed_in_int8(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    """A copy that also computes in 8 bits, with what flows between layers scaled picture by picture."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    wide, small = folder / "wide.onnx", folder / "small.onnx"
    onnx.save(widened(model), wide)
    kinds = {"op_types_to_quantize": ["Conv", "Gemm", "MatMul"], "per_channel": True}
    quantize_dynamic(wide, small, weight_type=QuantType.QInt8, **kinds)
    return onnx.load(small)


def versions(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The file as it is, then each smaller version of it, written into a folder: (name, file)."""
    yield "as_it_is", path
    model = onnx.load(path)
    for name, made in (
        ("int8_stored", stored_as_int8(model)),
        ("int8_computed", computed_in_int8(model, folder)),
    ):
        onnx.save(made, folder / f"{name}.onnx")
        yield name, folder / f"{name}.onnx"


def figures(predictions: QualityPredictions, shipped: QualityPredictions) -> dict[str, float]:
    """How good the predictions are, and how far they lie from those of the shipped file.

    Returns:
        shares of 0-1: macro F1 of the classes, mean F1 and AUC of the explanations, good photos passed,
        faulty ones refused; share of samples that pass or fail as by the shipped file (``same_pass``); mean
        and largest change of a probability.
    """
    report = quality_report(predictions)
    gate = report["gate"]
    change = np.abs(np.hstack([predictions.quality - shipped.quality, predictions.scores - shipped.scores]))
    return {
        "quality_macro_f1": macro_f1(predictions.label, predictions.predicted, len(QUALITY_CLASSES)),
        "explanation_mean_f1": report["explanation_mean_f1"],
        "explanation_mean_auc": report["explanation_mean_auc"],
        "good_lesion_passes": gate["good_lesion"]["passes"],
        "faulty_refused": 1 - gate["poor_quality"]["passes"],
        "same_pass": (predictions.passes == shipped.passes).mean(),
        "change_mean": change.mean(),
        "change_most": change.max(),
    }


def study(
    entry: NetworkEntry, rule: PassRule, pool: Path, limit: int, weights: Path = WEIGHTS_DIR
) -> Iterator[dict[str, Any]]:
    """Every version with its bytes (as a file, and packed as it is sent) and its figures.

    Raises:
        DataError: there is no pool.
        WeightsError: the network's file is missing or altered.
    """
    path = verify(entry, weights)
    shipped = None
    with tempfile.TemporaryDirectory() as folder:
        for name, file in versions(path, Path(folder)):
            predictions = predict_pool(ImageQX(Engine(file), entry), rule, pool, "validation", limit)
            shipped = shipped or predictions
            data = file.read_bytes()
            found = figures(predictions, shipped)
            yield {
                "version": name,
                "bytes": len(data),
                "sent": len(gzip.compress(data, 6)),
                "samples": len(predictions),
                **{key: round(float(value), 4) for key, value in found.items()},
            }


def ship(name: str, weights: Path = WEIGHTS_DIR) -> NetworkEntry:
    """Keep a network's weights as 8 bits: writes its file and its entry in the manifest anew.

    Raises:
        KeyError: the manifest has no such network.
        WeightsError: its file is missing or altered.
    """
    entry = load_manifest(weights / "manifest.json").networks[name]
    path = verify(entry, weights)
    onnx.save(stored_as_int8(onnx.load(path)), path)
    return save_altered(name, entry, path, provenance=entry.provenance | {"stored_as": "int8"})


def main(argv: list[str] | None = None) -> int:
    """Print one JSON object a version; 1 with a sentence where that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m training.networks.precision")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--pool", type=Path, help=_("samples rendered for the benchmark"))
    what.add_argument("--ship", metavar="NAME", help=_("keep the weights of this network as 8 bits"))
    parser.add_argument("--limit", type=int, default=1680, help=_("how many samples (%(default)s)"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help=_("folder with manifest.json"))
    args = parser.parse_args(argv)
    if args.limit < 1:
        print(_("--limit must be at least 1."), file=sys.stderr)
        return 2
    try:
        if args.ship:
            entry = ship(args.ship, args.weights)
            print(json.dumps({"file": entry.file, "bytes": entry.bytes, "sha256": entry.sha256}))
            return 0
        entry = load_manifest(args.weights / "manifest.json").networks["imageqx"]
        point = entry.point()
        rule = PassRule(dict(point.thresholds), False, dict(point.class_offsets))
        for found in study(entry, rule, args.pool, args.limit, args.weights):
            print(json.dumps(found), flush=True)
    except (DataError, WeightsError) as error:
        print(error.message, file=sys.stderr)
        return 1
    except KeyError:
        print(_("There is no network {name} in the manifest.").format(name=args.ship), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
