"""A shipped network whose file was written anew: its entry in the manifest beside it."""

from pathlib import Path
from typing import Any

from core.runtime.manifest import NetworkEntry, save_entry
from core.runtime.weights import sha256_of


def save_altered(name: str, entry: NetworkEntry, path: Path, **facts: Any) -> NetworkEntry:
    """Write ``entry`` into ``manifest.json`` beside the file, for what the file holds now.

    Args:
        name: of the network in the manifest.
        path: the network's file, written already.
        facts: fields of the entry that change with it, such as ``provenance``.
    """
    written = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    altered = entry.model_copy(update=written | facts)
    save_entry(name, altered, path.parent)
    return altered
