"""``python -m core bench browser``: how soon the checker is open in a browser, and how fast it is there."""

import argparse
import sys

from core.bench import machine
from core.cli.bench_figures import add_json, give
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
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures; returns 1 where they could not be written to a file, else 0."""
    found = bench(args.rounds, args.line, progress=lambda text: print(text, file=sys.stderr, flush=True))
    found |= machine()
    return give(found, args.json, table(found))
