import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from core.study.database import FILE_NAME, VERSION_TABLE, open_database
from core.study.faults import StudyError
from core.study.tables import Table


def test_the_migrations_make_the_tables_that_the_code_expects(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Table.metadata) == []


def test_by_default_it_is_a_private_file_in_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("RETAKE_DATABASE_URL", raising=False)
    database = open_database()
    with database.engine.connect() as connection:
        asked = [
            connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")
        ]
        asked += [
            connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("foreign_keys", "secure_delete")
        ]
    assert asked == ["wal", 2, 1, 1]
    assert stat.S_IMODE((tmp_path / "data" / FILE_NAME).stat().st_mode) == 0o600
    database.close()


def _open(url, answers):
    open_database(url).close()
    answers.put("opened")


def test_two_servers_may_make_it_at_once(tmp_path):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    both = [
        context.Process(target=_open, args=(f"sqlite:///{tmp_path / 'new.sqlite3'}", answers))
        for _turn in range(2)
    ]
    for process in both:
        process.start()
    assert [answers.get(timeout=60) for _process in both] == ["opened", "opened"]
    for process in both:
        process.join(60)


@pytest.mark.parametrize("url", ["nonsense", "mysql://a:secret@b/c", "postgresql://a:secret@b", "sqlite://"])
def test_an_address_of_no_database_is_told_in_one_sentence(url):
    with pytest.raises(StudyError, match="RETAKE_DATABASE_URL names no database") as caught:
        open_database(url)
    assert "secret" not in caught.value.message


def test_a_server_that_is_not_there_is_told_without_the_password():
    with pytest.raises(StudyError, match="cannot be opened") as caught:
        open_database("postgresql://me:secret@127.0.0.1:1/studies")
    assert "secret" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_of_something_else_is_left_alone(tmp_path):
    text_file, other = tmp_path / "notes.txt", tmp_path / "other.sqlite3"
    text_file.write_text("not a database, but a text that is long enough to look at" * 9)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    for path, words in (
        (text_file, "cannot be opened"),
        (other, "another program's"),
        (tmp_path, "cannot"),
    ):
        with pytest.raises(StudyError, match=words):
            open_database(f"sqlite:///{path}")
    assert text_file.read_text().startswith("not a database")


def test_what_a_newer_retake_made_is_not_touched(database_url):
    database = open_database(database_url)
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(StudyError, match="newer Retake"):
        open_database(database_url)


def test_migrations_are_no_code_that_is_changed_later():
    """A step refers to no type of ours: the tables go on changing, and what a step did stays."""
    for step in Path("core/study/migrations/versions").glob("0*.py"):
        assert "core." not in step.read_text()
