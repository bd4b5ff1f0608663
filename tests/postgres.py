"""The tests' PostgreSQL, where scripts/with_postgres.sh started one, and empty databases in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

from sqlalchemy import Engine, create_engine, make_url, text

from scripts.replicas import BY_SCRIPT

SERVER = os.environ.get(BY_SCRIPT)


@contextmanager
def administrator(server: str) -> Iterator[Engine]:
    """Who may make databases of a server, and end connections to them."""
    address = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """The address of a new database of a server, which is gone at the end of the block."""
    name = f"retake_test_{token_hex(6)}"
    with administrator(server) as admin:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield admin.url.set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
