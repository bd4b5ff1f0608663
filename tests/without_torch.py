"""Runs Python as if torch were not installed: ``python tests/without_torch.py -m MODULE ...`` or ``FILE``."""

import importlib.machinery
import runpy
import sys
from pathlib import Path

MISSING = (
    "torch",
    "torchvision",
    "torchaudio",
    "lightning",
    "pytorch_lightning",
    "pytorch_grad_cam",
    "onnxscript",
)


def hide() -> None:
    """From here on the import system finds none of the packages that only requirements.txt has."""
    find = importlib.machinery.PathFinder.find_spec

    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in MISSING else find(name, path, target)

    importlib.machinery.PathFinder.find_spec = find_spec


if __name__ == "__main__":
    hide()
    sys.path[0] = str(Path.cwd())
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
