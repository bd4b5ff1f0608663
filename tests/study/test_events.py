import ast
import errno
import itertools
import json
import re
import shutil
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.study.events import EVENT_NAMES, EventLog

ROW = [
    "schema_version",
    "event_id",
    "session_id",
    "participant_id",
    "study_id",
    "variant",
    "seq",
    "ts",
    "t_ms",
    "page",
    "task_id",
    "attempt",
    "event",
    "source",
    "properties",
]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log(clock):
    numbers = itertools.count(1)
    moment = datetime(2026, 11, 20, 19, 30, 0, 123456, tzinfo=UTC)
    return EventLog(clock, lambda: moment, lambda: f"id{next(numbers)}", variant="balanced")


def recorded(code, suffix):
    """The event names that a source file hands to what records them; reading one records nothing."""
    if suffix == ".js":
        return set(re.findall(r'\brecord\(\s*"(\w+)"', code))
    return {
        part.value
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args
        if call.func.attr in ("add", "record", "_add", "_end_task")
        for part in ast.walk(call.args[0])
        if isinstance(part, ast.Constant)
    }


def test_every_event_is_recorded_somewhere():
    """A name that nothing records promises researchers what they will not find."""
    root = Path(__file__).parents[2]
    files = {*root.glob("core/**/*.py"), *root.glob("core/**/*.js")} - {root / "core/study/behaviour.py"}
    names = set[str]()
    for file in files:
        code = file.read_text(encoding="utf-8")
        if any(f'"{name}"' in code for name in EVENT_NAMES):
            names |= recorded(code, file.suffix)
    assert set(EVENT_NAMES) - names == set()


def test_a_row_has_every_column_in_order(log, clock):
    clock.now += 1.2345
    log.add("camera_started", page="practise", source="live", attempt=2, properties={"width": 640})
    row = json.loads(log.to_jsonl())
    assert list(row) == ROW
    assert row == {
        "schema_version": 1,
        "event_id": "id2",
        "session_id": "id1",
        "participant_id": None,
        "study_id": None,
        "variant": "balanced",
        "seq": 0,
        "ts": "2026-11-20T19:30:00.123Z",
        "t_ms": 1234.5,
        "page": "practise",
        "task_id": None,
        "attempt": 2,
        "event": "camera_started",
        "source": "live",
        "properties": {"width": 640},
    }


def test_another_variant_stands_on_the_rows_that_follow(log):
    log.add("session_started")
    log.use_variant("mine@2-draft")
    log.add("note_added")
    assert [event.variant for event in log.events] == ["balanced", "mine@2-draft"]


def test_the_time_of_day_is_written_in_utc(clock):
    zone = timezone(timedelta(hours=5, minutes=30))
    log = EventLog(clock, lambda: datetime(2026, 1, 2, 3, 0, tzinfo=zone), lambda: "x")
    assert log.add("session_started").ts == "2026-01-01T21:30:00.000Z"


def test_rows_are_numbered_and_one_a_line(log):
    for _turn in range(3):
        log.add("capture_attempted")
    rows = [json.loads(line) for line in log.to_jsonl().splitlines()]
    assert [row["seq"] for row in rows] == [0, 1, 2]
    assert len({row["event_id"] for row in rows}) == 3
    assert len({row["session_id"] for row in rows}) == 1


def test_every_event_name_of_the_study_is_known(log):
    for name in EVENT_NAMES:
        log.add(name)
    assert {"session_started", "gate_overridden", "gradcam_toggled", "note_added"} <= set(EVENT_NAMES)


@pytest.mark.parametrize("wrong", [{"event": "made_up"}, {"event": "note_added", "source": "fax"}])
def test_what_the_schema_does_not_know_is_refused(log, wrong):
    with pytest.raises(ValidationError):
        log.add(**wrong)
    assert log.events == ()


def test_an_event_cannot_be_changed(log):
    event = log.add("session_started")
    with pytest.raises(ValidationError):
        event.seq = 9


def test_nothing_is_on_disk_without_consent(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log.add("session_started")
    assert log.file is None
    assert list(tmp_path.rglob("*")) == []


def test_with_consent_everything_so_far_and_to_come_is_written_at_once(log, tmp_path):
    log.add("session_started")
    file = log.keep_in(tmp_path / "sessions")
    log.add("consent_given")
    assert log.keep_in(tmp_path / "elsewhere") == file
    assert file.read_text("utf-8") == log.to_jsonl()
    assert len(log.events) == 2


def test_withdrawn_consent_removes_the_file_and_goes_on_in_memory(log, tmp_path):
    log.add("session_started")
    file = log.keep_in(tmp_path)
    log.forget_file()
    log.add("consent_withdrawn")
    assert not file.exists()
    assert [event.event for event in log.events] == ["session_started", "consent_withdrawn"]


def test_a_folder_that_cannot_be_written_leaves_the_log_in_memory(log, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    with pytest.raises(OSError, match=r"file"):
        log.keep_in(in_the_way)
    log.add("session_started")
    assert log.file is None
    assert len(log.events) == 1


def test_threads_may_add_at_once(log):
    def add():
        for _turn in range(50):
            log.add("frame_assessed")

    threads = [threading.Thread(target=add) for _turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in log.events] == list(range(200))


def test_what_waited_elsewhere_keeps_its_own_time_and_name(clock):
    log = EventLog(clock, now=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    clock.now += 10
    row = log.add("prompt_shown", ago_ms=2500, event_id="its-own")
    assert (row.event_id, row.t_ms, row.ts) == ("its-own", 7500, "2026-03-01T11:59:57.500Z")
    assert log.add("prompt_shown", ago_ms=60_000).t_ms == 0, "before this session"


class Disk:
    """A disk with so many bytes free: what is written over that is cut off, and refused."""

    free = 1_000_000

    def __init__(self, monkeypatch):
        open_file = Path.open
        monkeypatch.setattr(Path, "open", lambda path, *mode, **more: _Full(self, open_file(path, *mode)))


class _Full:
    def __init__(self, disk, stream):
        self.disk, self.stream = disk, stream
        self.tell, self.truncate = stream.tell, stream.truncate

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stream.close()

    def write(self, data):
        self.stream.write(data[: self.disk.free])
        if len(data) > self.disk.free:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_fails_nobody_and_what_it_refused_is_written_later(log, tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    log.add("session_started")
    file = log.keep_in(tmp_path)
    disk.free = 25
    log.add("camera_started")
    log.add("gate_opened")
    assert log.trouble == "unsaved"
    assert [event.event for event in log.events] == ["session_started", "camera_started", "gate_opened"]
    disk.free = 1_000_000
    log.add("gate_closed")
    assert log.trouble is None
    with open(file, encoding="utf-8") as stream:
        assert stream.read() == log.to_jsonl(), "whole rows, each once"


def test_a_folder_that_goes_away_and_comes_back_gets_everything(log, tmp_path):
    log.add("session_started")
    file = log.keep_in(tmp_path / "sessions")
    shutil.rmtree(tmp_path / "sessions")
    log.add("camera_started")
    assert log.trouble == "unsaved"
    file.parent.mkdir()
    log.add("gate_opened")
    assert (log.trouble, file.read_text("utf-8")) == (None, log.to_jsonl())


def test_consent_that_a_full_disk_refuses_leaves_no_file(log, tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    disk.free = 25
    log.add("session_started")
    with pytest.raises(OSError, match="No space"):
        log.keep_in(tmp_path)
    assert log.file is None
    log.add("camera_started")
    assert list(tmp_path.iterdir()) == [], "not even the half row that fitted"


def test_a_file_that_cannot_be_deleted_is_deleted_later(log, tmp_path, monkeypatch):
    log.add("session_started")
    file = log.keep_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        log.forget_file()
        log.add("consent_withdrawn")
        assert (log.trouble, log.file, file.exists()) == ("undeleted", None, True)
    log.add("camera_started")
    assert (log.trouble, file.exists()) == (None, False)


def _refuse(*_given, **_more):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_page_that_was_loaded_again_goes_on_in_the_log_of_its_visit(clock):
    log = EventLog(clock)
    log.add("session_started")
    log.add("capture_attempted", attempt=3)
    clock.now += 20
    page = EventLog(clock)
    page.add("session_started")
    clock.now += 1
    page.add("note_added")
    page.add("prompt_shown", visit="f" * 32, at_ms=700, attempt=9)
    log.absorb(page)
    clock.now += 1
    late = log.add("gate_opened", visit=page.session_id, at_ms=1500)
    assert late.t_ms == 21_500, "on the clock of the visit"
    assert [event.event for event in log.events] == [
        "session_started",
        "capture_attempted",
        "note_added",
        "prompt_shown",
        "gate_opened",
    ]
    assert [event.seq for event in log.events] == [0, 1, 2, 3, 4]
    assert [event.t_ms for event in log.events] == [0, 0, 21_000, 700, 21_500]
    assert [event.session_id == log.session_id for event in log.events] == [True, True, True, False, True]
    assert log.attempts == 3, "its own"
    assert log.knows(page.session_id)
    assert not log.knows("f" * 32)
