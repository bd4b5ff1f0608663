"""Runs pytest in phases, as ``make test`` does: all but the tests in browsers, then those; prints one total.

``python -m scripts.run_tests [pytest's arguments]``. Arguments go to every phase; one that has none of the
tests they choose is left out of the verdict.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.setup_env import ROOT

COUNTS_VARIABLE: Final = "RETAKE_TEST_COUNTS"
OUTCOMES: Final = ("failed", "error", "passed", "skipped", "xfailed", "xpassed", "deselected")
NO_TESTS: Final = 5  # pytest's exit status where nothing was chosen
# Where this is set every worker, and every server that a test starts, compiles all that it imports anew:
# 20 processor seconds for torch and the rest. What is compiled is kept, in folders that git ignores.
NOTHING_KEPT: Final = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Phase:
    """A part of the tests.

    Attributes:
        name: as the output names it.
        marks: an expression of marks that chooses its tests.
        options: how it is spread over processes.
        folder: where its tests are, so that no others need to be collected; "" stands for all.
    """

    name: str
    marks: str
    options: tuple[str, ...] = ()
    folder: str = ""


def _spread(most: int) -> tuple[str, ...]:
    """Over one process more than there are processors, and at most so many.

    A test waits for pages, timers and other processes part of its time. A worker takes over half of what
    another has left, so that all end together; neighbours stay together, so that a module's fixtures are made
    once or twice, not for each test.
    """
    return ("-n", str(min(most, (os.cpu_count() or 1) + 1)), "--dist", "worksteal")


_BROWSER: Final = "tests/browser"
PHASES: Final = (
    # Firefox and WebKitGTK have a command of their own, make test-engines.
    Phase("without a browser", "not browser and not engines", _spread(8)),
    # Each worker has its own servers and browsers.
    Phase("in the browser", "browser and not webrtc", _spread(4), _BROWSER),
    # On a busy machine browsers send smaller and poorer video, which is rightly judged so: these run alone.
    Phase("in the browser, with video to the server", "webrtc", folder=_BROWSER),
)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """In pytest, where this module is loaded as a plugin: leave the counts where `main` finds them."""
    if path := os.environ.get(COUNTS_VARIABLE):
        counts = {name: len(terminalreporter.stats.get(name, ())) for name in OUTCOMES}
        Path(path).write_text(json.dumps(counts), encoding="utf-8")


def command(phase: Phase, arguments: Sequence[str]) -> list[str]:
    """How a phase is started; marks among the arguments hold beside the phase's own, paths in its place."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-m", dest="marks")
    chosen, rest = parser.parse_known_args(list(arguments))
    marks = f"({chosen.marks}) and {phase.marks}" if chosen.marks else phase.marks
    line = [sys.executable, "-m", "pytest", "-p", "scripts.run_tests", *phase.options, "-m", marks, *rest]
    elsewhere = any((ROOT / word.split("::")[0]).exists() for word in rest)
    return line if elsewhere or not phase.folder else [*line, phase.folder]


def environment(counts: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a phase, which leaves its counts at that path."""
    kept = {name: value for name, value in given.items() if name != NOTHING_KEPT}
    return kept | {COUNTS_VARIABLE: str(counts)}


def verdict(statuses: Sequence[int]) -> int:
    """One exit status for all phases: the first failure; no tests is one only where no phase had any."""
    ran = [status for status in statuses if status != NO_TESTS]
    return next((status for status in ran if status), 0 if ran else NO_TESTS)


def total(counts: Counter[str], seconds: float) -> str:
    """The line at the end."""
    words = ", ".join(f"{counts[name]} {name}" for name in OUTCOMES[:-1] if counts[name])
    minutes, rest = divmod(round(seconds), 60)
    return f"All phases: {words or 'no tests'} in {minutes} min {rest} s"


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    """Run all phases, whatever the outcome of those before."""
    statuses, counts, began = [], Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number, phase in enumerate(PHASES):
            print(f"\nTests {phase.name}", flush=True)
            path = Path(folder) / f"{number}.json"
            ran = subprocess.run(command(phase, arguments), cwd=ROOT, env=environment(path, os.environ))
            statuses.append(ran.returncode)
            if path.exists():
                counts.update(json.loads(path.read_text(encoding="utf-8")))
    status = verdict(statuses)
    print(f"\n{total(counts, time.monotonic() - began)}{'' if not status else ': FAILED'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
