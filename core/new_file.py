"""A new file that is there whole or not at all, whatever happens while it is written."""

import contextlib
import os
import secrets
from pathlib import Path


def create(path: Path, text: str) -> None:
    """Write a file that must not be there yet. Readers never see half of it, not even after a power cut.

    Args:
        path: its folder is made where it is missing.
        text: written as UTF-8.

    Raises:
        FileExistsError: there is one of this name; it stays as it is.
        OSError: it cannot be written, such as on a full disk; nothing is left of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _take_name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _take_name(temporary: Path, path: Path) -> None:
    """Give the file its name; unlike a rename, a link never takes the place of somebody else's file."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, such as of a memory stick
        if path.exists():
            raise FileExistsError(path) from None
        temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    """Write the folder's list of names to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
