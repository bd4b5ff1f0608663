"""A network as a browser opens it soonest: its graph optimised beforehand, its weights made of its file's.

Opening a network, ONNX Runtime works its graph over and computes all weights from the 8 bits in the file. In
a browser code that has just come runs slowly, and this takes most of the time of opening.
"""

import base64
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime

from core.runtime.onnx_file import FACTOR, Place, places, places_elsewhere

WEIGHTS: Final = "weights.bin"
"""The name under which the graph looks for its weights."""
_PRODUCT: Final = ".whole"
"""Behind the name of a weight: 8 bits times their factor, as ``training/networks`` writes the graph."""
_SMALL_BYTES: Final = 1024


def unfolded(network: Path) -> dict[str, Any] | None:
    """The graph and how to make its weights; None where they do not follow from the file byte for byte.

    Returns:
        ``graph`` (ONNX, in base64), ``weights`` (the name that it gives them), ``bytes`` of them, and
        ``parts``: first byte in the weights, first byte in the network's file, how many values, and of 8-bit
        values the first byte of their float32 factors and how many there are, each for as many values in a
        row. Values without factors are float32 already.
    """
    graph, weights = _optimised(network)
    known = places(network)
    parts = [
        _part(start, length, name.removesuffix(_PRODUCT), known)
        for name, (start, length) in places_elsewhere(graph).items()
    ]
    listed = [part for part in parts if part is not None]
    if len(listed) < len(parts) or made(network.read_bytes(), listed, len(weights)) != weights:
        return None
    text = base64.b64encode(graph).decode()
    return {"graph": text, "weights": WEIGHTS, "bytes": len(weights), "parts": listed}


def made(file: bytes, parts: list[list[int]], size: int) -> bytes:
    """The weights from a network's file, as ``core/browser/web/unfold.js`` makes them."""
    out = np.zeros(size // 4, "<f4")
    for start, source, count, by, factors in parts:
        to = slice(start // 4, start // 4 + count)
        if factors:
            values = np.frombuffer(file, "i1", count, source).reshape(factors, -1)
            out[to] = (values * np.frombuffer(file, "<f4", factors, by)[:, None]).ravel()
        else:
            out[to] = np.frombuffer(file, "<f4", count, source)
    return out.tobytes()


def _part(start: int, length: int, name: str, known: dict[str, Place]) -> list[int] | None:
    place, factor = known.get(name), known.get(name + FACTOR)
    if place is None or start % 4:
        return None
    count = int(np.prod(place.shape))
    if place.dtype == np.dtype("<f4"):
        return [start, place.start, length // 4, 0, 0] if length == 4 * count else None
    if place.dtype != np.dtype("i1") or factor is None or factor.dtype != np.dtype("<f4"):
        return None
    factors = int(np.prod(factor.shape))
    if length != 4 * count or factor.shape[0] != factors or count % factors:
        return None
    return [start, place.start, count, factor.start, factors]


def _optimised(network: Path) -> tuple[bytes, bytes]:
    """What ONNX Runtime makes of a network for any processor, and the weights that this leaves elsewhere."""
    with tempfile.TemporaryDirectory() as place:
        graph = Path(place) / "graph.onnx"
        options = onnxruntime.SessionOptions()
        # Above this it lays weights out for the processor at hand.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(graph)
        options.intra_op_num_threads = 1
        key = "session.optimized_model_external_initializers_"
        options.add_session_config_entry(f"{key}file_name", WEIGHTS)
        options.add_session_config_entry(f"{key}min_size_in_bytes", str(_SMALL_BYTES))
        onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        return graph.read_bytes(), (graph.parent / WEIGHTS).read_bytes()
