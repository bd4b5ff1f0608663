"""What runs here: the version, the code as it lies in the folder, and what it stands on."""

import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from core import VERSION

_ROOT: Final = Path(__file__).resolve().parents[2]
_PARTS: Final = ("app.py", "serve.py", "core", "pages")
_KINDS: Final = frozenset({".py", ".js", ".css", ".html", ".json", ".yaml", ".po"})
_PACKAGES: Final = ("streamlit", "onnxruntime", "numpy", "opencv-python", "pillow", "sqlalchemy")


@dataclass(frozen=True)
class Build:
    """Facts of this copy.

    Attributes:
        version: Retake's own.
        code: SHA-256 over the paths and contents of its source files; the same for equal copies.
        python: its version.
        system: such as ``"Linux-6.1-x86_64"``.
        packages: versions by name; one that is not installed is left out.
    """

    version: str
    code: str
    python: str
    system: str
    packages: dict[str, str]


@cache
def build() -> Build:
    """As the process found it when first asked."""
    return Build(VERSION, digest(), platform.python_version(), platform.platform(terse=True), _installed())


def digest(root: Path = _ROOT) -> str:
    """SHA-256 over a copy's source files, as hexadecimal digits."""
    whole = hashlib.sha256()
    for part in _PARTS:
        top = root / part
        files = sorted(path for path in top.rglob("*") if path.suffix in _KINDS) if top.is_dir() else [top]
        for path in files:
            content = hashlib.sha256(path.read_bytes()).digest()
            whole.update(f"{path.relative_to(root).as_posix()}\0".encode() + content)
    return whole.hexdigest()


def _installed() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
