"""``python -m core bench live|soak``: how many cameras one server bears, and what it holds on to."""

import argparse
import json
import sys
from pathlib import Path

from core.cli.bench_figures import add_json, give, write
from core.cli.numbers import count, duration
from core.load.bench import figures, load, soak
from core.load.figures import table
from core.load.soak_plot import memory_plot


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


def add_parsers(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the two actions to those of ``bench``; without one it measures speed and memory."""
    live = actions.add_parser("live", help="raise the number of cameras until one is not coached any more")
    live.add_argument("--streams", type=count, default=64, help="cameras at most (%(default)s)")
    live.add_argument("--seconds", type=duration, default=15, help="measured for each number (%(default)s)")
    live.add_argument(
        "--naive", action="store_true", help="measure the app that public demos are beside it (needs torch)"
    )
    _common(live)
    long = actions.add_parser("soak", help="let cameras start and stop, and see what the server holds on to")
    long.add_argument("--minutes", type=duration, default=30, help="how long (%(default)s)")
    long.add_argument("--streams", type=count, default=3, help="cameras at most (%(default)s)")
    long.add_argument("--svg", type=Path, metavar="FILE", help="draw the server's memory over time to FILE")
    _common(long)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=count, help="the server's port; a free one unless given")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures; returns 1 where a file could not be written, else 0."""
    status = 0
    if args.action == "live":
        steps = load(args.streams, args.seconds, args.port, progress=_tell)
        naive = load(args.streams, args.seconds, args.port, progress=_tell, naive=True) if args.naive else []
        found = figures(steps, naive)
        text = f"{table(steps)}\n\ncapacity: {found['capacity_streams']} streams"
        if naive:
            text += f"\n\nThe app to compare with\n{table(naive)}\n\n"
            text += f"capacity: {found['naive']['capacity_streams']} streams\n"
            text += f"one stream, ours over it: {json.dumps(found['one_stream_over_naive'])}"
    else:
        found = soak(args.minutes, args.streams, args.port, progress=_tell)
        text = json.dumps({name: value for name, value in found.items() if name != "samples"}, indent=2)
        if args.svg:
            status = write(args.svg, memory_plot(found["samples"]).file())
    return give(found, args.json, text) or status
