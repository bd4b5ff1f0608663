"""ONNX Runtime for browsers: one pinned npm package, of which four files are kept. Standard library alone.

``python -m core.browser.runtime`` fetches it; set-up does so too. It is not committed: the package is
33 MB, what is kept of it 8 MB.
"""

import base64
import gzip
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.errors import UserFacingError
from core.i18n import _

STATIC: Final = Path(__file__).resolve().parents[2] / "static"
VERSION: Final = "1.30.0"
REGISTRY_VARIABLE: Final = "npm_config_registry"
_REGISTRY: Final = "https://registry.npmjs.org"
INTEGRITY: Final = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
_PATIENCE_S: Final = 60

# By what they run on: the module, and the WebAssembly that it opens, with the SHA-256 of each. Graphics
# processors get the build that needs JavaScript promise integration: it is 10 MB smaller than the one that
# does without, and a browser that lacks that has SIMD.
MODULES: Final = {
    "wasm": "ort.wasm.bundle.min.mjs",
    "webgpu": "ort.jspi.bundle.min.mjs",
}
BINARIES: Final = {
    "wasm": "ort-wasm-simd-threaded.wasm",
    "webgpu": "ort-wasm-simd-threaded.jspi.wasm",
}
SHA256: Final = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.jspi.bundle.min.mjs": "07ec090355e11b342c95436db54da2d0c2bd5b1d319745bfd3337e6bdcf170ac",
    "ort-wasm-simd-threaded.jspi.wasm": "a54c76f86b0f0d9572380cf1c6292a7b3903716ffcbcd6b0e5c7050bf430eb93",
}


class RuntimeMissingError(UserFacingError):
    """ONNX Runtime for browsers cannot be had; ``message`` says why and what to do."""


def kept_as(name: str) -> str:
    """The name under which a file of the package is kept: WebAssembly shrinks to a quarter when packed."""
    return f"{name}.gz" if name.endswith(".wasm") else name


def folder(static: Path = STATIC) -> Path:
    """Where the pinned version is kept."""
    return static / "runtime" / VERSION


def address(environment: Mapping[str, str] = os.environ) -> str:
    """Where the package is fetched from: npm's registry, or the one that npm's own variable names."""
    registry = environment.get(REGISTRY_VARIABLE) or _REGISTRY
    return f"{registry.rstrip('/')}/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"


def present(static: Path = STATIC) -> bool:
    """Whether all files are there; ``sound`` looks inside them too."""
    return all((folder(static) / kept_as(name)).is_file() for name in SHA256)


def sound(static: Path = STATIC) -> bool:
    """Whether all files are there and are what the package holds."""
    for name, wanted in SHA256.items():
        try:
            data = (folder(static) / kept_as(name)).read_bytes()
            data = gzip.decompress(data) if name.endswith(".wasm") else data
        except (OSError, EOFError, ValueError):
            return False
        if hashlib.sha256(data).hexdigest() != wanted:
            return False
    return True


def fetch(static: Path = STATIC, source: str | None = None, integrity: str = INTEGRITY) -> bool:
    """Fetch the package where it is not there yet and keep what is needed; whether anything had to be done.

    Args:
        static: the folder that the app serves files from.
        source: address of the package; ``address()`` when None.
        integrity: its checksum as npm writes it.

    Raises:
        RuntimeMissingError: it cannot be fetched, is not the package that was pinned, or cannot be kept.
    """
    if sound(static):
        return False
    target = folder(static)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as place:
            package = Path(place) / "package.tgz"
            _download(source or address(), package, integrity)
            made = Path(place) / "made"
            made.mkdir()
            _unpack(package, made)
            # The newcomer takes its place in one step; what was there was not sound.
            shutil.rmtree(target, ignore_errors=True)
            made.rename(target)
    except OSError as error:
        message = _(
            "ONNX Runtime for browsers cannot be kept in {folder} ({reason}). Make room there, or let it be "
            "written to."
        )
        raise RuntimeMissingError(message.format(folder=target, reason=error.strerror or error)) from error
    return True


def _download(source: str, package: Path, integrity: str) -> None:
    digest = hashlib.sha512()
    try:
        with urllib.request.urlopen(source, timeout=_PATIENCE_S) as answer, package.open("wb") as file:  # noqa: S310, what comes is held to its digest
            while data := answer.read(1 << 20):
                digest.update(data)
                file.write(data)
    # An address that is none is a ValueError, a broken answer an HTTPException (neither is an OSError).
    except Exception as error:
        message = _(
            "ONNX Runtime for browsers could not be downloaded from {source} ({reason}). Check the "
            "connection, then run: python -m core.browser.runtime"
        )
        reason = getattr(error, "reason", None) or error
        raise RuntimeMissingError(message.format(source=source, reason=reason)) from error
    if "sha512-" + base64.b64encode(digest.digest()).decode() != integrity:
        message = _(
            "What came from {source} is not the ONNX Runtime that Retake was tested with (its checksum is "
            "another), and was thrown away. Something between here and there may have changed it."
        )
        raise RuntimeMissingError(message.format(source=source))


def _unpack(package: Path, made: Path) -> None:
    """Keep the wanted files and nothing else; a name in the package never becomes a path here."""
    with tarfile.open(package) as archive:
        for name in SHA256:
            inside = archive.extractfile(f"package/dist/{name}")
            if inside is None:
                raise OSError(f"{name} is no file in the package")
            data = inside.read()
            if name.endswith(".wasm"):
                data = gzip.compress(data, 9, mtime=0)
            (made / kept_as(name)).write_bytes(data)


def main() -> int:
    """Fetch it and say so; 1 with a sentence where that fails."""
    try:
        done = fetch()
    except RuntimeMissingError as error:
        print(error.message, file=sys.stderr)
        return 1
    sentence = (
        _("ONNX Runtime {version} for browsers was fetched.")
        if done
        else _("ONNX Runtime {version} for browsers is there.")
    )
    print(sentence.format(version=VERSION))
    return 0


if __name__ == "__main__":
    sys.exit(main())
