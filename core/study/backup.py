"""A backup of all studies in one ZIP archive, and back: tables as JSON lines, photos as they lie, encrypted.

It fits either kind of database. The key of the photos is not in it; its fingerprint is, so that a restore
says at once where another key, or none, is in use.
"""

import json
import secrets
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Integer, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from core.i18n import _
from core.study.database import schema_version
from core.study.faults import StudyError
from core.study.store import StudyStore
from core.study.tables import Moment, PhotoRow, Table

_ABOUT: Final = "retake-backup.json"
_FORMAT: Final = 1
# What reading an archive raises that is cut short, or whose rows are not those of our tables.
_NOT_WHOLE: Final = (
    *(zipfile.BadZipFile, KeyError, ValueError, TypeError, RecursionError),
    *(DataError, IntegrityError, ProgrammingError),
)


def backup(store: StudyStore, out: Path) -> int:
    """Write everything, as it is at one moment, to a new file of this account; returns how many photos.

    Raises:
        StudyError: the file is there already, or a photo is missing.
        OSError: it cannot be written.
    """
    if out.exists():
        raise StudyError(_("The file {path} is there already. Please choose another.").format(path=out))
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    temporary.touch(mode=0o600, exist_ok=False)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive, store.database.reading() as db:
            for table in Table.metadata.sorted_tables:
                with archive.open(f"tables/{table.name}.jsonl", "w") as stream:
                    for row in db.execute(select(table)).mappings():
                        stream.write(json.dumps(dict(row), default=datetime.isoformat).encode() + b"\n")
            names = db.scalars(select(PhotoRow.name)).all()
            for name in names:
                if store.photos is None:
                    raise StudyError(_("The kept photos cannot be opened. Please set their key."))
                archive.writestr(f"photos/{name}", store.photos.read_sealed(name), zipfile.ZIP_STORED)
            about = {
                "format": _FORMAT,
                "schema": schema_version(),
                "made_at": store.now().isoformat(),
                "photo_key": store.photos.fingerprint if store.photos and names else None,
            }
            archive.writestr(_ABOUT, json.dumps(about))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return len(names)


def restore(store: StudyStore, source: Path) -> int:
    """Fill an empty database from a backup, all of it or nothing; returns how many studies.

    Raises:
        StudyError: the file is no backup, or of a newer Retake; the database has studies; the photos' key is
            another one.
        OSError: it cannot be read, or a photo cannot be written.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            return _restore(store, archive)
    except _NOT_WHOLE as error:
        raise StudyError(_("The file {path} is no whole backup of studies.").format(path=source)) from error


def _restore(store: StudyStore, archive: zipfile.ZipFile) -> int:
    about = json.loads(archive.read(_ABOUT))
    if about["format"] != _FORMAT or about["schema"] != schema_version():
        raise StudyError(_("Another version of Retake made this backup. Please use that one to restore it."))
    damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(damaged)
    if about["photo_key"] is not None and (
        store.photos is None or store.photos.fingerprint != about["photo_key"]
    ):
        raise StudyError(
            _("The photos in this backup belong to another key. Put that key in place, and try again.")
        )
    written: list[str] = []
    studies = 0
    try:
        with store.database.writing() as db:
            for table in Table.metadata.sorted_tables:
                if table.name == "studies" and db.execute(select(table).limit(1)).first() is not None:
                    raise StudyError(_("There are studies here already. A backup needs an empty database."))
                if table.name == "settings":
                    db.execute(table.delete())
            for table in Table.metadata.sorted_tables:
                rows = [
                    _row(table, json.loads(line))
                    for line in archive.read(f"tables/{table.name}.jsonl").splitlines()
                ]
                if rows:
                    db.execute(insert(table), rows)
                studies += len(rows) if table.name == "studies" else 0
                _go_on_counting(store, db, table)
            for entry in archive.namelist():
                if entry.startswith("photos/") and store.photos is not None:
                    name = entry.removeprefix("photos/")
                    store.photos.write_sealed(name, archive.read(entry))
                    written.append(name)
    except BaseException:
        for name in written:
            assert store.photos is not None
            store.photos.remove(name)
        raise
    return studies


def _row(table: Any, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict) or set(values) != set(table.columns.keys()):
        raise ValueError(table.name)
    moments = {column.name for column in table.columns if isinstance(column.type, Moment)}
    return {
        name: datetime.fromisoformat(value) if name in moments and value is not None else value
        for name, value in values.items()
    }


def _go_on_counting(store: StudyStore, db: Any, table: Any) -> None:
    """PostgreSQL numbers rows by a sequence that rows with their own number do not move."""
    (key, *more) = table.primary_key.columns
    if store.database.is_sqlite or more or not isinstance(key.type, Integer):
        return
    db.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "  # noqa: S608, names of our own tables and columns
            f"(SELECT COALESCE(MAX({key.name}), 0) + 1 FROM {table.name}), false)"
        )
    )
