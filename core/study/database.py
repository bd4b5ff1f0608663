"""The study database: SQLite in the data folder, or PostgreSQL named by ``RETAKE_DATABASE_URL``.

SQLite writes ahead (WAL) and waits for the disk before a commit returns. A transaction that writes takes the
database's one write lock at its beginning; in PostgreSQL, whoever writes locks the row that it is about.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from core.data_folder import data_folder
from core.i18n import _
from core.study.faults import StudyError
from core.study.tables import Table

VARIABLE: Final = "RETAKE_DATABASE_URL"
FILE_NAME: Final = "studies.sqlite3"
VERSION_TABLE: Final = "retake_alembic_version"
_WAIT_S: Final = 10
_LOCK_NUMBER: Final = 0x52_65_74_61_6B_65  # "Retake", for PostgreSQL's advisory lock
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class Database:
    """One open database; any thread may use it.

    Attributes:
        engine: SQLAlchemy's.
        name: what to call it in a sentence: a path, or an address without its password.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._writing = engine.execution_options(writes=True)
        # SQLite lets one write and has others look again after a while, in no order: on a busy server some
        # would never see it free. Threads of this process wait for each other instead.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this computer (or in memory)."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that sees one state of the database from its first query on."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with Session(self.engine.execution_options(**level), expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is committed, on the disk, when the block ends; undone where it raises."""
        with self._turn, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def truncate_log(self) -> None:
        """Bring SQLite's write-ahead log into the file and empty it: what was deleted is in neither then."""
        if self.is_sqlite:
            with self.engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_database(url: str | None = None) -> Database:
    """Open the database, made or brought up to date where needed.

    Args:
        url: such as ``postgresql://user:password@host/name``, ``sqlite:////path/file``; by default
            ``RETAKE_DATABASE_URL``, else a file in the data folder.

    Raises:
        StudyError: it cannot be reached, is none of Retake's, or a newer Retake made it.
    """
    asked = url or os.environ.get(VARIABLE) or ""
    address = _address(asked) if asked else _file_address(data_folder() / FILE_NAME)
    name = address.database or "" if _is_sqlite(address) else address.render_as_string(hide_password=True)
    try:
        database = Database(_engine(address), name)
    except ModuleNotFoundError as error:
        raise StudyError(
            _(
                "PostgreSQL needs the package {package}, which is not installed. "
                "Add it with: pip install -r requirements-postgres.txt"
            ).format(package=error.name)
        ) from error
    try:
        _migrate(database)
    except (DBAPIError, OSError) as error:
        database.close()
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise StudyError(
            _(
                "The study database {name} cannot be opened ({reason}). Check {variable} and try again."
            ).format(name=name, reason=reason[0] if reason else type(error).__name__, variable=VARIABLE)
        ) from error
    except BaseException:
        database.close()
        raise
    return database


def memory_database() -> Database:
    """A database that is nowhere but in memory, for a preview that leaves nothing."""
    # One connection, lent to one thread at a time: another one would see another, empty database.
    engine = create_engine(
        "sqlite://",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    _prepare_sqlite(engine)
    database = Database(engine, ":memory:")
    Table.metadata.create_all(engine)
    return database


def schema_version() -> str:
    """The newest step of the schema that this Retake knows."""
    return str(ScriptDirectory(str(_MIGRATIONS)).get_current_head())


def _address(asked: str) -> URL:
    try:
        address = make_url(asked)
    except (ArgumentError, ValueError):
        raise _no_address() from None
    backend = address.drivername.split("+")[0]
    if backend == "sqlite" and address.database and address.drivername == "sqlite":
        return _file_address(Path(address.database))
    if backend in ("postgres", "postgresql") and address.database:
        return address.set(drivername="postgresql+psycopg")
    raise _no_address()


def _no_address() -> StudyError:
    message = _(
        "{variable} names no database that Retake can use. "
        "Set it to postgresql://user:password@host/name, or to sqlite:////path/file."
    )
    return StudyError(message.format(variable=VARIABLE))


def _file_address(path: Path) -> URL:
    return URL.create("sqlite", database=str(path.absolute()))


def _is_sqlite(address: URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _engine(address: URL) -> Engine:
    if not _is_sqlite(address):
        return create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": _WAIT_S})
    engine = create_engine(address, connect_args={"timeout": _WAIT_S}, pool_size=8, max_overflow=24)
    _prepare_sqlite(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        for pragma in (
            *("journal_mode=WAL", "synchronous=FULL"),
            *("foreign_keys=ON", "secure_delete=ON"),
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(database: Database) -> None:
    """Bring the schema up to date; of several processes that start at once, one does it."""
    if database.is_sqlite:
        _make_private(Path(database.name))
    head = schema_version()
    with database.engine.connect() as connection:
        if _version(connection) == head:
            return
    with database.engine.execution_options(writes=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        version = _version(connection)
        if version == head:
            return
        if version is None and inspect(connection).get_table_names():
            raise StudyError(
                _(
                    "The database {name} is another program's. Give Retake one of its own in {variable}."
                ).format(name=database.name, variable=VARIABLE)
            )
        known = {step.revision for step in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
        if version is not None and version not in known:
            raise StudyError(
                _("A newer Retake made the study database {name}. Please update this one.").format(
                    name=database.name
                )
            )
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes.update(connection=connection, version_table=VERSION_TABLE)
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _make_private(path: Path) -> None:
    """The file, and its folder where it is new, are for this account alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
