"""Where do networks run? In this process, unless ``RETAKE_ENGINE`` names another engine."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from core.i18n import _
from core.runtime.manifest import WEIGHTS_DIR, Manifest, WeightsError, load_manifest
from core.runtime.onnx_engine import THREADS_VARIABLE, Engine, default_threads, threads_setting
from core.runtime.weights import verify

__all__ = [
    "ENGINES",
    "ENGINE_VARIABLE",
    "THREADS_VARIABLE",
    "Engine",
    "NetworkEngine",
    "default_threads",
    "open_engine",
    "threads_setting",
]

ENGINE_VARIABLE: Final = "RETAKE_ENGINE"


class NetworkEngine(Protocol):
    """What runs one network: in this process (``Engine``), or elsewhere (``RayEngine``).

    Attributes:
        path: the network's file, which is here wherever it runs.
        inputs: their names, in the order in which ``run`` takes their batches.
    """

    path: Path
    inputs: tuple[str, ...]

    def run(self, *batches: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network, from any thread; see ``Engine.run``."""

    def use_threads(self, threads: int) -> None:
        """From here on run on this many threads, where that is this process's affair."""

    def initialisers(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Weights by parameter name, as float32."""


def _onnx(name: str, path: Path, threads: int | None) -> NetworkEngine:
    return Engine(path, threads)


def _ray(name: str, path: Path, threads: int | None) -> NetworkEngine:
    from core.runtime.ray_engine import open_ray

    return open_ray(name, path)


ENGINES: Final[Mapping[str, Callable[[str, Path, int | None], NetworkEngine]]] = {"onnx": _onnx, "ray": _ray}
"""What ``RETAKE_ENGINE`` may name; the first one unless it does."""


def open_engine(
    name: str,
    manifest: Manifest | None = None,
    threads: int | None = None,
    directory: Path = WEIGHTS_DIR,
) -> NetworkEngine:
    """Open a shipped network by its manifest name, after checking its file.

    Args:
        name: in the manifest.
        manifest: the shipped one where none is given.
        threads: of an engine in this process; see ``default_threads``.
        directory: folder with the network files.

    Raises:
        WeightsError: the manifest or the file is missing or wrong, or the engine that ``RETAKE_ENGINE`` names
            cannot be used.
        KeyError: the manifest has no such network.
    """
    entry = (manifest or load_manifest()).networks[name]
    return _opener()(name, verify(entry, directory), threads)


def _opener() -> Callable[[str, Path, int | None], NetworkEngine]:
    known = tuple(ENGINES)
    asked = os.environ.get(ENGINE_VARIABLE) or known[0]
    if asked not in ENGINES:
        message = _("There is no engine {name}. Set {variable} to one of: {known}.")
        names = {"name": asked, "variable": ENGINE_VARIABLE, "known": ", ".join(known)}
        raise WeightsError("engine_unknown", message.format(**names))
    return ENGINES[asked]
