"""Which photos of an archive are meant: files and folders here, or below an address such as ``s3://``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TextIO

from pyarrow import fs

from core.cli.search import find_photos
from core.errors import UserFacingError
from core.i18n import _
from core.photo import MAX_BYTES, SUFFIXES, PhotoError


class NotListedError(UserFacingError):
    """An address cannot be searched; ``message`` names it and says why."""


@dataclass(frozen=True)
class Item:
    """One photo.

    Attributes:
        path: as the answers name it.
        inside: its path in the file system of ``address``; empty for a file here.
        address: what it was found below.
        problem: why it cannot be used, where that is known already.
    """

    path: str
    inside: str = ""
    address: str = ""
    problem: PhotoError | None = None


def listed(paths: Iterable[str], stdin: TextIO | None) -> Iterator[Item]:
    """Every photo meant by the given paths: as ``core.cli.search`` finds them, or below an address.

    Below an address photos are known by their suffix alone, and hidden ones are left out.

    Raises:
        NotListedError: an address cannot be searched.
    """
    for text in paths:
        if "://" in text:
            yield from _below(text)
        else:
            for found in find_photos([text], stdin):
                yield Item(str(found.path), problem=found.problem)


def _below(address: str) -> Iterator[Item]:
    scheme = address.partition("://")[0]
    try:
        filesystem, inside = fs.FileSystem.from_uri(address)
        about = filesystem.get_file_info(inside)
        if about.type == fs.FileType.NotFound:
            raise FileNotFoundError(_("there is nothing"))
        found = [about]
        if about.type == fs.FileType.Directory:
            found = filesystem.get_file_info(fs.FileSelector(inside, recursive=True))
    except (OSError, ValueError) as error:  # Arrow's own errors are of these
        message = _("{address} cannot be searched ({reason}). Check the address, and what it lets you read.")
        reason = str(error).strip().splitlines()[0]
        raise NotListedError(message.format(address=address, reason=reason)) from error
    files = [one.path for one in found if one.type == fs.FileType.File]
    if about.type == fs.FileType.Directory:
        files = [path for path in files if _is_photo(path.removeprefix(inside))]
    for path in sorted(files):
        yield Item(f"{scheme}://{path}", path, address)


def _is_photo(path: str) -> bool:
    parts = PurePosixPath(path)
    return parts.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in parts.parts)


def content(path: str, inside: str, address: str) -> bytes | Path:
    """What ``core.photo.read_photo`` takes for a photo: its path here, or its bytes from elsewhere.

    Raises:
        PhotoError: it cannot be read.
    """
    if not address:
        return Path(path)
    try:
        with _filesystem(address).open_input_stream(inside) as stream:
            return bytes(stream.read(MAX_BYTES + 1))
    except FileNotFoundError:
        message = _("There is no file at this path. Please check its name and try again.")
        raise PhotoError("not_found", message) from None
    except OSError:
        message = _("This file could not be opened. Please check that you may read it.")
        raise PhotoError("unreadable", message) from None


@lru_cache(maxsize=8)
def _filesystem(address: str) -> fs.FileSystem:
    return fs.FileSystem.from_uri(address)[0]
