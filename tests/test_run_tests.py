import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_tests import NO_TESTS, PHASES, command, verdict
from scripts.setup_env import ROOT

TESTS = """
import pytest

def test_one():
    pass

def test_two():
    pass

@pytest.mark.browser
def test_three():
    pass

@pytest.mark.browser
@pytest.mark.webrtc
def test_four():
    assert {fourth}
"""


def run(tmp_path, fourth, *arguments):
    """All phases over made-up tests, each in one process."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n browser\n engines\n webrtc\n", encoding="utf-8"
    )
    (tmp_path / "test_made_up.py").write_text(TESTS.format(fourth=fourth), encoding="utf-8")
    alone = [str(tmp_path), "-n0", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.run_tests", *alone],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout.strip().splitlines()[-1]


def test_a_failure_in_the_last_phase_is_one_and_one_total_ends_it(tmp_path):
    status, last = run(tmp_path, "False")
    assert status == 1
    assert last.startswith("All phases: 1 failed, 3 passed in ")
    assert last.endswith("FAILED")
    # Compiled once, for all phases and whatever their tests start.
    assert list((tmp_path / "__pycache__").glob("test_made_up*.pyc"))


def test_what_is_chosen_may_be_in_one_phase_alone(tmp_path):
    status, last = run(tmp_path, "False", "-k", "one")
    assert (status, last.partition(" in ")[0]) == (0, "All phases: 1 passed")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((0, NO_TESTS), 0), ((NO_TESTS, 2), 2), ((NO_TESTS,) * 2, 5)],
)
def test_a_failure_in_either_phase_is_one(statuses, expected):
    assert verdict(statuses) == expected


def test_marks_that_are_given_hold_beside_those_of_the_phase():
    rest = command(PHASES[0], ["tests/pages", "-m", "slow or quick", "-x"])
    assert rest[rest.index("-m", 3) + 1] == "(slow or quick) and not browser and not engines"
    assert rest[-2:] == ["tests/pages", "-x"]


def test_browser_phases_collect_their_folder_unless_told_what_to_run():
    folders = ["tests/browser"] * 2
    assert [command(phase, ["-x"])[-1] for phase in PHASES] == ["-x", *folders]
    for told in ("tests/pages", "tests/test_photo.py::test_one"):
        assert [command(phase, [told])[-1] for phase in PHASES] == [told] * 3


def test_every_test_that_a_browser_phase_chooses_is_in_its_folder():
    texts = {path: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    del texts[Path(__file__)]
    for mark in ("browser", "engines"):
        assert {path.parent.name for path, text in texts.items() if f"mark.{mark}" in text} == {mark}


def test_what_sends_video_to_the_server_runs_alone():
    for path in (ROOT / "tests" / "browser").glob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        assert ("start_camera" in text) <= ("pytest.mark.webrtc" in text), path.name
