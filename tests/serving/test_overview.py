"""The server at one look: figures of the metrics, settings without secrets, the last lines of the log."""

import json
import logging
import re
import shutil
import sys
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import VERSION
from core.ready import Check
from core.serving import build, figures, overview, recent, shown_settings, words
from core.study.database import Database, memory_database, open_database
from core.study.database_state import DatabaseState, database_state
from core.study.faults import StudyError

ROOT = Path(__file__).parents[2]
METRICS = """# TYPE retake_frames counter
retake_frames_total 120.0
# TYPE retake_frames_dropped counter
retake_frames_dropped_total 20.0
# TYPE retake_streams gauge
retake_streams 2.0
# TYPE retake_photos_refused counter
retake_photos_refused_total{source="upload",code="corrupt"} 3.0
retake_photos_refused_total{source="device_still",code="corrupt"} 1.0
# TYPE retake_verdicts counter
retake_verdicts_total{source="frame",label="lesion",passes="true"} 6.0
retake_verdicts_total{source="upload",label="lesion",passes="false"} 1.0
retake_verdicts_total{source="frame",label="poor_quality",passes="false"} 4.0
# TYPE retake_assessment_seconds histogram
# UNIT retake_assessment_seconds seconds
retake_assessment_seconds_bucket{le="0.05",source="frame"} 5.0
retake_assessment_seconds_bucket{le="0.1",source="frame"} 10.0
retake_assessment_seconds_bucket{le="+Inf",source="frame"} 10.0
retake_assessment_seconds_count{source="frame"} 10.0
retake_assessment_seconds_sum{source="frame"} 0.5
retake_assessment_seconds_bucket{le="0.05",source="upload"} 0.0
retake_assessment_seconds_bucket{le="0.1",source="upload"} 0.0
retake_assessment_seconds_bucket{le="+Inf",source="upload"} 1.0
retake_assessment_seconds_count{source="upload"} 1.0
retake_assessment_seconds_sum{source="upload"} 9.0
# TYPE retake_errors counter
retake_errors_total{logger="core.live.worker"} 1.0
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.8e+09
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 3e+08
# TYPE active_sessions gauge
active_sessions 5.0
# EOF
"""


def put_together(**more):
    given = {
        "at": datetime.fromtimestamp(1.8e9, UTC) + timedelta(hours=26),
        "build": build.Build(VERSION, "ab" * 32, "3.11.9", "Linux", {"numpy": "2.0"}),
        "ready": [Check("imageqx")],
        "figures": figures.read(METRICS),
        "folder": Path("/nowhere/at/all"),
        "database": DatabaseState("SQLite", "/data/studies.sqlite3", 4096),
        "settings": shown_settings.shown({"RETAKE_LIVE": "server"}),
        "log": [],
    }
    return overview.overview(**(given | more))


def test_metrics_become_figures():
    found = figures.read(METRICS)
    assert (found.sessions, found.streams, found.frames, found.dropped) == (5, 2, 120, 20)
    assert found.judged == {"frame": 10, "upload": 1}
    assert found.verdicts == {"lesion": (6, 1), "poor_quality": (0, 4)}
    assert found.refused == {"corrupt": 4}
    assert found.errors == {"core.live.worker": 1}
    frame, upload = found.speed
    assert (frame.source, frame.count) == ("frame", 10)
    assert (frame.p50_ms, frame.p95_ms) == pytest.approx((50, 95))
    assert upload.p50_ms == upload.p95_ms == upload.most_ms == 100
    assert (found.memory_bytes, found.started_s) == (300_000_000, 1.8e9)


def test_a_server_that_did_nothing_yet_has_zeros_and_no_tables():
    found = figures.read("# EOF\n")
    assert (found.sessions, found.frames, found.speed, found.started_s) == (None, 0, (), None)
    assert words.figures_tables(put_together(figures=found)) == []
    assert ("Running since", "–") in words.now(put_together(figures=found))


def test_the_overview_in_words():
    found = put_together(ready=[Check("imageqx"), Check("classical", "It is <broken>.")])
    assert dict(words.now(found))["Running since"] == "2027-01-15 08:00 UTC (1 d 2 h)"
    told = "".join(table.html() for table in words.figures_tables(found))
    assert "≥ 100 ms" in told, "beyond the last bound nothing is known"
    assert re.search(r"Damaged or incomplete</th><td>4<", told)
    checks = words.checks_html(found.checks)
    assert "It is &lt;broken&gt;." in checks
    assert "The network imageqx" in checks
    assert "The assessor classical" in checks
    assert checks.count("✓") == 3, "imageqx, the database, the disk"
    assert words.state_line(len(found.problems)) == "1 thing needs you"
    assert words.state_line(0) == "Everything is ready"
    networks = words.networks_table(found.networks).html()
    assert "✓ in use" in networks
    assert re.search(r"<td[^>]*>[0-9a-f]{12}<", networks)


def test_a_disk_that_is_nearly_full_is_told(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(9e9, 8.9e9, 1e8))
    (problem,) = put_together().problems
    assert problem.name == "disk"
    assert "100.0 MB left" in problem.problem


def test_it_is_taken_away_as_json():
    taken = json.loads(put_together().as_json())
    assert taken["since"] == "2027-01-15T08:00:00+00:00"
    assert taken["figures"]["verdicts"]["lesion"] == [6, 1]
    assert taken["build"]["version"] == VERSION
    assert [one["name"] for one in taken["checks"]] == ["imageqx", "database", "disk"]


def test_a_setting_without_networks_in_use_is_shown_all_the_same(monkeypatch):
    monkeypatch.setenv("RETAKE_ASSESSOR", "oracle")
    assert not any(one.used for one in put_together().networks)


def test_secrets_are_told_to_be_set_and_no_more():
    variables = dict.fromkeys(shown_settings.NAMES, "s3cret") | {"RETAKE_NEW_THING": "s3cret"}
    shown = shown_settings.shown(variables)
    assert {one.name for one in shown} == set(variables)
    told = {one.name for one in shown if one.value is not None}
    secret = re.compile("TOKEN|SECRET|PASS|KEY|URL|USERNAME|RESEARCHERS|ICE|NEW")
    assert not [name for name in told if secret.search(name)]
    assert all(one.is_set for one in shown)
    assert not any(one.is_set for one in shown_settings.shown({"RETAKE_LIVE": " "}))
    found = put_together(
        settings=shown_settings.shown({"RETAKE_LIVE": "server", "RETAKE_PHOTO_KEY": "s3cret"})
    )
    assert words.settings_facts(found) == (("RETAKE_LIVE", "server"), ("RETAKE_PHOTO_KEY", "set"))
    assert "RETAKE_DATA," in words.settings_unset(found)


def test_every_documented_setting_of_a_server_is_shown():
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").partition("## For developers")[0]
    assert set(re.findall(r"RETAKE_[A-Z_]+", documented)) == shown_settings.NAMES


def test_the_last_lines_of_the_log_are_kept_without_what_people_handed_in():
    kept = recent.Recent()
    log = logging.Logger("core.made_up")
    log.addHandler(kept)
    for number in range(recent.MOST + 5):
        log.warning("line %d", number)
    log.info("nothing that matters")
    try:
        json.loads("{Ann's mole.jpg")
    except ValueError:
        log.error("Not read", exc_info=sys.exc_info())
    lines = kept.lines()
    assert len(lines) == recent.MOST
    assert lines[0]["error"]["type"] == "JSONDecodeError"
    assert lines[1]["message"] == f"line {recent.MOST + 4}"
    table = words.log_table(lines).html()
    assert "✖ Error" in table
    assert "json/decoder.py" in table
    assert "mole" not in table + json.dumps(lines)


def test_the_version_is_that_of_the_project_and_the_code_is_known_by_its_digest(tmp_path):
    assert f'version = "{VERSION}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("app.py", "serve.py", "core/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    (tmp_path / "pages").mkdir()
    before = build.digest(tmp_path)
    (tmp_path / "core" / "note.txt").write_text("no code")
    assert build.digest(tmp_path) == before
    (tmp_path / "core" / "a.py").write_text("x = 2")
    assert build.digest(tmp_path) != before
    assert "streamlit" in build.build().packages


def test_the_state_of_the_database(tmp_path):
    def refused() -> Database:
        raise StudyError("It cannot be opened.")

    assert database_state(refused) == DatabaseState(problem="It cannot be opened.")
    file = tmp_path / "studies.sqlite3"
    database = open_database(f"sqlite:///{file}")
    try:
        found = database_state(lambda: database)
        assert (found.kind, found.name, found.problem) == ("SQLite", str(file), "")
        assert found.size_bytes >= file.stat().st_size
    finally:
        database.close()
    memory = memory_database()
    assert database_state(lambda: memory).size_bytes is None
    memory.close()


def test_a_database_that_went_away_gets_a_sentence(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'studies.sqlite3'}")
    database.close()
    for file in tmp_path.iterdir():
        file.unlink()
    tmp_path.joinpath("studies.sqlite3").mkdir()
    found = database_state(lambda: database)
    assert "does not answer" in found.problem
    database.close()
