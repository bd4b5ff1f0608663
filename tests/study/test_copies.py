"""Copies by the databases' own means, as in docs/deploy.md: made while the server runs, and whole."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from core.study.database import open_database
from core.study.retention import delete_study
from core.study.store import StudyStore
from tests.postgres import SERVER


@pytest.fixture
def study(store, take_part):
    """A study with a session under way, on a server that has the database open."""
    return take_part(screening=()).record.study_id


@pytest.mark.parametrize("way", ["VACUUM INTO", ".backup"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_copy_that_sqlite_makes_is_opened_and_has_everything(store, study, day, tmp_path, way):
    copy = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(tmp_path / "studies.sqlite3")) as running:
        if way == "VACUUM INTO":
            running.execute("VACUUM INTO ?", (str(copy),))
        else:
            with closing(sqlite3.connect(copy)) as target:
                running.backup(target)
    again = open_database(f"sqlite:///{copy}")
    assert StudyStore(again, None, day).load(study) == store.load(study)
    again.close()


if SERVER:  # where a server is; CI has one
    TOOLS = [shutil.which("pg_dump"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))]
    PG_DUMP = Path(next(filter(None, TOOLS)))

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_a_dump_of_postgresql_comes_back_into_the_same_database(
        store, study, day, database, database_url, tmp_path
    ):
        before = store.load(study)
        address = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        dump = str(tmp_path / "studies.dump")
        subprocess.run([PG_DUMP, "--format=custom", f"--file={dump}", address], check=True)
        delete_study(store, study)
        database.close()
        restore = [PG_DUMP.with_name("pg_restore"), "--clean", "--if-exists", "--no-owner", "--exit-on-error"]
        subprocess.run([*restore, f"--dbname={address}", dump], check=True)
        again = open_database(database_url)
        assert StudyStore(again, None, day).load(study) == before
        again.close()
