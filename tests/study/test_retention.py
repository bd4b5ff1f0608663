import csv
import io
import json
import os
import stat
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.__main__ import main
from core.study.backup import backup, restore
from core.study.database import open_database
from core.study.faults import StudyError
from core.study.kept_photos import photo_count, photos_zip
from core.study.photos import PhotoStore
from core.study.retention import Purged, delete_study, purge
from core.study.server import purge_here
from core.study.store import StudyStore
from core.study.tables import SessionRow

SECRET = "a sentence that nobody else would write 4711"


@pytest.fixture
def full(take_part, png):
    """A session with events, answers and a photo."""

    def make(**parts):
        session = take_part(photos=True, screening=(), **parts)
        session.start_task()
        session.log.add("note_added", properties={"note": SECRET})
        session.complete_task()
        session.submit({"seq": SECRET})
        assert session.keep_photo(png)
        return session

    return make


def test_what_is_past_its_retention_is_purged_and_nothing_else(store, full, day):
    old = full(retention_days=30)
    day.pass_by(days=20)
    young = full(retention_days=30)
    day.pass_by(days=10, seconds=1)
    assert purge(store) == Purged(sessions=1, photos=0)
    assert store.load(old.record.study_id).deleted == {"expired": 1}
    assert len(store.load(young.record.study_id).sessions) == 1
    assert [name for name, _written in store.photos.names()] == list(
        store.photo_names(young.record.session_id)
    )
    assert purge(store) == Purged(0, 0)


def test_a_deletion_that_is_broken_off_is_finished_later(store, full, monkeypatch):
    session = full()
    with monkeypatch.context() as patch:
        patch.setattr(PhotoStore, "remove", lambda *_given: (_ for _ in ()).throw(OSError("busy")))
        with pytest.raises(OSError, match="busy"):
            session.withdraw()
    assert store.load(session.record.study_id).sessions == (), "it counts as withdrawn at once"
    assert purge(store).sessions == 1
    assert list(store.photos.names()) == []
    assert store.load(session.record.study_id).deleted == {"withdrawn": 1}


def test_photos_without_a_session_are_removed_after_an_hour(store, png, day):
    day.now = day.now.fromtimestamp(os.stat(store.photos.folder.parent).st_mtime, day.now.tzinfo)
    store.photos.write(png)
    assert purge(store).photos == 0
    day.pass_by(hours=2)
    assert purge(store).photos == 1


def test_what_is_deleted_is_in_no_file_any_more(store, full, database, tmp_path):
    session = full()
    other = full()
    session.delete()
    delete_study(store, other.record.study_id)
    assert list(store.photos.names()) == []
    with pytest.raises(StudyError):
        store.load(other.record.study_id)
    if database.is_sqlite:
        files = list(tmp_path.glob("studies.sqlite3*"))
        assert files
        for file in files:
            data = file.read_bytes()
            assert SECRET.encode() not in data
            assert session.record.session_id.encode() not in data


def test_a_backup_restores_everything_into_an_empty_database(store, full, photo_key, tmp_path, png, day):
    session = full()
    assert backup(store, tmp_path / "all.zip") == 1
    with pytest.raises(StudyError, match="there already"):
        backup(store, tmp_path / "all.zip")
    database = open_database(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(StudyError, match="another key"):
        restore(StudyStore(database, PhotoStore(elsewhere, b"A" * 43 + b"=")), tmp_path / "all.zip")
    again = StudyStore(database, PhotoStore(elsewhere, photo_key), day)
    assert restore(again, tmp_path / "all.zip") == 1
    assert again.load(session.record.study_id) == store.load(session.record.study_id)
    (name,) = again.photo_names(session.record.session_id)
    assert again.photos.read(name) == png
    with pytest.raises(StudyError, match="empty database"):
        restore(again, tmp_path / "all.zip")
    (tmp_path / "broken.zip").write_bytes((tmp_path / "all.zip").read_bytes()[:200])
    with pytest.raises(StudyError, match="no whole backup"):
        restore(again, tmp_path / "broken.zip")
    database.close()


def test_kept_photos_are_taken_away_with_whose_they_are(store, full, photo_key, png):
    session, other = full(), full()
    study_id = session.record.study_id
    with zipfile.ZipFile(io.BytesIO(photos_zip(store, study_id))) as archive:
        assert len(archive.namelist()) == 2
        [row] = csv.DictReader(archive.read(f"study-{study_id}/photos.csv").decode("utf-8-sig").splitlines())
        assert archive.read(f"study-{study_id}/{row['file']}") == png
    whose = (row["participant_id"], row["task_id"], row["condition_id"])
    assert whose == (session.record.participant_id, "hand", session.record.arms[0])
    session.delete()
    assert (photo_count(store, study_id), photo_count(store, other.record.study_id)) == (0, 1)
    with pytest.raises(StudyError, match="no such study"):
        photos_zip(store, "made-up")


@pytest.fixture
def here(database_url, tmp_path, monkeypatch):
    """The command line's own settings, for this database."""
    monkeypatch.setenv("RETAKE_DATABASE_URL", database_url)
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("RETAKE_PHOTO_KEY", raising=False)


def test_a_server_purges_when_it_starts_and_makes_no_database(here, store, take_part, monkeypatch, tmp_path):
    study_id = take_part(retention_days=1).record.study_id
    with store.database.writing() as db:
        db.execute(update(SessionRow).values(started_at=store.now() - timedelta(days=4000)))
    with monkeypatch.context() as nothing_set:
        nothing_set.setenv("RETAKE_DATABASE_URL", "")
        purge_here()
    assert not (tmp_path / "data").exists()
    purge_here()
    assert store.load(study_id).deleted == {"expired": 1}
    monkeypatch.setenv("RETAKE_DATABASE_URL", "nonsense")
    purge_here()  # is logged, and the server goes on


def test_the_command_line_lists_purges_and_deletes(here, store, take_part, capsys):
    session = take_part(retention_days=1)
    study_id = session.record.study_id
    store.end(session.record.session_id, "completed")
    assert main(["study", "list"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["study_id"], row["sessions"]) == (study_id, {"completed": 1})
    assert main(["study", "delete", study_id]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["study", "delete", study_id, "--session", session.record.session_id, "--yes"]) == 0
    assert store.load(study_id).deleted == {"researcher": 1}
    assert main(["study", "purge"]) == 0
    assert main(["study", "delete", study_id, "--yes"]) == 0
    assert store.studies() == ()


def test_the_command_line_writes_kept_photos_for_this_account_alone(here, take_part, tmp_path, capsys):
    study_id, out = take_part().record.study_id, tmp_path / "p.zip"
    assert main(["study", "photos", study_id, "--out", str(out)]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert zipfile.ZipFile(out).namelist() == [f"study-{study_id}/photos.csv"]
    assert main(["study", "photos", study_id, "--out", str(out)]) == 2
    assert "there already" in capsys.readouterr().err


def test_the_command_line_backs_up_and_restores(here, store, take_part, tmp_path, monkeypatch, capsys):
    study_id = take_part().record.study_id
    assert main(["study", "backup", str(tmp_path / "b.zip")]) == 0
    monkeypatch.setenv("RETAKE_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    assert main(["study", "restore", str(tmp_path / "b.zip")]) == 0
    capsys.readouterr()
    assert main(["study", "list"]) == 0
    assert json.loads(capsys.readouterr().out)["study_id"] == study_id


@pytest.mark.parametrize(
    "words",
    [
        ["export", "made-up", "--out", "x"],
        ["delete", "made-up", "--yes"],
        ["restore", __file__],
        ["nonsense"],
    ],
)
def test_bad_input_is_one_sentence_and_status_2(here, words, capsys):
    assert main(["study", *words]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert words == ["nonsense"] or len(told.strip().splitlines()) == 1
