"""Reading named weights out of an ONNX file without the onnx package, which serving does not need.

An ONNX file is one protobuf message. Only four field numbers of its published schema matter here:
the model's graph (7), the graph's initialisers (5), and a tensor's dims (1), type (2), name (8),
raw bytes (9) and, where those lie in another file, words on where (13).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

_GRAPH, _INITIALISER = 7, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_DTYPES: Final[Mapping[int, np.dtype]] = {1: np.dtype("<f4"), 3: np.dtype("i1"), 10: np.dtype("<f2")}
# Behind the name of a weight that is kept as 8 bits: what each output channel is multiplied by.
FACTOR = ".factor"
_ELSEWHERE, _KEY, _VALUE = 13, 1, 2


@dataclass(frozen=True)
class Place:
    """Where a weight's bytes lie: from which byte of the file on, of which type, in which shape."""

    start: int
    dtype: np.dtype
    shape: tuple[int, ...]


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of each field: an int for varints, bytes for all else."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError("not an ONNX file")
        yield number, data[at : at + length]
        at += length


def _messages(data: memoryview, wanted: int) -> Iterator[memoryview]:
    """The fields of one number that hold bytes."""
    for number, value in _fields(data):
        if number == wanted and not isinstance(value, int):
            yield value


def _tensor(data: memoryview) -> tuple[str, np.dtype | None, list[int], memoryview]:
    name, raw = "", memoryview(b"")
    dtype: np.dtype | None = None
    dims: list[int] = []
    for number, value in _fields(data):
        if isinstance(value, int):
            if number == _TYPE:
                dtype = _DTYPES.get(value)
            elif number == _DIMS:
                dims.append(value)
        elif number == _NAME:
            name = bytes(value).decode()
        elif number == _RAW:
            raw = value
        elif number == _DIMS:  # packed
            at = 0
            while at < len(value):
                dim, at = _varint(value, at)
                dims.append(dim)
    return name, dtype, dims, raw


def _initialisers(path: Path) -> Iterator[tuple[str, np.dtype | None, list[int], memoryview]]:
    for graph in _messages(np.memmap(path, np.uint8, mode="r").data, _GRAPH):
        yield from map(_tensor, _messages(graph, _INITIALISER))


def places(path: Path) -> dict[str, Place]:
    """Where in an ONNX file each of its float16, float32 and int8 weights lies."""
    file = np.memmap(path, np.uint8, mode="r")
    found = {}
    for graph in _messages(file.data, _GRAPH):
        for name, dtype, dims, raw in map(_tensor, _messages(graph, _INITIALISER)):
            if dtype is not None and len(raw):
                start = np.frombuffer(raw, np.uint8).ctypes.data - file.ctypes.data
                found[name] = Place(start, dtype, tuple(dims))
    return found


def places_elsewhere(graph: bytes) -> dict[str, tuple[int, int]]:
    """First byte and number of bytes, in the other file, of each weight that an ONNX file leaves to one."""
    found = {}
    for inside in _messages(memoryview(graph), _GRAPH):
        for tensor in _messages(inside, _INITIALISER):
            words: dict[str, str] = {}
            for pair in _messages(tensor, _ELSEWHERE):
                parts = {
                    number: bytes(value).decode()
                    for number, value in _fields(pair)
                    if not isinstance(value, int)
                }
                words[parts[_KEY]] = parts[_VALUE]
            if words:
                found[_tensor(tensor)[0]] = int(words["offset"]), int(words["length"])
    return found


def initialiser_names(path: Path) -> set[str]:
    """Names of all weights in an ONNX file."""
    return {name for name, _dtype, _dims, _raw in _initialisers(path)}


def read_initialisers(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read weights by name.

    Args:
        path: an ONNX file whose weights lie inside it.
        names: which to read.

    Returns:
        float32 array for each name; 8 bits are multiplied by their factor, ``NAME.factor``.

    Raises:
        KeyError: a name is not in the file, or is no float16, float32 or int8 tensor.
    """
    found: dict[str, np.ndarray] = {}
    wanted = {*names, *(name + FACTOR for name in names)}
    for name, dtype, dims, raw in _initialisers(path):
        if name in wanted and dtype is not None:
            found[name] = np.frombuffer(raw, dtype).astype(np.float32).reshape(dims)
    missing = set(names) - found.keys()
    if missing:
        raise KeyError(f"not in {path.name}: {', '.join(sorted(missing))}")
    return {name: found[name] * found.get(name + FACTOR, np.float32(1)) for name in names}
