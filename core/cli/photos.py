"""What the photo commands share: the options, the pictures they write, and JSON objects out."""

import argparse
import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from PIL import Image

from core.cli.faults import debugging, not_written, redirect_to_null, sentence_of, tell
from core.cli.search import Found, find_photos
from core.photo import Photo, PhotoError, read_photo

_STDOUT: Final = "stdout"
_NAME_BYTES: Final = 255  # what file systems allow


class PictureNotWritten(Exception):
    """A picture could not be kept; ``message`` is one translated sentence that names it."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(str(path))
        self.message = not_written(path, error)


def add_path_arguments(parser: argparse.ArgumentParser) -> None:
    """Add PATH and the options that every photo command has."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder, or - for a list on stdin"
    )
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="write the JSON objects to FILE as well")


def picture_place(folder: Path, place: Path, suffix: str, taken: set[Path]) -> Path:
    """A file below ``folder`` for a picture made of the photo at ``place``, never one given out before.

    A name that would be too long for a file loses letters at the end of the photo's own part.
    """
    target = folder / place.with_name(_fitting(place.stem, f".{suffix}"))
    number = 2
    while target in taken:
        target = folder / place.with_name(_fitting(place.stem, f"-{number}.{suffix}"))
        number += 1
    taken.add(target)
    return target


def _fitting(stem: str, ending: str) -> str:
    while len(stem) > 1 and len(os.fsencode(stem + ending)) > _NAME_BYTES:
        stem = stem[:-1]
    return stem + ending


def save_picture(rgb: np.ndarray, path: Path) -> None:
    """Write uint8 RGB pixels as an image file, making its folder; no half of a file stays.

    Raises:
        PictureNotWritten: that cannot be done there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rgb).save(path)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise PictureNotWritten(path, error) from error


def each_photo(
    args: argparse.Namespace,
    describe: Callable[[Photo, Path], dict[str, Any]],
    stdin: TextIO | None,
    stdout: TextIO | None,
) -> int:
    """Print one JSON object a photo, in order; a file that cannot be used gets an error object in its place.

    Where one of the two outputs cannot be written any more, that is reported on standard error, and the other
    goes on.

    Args:
        args: parsed `add_path_arguments`.
        describe: the rest of the object, from the photo and its relative path.

    Returns:
        exit status: 1 when any file failed or an output did, else 0.
    """
    # Before the first photo: a folder that cannot be made is reported once, not for each of them.
    if args.cam:
        args.cam.mkdir(parents=True, exist_ok=True)
    outputs: dict[str, TextIO | None] = {_STDOUT: stdout}
    if args.jsonl:
        args.jsonl.parent.mkdir(parents=True, exist_ok=True)
        outputs[str(args.jsonl)] = args.jsonl.open("w", encoding="utf-8")
    failed, printed = False, set[str]()
    try:
        for found in find_photos(args.paths, stdin):
            row: dict[str, Any] = {"path": str(found.path)}
            try:
                row |= describe(_opened(found), found.place)
            except Exception as error:
                row["error"] = error_object(error, printed)
                failed = True
            # Plain ASCII: a path need not be valid Unicode, and stdout need not be UTF-8.
            failed |= _write(json.dumps(row), outputs)
            if not outputs:
                break
    finally:
        for name, stream in outputs.items():
            if name != _STDOUT and stream is not None:
                stream.close()
    return int(failed)


def _opened(found: Found) -> Photo:
    if found.problem is not None:
        raise found.problem
    return read_photo(found.path)


def error_object(error: Exception, printed: set[str] | None = None) -> dict[str, str]:
    """The error object of a photo that cannot be used.

    Args:
        error: what was raised; where it is not the photo's, and tracebacks are wanted, it is raised again.
        printed: what was said on standard error already; None where nothing is to be said.
    """
    if isinstance(error, PhotoError):
        return {"code": error.code, "message": error.message}
    if isinstance(error, PictureNotWritten):
        return {"code": "not_written", "message": error.message}
    if debugging():
        raise error
    message = sentence_of(error)
    if printed is not None and message not in printed:
        printed.add(message)
        tell(message)
    return {"code": "internal", "message": message}


def _write(line: str, outputs: dict[str, TextIO | None]) -> bool:
    """Write a line to every output; one that fails is reported and dropped. Returns whether any failed."""
    failed = False
    for name, stream in list(outputs.items()):
        try:
            if stream is None:  # closed by the parent process
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            print(line, file=stream, flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            failed = True
            del outputs[name]
            tell(not_written(name, error))
            if name == _STDOUT:
                redirect_to_null(stream)
            elif stream is not None:
                with suppress(OSError):
                    stream.close()
    return failed
