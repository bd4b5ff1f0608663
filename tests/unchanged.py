"""Leaves the tests of training out where nothing that they depend on has changed since they passed here.

They take long, and most changes are elsewhere. Automatic runs, and runs of chosen tests, leave nothing out.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from scripts.run_tests import PHASES
from scripts.setup_env import strict
from tests.at_the_end import remarks
from tests.import_graph import FILES, ROOT, imported, named_in

TESTS = "tests/training/"
_CACHE_KEY = "retake/training_tests_passed"
_FINGERPRINT = pytest.StashKey[str]()
# Beside the code: what training reads, and which libraries it runs on.
_READ = (
    "training/**/*.json",
    "training/**/*.jinja",
    "weights/**/*.*",
    "requirements*",
    "tests/conftest.py",
    "tests/shallow.py",
)
_CHOSEN = ("", "not browser", PHASES[0].marks)


def concerned() -> set[Path]:
    """Every file that decides how the tests of training end."""
    tests = set((ROOT / TESTS).glob("*.py"))
    waiting = [name for name in FILES if name.split(".")[0] == "training"]
    waiting += [
        name
        for path in tests
        for name in named_in(path.read_text(encoding="utf-8"), path.name)
        if name in FILES
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            # The command line imports every command, each with what it needs.
            waiting += [other for other in imported(name) if other in FILES and name != "core.__main__"]
    return tests | {FILES[name] for name in found} | {path for glob in _READ for path in ROOT.glob(glob)}


def fingerprint(paths: Iterable[Path]) -> str:
    """A hash of files: of their names and contents."""
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(f"{path}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return hashed.hexdigest()


def everything(config: pytest.Config) -> bool:
    """Whether this run is one of all tests but those of the browser: nobody chose among them."""
    option = config.option
    return not option.file_or_dir and not option.keyword and option.markexpr in _CHOSEN


def pytest_configure(config):
    if not strict() and everything(config):
        config.stash[_FINGERPRINT] = fingerprint(concerned())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    now = config.stash.get(_FINGERPRINT, None)
    if now is None or config.cache.get(_CACHE_KEY, None) != now:
        return
    left_out = [item for item in items if item.nodeid.startswith(TESTS)]
    items[:] = [item for item in items if not item.nodeid.startswith(TESTS)]
    config.hook.pytest_deselected(items=left_out)
    remarks(config).unchanged = len(left_out)


def remember(config, exitstatus):
    """At the end of a run in which all passed: what they passed with."""
    now = config.stash.get(_FINGERPRINT, None)
    if now is not None and exitstatus == 0 and not hasattr(config, "workerinput"):
        config.cache.set(_CACHE_KEY, now)
