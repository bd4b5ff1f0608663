"""Networks in this process: one ONNX Runtime session each, shared by all threads."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from core.i18n import _
from core.runtime.manifest import WeightsError
from core.runtime.onnx_file import read_initialisers
from core.runtime.weights import sha256_of

THREADS_VARIABLE = "RETAKE_THREADS"


def threads_setting() -> int | None:
    """``RETAKE_THREADS`` where it is a whole number above 0, else None."""
    setting = os.environ.get(THREADS_VARIABLE, "")
    return int(setting) if setting.isdecimal() and int(setting) > 0 else None


def default_threads() -> int:
    """Threads a network may use: ``RETAKE_THREADS`` where it is a whole number above 0, else up to 2."""
    return threads_setting() or min(2, os.cpu_count() or 1)


def _give_back_memory() -> None:
    """Let glibc return what loading a network left free: about 100 MB for ResNet-34; elsewhere do nothing."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return


class Engine:
    """One network in ONNX Runtime. ``run`` may be called from any thread, also at the same time.

    Attributes:
        path: the network's file.
        threads: how many it runs on.
        inputs, outputs: their names, in the file's order.
        takes_batches: whether it takes any number of pictures at once.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Open an ONNX file.

        Raises:
            WeightsError: it is none, or nothing that ONNX Runtime can run.
        """
        self.path = path
        self.threads = threads or default_threads()
        self._sha256 = sha256_of(path) if path.is_file() else ""
        self._session = self._opened()
        self.inputs = tuple(given.name for given in self._session.get_inputs())
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        # A length that is left open has a name, or none, in place of a number.
        self.takes_batches = all(not isinstance(given.shape[0], int) for given in self._session.get_inputs())

    def _opened(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        # Between frames the cores belong to the page: idle threads must not spin.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                str(self.path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own errors share no other base
            message = _("The network file {path} cannot be run ({reason}). It must be an ONNX file.")
            reason = (str(error).strip() or type(error).__name__).splitlines()[0].rpartition("failed:")[2]
            raise WeightsError("network_unfit", message.format(path=self.path, reason=reason)) from error
        _give_back_memory()
        return session

    def use_threads(self, threads: int) -> None:
        """From here on run on this many threads; what runs meanwhile ends as it began.

        ONNX Runtime fixes the number when it opens a file, so that the file is opened again. One that was
        altered since stays as it was opened.
        """
        if threads == self.threads or sha256_of(self.path) != self._sha256:
            return
        self.threads = threads
        self._session = self._opened()

    def run(self, *batches: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network.

        Args:
            batches: float32, N x 3 x S x S, as ``preprocess`` makes them: one for each of ``inputs``.

        Returns:
            float32 array for each output name: ``logits`` (N x classes, before softmax), ``features``
            (N x channels x S/32 x S/32) and for ImageQX ``explanations`` (N x 5, before the sigmoid).
        """
        given = dict(zip(self.inputs, batches, strict=True))
        return dict(zip(self.outputs, self._session.run(None, given), strict=True))

    def initialisers(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Weights by parameter name, as float32; see ``onnx_file.read_initialisers``."""
        return read_initialisers(self.path, names)
