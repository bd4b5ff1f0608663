"""Which photos are meant by the paths of a command: files, folders, or a list on standard input.

Nothing is left out without a word: what cannot be searched is found with its problem.
"""

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from core.cli.faults import tell
from core.i18n import _
from core.photo import SUFFIXES, PhotoError

LIST: Final = "-"
_HEAD_BYTES: Final = 32
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_SIGNATURES: Final = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",  # TIFF, and most cameras' raw files
    b"MM\0*",
    b"GIF8",
    b"\xff\x0a",  # JPEG XL
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",  # JPEG 2000
)
# Still pictures among the files that share the "ftyp" of videos: HEIF, AVIF, Canon's raw files.
_BRANDS: Final = (b"hei", b"hev", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})


@dataclass(frozen=True)
class Found:
    """A photo that is meant, or something that was meant and cannot be searched.

    Attributes:
        path: where it is.
        place: the name under which its pictures are to be kept: its place inside the folder, or its name.
        problem: why it cannot be used, where that is known already.
    """

    path: Path
    place: Path
    problem: PhotoError | None = None


def find_photos(paths: Iterable[str], stdin: TextIO | None) -> Iterator[Found]:
    """Every photo meant by the given paths.

    A folder stands for the pictures in it and below, in sorted order, as told by their suffix or their first
    bytes; hidden ones are left out, and linked folders are followed once. Any other path stands for itself,
    whatever it is. ``-`` reads one path a line from ``stdin``: UTF-8, or UTF-16 with its mark.
    """
    for text in paths:
        if text == LIST:
            yield from _listed(stdin)
        elif not text:
            yield Found(Path(), Path("photo"), _not_found())
        elif _is_folder(text):
            yield from _below(Path(text))
        else:
            yield Found(Path(text), Path(Path(text).name))


def looks_like_a_picture(head: bytes) -> bool:
    """Whether a file is a picture of some kind, by its first 32 bytes; not whether Retake can read it."""
    if head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12].startswith(_BRANDS)
    # "BM" begins many a text, too.
    return head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _listed(stdin: TextIO | None) -> Iterator[Found]:
    try:
        if stdin is None:  # closed by the parent process
            raise OSError
        lines = (line.rstrip("\r\n") for line in _lines(stdin))
        yield from find_photos((line for line in lines if line.strip() and line != LIST), None)
    except (OSError, ValueError):
        message = _("The list on standard input could not be read. Please give it one path a line.")
        yield Found(Path(LIST), Path("list"), PhotoError("unreadable", message))


def _lines(stdin: TextIO) -> Iterator[str]:
    raw = getattr(stdin, "buffer", None)
    if raw is None:
        yield from stdin
        return
    first = True
    for line in raw:
        if first and line.startswith(_UTF16_MARKS):
            yield from (line + raw.read()).decode("utf-16", errors="replace").splitlines()
            return
        # A file's name need not be UTF-8: as in the arguments, other bytes are carried along as they are.
        yield os.fsdecode(line.removeprefix(_UTF8_MARK) if first else line)
        first = False


def _is_folder(text: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(text).st_mode)
    except (OSError, ValueError):  # no such name, too long a name, no way in: reading it will say so
        return False


def _below(root: Path) -> list[Found]:
    """What is in a folder and below, sorted; what is linked is searched after all that is not."""
    found: list[Found] = []
    seen: set[tuple[int, int]] = set()
    own, linked = deque([root]), deque[Path]()
    while own or linked:
        folder = own.popleft() if own else linked.popleft()
        place = folder.relative_to(root)
        try:
            about = os.stat(folder)
            if (about.st_dev, about.st_ino) in seen or (folder != root and _leads_back(folder)):
                tell(_("The link {path} leads to a folder that is searched already.").format(path=folder))
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            found.append(Found(folder, place, _unreadable_folder()))
            continue
        for entry in inside:
            path = folder / entry.name
            kind = "hidden" if entry.name.startswith(".") else _kind(path)
            if kind == "folder":
                (linked if entry.is_symlink() else own).append(path)
            elif kind == "photo":
                found.append(Found(path, place / entry.name))
    if not found:
        tell(_("There are no photos in the folder {path}.").format(path=root))
    return sorted(found, key=lambda one: one.path)


def _leads_back(folder: Path) -> bool:
    """Whether a link leads to a folder around it."""
    target, around = Path(os.path.realpath(folder)), Path(os.path.realpath(folder.parent))
    return folder.is_symlink() and (target == around or target in around.parents)


def _kind(path: Path) -> str:
    """``"folder"``, ``"photo"`` or ``"other"``; what cannot be opened: photo by its suffix, or by none."""
    suffix = path.suffix.lower()
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            return "other"
        if suffix in SUFFIXES:
            return "photo"
        with path.open("rb") as file:
            return "photo" if looks_like_a_picture(file.read(_HEAD_BYTES)) else "other"
    except OSError:
        return "photo" if suffix in SUFFIXES or not suffix else "other"


def _not_found() -> PhotoError:
    return PhotoError("not_found", _("There is no file at this path. Please check its name and try again."))


def _unreadable_folder() -> PhotoError:
    return PhotoError("unreadable", _("This folder could not be opened. Please check that you may read it."))
