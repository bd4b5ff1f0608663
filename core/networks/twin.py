"""The shipped networks as torch modules, for methods that need a gradient."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.i18n import _
from core.lesion.taxonomy import LABELS
from core.networks.build import ArchitectureError, build, parts_in
from core.networks.fold import fold
from core.networks.lesion import DEFAULT
from core.runtime.manifest import NetworkEntry, WeightsError, load_manifest
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.weights import WEIGHTS_DIR, verify


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
        WeightsError: the file is missing or altered, or is of a network that was not built here.
    """
    entry = entry or load_manifest().networks[name]
    path = verify(entry, directory)
    parts = parts_in(initialiser_names(path))
    arch, views = entry.provenance.get("arch", DEFAULT), 2 if entry.detail else 1
    try:
        twin = fold(build(entry.task, arch, views, classes=_classes(path), **parts))
        weights = read_initialisers(path, [key for key, _value in twin.named_parameters()])
        return fill_twin(twin, weights).eval().requires_grad_(False)
    except (ArchitectureError, KeyError, ValueError, RuntimeError) as error:
        message = _(
            "The network file {path} holds no network that was built here, so it has no twin in torch."
        )
        raise WeightsError("no_twin", message.format(path=path)) from error


def _classes(path: Path) -> int:
    """How many classes a lesion classifier's head has; the ten shipped ones for any other network."""
    if "head.weight" not in initialiser_names(path):
        return len(LABELS)
    return len(read_initialisers(path, ["head.weight"])["head.weight"])
