"""What decoders write to the standard error stream while they decode."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_ears: list[int] = []


@dataclass
class Heard:
    """What was written, at the end."""

    text: bytes = b""


def listen() -> None:
    """Lead this process's standard error stream to where `heard` finds it. Nothing is shown from then on.

    Call it before the decoders are imported: on Windows each of them looks the stream up only then.
    """
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    # A decoder that complains a lot must not wait for a reader.
    os.set_blocking(writing, False)
    os.dup2(writing, 2)
    os.close(writing)
    _ears.append(reading)


@contextmanager
def heard() -> Iterator[Heard]:
    """For as long as this lasts, note what is written; without `listen` nothing is heard."""
    _drained()
    found = Heard()
    try:
        yield found
    finally:
        found.text = _drained()


def _drained() -> bytes:
    out = b""
    for ear in _ears:
        try:
            while part := os.read(ear, 65536):
                out += part
        except BlockingIOError:
            pass
    return out
