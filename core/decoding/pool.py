"""The worker processes, seen from the program that wants pixels: at most a few, started when needed.

Whatever a file does to its worker, here it is a refusal: a worker that dies, takes too long or answers
nonsense is ended, and the next photo gets a new one.
"""

import atexit
import json
import logging
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.decoding.limits import CODES, MAX_PIXELS, MOST_WORKERS, WALL_SECONDS, Refusal
from core.decoding.turning import SIDEWAYS, as_stored

_LOG: Final = logging.getLogger(__name__)
_ROOT: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 60.0
_LONGEST_REPLY: Final = 1000
# One thread each, and one heap: threads and their heaps are not for one photo to multiply.
_SURROUNDINGS: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}


class CannotStart(RuntimeError):
    """No worker could be started: something is missing from this computer, not from the photo."""


def decode(data: bytes, long_side: int | None) -> tuple[np.ndarray, int, int]:
    """Decode a file in a worker; waits while as many photos as may be are being decoded.

    Args:
        data: the file's bytes, at most `core.decoding.limits.MAX_BYTES`.
        long_side: area-resample so that the longest side is at most this many pixels; None gives all pixels.

    Returns:
        upright sRGB pixels (uint8, h x w x 3, read-only), and the width and height of the whole picture.

    Raises:
        Refusal: the file cannot be used.
        CannotStart: no worker can be started here.
    """
    with _slots:
        worker = _free_worker()
        try:
            reply, pixels = worker.ask(data, long_side)
        finally:
            _give_back(worker)
    width, height = reply["width"], reply["height"]
    if reply["orientation"] in SIDEWAYS:
        width, height = height, width
    pixels.setflags(write=False)
    return pixels, width, height


def end_idle() -> None:
    """End every worker that has nothing to do; the next photo starts one."""
    with _lock:
        ended, _idle[:] = list(_idle), []
    for worker in ended:
        worker.end()


class _Worker:
    """One process that decodes one photo at a time."""

    def __init__(self) -> None:
        paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            # -P: not the folder that this happens to be run in.
            [sys.executable, "-P", "-m", "core.decoding.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _SURROUNDINGS | {"PYTHONPATH": paths},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self.process.stdin is not None  # both are pipes
        assert self.process.stdout is not None
        self._to, self._from = self.process.stdin, self.process.stdout
        with self._within(_START_SECONDS):
            ready = self._read(1)
        if ready != b"\x01":
            self.end()
            raise CannotStart("the process that decodes photos did not start")

    def ask(self, data: bytes, long_side: int | None) -> tuple[dict[str, Any], np.ndarray]:
        """What `core.decoding.worker` replies, with the pixels turned upright.

        Raises:
            Refusal: of the worker; ``too_complex`` when it gave no sound answer, and has been ended.
        """
        with self._within(WALL_SECONDS):
            try:
                self._to.write(struct.pack("<II", len(data), long_side or 0))
                self._to.write(data)
                self._to.flush()
                reply = self._reply()
                if "code" in reply:
                    raise Refusal(reply["code"])
                return reply, self._pixels(reply)
            except (OSError, EOFError, ValueError, KeyError, TypeError):
                self.end()
                raise Refusal("too_complex") from None
            except Refusal:
                raise
            except BaseException:  # broken off half way: what comes next would be taken for another's answer
                self.end()
                raise

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.process.poll() is None

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        for stream in (self._to, self._from):
            with suppress(OSError):  # what was not sent yet has no reader any more
                stream.close()
        self.process.wait()

    def _within(self, seconds: float) -> "_Alarm":
        return _Alarm(seconds, self.process)

    def _read(self, count: int) -> bytes:
        return self._from.read(count)

    def _exactly(self, count: int) -> bytes:
        found = self._read(count)
        if len(found) < count:
            raise EOFError
        return found

    def _reply(self) -> dict[str, Any]:
        length = struct.unpack("<I", self._exactly(4))[0]
        if length > _LONGEST_REPLY:
            raise ValueError("a reply that is too long")
        reply = json.loads(self._exactly(length))
        if "code" in reply:
            if reply["code"] not in CODES:
                raise ValueError("an unknown code")
            return reply
        sizes = [reply[name] for name in ("width", "height", "columns", "lines")]
        if any(type(size) is not int or size < 1 for size in sizes) or sizes[2] * sizes[3] > MAX_PIXELS:
            raise ValueError("sizes that cannot be")
        return reply

    def _pixels(self, reply: dict[str, Any]) -> np.ndarray:
        columns, lines, orientation = reply["columns"], reply["lines"], reply["orientation"]
        pixels = np.empty((columns, lines, 3) if orientation in SIDEWAYS else (lines, columns, 3), np.uint8)
        # The same pixels as they are stored: what arrives is put in its place at once, without a second copy.
        stored = as_stored(pixels, orientation)
        step = max(1, 4_000_000 // (3 * columns))
        for top in range(0, lines, step):
            count = min(step, lines - top)
            strip = np.frombuffer(self._exactly(count * columns * 3), np.uint8)
            stored[top : top + count] = strip.reshape(count, columns, 3)
        return pixels


class _Alarm:
    """Ends a process that is not done after some seconds."""

    def __init__(self, seconds: float, process: subprocess.Popen[bytes]) -> None:
        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_problem: object) -> None:
        self._timer.cancel()


_lock = threading.Lock()
_slots = threading.BoundedSemaphore(MOST_WORKERS)
_idle: list[_Worker] = []


def _free_worker() -> _Worker:
    while True:
        with _lock:
            worker = _idle.pop() if _idle else None
        if worker is None:
            return _Worker()
        if worker.alive:
            return worker
        worker.end()


def _give_back(worker: _Worker) -> None:
    if worker.alive:
        with _lock:
            _idle.append(worker)


def _forget() -> None:
    """In a process that was forked off: the workers are its parent's, and so is whatever lock was held."""
    global _lock, _slots, _idle
    _lock, _slots, _idle = threading.Lock(), threading.BoundedSemaphore(MOST_WORKERS), []


atexit.register(end_idle)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
