"""What decoders write to the standard error stream while they decode."""

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

# A decoder may complain of every line; the first words are enough.
_MOST_KEPT: Final = 65536
_marks = itertools.count()


@dataclass
class CapturedOutput:
    """What was written, at the end."""

    text: bytes = b""


class _StderrReader:
    """Reads the stream all the time, so that no decoder ever waits for a reader."""

    def __init__(self, reading: int) -> None:
        self._reading = reading
        self._text = b""
        self._new = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def text_before(self, mark: bytes) -> bytes:
        """What came since the last call, up to a mark that was written after it."""
        with self._new:
            self._new.wait_for(lambda: mark in self._text)
            found, _mark, self._text = self._text.partition(mark)
            return found

    def _listen(self) -> None:
        while part := os.read(self._reading, 65536):
            with self._new:
                # The end holds the mark that is waited for.
                self._text = (self._text + part)[-_MOST_KEPT:]
                self._new.notify_all()


_reader: _StderrReader | None = None


def capture_stderr() -> None:
    """Lead this process's standard error to where `captured_stderr` finds it; nothing is shown from then on.

    Call it before the decoders are imported: on Windows each of them looks the stream up only then.
    """
    global _reader
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    _reader = _StderrReader(reading)


@contextmanager
def captured_stderr() -> Iterator[CapturedOutput]:
    """For as long as this lasts, note what is written; without `capture_stderr` nothing is found."""
    _so_far()
    found = CapturedOutput()
    try:
        yield found
    finally:
        found.text = _so_far()


def _so_far() -> bytes:
    if _reader is None:
        return b""
    mark = b"\0%d\0" % next(_marks)
    os.write(2, mark)
    return _reader.text_before(mark)
