"""A PostgreSQL server goes away while Retake runs, and comes back; where the tests have one."""

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from tests.postgres import SERVER, administrator

if SERVER:

    @pytest.fixture
    def allow(database_url, database):
        """Let connections to the database in, or end those that there are and refuse others."""
        if database.is_sqlite:
            pytest.fail("of PostgreSQL alone")
        name = make_url(database_url).database
        with administrator(SERVER) as admin:

            def switch(on):
                with admin.connect() as connection:
                    connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(on).lower()}"))
                    if not on:
                        ending = (
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                        )
                        connection.execute(text(ending), {"name": name})

            yield switch
            switch(True)

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
