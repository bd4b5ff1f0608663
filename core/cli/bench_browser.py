"""``python -m core bench browser``: how soon the checker is open in a browser, and how fast it is there."""

import argparse
import json
import sys
from pathlib import Path

from core.bench import machine
from core.cli.numbers import count, duration
from core.load.browser import bench
from core.load.visits import table


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the action to those of ``bench``."""
    parser = actions.add_parser(
        "browser", help="measure the checker in Chromium (needs requirements-dev.txt)"
    )
    parser.add_argument("--rounds", type=count, default=3, help="rounds of each comparison (%(default)s)")
    parser.add_argument(
        "--line",
        type=duration,
        metavar="MBIT",
        help="megabits a second of the line to the visitor; no limit unless given",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures; returns 0."""
    found = bench(args.rounds, args.line, progress=lambda text: print(text, file=sys.stderr, flush=True))
    found |= machine()
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(table(found))
    return 0
