"""``python -m core bench``: speed and memory on this machine, as JSON."""

import argparse
import sys

from core.bench import bench
from core.cli import bench_archive, bench_browser, bench_load
from core.cli.bench_figures import add_json, give
from core.cli.numbers import count


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``bench`` to the command line."""
    parser = subparsers.add_parser("bench", help="measure speed and memory on this machine")
    add_json(parser)
    parser.add_argument("--rounds", type=count, default=15, help="rounds of each comparison (%(default)s)")
    parser.add_argument("--threads", type=count, help="threads a network may use")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    bench_load.add_parsers(actions)
    bench_archive.add_parser(actions)
    bench_browser.add_parser(actions)


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures; returns 1 where they could not be written to a file, else 0."""
    if args.action == "archive":
        return bench_archive.run(args)
    if args.action == "browser":
        return bench_browser.run(args)
    if args.action is not None:
        return bench_load.run(args)
    figures = bench(args.rounds, args.threads, progress=lambda text: print(text, file=sys.stderr))
    return give(figures, args.json)
