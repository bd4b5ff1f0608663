"""``python -m core weights verify``."""

import argparse
import sys
from pathlib import Path

from core.runtime.weights import WEIGHTS_DIR, WeightsError, verify_all


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``weights`` with its one action to the command line."""
    parser = subparsers.add_parser("weights", help="check the network files")
    parser.add_argument("action", choices=["verify"])
    parser.add_argument("--dir", type=Path, default=WEIGHTS_DIR, help="folder with manifest.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a network file; 1 when any is missing or altered, else 0."""
    try:
        found = verify_all(directory=args.dir)
    except WeightsError as error:
        print(error.message, file=sys.stderr)
        return 1
    for name, result in found.items():
        print(f"{name}: {result.message}" if isinstance(result, WeightsError) else f"{name}: ok ({result})")
    return int(any(isinstance(result, WeightsError) for result in found.values()))
