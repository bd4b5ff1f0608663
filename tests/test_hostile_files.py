"""Whatever comes from outside is data: nothing in it runs or leaves its folder, and errors are known ones."""

import json
import zipfile

import pytest
from cryptography.fernet import Fernet

from core.guidance.preset import PresetError, load_preset
from core.guidance.preset_store import PresetStore
from core.guidance.streams import StreamError, read
from core.lesion.taxonomy import taxonomy_of
from core.runtime.manifest import WeightsError, load_manifest
from core.study.backup import backup, restore
from core.study.database import open_database
from core.study.faults import StudyError
from core.study.photos import PhotoStore
from core.study.store import StudyStore
from core.study.store.sessions import Ended, Refused
from tests.made_up_entry import made_up_entry


def preset(path):
    load_preset(path)


def saved_preset(path):
    path.rename(path.with_name("clinic@1.yaml"))
    PresetStore(path.parent).load("clinic")


def taxonomy(path):
    taxonomy_of(made_up_entry(task="lesion", labels=["a", "b"], taxonomy=path.name), path.parent)


@pytest.mark.parametrize(
    ("reads", "error"), [(preset, PresetError), (saved_preset, PresetError), (taxonomy, WeightsError)]
)
@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:pathlib.Path.touch", "!!python/object/new:os.system", "!include"]
)
def test_a_tag_in_yaml_makes_nothing_happen(tmp_path, monkeypatch, reads, error, tag):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: clinic\nversion: 1\nlabels: {tag} [ran]\ndescription: {tag} [touch ran]\n")
    with pytest.raises(error):
        reads(path)
    assert not (tmp_path / "ran").exists()


SEEN = {"quality": {"lesion": 0.9}, "label": "lesion", "explanations": {}, "flagged": [], "passes": True}


@pytest.mark.parametrize(
    "row",
    [
        "[" * 100_000,
        "[]",
        '"event"',
        "7",
        '{"t": NaN, "key": "blurry"}',
        '{"t": 1, "key": ["blurry"]}',
        '{"event": "frame_assessed"}',
        '{"event": "frame_assessed", "t_ms": 1, "properties": []}',
        json.dumps({"event": "frame_assessed", "t_ms": 1, "properties": SEEN | {"explanations": [1]}}),
        json.dumps({"event": "frame_assessed", "t_ms": 1, "properties": SEEN | {"quality": {"lesion": "x"}}}),
        json.dumps({"event": "frame_assessed", "t_ms": 1e999, "properties": SEEN}),
    ],
)
def test_a_row_of_a_log_that_is_none_is_named_with_its_line(tmp_path, row):
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"t": 1, "key": "blurry"}}\n{row}\n')
    with pytest.raises(StreamError, match="line 2"):
        read(path, load_preset())


@pytest.mark.parametrize(
    "text", ['{"networks": ' + "[" * 100_000, '{"networks": {"a": {"file": NaN}}}', "\x00"]
)
def test_a_manifest_that_is_none_is_told(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match="is not valid"):
        load_manifest(tmp_path / "manifest.json")


FILES = {"studies.sqlite3", "studies.sqlite3-wal", "studies.sqlite3-shm"}


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """A store of studies that is empty before and after each test."""
    folder = tmp_path_factory.mktemp("around") / "here"
    database = open_database(f"sqlite:///{folder / 'studies.sqlite3'}")
    yield StudyStore(database, PhotoStore(folder / "photos", Fernet.generate_key()))
    database.close()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photos/../../outside", "x"),
        ("photos//outside", "x"),
        ("tables/studies.jsonl", "[1]\n"),
        ("tables/studies.jsonl", '{"study_id": "x"}\n'),
        ("tables/studies.jsonl", '{"study_id; DROP TABLE studies": "x"}\n'),
        ("tables/studies.jsonl", "[" * 100_000 + "\n"),
        ("tables/settings.jsonl", '{"name": [1], "value": {}}\n'),
        ("retake-backup.json", "[]"),
    ],
)
def test_a_backup_that_is_none_is_told_and_leaves_nothing(studies, tmp_path, name, content):
    backup(studies, tmp_path / "sound.zip")
    with (
        zipfile.ZipFile(tmp_path / "sound.zip") as sound,
        zipfile.ZipFile(tmp_path / "hostile.zip", "w") as hostile,
    ):
        for entry in sound.namelist():
            if entry != name:
                hostile.writestr(entry, sound.read(entry))
        hostile.writestr(name, content)
    with pytest.raises(StudyError):
        restore(studies, tmp_path / "hostile.zip")
    around = studies.photos.folder.parent.parent
    assert {path.name for path in around.rglob("*") if path.is_file()} <= FILES
    assert studies.studies() == ()


@pytest.mark.parametrize("token", ["", "../x", "x' OR '1'='1", "\x00", "\ud800", "%2e%2e", "x" * 100_000])
def test_a_token_that_was_never_given_opens_nothing(studies, token):
    assert isinstance(studies.begin(token), Refused)
    assert studies.resume(token) == Ended(None)
