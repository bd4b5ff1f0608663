"""``python -m core weights verify``."""

import argparse
import sys
from pathlib import Path

from core.lesion.networks import names
from core.lesion.taxonomy import taxonomy_of
from core.runtime.manifest import MANIFEST_NAME, load_manifest
from core.runtime.weights import WEIGHTS_DIR, WeightsError, verify_all


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``weights`` with its one action to the command line."""
    parser = subparsers.add_parser("weights", help="check the network files")
    parser.add_argument("action", choices=["verify"])
    parser.add_argument("--dir", type=Path, default=WEIGHTS_DIR, help="folder with manifest.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a network; 1 when its file, or the words for its classes, are wrong for any, else 0."""
    try:
        manifest = load_manifest(args.dir / MANIFEST_NAME)
    except WeightsError as error:
        print(error.message, file=sys.stderr)
        return 1
    found = verify_all(manifest, args.dir)
    for name in names(manifest):
        if isinstance(found[name], Path):
            try:
                taxonomy_of(manifest.networks[name], args.dir)
            except WeightsError as error:
                found[name] = error
    for name, result in found.items():
        print(f"{name}: {result.message}" if isinstance(result, WeightsError) else f"{name}: ok ({result})")
    return int(any(isinstance(result, WeightsError) for result in found.values()))
