"""Says whether this tree can be released: ``python -m scripts.release check``. How: docs/release.md."""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scripts import lock, sbom
from scripts.setup_env import ROOT


def uncommitted(root: Path = ROOT) -> str | None:
    """A sentence where the working tree is not what is committed."""
    command = ["git", "-C", str(root), "status", "--porcelain"]
    status = subprocess.run(command, capture_output=True, text=True)
    if status.returncode:
        return "This is no git repository: a release is made from one."
    files = [line[3:] for line in status.stdout.splitlines()]
    if not files:
        return None
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"The working tree has changes that are not committed: {', '.join(files[:3])}{more}."


def misnamed(root: Path = ROOT) -> str | None:
    """A sentence where the newest entry of CHANGELOG.md is not this version's, with its date."""
    found = re.search(r"^## (.+)$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    heading, version = found[1].strip() if found else "no entry", sbom.version(root)
    if heading.partition(" ")[0] != version:
        return f"CHANGELOG.md begins with {heading}, and pyproject.toml has version {version}."
    if not re.fullmatch(r"\S+ \(\d{4}-\d{2}-\d{2}\)", heading):
        return f"CHANGELOG.md has {heading}: a release's entry has its date, ## {version} (YYYY-MM-DD)."
    return None


def stale(root: Path = ROOT) -> str | None:
    """A sentence where a lock file is not what its requirements file asks for."""
    faults = lock.outdated(root)
    return f"The lock files are stale, run make lock: {'; '.join(faults)}." if faults else None


def unlisted(root: Path = ROOT, build: Callable[[Path], Any] = sbom.build) -> str | None:
    """A sentence where the bill of materials cannot be built."""
    try:
        build(root)
    except (sbom.SbomError, OSError) as error:
        return f"The bill of materials cannot be built: {error}"
    return None


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Print one sentence for each reason not to release; 0 where there is none."""
    parser = argparse.ArgumentParser(description="Says whether this tree can be released.")
    parser.add_argument("command", choices=["check"])
    parser.parse_args(argv)
    faults = [fault for part in (uncommitted, misnamed, stale, unlisted) if (fault := part(root))]
    print(*(faults or [f"Ready to be released as {sbom.version(root)}."]), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
