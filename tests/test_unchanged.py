"""Tests of training are left out only where nothing that they depend on has changed."""

from types import SimpleNamespace

import pytest

from scripts.run_tests import PHASES
from tests import unchanged
from tests.import_graph import ROOT


@pytest.fixture
def run(pytestconfig, monkeypatch):
    """A run of all tests, in a process whose cache is a dictionary: ``run(**options)``."""
    kept = {}
    monkeypatch.setattr(unchanged, "strict", lambda: False)

    class Cache:
        get = staticmethod(lambda key, default: kept.get(key, default))
        set = staticmethod(kept.__setitem__)

    def start(exitstatus=0, **options):
        chosen = {"file_or_dir": [], "keyword": "", "markexpr": PHASES[0].marks} | options
        gone = []
        config = SimpleNamespace(
            option=SimpleNamespace(**chosen),
            stash=pytest.Stash(),
            cache=Cache(),
            hook=SimpleNamespace(pytest_deselected=lambda items: gone.extend(items)),
        )
        items = [
            SimpleNamespace(nodeid=f"{folder}test_x.py::test_y") for folder in (unchanged.TESTS, "tests/")
        ]
        unchanged.pytest_configure(config)
        unchanged.pytest_collection_modifyitems(config, items)
        unchanged.remember(config, exitstatus)
        return [item.nodeid for item in gone]

    return start


def test_what_passed_is_left_out_until_something_changes(run, monkeypatch):
    assert not run(), "never run here"
    assert run() == ["tests/training/test_x.py::test_y"]
    monkeypatch.setattr(unchanged, "fingerprint", lambda paths: "another")
    assert not run(exitstatus=1)
    assert not run(), "the run before failed"
    assert run()


@pytest.mark.parametrize("chosen", [{"file_or_dir": ["tests"]}, {"keyword": "train"}, {"markexpr": "webrtc"}])
def test_a_run_of_chosen_tests_leaves_nothing_out_and_counts_for_nothing(run, chosen):
    run(**chosen)
    assert not run()
    assert not run(**chosen)


def test_an_automatic_run_leaves_nothing_out(run, monkeypatch):
    run()
    monkeypatch.setattr(unchanged, "strict", lambda: True)
    assert not run()


def test_code_that_training_imports_counts_and_other_code_does_not():
    found = {path.relative_to(ROOT).as_posix() for path in unchanged.concerned()}
    assert {"training/cli.py", "core/networks/imageqx.py", "core/synthetic/degrade.py"} <= found
    assert {"weights/manifest.json", "requirements.lock", "tests/training/test_train_cli.py"} <= found
    assert not [path for path in found if path.startswith(("pages/", "core/ui/"))]


def test_a_fingerprint_is_that_of_names_and_contents(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("a")
    first = unchanged.fingerprint([one])
    one.write_text("b")
    second = unchanged.fingerprint([one])
    other.write_text("b")
    assert len({first, second, unchanged.fingerprint([other])}) == 3
