"""Fetching ONNX Runtime for browsers: checked, idempotent, whole or not at all."""

import base64
import gzip
import hashlib
import io
import tarfile

import pytest

from core.browser import runtime
from core.browser.runtime import RuntimeMissingError

CONTENTS = {name: f"what {name} holds".encode() * 50 for name in runtime.SHA256}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with made-up contents, its address and its checksum."""
    monkeypatch.setattr(
        runtime, "SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in CONTENTS.items()}
    )
    path = tmp_path / "package.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in {**CONTENTS, "unwanted.js": b"x", "../../outside.js": b"x"}.items():
            entry = tarfile.TarInfo(f"package/dist/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    checksum = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return path.as_uri(), f"sha512-{checksum}"


def files(static):
    return sorted(path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file())


def test_only_the_wanted_files_are_kept_and_webassembly_packed(tmp_path, package):
    static = tmp_path / "static"
    assert not runtime.present(static)
    assert runtime.fetch(static, *package)
    assert runtime.present(static)
    assert runtime.sound(static)
    assert files(static) == sorted(
        f"runtime/{runtime.VERSION}/{runtime.kept_as(name)}" for name in runtime.SHA256
    )
    binary = runtime.BINARIES["wasm"]
    packed = (runtime.folder(static) / f"{binary}.gz").read_bytes()
    assert gzip.decompress(packed) == CONTENTS[binary]


def test_what_is_there_is_not_fetched_again(tmp_path, package):
    runtime.fetch(tmp_path, *package)
    assert runtime.fetch(tmp_path, "http://127.0.0.1:9/nowhere.tgz", "sha512-") is False


@pytest.mark.parametrize("damage", [b"", b"other contents", None])
def test_a_damaged_file_is_fetched_anew(tmp_path, package, damage):
    runtime.fetch(tmp_path, *package)
    for name in runtime.SHA256:
        victim = runtime.folder(tmp_path) / runtime.kept_as(name)
        victim.unlink() if damage is None else victim.write_bytes(damage)
        assert runtime.fetch(tmp_path, *package)
        assert runtime.sound(tmp_path)


def test_another_package_is_thrown_away_and_what_was_there_stays(tmp_path, package):
    source, _integrity = package
    static = tmp_path / "static"
    runtime.fetch(static, *package)
    (runtime.folder(static) / runtime.MODULES["wasm"]).write_text("damaged")
    before = files(static)
    with pytest.raises(RuntimeMissingError, match="its checksum is another"):
        runtime.fetch(static, source, "sha512-AAAA")
    assert files(static) == before


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/package.tgz", "file:///nowhere.tgz", "no address"])
def test_a_download_that_fails_is_one_sentence_that_says_what_to_do(tmp_path, source):
    with pytest.raises(RuntimeMissingError) as caught:
        runtime.fetch(tmp_path, source)
    assert source in caught.value.message
    assert "python -m core.browser.runtime" in caught.value.message
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, package):
    (tmp_path / "static").write_text("a file where the folder should be")
    with pytest.raises(RuntimeMissingError, match="cannot be kept"):
        runtime.fetch(tmp_path / "static", *package)


def test_the_command_says_what_it_did_and_fails_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setattr(runtime, "fetch", lambda: True)
    assert runtime.main() == 0
    assert f"{runtime.VERSION} for browsers was fetched" in capsys.readouterr().out

    def fails():
        raise RuntimeMissingError("Why and what to do.")

    monkeypatch.setattr(runtime, "fetch", fails)
    assert runtime.main() == 1
    assert capsys.readouterr() == ("", "Why and what to do.\n")


def test_npms_own_variable_names_another_registry():
    assert runtime.address({}).startswith("https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.")
    mirror = runtime.address({"npm_config_registry": "https://mirror.example/npm/"})
    assert mirror == f"https://mirror.example/npm/onnxruntime-web/-/onnxruntime-web-{runtime.VERSION}.tgz"
