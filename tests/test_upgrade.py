"""What 0.1 wrote is opened and kept: presets that its pages saved or people wrote, and logs.

tests/from_0_1 was written by the code of 22 November 2026 (c750bc0); the preset by hand is a copy of
``balanced`` of 20 November (a26bf40), as its first line invites to.
"""

import shutil
from pathlib import Path

import pytest

from core.guidance.preset import load_preset
from core.guidance.preset_store import PresetStore
from core.guidance.streams import read
from core.study.database import open_database
from core.study.events import EVENT_NAMES, Event
from scripts import kept

WRITTEN = Path(__file__).with_name("from_0_1")
LOG = WRITTEN / f"{1:032x}.jsonl"


@pytest.fixture
def data(tmp_path):
    """A data folder as 0.1 left it."""
    for folder, name in (("presets", "clinic@1.yaml"), ("sessions", LOG.name)):
        (tmp_path / folder).mkdir()
        shutil.copy(WRITTEN / name, tmp_path / folder)
    return tmp_path


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_preset_that_a_page_of_0_1_saved_is_opened_and_kept(data):
    before = contents(data)
    store = PresetStore(data / "presets")
    first = store.load("clinic")
    assert (first.name, first.version, first.description) == ("clinic", 1, "As our clinic had it")
    assert first.timing.hint_ms == 2500
    assert first.gate.auto_capture
    # What 0.1 did not have comes from today's balanced.
    assert first.overlay.shape == load_preset().overlay.shape
    second = store.save(first)
    assert second == first.model_copy(update={"version": 2})
    assert contents(data).items() > before.items()


def test_a_preset_that_was_written_by_hand_for_0_1_is_read():
    preset = load_preset(WRITTEN / "clinic-by-hand.yaml")
    assert preset.name == "clinic-by-hand"
    assert preset.thresholds == {"blurry": 0.7}
    assert preset.timing.hint_ms == 2500
    assert preset.refine == load_preset().refine


def test_every_row_of_a_log_of_0_1_is_read_and_written_alike():
    lines = LOG.read_text(encoding="utf-8").splitlines()
    events = [Event.model_validate_json(line) for line in lines]
    assert [event.model_dump_json() for event in events] == lines
    assert {event.event for event in events} == set(EVENT_NAMES) - {"hint_reported_wrong"}
    assert [frame.key for frame in read(LOG, load_preset())] == ["blurry"]


def test_a_look_after_an_upgrade_says_what_is_read_and_changes_nothing(data, capsys):
    open_database(f"sqlite:///{data / 'studies.sqlite3'}").close()
    before = contents(data)
    assert kept.main([str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The preset clinic@1 is read.",
        f"The log {LOG.name} is read: 29 rows.",
        "The studies in studies.sqlite3 have schema 0001.",
    ]
    assert contents(data) == before


def test_what_cannot_be_read_is_named(data, capsys):
    (data / "presets" / "bad@1.yaml").write_text("name: bad\nnonsense: 1\n")
    (data / "sessions" / "cut.jsonl").write_text(LOG.read_text(encoding="utf-8")[:-20])
    (data / "studies.sqlite3").write_text("not a database")
    assert kept.main([str(data)]) == 1
    out = capsys.readouterr().out
    assert "bad@1.yaml, line 2: nonsense: no such setting" in out
    assert "The log cut.jsonl, line 29: this is no row of a session's log." in out
    assert "The studies in studies.sqlite3 cannot be read" in out
    assert "The preset clinic@1 is read." in out


def test_an_older_schema_is_told_before_it_is_changed(tmp_path, monkeypatch):
    open_database(f"sqlite:///{tmp_path / 'studies.sqlite3'}").close()
    monkeypatch.setattr(kept, "schema_version", lambda: "0002")
    (found,) = kept.studies(tmp_path / "studies.sqlite3")
    assert found == (
        True,
        "The studies in studies.sqlite3 have schema 0001; the next start brings it to 0002, "
        "so take a backup first.",
    )


def test_an_empty_folder_is_said_to_be_empty(tmp_path, capsys):
    assert kept.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"Nothing is kept in {tmp_path}.\n"
