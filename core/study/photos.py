"""Photos that participants let a study keep: encrypted on the disk under random names, their key elsewhere.

The key is ``RETAKE_PHOTO_KEY``, or a file in the data folder that only this account may read. It is neither
in the database nor in a backup: without it, kept photos cannot be opened by anybody.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from core.data_folder import data_folder
from core.i18n import _
from core.study.faults import StudyError

VARIABLE: Final = "RETAKE_PHOTO_KEY"
KEY_FILE: Final = "study-photos.key"
_SUFFIX: Final = ".photo"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_METADATA: Final = {b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"}


class PhotoStore:
    """Encrypted photos in a folder.

    Args:
        folder: made with the first photo.
        key: 32 bytes, URL-safe base64, as :meth:`Fernet.generate_key` makes it.

    Raises:
        StudyError: the key is none.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        try:
            self._box = Fernet(key)
        except ValueError:
            message = _("{variable} is no key for photos: 32 bytes in URL-safe base64 are needed.")
            raise StudyError(message.format(variable=VARIABLE)) from None
        self.fingerprint = hashlib.sha256(b"retake photo key" + key.strip()).hexdigest()[:16]

    def write(self, data: bytes) -> str:
        """Keep a photo; it is on the disk when this returns its random name.

        Args:
            data: a PNG or JPEG without metadata.

        Raises:
            StudyError: it is none, or has metadata.
        """
        if not _is_bare(data):
            raise StudyError(_("Only a PNG or JPEG picture without metadata can be kept."))
        name = secrets.token_hex(16)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.write_sealed(name, self._box.encrypt(data))
        return name

    def read(self, name: str) -> bytes:
        """The photo of this name, as it was given.

        Raises:
            StudyError: there is none, or it was encrypted with another key.
        """
        try:
            return self._box.decrypt(self.read_sealed(name))
        except FileNotFoundError:
            raise StudyError(_("This photo is not there any more.")) from None
        except InvalidToken:
            message = _("This photo was encrypted with another key than {variable} has now.")
            raise StudyError(message.format(variable=VARIABLE)) from None

    def remove(self, name: str) -> None:
        """Delete a photo; one that is gone already is no error."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, float]]:
        """The name of each file that is there, and when it was written, in seconds since 1970."""
        if self.folder.is_dir():
            for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
                yield path.stem, path.stat().st_mtime

    def read_sealed(self, name: str) -> bytes:
        """The photo as it lies on the disk, encrypted."""
        return self._path(name).read_bytes()

    def write_sealed(self, name: str, sealed: bytes) -> None:
        """Put a photo there that is encrypted already."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())

    def _path(self, name: str) -> Path:
        if not (name.isascii() and name.isalnum()):
            raise StudyError(_("This photo is not there any more."))
        return self.folder / f"{name}{_SUFFIX}"


def open_photos(folder: Path | None = None) -> PhotoStore:
    """The photos of this server, in ``study-photos`` of the data folder; a key is made where there is none.

    Raises:
        StudyError: the key cannot be used, its file can be read by others, or it is missing although there
            are photos that it belongs to.
    """
    base = folder or data_folder()
    photos = base / "study-photos"
    given = os.environ.get(VARIABLE)
    return PhotoStore(photos, given.encode() if given else _key_in(base / KEY_FILE, photos))


def _key_in(file: Path, photos: Path) -> bytes:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            message = _("Others may read the key of the photos. Please run: chmod 600 {path}")
            raise StudyError(message.format(path=file))
        return file.read_bytes().strip()
    except FileNotFoundError:
        pass
    if photos.is_dir() and any(photos.glob(f"*{_SUFFIX}")):
        message = _("The key of the kept photos is missing: put it back at {path}, or set {variable}.")
        raise StudyError(message.format(path=file, variable=VARIABLE))
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(Fernet.generate_key() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(temporary, file)  # unlike a rename, it leaves the key of whoever was first
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        temporary.replace(file)
    temporary.unlink(missing_ok=True)
    return file.read_bytes().strip()


def _is_bare(data: bytes) -> bool:
    """Whether this is a PNG or JPEG without EXIF, comments and the like."""
    if data.startswith(_PNG):
        place = len(_PNG)
        while place + 12 <= len(data):
            size, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
            if kind in _PNG_METADATA:
                return False
            place += 12 + size
            if kind == b"IEND":
                return place == len(data)
        return False
    if not data.startswith(b"\xff\xd8"):
        return False
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xDA:  # the picture itself begins
            return data.endswith(b"\xff\xd9")
        # APP0 is JFIF, APP2 a colour profile, APP14 Adobe's colours; all other APPs and comments say more.
        if marker == 0xFE or (0xE0 <= marker <= 0xEF and marker not in (0xE0, 0xE2, 0xEE)):
            return False
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return False
