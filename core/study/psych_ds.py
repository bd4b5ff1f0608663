"""The rules of Psych-DS 1.5 (https://psych-ds.github.io) that a folder must keep, and what breaks them."""

import csv
import json
import re
from pathlib import Path
from typing import Final

_DATA_FILE: Final = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")
_REQUIRED: Final = ("@context", "@type", "name", "description", "variableMeasured")
_CONTEXTS: Final = ("https://schema.org", "https://schema.org/", "http://schema.org", "http://schema.org/")


def check(folder: Path) -> tuple[str, ...]:
    """What a dataset breaks, one sentence a rule and file; empty for a valid one.

    Held are the rules that the official validator calls errors: a readable description with its required
    fields, a ``data`` folder with at least one data file, file names of keywords and values, files that are
    not empty, rows as long as their header, every column described, and row ids that are unique.
    """
    description = folder / "dataset_description.json"
    try:
        metadata = json.loads(description.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ("MISSING_DATASET_DESCRIPTION: dataset_description.json is not there",)
    except (ValueError, OSError):
        return ("JSON_INVALID: dataset_description.json cannot be read",)
    if not isinstance(metadata, dict):
        return ("JSON_INVALID: dataset_description.json holds no object",)
    broken = [
        f"REQUIRED_FIELD: dataset_description.json lacks {name}"
        for name in _REQUIRED
        if not metadata.get(name)
    ]
    if metadata.get("@type") != "Dataset":
        broken.append("INCORRECT_DATASET_TYPE: its @type is not Dataset")
    if metadata.get("@context") not in _CONTEXTS:
        broken.append("INVALID_CONTEXT: its @context is not schema.org")
    described = {
        one.get("name") if isinstance(one, dict) else one for one in metadata.get("variableMeasured") or ()
    }
    files = sorted((folder / "data").rglob("*")) if (folder / "data").is_dir() else []
    data_files = [file for file in files if file.is_file() and file.suffix == ".csv"]
    if not (folder / "data").is_dir():
        broken.append("MISSING_DATA_DIRECTORY: there is no folder data")
    elif not data_files:
        broken.append("MISSING_DATAFILE: there is no CSV file in data")
    for file in data_files:
        broken += _broken_by(file, described)
    return tuple(broken)


def _broken_by(file: Path, described: set[str | None]) -> list[str]:
    if not _DATA_FILE.fullmatch(file.name):
        return [f"FILENAME_KEYWORD_FORMATTING_ERROR: {file.name}"]
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    if not rows:
        return [f"FILE_EMPTY: {file.name}"]
    head, *body = rows
    broken = []
    if len(set(head)) < len(head):
        broken.append(f"CSV_HEADER_REPEATED: {file.name}")
    if any(len(row) != len(head) for row in body):
        broken.append(f"CSV_HEADER_LINE_MISMATCH: {file.name}")
    missing = [name for name in head if name not in described]
    if missing:
        broken.append(f"CSV_COLUMN_MISSING_FROM_METADATA: {file.name}: {', '.join(missing)}")
    if "row_id" in head:
        ids = [row[head.index("row_id")] for row in body if len(row) == len(head)]
        if len(set(ids)) < len(ids):
            broken.append(f"ROWID_VALUES_NOT_UNIQUE: {file.name}")
    return broken
