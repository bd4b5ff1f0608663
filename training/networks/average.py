"""The mean of several networks' weights as one: ``python -m training.networks.average --out DIR DIR...``.

Networks that were fine-tuned from one start may be averaged weight by weight, and such a mean holds better on
new cameras than either (Wortsman et al. 2022, "Model soups"; Rame et al. 2022, "DiWA"). Each folder is one
that ``core train`` wrote, with ``manifest.json`` and the network's file; so is the folder that is written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from core.i18n import _
from core.runtime.manifest import MANIFEST_NAME, NetworkEntry, WeightsError, load_manifest
from core.runtime.weights import verify
from training.networks.altered import save_altered
from training.networks.export import InitError


def mean_of(models: Sequence[onnx.ModelProto], shares: Sequence[float]) -> onnx.ModelProto:
    """One network whose floating-point weights are the weighted mean of the others'.

    Args:
        models: of one architecture: weights of equal names, shapes and types, stored as floats.
        shares: how much each counts, positive; they need not sum to 1.

    Raises:
        InitError: the networks do not fit each other.
    """
    mean = onnx.ModelProto()
    mean.CopyFrom(models[0])
    held = [{one.name: numpy_helper.to_array(one) for one in model.graph.initializer} for model in models]
    parts = np.asarray(shares, np.float64) / np.sum(shares)
    for tensor in mean.graph.initializer:
        arrays = [weights.get(tensor.name) for weights in held]
        kinds = {None if array is None else (array.shape, array.dtype) for array in arrays}
        if len(kinds) > 1:
            message = _("These networks cannot be averaged: {name} is not the same kind of weight in all.")
            raise InitError(message.format(name=tensor.name))
        if np.issubdtype(arrays[0].dtype, np.floating):
            total = sum(part * array.astype(np.float64) for part, array in zip(parts, arrays, strict=True))
            tensor.CopyFrom(numpy_helper.from_array(total.astype(arrays[0].dtype), tensor.name))
        elif arrays[0].dtype == np.int8:
            raise InitError(
                _("Networks kept as 8 bits cannot be averaged; take the files they were made of.")
            )
    return mean


def average(
    folders: Sequence[Path], shares: Sequence[float], out: Path, name: str = "imageqx"
) -> NetworkEntry:
    """Average the networks of several folders; thresholds are the first one's, to be refitted.

    Raises:
        InitError: the networks do not fit each other.
        WeightsError: a folder's manifest or file cannot be used.
        KeyError: a manifest has no such network.
    """
    entries = [load_manifest(folder / MANIFEST_NAME).networks[name] for folder in folders]
    files = [verify(entry, folder) for entry, folder in zip(entries, folders, strict=True)]
    out.mkdir(parents=True, exist_ok=True)
    path = out / entries[0].file
    onnx.save(mean_of([onnx.load(file) for file in files], shares), path)
    parts = [
        {"share": round(share / sum(shares), 3), "sha256": entry.sha256, "of": entry.provenance}
        for share, entry in zip(shares, entries, strict=True)
    ]
    # The first one's story, and whose weights the mean is of.
    story = entries[0].provenance | {"average": parts}
    return save_altered(name, entries[0], path, provenance=story, metrics={})


def main(argv: Sequence[str] | None = None) -> int:
    """Average and say where it is; 1 and a sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m training.networks.average")
    parser.add_argument("folders", type=Path, nargs="+", help="folders that `core train` wrote")
    parser.add_argument("--shares", type=float, nargs="+", help="how much each counts; default: all alike")
    parser.add_argument("--name", default="imageqx", help="the network's name in the manifests")
    parser.add_argument("--out", type=Path, required=True, help="folder for the mean and its manifest")
    args = parser.parse_args(argv)
    shares = args.shares or [1.0] * len(args.folders)
    if len(shares) != len(args.folders) or min(shares) <= 0:
        print(_("--shares needs one positive number for each folder."), file=sys.stderr)
        return 2
    try:
        made = average(args.folders, shares, args.out, args.name)
    except (InitError, WeightsError) as error:
        print(getattr(error, "message", None) or str(error), file=sys.stderr)
        return 1
    except KeyError:
        print(_("There is no network {name} in the manifest.").format(name=args.name), file=sys.stderr)
        return 1
    print(_("Written: {file}").format(file=args.out / made.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
