import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts.lock import (
    FILES,
    OPEN,
    LockError,
    asked_for,
    block,
    closure,
    hashes,
    index_address,
    outdated,
    pins,
)
from scripts.setup_env import ROOT, lock_of

SERVING = ("app.py", "pages", "core")
SERVING_NEVER = ("core/networks", "core/bench.py", "core/load", "core/distributed")


def requirements(name):
    return {canonicalize_name(asked.name): asked for asked in asked_for(ROOT / name)}


def locked(name):
    return pins((ROOT / lock_of(name)).read_text(encoding="utf-8"))


def make(*arguments):
    # These tests run under make themselves; what it passes on to a make below it is not for this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=kept, capture_output=True, text=True)


def imports(path, top_level_only):
    """Names of the packages that a file imports: at import time alone, or anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(tree.body) if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0]


def third_party(folders, top_level_only=False, leave_out=()):
    ours = {"core", "pages", "scripts", "app", "training"}
    found = set()
    for folder in folders:
        place = ROOT / folder
        for path in [place] if place.is_file() else place.rglob("*.py"):
            if not any(path.is_relative_to(ROOT / other) for other in leave_out):
                found.update(imports(path, top_level_only))
    return found - ours - set(sys.stdlib_module_names)


def distributions(packages):
    """The distributions that have these packages, here."""
    known = metadata.packages_distributions()
    return {package: {canonicalize_name(name) for name in known[package]} for package in packages}


def test_everything_that_is_imported_is_required():
    required = {*requirements("requirements.txt"), *requirements("requirements-ray.txt")}
    for package, names in distributions(third_party(("app.py", "pages", "core", "training"))).items():
        assert names & required, f"{package} is imported and in no requirements file"


def test_the_serving_path_imports_only_what_the_serving_set_has():
    required = set(requirements("requirements-serve.txt"))
    found = third_party(SERVING, top_level_only=True, leave_out=SERVING_NEVER)
    for package, names in distributions(found).items():
        assert names & required, f"{package} is imported by the app and not in requirements-serve.txt"


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_has_a_lower_and_an_upper_bound(name):
    for asked in requirements(name).values():
        kinds = {bound.operator for bound in asked.specifier}
        assert kinds == {">=", "<"}, str(asked)


def test_no_requirement_brings_a_second_opencv():
    assert "opencv-python" in requirements("requirements-serve.txt")
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert not {key for key in closure(asked_for(ROOT / name)) if "opencv" in key} - {"opencv-python"}


def test_every_requirements_file_has_its_lock():
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(FILES)
    assert outdated() == []


@pytest.mark.parametrize("name", FILES)
def test_a_lock_holds_all_but_torch_within_the_bounds(name):
    held = locked(name)
    for key, asked in requirements(name).items():
        if key in OPEN:
            assert key not in held
        else:
            assert Version(held[key]) in asked.specifier, key
    assert not {key for key in held if key.startswith(("nvidia", "cuda", "triton"))}


def test_locks_agree_on_versions():
    held = [pin for name in FILES for pin in locked(name).items()]
    assert len(dict(held)) == len(set(held))


# What `make lint` alone looks up with is not installed where tests run.
@pytest.mark.parametrize("name", [name for name in FILES if "audit" not in name])
def test_a_lock_knows_every_package_that_is_needed_here(name):
    assert set(closure(asked_for(ROOT / name))) <= set(locked(name))


@pytest.mark.parametrize("name", FILES)
def test_every_package_of_a_lock_has_hashes_and_nothing_else_stands_there(name):
    text = "".join((ROOT / lock_of(name)).read_text(encoding="utf-8").splitlines(keepends=True)[2:])
    package = r"[a-z0-9-]+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(f"({package})+", text)


def test_hashes_are_those_of_every_wheel_and_source_archive_of_the_version():
    names = ["a_b-1.0-py3-none-any.whl", "a_b-1.0.0.tar.gz", "a_b-1.0.1.tar.gz", "a_b-1.0.exe", "a_b-1.0.zip"]
    page = {"files": [{"filename": name, "hashes": {"sha256": name[::-1]}} for name in names]}
    assert hashes("a-b", "1.0", page) == sorted(names[index][::-1] for index in (0, 1, 4))
    assert block("a-b", "1.0", ["f", "g"]) == "a-b==1.0 \\\n    --hash=sha256:f \\\n    --hash=sha256:g\n"
    with pytest.raises(LockError, match=r"no file with SHA-256 of a-b 2\.0"):
        hashes("a-b", "2.0", page)


def test_hashes_come_from_the_index_that_pip_uses():
    assert index_address("global.find-links='/opt'\n") == "https://pypi.org/simple"
    named = "global.index-url='https://one.example/simple/'\n:env:.index-url='https://two.example/simple'\n"
    assert index_address(named) == "https://two.example/simple"


def test_a_lock_that_does_not_hold_what_is_asked_for_is_outdated(tmp_path):
    for name in FILES:
        for part in (name, lock_of(name)):
            (tmp_path / part).write_text((ROOT / part).read_text(encoding="utf-8"), encoding="utf-8")
    assert outdated(tmp_path) == []
    with (tmp_path / "requirements-audit.txt").open("a") as file:
        file.write("segno>=1,<2\n")
    assert outdated(tmp_path) == [
        "requirements-audit.lock has segno nowhere, requirements-audit.txt asks for segno<2,>=1"
    ]


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ("serve", "requirements-serve.txt"),
        ("train", "requirements.txt"),
        ("dev", "requirements-dev.txt"),
        ("audit", "requirements-audit.txt"),
        ("postgres", "requirements-postgres.txt"),
        ("ray", "requirements-ray.txt"),
    ],
)
def test_the_extras_ask_for_what_the_requirements_files_ask_for(extra, name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    listed = [*extras[extra], *(extras["serve"] if "retake[serve]" in extras[extra] else [])]
    asked = sorted(str(Requirement(line)) for line in listed if line != "retake[serve]")
    assert asked == sorted(map(str, asked_for(ROOT / name)))


def test_make_alone_lists_what_can_be_made():
    said = make().stdout
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M)
    assert {"app", "app-lite", "app-phone", "test", "lint", "clean", "help"} <= set(targets)
    for target in targets:
        assert f"make {target}" in said


def test_make_says_what_is_wrong_with_the_python_that_it_was_given(tmp_path):
    answer = make("app", "PYTHON=no-such-python")
    assert answer.returncode != 0
    assert "there is no no-such-python here" in answer.stderr

    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = make("test", f"PYTHON={old}")
    assert answer.returncode != 0
    assert "older than 3.11" in answer.stderr
    assert "make test PYTHON=" in answer.stderr


def test_app_lite_and_test_ask_for_their_own_sets(tmp_path):
    # A Python that only says how it was called, and stops before anything is installed.
    recorder = tmp_path / "python"
    recorder.write_text('#!/bin/sh\ncase "$1" in -c) exit 0 ;; esac\necho "$@"\nexit 3\n')
    recorder.chmod(0o755)
    for target, purpose in {"app": "full", "app-lite": "serve", "app-phone": "serve", "test": "test"}.items():
        answer = make(target, f"PYTHON={recorder}", f"VENV={tmp_path}/venv")
        assert answer.stdout.split() == ["scripts/setup_env.py", "--venv", f"{tmp_path}/venv", purpose]
        assert answer.returncode != 0


def test_ci_runs_make_test_and_insists_on_the_browser(tmp_path):
    recorder = tmp_path / "make"
    recorder.write_text('#!/bin/sh\necho "$@" "$RETAKE_CI" "$PWD"\n')
    recorder.chmod(0o755)
    answer = subprocess.run(
        ["bash", str(ROOT / ".ci" / "run")],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["test", "1", str(ROOT)]


def test_requirement_lines_are_read_with_their_includes(tmp_path):
    (tmp_path / "one.txt").write_text("# words\nnumpy>=2,<3  # why\n")
    (tmp_path / "two.txt").write_text("-r one.txt\ntorch>=2,<3\n")
    assert list(asked_for(tmp_path / "two.txt")) == [Requirement("numpy>=2,<3"), Requirement("torch>=2,<3")]
