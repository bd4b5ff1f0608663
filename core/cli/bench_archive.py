"""``python -m core bench archive``: what do more workers bring to ``assess --engine ray``?"""

import argparse
import json
from pathlib import Path

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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")


def run(args: argparse.Namespace) -> int:
    """Measure, and print the figures as one JSON object; returns 0."""
    package("ray.data")
    from core.distributed.archive import assess_archive
    from core.distributed.throughput import throughput

    text = json.dumps(throughput(args.workers, args.photos, assess_archive, tell), indent=2)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0
