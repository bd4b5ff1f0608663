"""``python -m core bench archive``: what do more workers bring to ``assess --engine ray``?"""

import argparse

from core.cli.bench_figures import add_json, give
from core.cli.faults import tell
from core.cli.numbers import count
from core.runtime.ray_connection import package


def add_parser(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``archive`` to the actions of ``bench``."""
    parser = actions.add_parser("archive", help="assess drawn photos on Ray with one and with more workers")
    parser.add_argument(
        "--workers", type=count, nargs="+", default=[1, 2], metavar="N", help="numbers to compare (1 2)"
    )
    parser.add_argument("--photos", type=count, default=200, help="how many (%(default)s)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures; returns 1 where they could not be written to a file, else 0."""
    package("ray.data")
    from core.distributed.archive import assess_archive
    from core.distributed.throughput import throughput

    return give(throughput(args.workers, args.photos, assess_archive, tell), args.json)
