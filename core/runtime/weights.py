"""Are the shipped networks there, and are they what the manifest says?"""

import hashlib
from pathlib import Path

from core.i18n import _
from core.runtime.manifest import (
    MANIFEST_NAME,
    RESTORE,
    WEIGHTS_DIR,
    Manifest,
    NetworkEntry,
    WeightsError,
    load_manifest,
)

__all__ = ["WEIGHTS_DIR", "WeightsError", "sha256_of", "verify", "verify_all"]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(entry: NetworkEntry, directory: Path = WEIGHTS_DIR) -> Path:
    """The path of a network's file, once it and what its abstention needs are found right.

    Raises:
        WeightsError: a file is missing or is not the one the manifest names.
    """
    path = directory / entry.file
    _verify_file(path, entry.sha256, entry.bytes)
    beside = entry.abstention
    if beside is not None and beside.file is not None:
        _verify_file(directory / beside.file, beside.sha256)
    return path


def _verify_file(path: Path, sha256: str | None, size: int | None = None) -> None:
    if not path.is_file():
        message = _("The network file {path} is missing. Restore it with: {command}")
        raise WeightsError("weights_missing", message.format(path=path, command=RESTORE))
    if (size is not None and path.stat().st_size != size) or sha256_of(path) != sha256:
        message = _(
            "The network file {path} is damaged or was changed (its checksum is not the expected one). "
            "Restore it with: {command}"
        )
        raise WeightsError("weights_altered", message.format(path=path, command=RESTORE))


def verify_all(
    manifest: Manifest | None = None, directory: Path = WEIGHTS_DIR
) -> dict[str, Path | WeightsError]:
    """Check every network: its path where all is well, else the error (not raised).

    Raises:
        WeightsError: the manifest itself cannot be read.
    """
    manifest = manifest or load_manifest(directory / MANIFEST_NAME)
    found: dict[str, Path | WeightsError] = {}
    for name, entry in manifest.networks.items():
        try:
            found[name] = verify(entry, directory)
        except WeightsError as error:
            found[name] = error
    return found
