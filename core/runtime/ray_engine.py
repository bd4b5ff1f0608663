"""Networks on a Ray cluster: ``core.distributed.deployments`` runs them there, and this asks it.

The file of the network is here, too: what a heat map needs of its weights is read from it, and its checksum
says whether the cluster runs the same network.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.runtime.onnx_file import read_initialisers
from core.runtime.ray_connection import HERE, EngineError, address_setting, connect, package
from core.runtime.weights import sha256_of

PATIENCE_S: Final = 30.0
"""Seconds for an answer: a network that rested is started first."""
START: Final = "python -m core serve-networks"

Ask = Callable[..., Any]
"""Calls a method of the network's deployment by its name, with arguments, and returns its answer."""


def application(name: str) -> str:
    """What Ray Serve calls the application that runs a network."""
    return f"retake-{name}"


class RayEngine:
    """One network on a Ray cluster. ``run`` may be called from any thread, also at the same time."""

    def __init__(self, name: str, path: Path, ask: Ask) -> None:
        """Args are the network's name in the manifest, its file here, and what calls its deployment.

        Raises:
            EngineError: it does not answer, or is another network.
        """
        self.path = path
        self._ask = ask
        sha256, inputs, _outputs = ask("about")
        if sha256 != sha256_of(path):
            message = _(
                "The cluster runs another version of the network {name} than the one here. "
                "Bring both to the same one and start its networks again: {command}"
            )
            raise EngineError("ray_networks", message.format(name=name, command=START))
        self.inputs = tuple(inputs)

    def use_threads(self, threads: int) -> None:
        """Do nothing: how many threads it runs on is the cluster's own affair."""

    def run(self, *batches: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network; see ``Engine.run``.

        Raises:
            EngineError: the cluster does not answer.
        """
        if len(batches) != len(self.inputs):
            raise ValueError(f"expected {len(self.inputs)} batches, got {len(batches)}")
        answer: dict[str, np.ndarray] = self._ask("run", batches)
        return answer

    def initialisers(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Weights by parameter name, as float32; see ``onnx_file.read_initialisers``."""
        return read_initialisers(self.path, names)


def open_ray(name: str, path: Path, address: str | None = None) -> RayEngine:
    """Open a network on the cluster.

    Args:
        name: in the manifest.
        path: its file here.
        address: of the cluster; that of the settings, or of this machine, where none is given.

    Raises:
        EngineError: Ray is not installed or does not answer, or runs no such network.
    """
    address = address or address_setting()
    connect(address)
    return RayEngine(name, path, asking(name, address or HERE))


def asking(name: str, address: str, patience_s: float = PATIENCE_S) -> Ask:
    """What calls the deployment of a network, once this process has joined the cluster.

    Raises:
        EngineError: the cluster runs no such network.
    """
    serve = package("ray.serve")
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        handle = serve.get_app_handle(application(name))
    except Exception as error:  # no Serve there, or no such application
        message = _("Ray at {address} runs no network {name}. Start its networks there: {command}")
        message = message.format(address=address, name=name, command=START)
        raise EngineError("ray_networks", message) from error
    return partial(_ask, handle, address, patience_s)


def _ask(handle: Any, address: str, patience_s: float, method: str, *arguments: Any) -> Any:
    try:
        return getattr(handle, method).remote(*arguments).result(timeout_s=patience_s)
    except Exception as error:  # Ray's own errors share no other base, and carry those of the network
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        if isinstance(error, TimeoutError):
            reason = _("no answer within {seconds} s").format(seconds=round(patience_s))
        message = _("The networks on Ray at {address} do not answer ({reason}). Check the cluster.")
        raise EngineError("ray_failed", message.format(address=address, reason=reason)) from error
