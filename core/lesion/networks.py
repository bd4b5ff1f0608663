"""Which networks know kinds of skin change, which of them answers, and opening one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from core.i18n import _
from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import taxonomy_of
from core.runtime.engine import NetworkEngine, open_engine
from core.runtime.manifest import WEIGHTS_DIR, Manifest, NetworkEntry, WeightsError

TASK: Final = "lesion"
SHIPPED: Final = "lesion"
LESION_VARIABLE: Final = "RETAKE_LESION"
ARCHITECTURES: Final = ("efficientnet_b0", "resnet34", "resnet50", "resnet101", "resnet152")
"""What our torch twins are built of."""


def names(manifest: Manifest) -> list[str]:
    """Names of all networks that know kinds of skin change, as the manifest lists them."""
    return [name for name, entry in manifest.networks.items() if entry.task == TASK]


def default_name(manifest: Manifest, environment: Mapping[str, str] = os.environ) -> str:
    """The network that answers unless another is picked: ``RETAKE_LESION``, else ours, else the first.

    Raises:
        WeightsError: there is none, or none of that name.
    """
    known = names(manifest)
    if not known:
        message = _("The list of networks has none that knows kinds of skin change (task: lesion). Add one.")
        raise WeightsError("network_unknown", message)
    asked = environment.get(LESION_VARIABLE)
    if not asked:
        return SHIPPED if SHIPPED in known else known[0]
    if asked not in known:
        message = _("There is no network {name} for kinds of skin change. Set {variable} to one of: {known}.")
        raise WeightsError(
            "network_unknown",
            message.format(name=asked, variable=LESION_VARIABLE, known=", ".join(known)),
        )
    return asked


def open_lesion(
    name: str, manifest: Manifest, threads: int | None = None, directory: Path | None = None
) -> LesionClassifier:
    """Open a network by its manifest name, after checking its file, its words and the shape of its answer.

    Args:
        name: one of ``names(manifest)``.
        threads: see ``Engine``.
        directory: where its files lie; that of the shipped weights when None.

    Raises:
        WeightsError: the file or the words are missing or wrong; its message says what to do.
        KeyError: the manifest has no such network.
    """
    directory = directory or WEIGHTS_DIR
    entry = manifest.networks[name]
    engine = open_engine(name, manifest, threads, directory)
    _answers_as_it_should(name, engine, entry)
    return LesionClassifier(engine, entry, name=name, taxonomy=taxonomy_of(entry, directory))


def has_twin(entry: NetworkEntry) -> bool:
    """Whether the gradient methods, guided backpropagation among them, can be had: for our networks only."""
    return entry.provenance.get("arch") in ARCHITECTURES


def no_twin() -> str:
    """Why there are no gradient methods for a network without a twin."""
    return _(
        "These methods need the network's inner layers, and Retake knows those of its own networks only. "
        "This network is another."
    )


def _answers_as_it_should(name: str, engine: NetworkEngine, entry: NetworkEntry) -> None:
    """Raise WeightsError unless one blank picture gets one number a label."""
    message = _(
        "The network {name} does not fit its entry in the list of networks: {what}. Correct one of them."
    )
    blank = np.zeros((1, 3, entry.input_size, entry.input_size), np.float32)
    try:
        answer = engine.run(blank)
    except Exception as error:  # ONNX Runtime's own errors share no other base
        what = _("it does not take one picture of 1 x 3 x {side} x {side} ({reason})").format(
            side=entry.input_size, reason=str(error).strip().splitlines()[0]
        )
        raise WeightsError("network_unfit", message.format(name=name, what=what)) from error
    shape = answer["logits"].shape if "logits" in answer else None
    if shape != (1, len(entry.labels)):
        what = _("its output logits must hold {count} numbers, one for each label").format(
            count=len(entry.labels)
        )
        raise WeightsError("network_unfit", message.format(name=name, what=what))
