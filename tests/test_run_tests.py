import os
import subprocess
import sys

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
    assert {third}
"""


def run(tmp_path, third, *arguments):
    """Both phases over made-up tests, each in one process."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n", encoding="utf-8")
    (tmp_path / "test_made_up.py").write_text(TESTS.format(third=third), encoding="utf-8")
    alone = [str(tmp_path), "-n0", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.run_tests", *alone],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout.strip().splitlines()[-1]


def test_both_phases_run_and_one_total_ends_it(tmp_path):
    status, last = run(tmp_path, "True")
    assert status == 0
    assert last.startswith("All phases: 3 passed in ")
    status, last = run(tmp_path, "False")
    assert status == 1
    assert last.startswith("All phases: 1 failed, 2 passed in ")
    assert last.endswith("FAILED")


def test_what_is_chosen_may_be_in_one_phase_alone(tmp_path):
    status, last = run(tmp_path, "False", "-k", "one")
    assert (status, last.partition(" in ")[0]) == (0, "All phases: 1 passed")
    status, last = run(tmp_path, "False", "-k", "nothing")
    assert (status, last.partition(" in ")[0]) == (NO_TESTS, "All phases: no tests")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [((0, 0), 0), ((1, 0), 1), ((0, 1), 1), ((0, NO_TESTS), 0), ((NO_TESTS, 2), 2), ((NO_TESTS,) * 2, 5)],
)
def test_a_failure_in_either_phase_is_one(statuses, expected):
    assert verdict(statuses) == expected


def test_marks_that_are_given_hold_beside_those_of_the_phase():
    rest = command(PHASES[0], ["tests/pages", "-m", "slow or quick", "-x"])
    assert rest[rest.index("-m", 3) + 1] == "(slow or quick) and not browser"
    assert rest[-2:] == ["tests/pages", "-x"]
