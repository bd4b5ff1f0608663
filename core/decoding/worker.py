"""The process that decodes: ``python -m core.decoding.worker``. Requests come on standard input, one by one.

A request is the length of the file and the wanted longest side (0: all pixels), each four bytes,
little-endian, then the file. A reply is the length of a JSON object (four bytes), the object, and pixels:
``{"code"}`` for a refusal, else ``{"width", "height", "orientation", "columns", "lines"}`` and lines x
columns x 3 bytes sRGB, not yet turned upright. It ends when its input does, and so never outlives the process
that started it.
"""

import json
import os
import signal
import struct
import sys
from collections.abc import Iterator
from typing import Any

from core.decoding.limits import CPU_SECONDS, MEMORY, MEMORY_FOR_ALL_PIXELS, Refusal
from core.decoding.stderr import capture_stderr

try:
    import resource
except (
    ImportError
):  # Windows has no such limits; there the headers' sizes and the parent's clock are what holds
    resource = None  # type: ignore[assignment]

_HEAD = struct.Struct("<II")
# Beside the pixels: the file, its clean copy, and strips.
_SLACK = 80_000_000


def main() -> None:
    """Serve requests until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _fill_standard_streams()
    source, target, shown = sys.stdin.buffer, os.fdopen(os.dup(1), "wb"), os.dup(2)
    capture_stderr()
    # Whatever a library prints must not get between the pixels.
    os.dup2(2, 1)
    try:
        from core.decoding import formats
    except BaseException:
        os.dup2(shown, 2)  # so that what is missing is reported
        raise
    os.close(shown)
    program = _address_space()
    target.write(b"\x01")
    target.flush()
    while len(head := source.read(_HEAD.size)) == _HEAD.size:
        length, long_side = _HEAD.unpack(head)
        data = source.read(length)
        if len(data) < length:
            return
        _limit(program, long_side == 0)
        reply, pixels = _answer(formats.decoded, data, long_side or None)
        del data
        body = json.dumps(reply).encode()
        target.write(struct.pack("<I", len(body)) + body)
        for strip in pixels:
            target.write(memoryview(strip).cast("B"))
        target.flush()
        del pixels


def _fill_standard_streams() -> None:
    """Where the parent process has closed one, nothing else may take its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


def _answer(decoded: Any, data: bytes, long_side: int | None) -> tuple[dict[str, Any], Iterator[Any]]:
    try:
        return decoded(data, long_side)
    except Refusal as refusal:
        return {"code": refusal.code}, iter(())
    except MemoryError:
        return {"code": "too_complex"}, iter(())
    except Exception:  # truncated data, broken tables: decoders raise nearly anything
        return {"code": "corrupt"}, iter(())


def _address_space() -> int:
    """Bytes of address space that the program takes before the first photo; 0 where it cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _limit(program: int, all_pixels: bool) -> None:
    """Let the system end this process, or refuse it memory, when the next photo takes too much of either."""
    if resource is None:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime) + 1 + CPU_SECONDS
    _set(resource.RLIMIT_CPU, seconds)
    if program:
        _set(resource.RLIMIT_AS, program + _SLACK + (MEMORY_FOR_ALL_PIXELS if all_pixels else MEMORY))


def _set(which: int, soft: int) -> None:
    try:
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
    except (OSError, ValueError):
        pass


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The process that asked has ended.
        os._exit(0)
