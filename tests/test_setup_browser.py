import os
import subprocess
import sys

import pytest

from scripts.setup_env import ROOT

# One browser test, and one that needs no browser.
CHOSEN = (
    "tests/browser/test_browser_practise.py",
    "tests/test_setup_phone.py",
    "-k",
    "no_camera or only_addresses",
)


def run_without_a_browser(*options, **more):
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "RETAKE_CI")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, *CHOSEN],
        cwd=ROOT,
        env={**kept, "RETAKE_CHROMIUM": "/nowhere/chromium", **more},
        capture_output=True,
        text=True,
    )


def test_without_another_engine_its_tests_are_left_out_and_the_end_of_the_run_says_so(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "RETAKE_CI")}
    chosen = (
        "tests/engines",
        "tests/test_setup_phone.py",
        "-k",
        "screen_reader or only_addresses",
        "-n",
        "2",
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *chosen],
        cwd=ROOT,
        env=kept | {"PATH": str(tmp_path)},  # nothing is there
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert "NOT EVERYTHING WAS TESTED" in run.stdout
    assert "1 tests in firefox were left out: there is no Firefox here" in run.stdout
    assert "1 tests in webkit were left out" in run.stdout
    assert "1 passed" in run.stdout.splitlines()[-1]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "workers"])
def test_without_a_browser_its_tests_are_left_out_and_the_end_of_the_run_says_so(options):
    run = run_without_a_browser(*options)
    assert run.returncode == 0, run.stdout
    assert "NOT EVERYTHING WAS TESTED" in run.stdout
    assert "1 browser tests were left out" in run.stdout
    assert "apt-get install chromium" in run.stdout
    assert "1 passed" in run.stdout.splitlines()[-1]


def test_in_an_automatic_run_a_missing_browser_is_a_failure():
    run = run_without_a_browser(RETAKE_CI="1")
    assert run.returncode == 1, run.stdout
    assert "There is no Chromium here" in run.stdout
    assert "NOT EVERYTHING WAS TESTED" not in run.stdout
