"""A manifest entry for a network that is not there."""

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.ordinal import LABELS
from core.runtime.manifest import NetworkEntry

_FIELDS = {
    "file": "fake.onnx",
    "sha256": "0" * 64,
    "bytes": 1,
    "input_size": 224,
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
}
IMAGEQX = {
    "task": "imageqx",
    "labels": list(QUALITY_CLASSES),
    "explanations": list(EXPLANATIONS),
    "thresholds": dict.fromkeys(EXPLANATIONS, 0.5),
}
ORDINAL = {"task": "ordinal", "labels": list(LABELS), "input_size": 32}


def made_up_entry(**changes) -> NetworkEntry:
    """An entry with these fields, and made-up values for what every entry must have."""
    return NetworkEntry(**_FIELDS | changes)
