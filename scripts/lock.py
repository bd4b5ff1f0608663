"""Writes requirements.lock: what the environment running this has of all that Retake asks for.

Run it with ``make lock`` after a change to a requirements file. torch and torchvision stay out, with all that
only they ask for, so that pip can take their newest matching pair; see docs/decisions/lock-file.md.
"""

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILES = ("requirements.txt", "requirements-dev.txt")
OPEN = frozenset({"torch", "torchvision"})
HEADER = """\
# Written by `make lock`; do not edit. Versions known to work together, used as constraints: pip install -c.
# torch and torchvision are left open on purpose: docs/decisions/lock-file.md.
"""


def asked_for(path: Path) -> Iterator[Requirement]:
    """Every requirement of a requirements file and of the files that it includes."""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line.startswith("-r "):
            yield from asked_for(path.parent / line[3:].strip())
        elif line:
            yield Requirement(line)


def closure(roots: Iterator[Requirement]) -> dict[str, str]:
    """Name to version of the roots and of all that they need here, not looking behind the open packages.

    Raises:
        metadata.PackageNotFoundError: a root or one of its needs is not installed.
    """
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(roots)
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if name in OPEN or key in seen:
            continue
        seen.add(key)
        versions[name] = metadata.version(name)
        for text in metadata.requires(name) or ():
            need = Requirement(text)
            extras = requirement.extras or {""}
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(need)
    return versions


def main() -> int:
    """Write the lock file."""
    roots = (requirement for name in FILES for requirement in asked_for(ROOT / name))
    versions = closure(roots)
    lines = "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))
    (ROOT / "requirements.lock").write_text(HEADER + lines, encoding="utf-8")
    print(f"requirements.lock: {len(versions)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
