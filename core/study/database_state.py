"""Whether the study database answers, of what kind it is, and how large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.i18n import _
from core.study.database import VARIABLE, Database
from core.study.faults import StudyError

_SIDE_FILES: Final = ("", "-wal", "-shm")


@dataclass(frozen=True)
class DatabaseState:
    """How the study database is.

    Attributes:
        kind: what it is; None where it could not be opened.
        name: a path, or an address without its password.
        size_bytes: what it takes on the disk; None where that is not known.
        problem: one translated sentence with what to do; empty where it answers.
    """

    kind: Literal["SQLite", "PostgreSQL"] | None = None
    name: str = ""
    size_bytes: int | None = None
    problem: str = ""


def database_state(opened: Callable[[], Database]) -> DatabaseState:
    """Ask it something small."""
    try:
        database = opened()
    except StudyError as error:
        return DatabaseState(problem=error.message)
    kind: Literal["SQLite", "PostgreSQL"] = "SQLite" if database.is_sqlite else "PostgreSQL"
    try:
        return DatabaseState(kind, database.name, _size(database))
    except (SQLAlchemyError, OSError):
        problem = _("The study database {name} does not answer. Check {variable} and whether it runs.")
        return DatabaseState(kind, database.name, None, problem.format(name=database.name, variable=VARIABLE))


def _size(database: Database) -> int | None:
    with database.reading() as db:
        if not database.is_sqlite:
            return db.scalar(text("SELECT pg_database_size(current_database())"))
        db.execute(text("SELECT count(*) FROM sqlite_master"))
    there = [Path(database.name + end) for end in _SIDE_FILES if Path(database.name + end).is_file()]
    return sum(file.stat().st_size for file in there) if there else None
