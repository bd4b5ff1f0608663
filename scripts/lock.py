"""Writes a lock file beside every requirements file: the versions installed here, with their files' hashes.

Run it with ``make lock`` after a change to a requirements file. torch and torchvision stay out, with all that
only they ask for, so that pip can take their newest matching pair; see docs/decisions/lock-file.md. Hashes
are those that the index of pip's configuration publishes for every wheel and source archive of a version.
"""

import json
import re
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from scripts.setup_env import ROOT, lock_of

FILES = (
    "requirements-serve.txt",
    "requirements-postgres.txt",
    "requirements-ray.txt",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-audit.txt",
)
# pip is each environment's own.
OPEN = frozenset({"torch", "torchvision", "pip"})
INDEX = "https://pypi.org/simple"
JSON = "application/vnd.pypi.simple.v1+json"
HEADER = """\
# Written by `make lock`; do not edit. Versions known to work together, with the SHA-256 of all their files.
# torch and torchvision are left open on purpose: docs/decisions/lock-file.md.
"""
Fetch = Callable[[str], Any]


class LockError(Exception):
    """The lock cannot be written; the message says why."""


def asked_for(path: Path) -> Iterator[Requirement]:
    """Every requirement of a requirements file and of the files that it includes."""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line.startswith("-r "):
            yield from asked_for(path.parent / line[3:].strip())
        elif line:
            yield Requirement(line)


def needs(roots: Iterable[Requirement]) -> dict[str, set[str]]:
    """Every package that the roots need here, they themselves too, to the names of those that it needs.

    Open packages are named as needs, and not looked behind.

    Raises:
        metadata.PackageNotFoundError: a root or one of its needs is not installed.
    """
    found: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(roots)
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if name in OPEN or key in seen:
            continue
        seen.add(key)
        of = found.setdefault(name, set())
        for text in metadata.requires(name) or ():
            need = Requirement(text)
            extras = requirement.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(need)
                of.add(canonicalize_name(need.name))
    return found


def closure(roots: Iterable[Requirement]) -> dict[str, str]:
    """Name to version of the roots and of all that they need here, not looking behind the open packages.

    Raises:
        metadata.PackageNotFoundError: a root or one of its needs is not installed.
    """
    return {name: metadata.version(name) for name in needs(roots)}


def index_address(settings: str) -> str:
    """The index in what ``pip config list`` prints, or PyPI; an environment variable's comes last there."""
    named: list[str] = re.findall(r"^\S+\.index-url='([^']+)'", settings, re.M)
    return (named[-1] if named else INDEX).rstrip("/")


def fetcher() -> Fetch:
    """Reads a project's page of pip's index as JSON (PEP 691)."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    index = index_address(listed.stdout)
    # Where pip was given certificates of its own, they are needed here too.
    certificates = re.findall(r"^\S+\.cert='([^']+)'", listed.stdout, re.M)
    context = ssl.create_default_context(cafile=certificates[-1] if certificates else None)

    def fetch(name: str) -> Any:
        request = urllib.request.Request(f"{index}/{name}/", headers={"Accept": JSON})  # noqa: S310, the index of pip's configuration
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310, as above
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise LockError(f"The index did not tell the files of {name} as JSON: {error}") from error

    return fetch


def version_of(filename: str) -> Version | None:
    """The version that a file of an index holds; None for what is neither a wheel nor a source archive."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def hashes(name: str, version: str, page: Any) -> list[str]:
    """SHA-256 of every wheel and source archive of a version, in order.

    Args:
        name: the project, for the message alone.
        version: as installed.
        page: the project's page of the index, after PEP 691.

    Raises:
        LockError: the index has no file of this version, or one without SHA-256.
    """
    wanted = Version(version)
    files = [file for file in page["files"] if version_of(file["filename"]) == wanted]
    found = sorted({file["hashes"].get("sha256", "") for file in files})
    if not found or not found[0]:
        raise LockError(f"The index has no file with SHA-256 of {name} {version}.")
    return found


def block(name: str, version: str, digests: Sequence[str]) -> str:
    """The lines of one package in a lock file, as pip reads them."""
    return " \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{digest}" for digest in digests)]) + "\n"


def pins(lock: str) -> dict[str, str]:
    """Name to version of what the text of a lock file holds."""
    return dict(re.findall(r"^([^\s#=]+)==(\S+)", lock, re.M))


def outdated(root: Path = ROOT) -> list[str]:
    """What lock files do not hold as the requirements files ask for it; empty when they are up to date.

    Goes by the files alone, whatever is installed: a direct requirement that is missing or out of its bounds.
    """
    faults = []
    for name in FILES:
        lock = lock_of(name)
        held = pins((root / lock).read_text(encoding="utf-8")) if (root / lock).is_file() else {}
        for requirement in asked_for(root / name):
            key = canonicalize_name(requirement.name)
            if key not in OPEN and (key not in held or held[key] not in requirement.specifier):
                faults.append(f"{lock} has {key} {held.get(key, 'nowhere')}, {name} asks for {requirement}")
    return faults


def main() -> int:
    """Write the lock files; 0, or 1 with a sentence when the index cannot tell the hashes."""
    try:
        fetch = fetcher()
        blocks: dict[str, str] = {}
        for name in FILES:
            versions = closure(asked_for(ROOT / name))
            for key in sorted(set(versions) - set(blocks)):
                blocks[key] = block(key, versions[key], hashes(key, versions[key], fetch(key)))
            text = HEADER + "".join(blocks[key] for key in sorted(versions))
            (ROOT / lock_of(name)).write_text(text, encoding="utf-8")
            print(f"{lock_of(name)}: {len(versions)} packages")
    except LockError as error:
        print(error, file=sys.stderr)
        return 1
    except metadata.PackageNotFoundError as error:
        print(f"{error.name} is not installed here: run this as `make lock`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
