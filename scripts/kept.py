"""Says what of the data folder this Retake can read, and changes nothing: for a look after an upgrade.

::

    python -m scripts.kept [FOLDER]     RETAKE_DATA unless named; 1 where something cannot be read
"""

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from core.data_folder import data_folder
from core.guidance.preset import PresetError
from core.guidance.preset_store import PresetStore
from core.study.database import FILE_NAME, VERSION_TABLE, schema_version
from core.study.events import Event


def presets(folder: Path) -> Iterator[tuple[bool, str]]:
    """A sentence for each saved preset, and whether it is read."""
    store = PresetStore(folder)
    for name, versions in store.saved().items():
        for version in sorted(versions):
            try:
                store.load(f"{name}@{version}")
            except PresetError as error:
                yield False, error.message
            else:
                yield True, f"The preset {name}@{version} is read."


def logs(folder: Path) -> Iterator[tuple[bool, str]]:
    """A sentence for each session's log, and whether every row of it is read."""
    for file in sorted(folder.glob("*.jsonl")):
        rows = 0
        try:
            with file.open(encoding="utf-8") as stream:
                for line in stream:
                    Event.model_validate_json(line)
                    rows += 1
        except (OSError, UnicodeDecodeError, ValidationError):
            yield False, f"The log {file.name}, line {rows + 1}: this is no row of a session's log."
        else:
            yield True, f"The log {file.name} is read: {rows} rows."


def studies(file: Path) -> Iterator[tuple[bool, str]]:
    """A sentence on the studies' file of SQLite, where there is one; its schema is looked at, not changed."""
    if not file.is_file():
        return
    # Where no server has it open nothing may be left beside it either, least of all another account's file.
    way = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?{way}", uri=True)) as connection:
            (version,) = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608, a name of ours
    except (sqlite3.Error, TypeError) as error:
        yield False, f"The studies in {file.name} cannot be read: {error}"
        return
    newest = schema_version()
    after = "" if version == newest else f"; the next start brings it to {newest}, so take a backup first"
    yield True, f"The studies in {file.name} have schema {version}{after}."


def main(argv: Sequence[str] | None = None) -> int:
    """Print a sentence for everything that is kept."""
    words = sys.argv[1:] if argv is None else argv
    folder = Path(words[0]) if words else data_folder()
    found = [*presets(folder / "presets"), *logs(folder / "sessions"), *studies(folder / FILE_NAME)]
    print(*([sentence for _read, sentence in found] or [f"Nothing is kept in {folder}."]), sep="\n")
    return 0 if all(read for read, _sentence in found) else 1


if __name__ == "__main__":
    sys.exit(main())
