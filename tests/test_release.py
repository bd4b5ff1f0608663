"""A release: its bill of materials, what is looked up beforehand, and what stops it."""

import hashlib
import json
import shutil
import subprocess

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from core.browser.runtime import SHA256, VERSION
from core.runtime.manifest import load_manifest
from scripts import audit, release, sbom
from scripts.lock import FILES, pins
from scripts.setup_env import ROOT, lock_of


@pytest.fixture(scope="module")
def bill():
    return sbom.build()


def components(bill, kind):
    return {part["name"]: part for part in bill["components"] if part["type"] == kind}


def test_the_bill_of_materials_follows_the_schema_of_cyclonedx(bill):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_the_bill_lists_every_locked_package_with_the_hashes_of_its_files(bill):
    listed = components(bill, "library")
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    held = pins(text)
    assert set(listed) == {*held, "torch", "torchvision", "onnxruntime-web"}
    assert {name: listed[name]["version"] for name in held} == held
    hashes = [
        digest["content"]
        for name in held
        for reference in listed[name]["externalReferences"]
        for digest in reference["hashes"]
    ]
    assert len(hashes) == text.count("--hash=sha256:")
    assert "version" not in listed["torch"]
    serving = pins((ROOT / "requirements-serve.lock").read_text(encoding="utf-8"))
    assert {name for name in held if listed[name]["scope"] == "required"} == set(serving)


def test_the_bill_lists_what_browsers_are_handed_and_every_network(bill):
    browser = components(bill, "library")["onnxruntime-web"]
    assert browser["version"] == VERSION
    assert {file["name"]: file["hashes"][0]["content"] for file in browser["components"]} == SHA256
    models = components(bill, "machine-learning-model")
    networks = {name: part["hashes"][0]["content"] for name, part in models.items()}
    shipped = {name: entry.sha256 for name, entry in load_manifest().networks.items()}
    classical = hashlib.sha256((ROOT / "weights" / "classical.npz").read_bytes()).hexdigest()
    assert networks == {**shipped, "classical": classical}


def test_the_same_tree_has_the_same_bill(bill, tmp_path):
    assert sbom.main([str(tmp_path / "new" / "bill.json")]) == 0
    assert json.loads((tmp_path / "new" / "bill.json").read_text()) == bill


def test_a_network_that_is_not_the_manifests_is_not_listed(tmp_path):
    for path in (ROOT / "weights").glob("*.*"):
        if path.suffix in (".onnx", ".npz", ".json", ".yaml"):
            shutil.copy(path, tmp_path)
    (tmp_path / "lesion.onnx").write_bytes(b"another")
    with pytest.raises(sbom.SbomError, match=r"lesion\.onnx is not the file that the manifest names"):
        list(sbom.networks(tmp_path))


@pytest.fixture
def locks(tmp_path):
    """A folder with the requirements and lock files."""
    for name in FILES:
        for part in (name, lock_of(name)):
            shutil.copy(ROOT / part, tmp_path)
    return tmp_path


def test_a_lock_with_a_version_that_is_not_installed_makes_no_bill(locks):
    lock = locks / "requirements.lock"
    lock.write_text(lock.read_text().replace("\nsegno==", "\nsegno==99"))
    with pytest.raises(sbom.SbomError, match=r"requirements\.lock has segno 99"):
        sbom.packages(locks)


def test_a_lock_with_what_nothing_asks_for_makes_no_bill(locks):
    with (locks / "requirements.lock").open("a") as file:
        file.write("pytest-timeout==2.4.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(sbom.SbomError, match=r"has pytest-timeout 2\.4\.0, and here it is not needed"):
        sbom.packages(locks)


def test_the_newest_entry_of_the_changelog_is_this_versions():
    assert "begins with" not in (release.misnamed() or "")


@pytest.mark.parametrize(
    ("heading", "fault"),
    [
        ("## 1.2.0 (2026-12-01)", None),
        (
            "## 1.1.0 (2026-12-01)",
            "CHANGELOG.md begins with 1.1.0 (2026-12-01), and pyproject.toml has version 1",
        ),
        ("## 1.2.0 (in progress)", "CHANGELOG.md has 1.2.0 (in progress): a release's entry has its date"),
        ("# Changes", "CHANGELOG.md begins with no entry"),
    ],
)
def test_a_release_has_an_entry_with_its_date(tmp_path, heading, fault):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changes\n\n{heading}\n\n## 1.0.0 (2026-11-01)\n")
    if heading == "# Changes":
        (tmp_path / "CHANGELOG.md").write_text("# Changes\n")
    found = release.misnamed(tmp_path)
    assert found is None if fault is None else found.startswith(fault)


def test_a_tree_with_changes_is_not_released(tmp_path):
    assert release.uncommitted(tmp_path) == "This is no git repository: a release is made from one."
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert release.uncommitted(tmp_path) is None
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).touch()
    assert release.uncommitted(tmp_path) == (
        "The working tree has changes that are not committed: a, b, c and 1 more."
    )


def test_stale_locks_are_not_released(locks):
    assert release.stale(locks) is None
    with (locks / "requirements-serve.txt").open("a") as file:
        file.write("hypothesis>=6,<7\n")
    found = release.stale(locks)
    assert "requirements-serve.lock has hypothesis nowhere" in found
    assert found.startswith("The lock files are stale, run make lock: ")


def test_without_a_bill_of_materials_nothing_is_released(tmp_path):
    def fails(_root):
        raise sbom.SbomError("weights/x.onnx cannot be read")

    found = release.unlisted(tmp_path, fails)
    assert found == "The bill of materials cannot be built: weights/x.onnx cannot be read"
    assert release.unlisted(tmp_path, lambda _root: {}) is None


def test_every_reason_is_printed_and_none_means_ready(monkeypatch, capsys):
    for name in ("uncommitted", "misnamed", "stale", "unlisted"):
        monkeypatch.setattr(release, name, lambda _root: None)
    assert release.main(["check"]) == 0
    assert capsys.readouterr().out == f"Ready to be released as {sbom.version()}.\n"
    monkeypatch.setattr(release, "stale", lambda _root: "One.")
    monkeypatch.setattr(release, "unlisted", lambda _root: "Two.")
    assert release.main(["check"]) == 1
    assert capsys.readouterr().out == "One.\nTwo.\n"


SOUND = {"name": "one", "version": "1", "vulns": []}
FAULTY = {"name": "two", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "three", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ([SOUND], 0, ["1 packages looked up, 0 with known vulnerabilities."]),
        (
            [SOUND, FAULTY],
            1,
            ["two 2: PYSEC-1, fixed in 3", "2 packages looked up, 1 with known vulnerabilities."],
        ),
        (
            [SOUND, UNKNOWN],
            0,
            [
                "NOT AUDITED: the vulnerability service does not know three.",
                "1 packages looked up, 0 with known vulnerabilities.",
            ],
        ),
        ([UNKNOWN], 0, [audit.NOT_REACHED, "  of the first: not found"]),
        ([], 0, [audit.NOT_REACHED]),
    ],
)
def test_a_finding_fails_and_a_service_out_of_reach_says_so(answers, status, said):
    assert audit.judge(json.dumps({"dependencies": answers, "fixes": []})) == (status, said)


def test_an_audit_that_broke_off_looked_nothing_up():
    assert audit.judge("") == (0, [audit.NOT_REACHED])


def test_what_the_lock_leaves_open_is_looked_up_as_installed():
    lines = audit.open_versions().splitlines()
    assert {line.partition("==")[0] for line in lines} == {"pip", "torch", "torchvision"}
    assert not [line for line in lines if "+" in line]
