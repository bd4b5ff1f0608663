"""How many photographs, of how many sources, a lesion classifier learns each class from.

``python -m training.data.learnt_from --data DIR`` prints the lines for a taxonomy's YAML file.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.lesion.taxonomy import LABELS
from training.data.sources import DataError, Row, read_manifest
from training.data.splits import split_of


def taught(rows: Iterable[Row], labels: Sequence[str] = LABELS) -> dict[str, list[str]]:
    """The source of every lesion photograph on the training side of the split, by class."""
    trained = [row for row in rows if row.group == "lesion" and split_of(row) == "train"]
    return {label: [row.slug for row in trained if row.label == label] for label in labels}


def main(argv: Sequence[str] | None = None) -> int:
    """Print them; 1 with one sentence when the folder cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    args = parser.parse_args(argv)
    try:
        found = taught(read_manifest(args.data))
    except DataError as error:
        print(error.message, file=sys.stderr)
        return 1
    for label, slugs in found.items():
        print(f"  {label}:\n    photos: {len(slugs)}\n    sources: {len(set(slugs))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
