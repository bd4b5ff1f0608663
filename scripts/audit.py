"""Looks all locked versions, and the torch that is installed, up among known vulnerabilities, with pip-audit.

::

    python -m scripts.audit         PyPI's service; 1 where something is found, 0 otherwise

A service that cannot be reached is no finding: one line says that nothing was looked up, and work goes on.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from scripts.lock import FILES, OPEN
from scripts.setup_env import ROOT, locked_versions

NOT_REACHED = "NOT AUDITED: the vulnerability service cannot be reached from here; nothing was looked up."


def open_versions() -> str:
    """What the lock leaves open, as it is installed, without the tag of a build; as pip reads it."""
    installed = {name: metadata.version(name).partition("+")[0] for name in sorted(OPEN)}
    return "".join(f"{name}=={version}\n" for name, version in installed.items())


def judge(output: str) -> tuple[int, list[str]]:
    """Exit status and what to print for pip-audit's JSON, or for what it printed where it broke off.

    A package that the service does not know has no answer, which is not the same as no vulnerability.
    """
    try:
        answers = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, [NOT_REACHED]
    audited = [answer for answer in answers if "vulns" in answer]
    unknown = [answer["name"] for answer in answers if "vulns" not in answer]
    if not audited:
        return 0, [NOT_REACHED, *(f"  of the first: {answer['skip_reason']}" for answer in answers[:1])]
    lines = [
        f"{answer['name']} {answer['version']}: {found['id']}, fixed in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for answer in audited
        for found in answer["vulns"]
    ]
    status = 1 if lines else 0
    if unknown:
        lines.append(f"NOT AUDITED: the vulnerability service does not know {', '.join(sorted(unknown))}.")
    found = sum(bool(answer["vulns"]) for answer in audited)
    return status, [*lines, f"{len(audited)} packages looked up, {found} with known vulnerabilities."]


def main() -> int:
    """Run pip-audit and print what it found."""
    with tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "versions.txt"
        versions.write_text(locked_versions(FILES) + open_versions(), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(versions), "--no-deps"]
        command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
        answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    status, lines = judge(answer.stdout)
    print(*lines, sep="\n")
    if lines == [NOT_REACHED] and (reasons := re.findall(r"\S.*", answer.stderr)):
        print(f"  pip-audit: {reasons[-1]}")
    return status


if __name__ == "__main__":
    sys.exit(main())
