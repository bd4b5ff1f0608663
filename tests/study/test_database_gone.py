"""A PostgreSQL server goes away while Retake runs, and comes back; where the tests have one."""

import os

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

# As scripts/with_postgres.sh sets it; `conftest` is the name of several modules and cannot be imported from.
POSTGRES = "RETAKE_TEST_POSTGRES"

if os.environ.get(POSTGRES):

    @pytest.fixture
    def allow(database_url, database):
        """Let connections to the database in, or end those that there are and refuse others."""
        if database.is_sqlite:
            pytest.fail("of PostgreSQL alone")
        name = make_url(database_url).database
        server = make_url(os.environ[POSTGRES]).set(drivername="postgresql+psycopg")
        admin = create_engine(server, isolation_level="AUTOCOMMIT")

        def switch(on):
            with admin.connect() as connection:
                connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(on).lower()}"))
                if not on:
                    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                    connection.execute(text(ending), {"name": name})

        yield switch
        switch(True)
        admin.dispose()

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_it_is_an_error_while_it_is_away_and_goes_on_without_a_restart(take_part, store, allow):
        session = take_part(screening=())
        session_id = session.record.session_id
        before = len(store.events(session_id))
        allow(False)
        with pytest.raises(SQLAlchemyError):
            session.start_task()
        allow(True)
        session.start_task()
        assert session.task_begun
        events = store.events(session_id)
        assert [event.seq for event in events] == list(range(len(events)))
        assert [event.event for event in events[before:]] == ["task_started"]
