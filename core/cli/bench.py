"""``python -m core bench``: speed and memory on this machine, as JSON."""

import argparse
import json
import sys
from pathlib import Path

from core.bench import bench
from core.cli import bench_archive, bench_browser, bench_load
from core.cli.numbers import count


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``bench`` to the command line."""
    parser = subparsers.add_parser("bench", help="measure speed and memory on this machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    parser.add_argument("--rounds", type=count, default=15, help="rounds of each comparison (%(default)s)")
    parser.add_argument("--threads", type=count, help="threads a network may use")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    bench_load.add_parsers(actions)
    bench_archive.add_parser(actions)
    bench_browser.add_parser(actions)


def run(args: argparse.Namespace) -> int:
    """Print the figures as one JSON object; returns 0."""
    if args.action == "archive":
        return bench_archive.run(args)
    if args.action == "browser":
        return bench_browser.run(args)
    if args.action is not None:
        return bench_load.run(args)
    figures = bench(args.rounds, args.threads, progress=lambda text: print(text, file=sys.stderr))
    text = json.dumps(figures, indent=2)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0
