"""``python -m core study``: exporting and simulating, end to end."""

import json

import pytest

from core.__main__ import main
from core.study import simulate
from core.study.access import Access
from core.study.demo import demo_study
from core.study.psych_ds import check
from core.study.server import open_store
from tests.study.made_up_study import add_data


@pytest.fixture
def stored(monkeypatch, database_url):
    monkeypatch.setenv("RETAKE_DATABASE_URL", database_url)
    store = open_store()
    study_id = add_data(store, demo_study())
    store.database.close()
    return study_id


def test_a_study_is_exported_to_a_folder_that_follows_psych_ds(stored, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["study", "export", stored, "--out", str(out)]) == 0
    assert "Exported 42 sessions" in capsys.readouterr().out  # of 43 one withdrew
    assert check(out) == ()
    assert (out / "products" / "events.jsonl").stat().st_size > 0


def test_an_unknown_study_is_told_in_one_sentence(database_url, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RETAKE_DATABASE_URL", database_url)
    assert main(["study", "export", "nothing", "--out", str(tmp_path / "out")]) == 2
    assert "no such study" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_lost_passphrase_is_replaced(database_url, monkeypatch, capsys):
    monkeypatch.setenv("RETAKE_DATABASE_URL", database_url)
    monkeypatch.delenv("RETAKE_RESEARCHER_PASSPHRASE", raising=False)
    assert main(["study", "passphrase"]) == 0
    store = open_store()
    try:
        assert Access(store.database).sign_in(capsys.readouterr().out.strip(), "me")
    finally:
        store.database.close()


def test_a_simulation_prints_what_it_found_and_needs_no_database(monkeypatch, capsys):
    monkeypatch.setenv("RETAKE_DATABASE_URL", "nonsense")
    monkeypatch.setattr(simulate, "_PILOT", 20)
    monkeypatch.setattr(simulate, "_PILOT_STUDIES", 10)
    assert main(["study", "simulate", "--participants", "6", "--seeds", "2"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert (found["participants"], found["seeds"]) == (6, 2)


@pytest.mark.parametrize("asked", [["--participants", "3"], ["--seeds", "0"]])
def test_too_small_a_simulation_is_wrong_usage(asked, capsys):
    assert main(["study", "simulate", *asked]) == 2
    assert "at least 4 participants" in capsys.readouterr().err
