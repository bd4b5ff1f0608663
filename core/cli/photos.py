"""What the photo commands share: which files are meant, and JSON objects out."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from core.photo import SUFFIXES, Photo, PhotoError, read_photo
from core.words import _


def add_path_arguments(parser: argparse.ArgumentParser) -> None:
    """Add PATH and the options that every photo command has."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="an image, a folder, or - for a list on stdin"
    )
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="write the JSON objects to FILE as well")


def find_photos(paths: Iterable[str], stdin: TextIO) -> Iterator[tuple[Path, Path]]:
    """Every photo meant by the given paths, with the name under which its pictures are to be kept.

    A folder stands for the image files in it and below (by suffix, hidden ones left out, in sorted order);
    any other path stands for itself, whatever its suffix; ``-`` reads one path a line from ``stdin``.

    Yields:
        (path, relative path: its place inside the folder, or its file name).
    """
    for text in paths:
        if text == "-":
            listed = (line.rstrip("\r\n") for line in stdin)
            yield from find_photos((line for line in listed if line.strip() and line != "-"), stdin)
            continue
        path = Path(text)
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        inside = [(found, found.relative_to(path)) for found in sorted(path.rglob("*"))]
        photos = [
            (found, place)
            for found, place in inside
            if found.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") for part in place.parts)
            and found.is_file()
        ]
        if not photos:
            print(_("There are no photos in the folder {path}.").format(path=path), file=sys.stderr)
        yield from photos


def picture_place(folder: Path, place: Path, suffix: str, taken: set[Path]) -> Path:
    """A file below ``folder`` for a picture made of the photo at ``place``, never one given out before."""
    target = folder / place.with_name(f"{place.stem}.{suffix}")
    number = 2
    while target in taken:
        target = folder / place.with_name(f"{place.stem}-{number}.{suffix}")
        number += 1
    taken.add(target)
    return target


def save_picture(rgb: np.ndarray, path: Path) -> None:
    """Write uint8 RGB pixels as an image file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)


def each_photo(
    args: argparse.Namespace, describe: Callable[[Photo, Path], dict[str, Any]], stdin: TextIO, stdout: TextIO
) -> int:
    """Print one JSON object a photo, in order; a file that cannot be used gets an error object in its place.

    Args:
        args: parsed `add_path_arguments`.
        describe: the rest of the object, from the photo and its relative path.

    Returns:
        exit status: 1 when any file failed, else 0.
    """
    failed = False
    with ExitStack() as stack:
        streams = [stdout]
        if args.jsonl:
            args.jsonl.parent.mkdir(parents=True, exist_ok=True)
            streams.append(stack.enter_context(args.jsonl.open("w", encoding="utf-8")))
        for path, place in find_photos(args.paths, stdin):
            row: dict[str, Any] = {"path": str(path)}
            try:
                row |= describe(read_photo(path), place)
            except PhotoError as error:
                failed = True
                row["error"] = {"code": error.code, "message": error.message}
            for stream in streams:
                # Plain ASCII: a path need not be valid Unicode, and stdout need not be UTF-8.
                print(json.dumps(row), file=stream, flush=True)
    return int(failed)
