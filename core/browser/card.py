"""What a browser needs to know of a network beside its file: names, sizes, thresholds, the head's weights."""

import base64
from typing import Any, Final

import numpy as np

from core.explain.closed_form import ImageQXHead
from core.lesion.abstain import Centres, read_centres
from core.lesion.head import NoMapError, affine_head
from core.runtime.engine import Engine
from core.runtime.manifest import NetworkEntry
from core.runtime.onnx_file import initialiser_names
from core.runtime.preprocess import square_batch

_INPUT: Final = {"labels", "input_size", "mean", "std", "temperature"}
# Factors and moduli of the made-up pictures: value i of a picture is i * factor % modulus.
_MADE_UP: Final = ((7919, 251), (104729, 241))


def packed(values: np.ndarray) -> str:
    """Float32, little-endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def imageqx_facts(entry: NetworkEntry) -> dict[str, Any]:
    """What of ImageQX's manifest entry its card follows from."""
    opinion = entry.opinion.model_dump(mode="json", exclude={"provenance"}) if entry.opinion else None
    wanted = _INPUT | {"explanations", "detail"}
    return entry.model_dump(mode="json", include=wanted) | {"opinion": opinion, "sha256": entry.sha256}


def imageqx_card(engine: Engine, entry: NetworkEntry) -> dict[str, Any]:
    """ImageQX's card: its facts, its answer to a made-up picture, and its head, if it is ours."""
    outputs = engine.run(*_made_up(entry)[: 1 + entry.detail])
    checked = (name for name in ("logits", "explanations", "framing") if name in outputs)
    answers = {name: outputs[name][0].astype(float).tolist() for name in checked}
    head = None
    if "features" in outputs and set(ImageQXHead.NAMES) <= initialiser_names(engine.path):
        weights = ImageQXHead(engine.initialisers(ImageQXHead.NAMES))
        channels = outputs["features"].shape[1]
        # What follows the map's own channels are those of the detail, which has no map.
        parts = {"explain": weights.explain[:, :channels], "direct": weights.direct[:, :channels]}
        parts["through"] = weights.through
        head = {"channels": channels} | {name: packed(part) for name, part in parts.items()}
    told = {name: name in outputs for name in ("places", "framing")}
    return imageqx_facts(entry) | told | {"check": answers, "head": head}


def lesion_facts(entry: NetworkEntry) -> dict[str, Any]:
    """What of the lesion classifier's manifest entry its card follows from."""
    abstention = None
    if entry.abstention is not None:
        wanted = {"score", "unfamiliar", "low_confidence", "sha256"}
        abstention = entry.abstention.model_dump(mode="json", include=wanted)
    return entry.model_dump(mode="json", include=_INPUT) | {
        "class_offsets": [entry.class_offsets.get(label, 0.0) for label in entry.labels],
        "abstention": abstention,
        "sha256": entry.sha256,
    }


def lesion_card(engine: Engine, entry: NetworkEntry) -> dict[str, Any]:
    """The lesion classifier's card; ``head`` (classes x channels) is None where it has no heat maps.

    Raises:
        ValueError: the file of the abstention's centres holds none.
    """
    outputs = engine.run(_made_up(entry)[0])
    try:
        head = packed(affine_head(engine, entry))
    except NoMapError:
        head = None
    features = outputs.get("features")
    needed = entry.abstention.file if entry.abstention is not None else None
    centres = read_centres(engine.path.with_name(needed)) if needed is not None else None
    return lesion_facts(entry) | {
        "explanations": [],
        "detail": False,
        "places": False,
        "channels": 0 if features is None or features.ndim != 4 else features.shape[1],
        "check": {"logits": outputs["logits"][0].astype(float).tolist(), "explanations": []},
        "centres": centres_json(centres) if centres is not None else None,
        "head": head,
    }


def centres_json(centres: Centres) -> dict[str, Any]:
    """Centres of the abstention as a card holds them."""
    return {
        "weight": packed(centres.weight),
        "bias": packed(centres.bias),
        "lesion": centres.lesion.tolist(),
    }


def _made_up(entry: NetworkEntry) -> list[np.ndarray]:
    """Two made-up inputs that the browser makes as well: float32, 1 x 3 x S x S each."""
    shape = (entry.input_size, entry.input_size, 3)
    values = np.arange(entry.input_size**2 * 3)
    squares = [(values * factor % modulus).astype(np.uint8).reshape(shape) for factor, modulus in _MADE_UP]
    return [square_batch(square, entry.mean, entry.std) for square in squares]
