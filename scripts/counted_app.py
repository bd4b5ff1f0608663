"""Runs ``python -m ...`` with the server's assessments counted in the file that RETAKE_COUNTED names."""

import os
import runpy
import sys
import threading
from pathlib import Path

sys.path[0] = str(Path.cwd())  # where core lies, not this folder

from core.live.watcher import Watcher  # noqa: E402

_lock, _count = threading.Lock(), 0
_look = Watcher.look


def _counted(self: Watcher, frame: object) -> object:
    global _count
    sight = _look(self, frame)
    with _lock:
        _count += 1
        Path(os.environ["RETAKE_COUNTED"]).write_text(str(_count), encoding="ascii")
    return sight


Watcher.look = _counted
assert sys.argv[1] == "-m"
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
