"""Which photographs train, which validate, and which whole sources no network ever sees.

The rule is committed (``splits.json``) and depends on the split key and the source alone, so that it stays
the same for a photo whatever else is in the folder. The choice of sources: ``docs/decisions/splits.md``.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from training.data.sources import Row

Split = Literal["train", "validation", "left_out"]
SPLITS: Final = ("train", "validation", "left_out")
_FILE = Path(__file__).with_name("splits.json")


@cache
def rule() -> dict[str, Any]:
    """The committed rule: left-out sources and groups, share of validation, salt of the hash."""
    return json.loads(_FILE.read_text(encoding="utf-8"))


def split_of(row: Row) -> Split:
    """Say on which side of the split a photograph lies.

    Whole sources are left out; of the rest about 15 in 100 split keys validate. Photos of group real_quality
    are for evaluation only.
    """
    if row.slug in rule()["left_out_slugs"] or row.group in rule()["left_out_groups"]:
        return "left_out"
    digest = hashlib.sha256(f"{rule()['salt']}:{row.split_key}".encode()).digest()
    share = int.from_bytes(digest[:4], "big") % 100
    return "validation" if share < rule()["validation_percent"] else "train"


def shuffle_key(row: Row) -> str:
    """A photograph's place in an order that has nothing to do with what it shows: hexadecimal digits."""
    return hashlib.sha256(row.path.encode()).hexdigest()
