"""``python -m core evaluate panel``: how well the simulated raters agree, beside the paper's figures."""

import argparse
import json
import sys
from typing import Any

from core.training.sources import DataError, read_manifest
from core.words import _, ngettext


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        print(f"\r{what} {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def report(args: argparse.Namespace) -> dict[str, Any]:
    """Seat the benchmark's panel and let it judge the benchmark's samples.

    Args:
        args: ``data`` (folder with manifest.csv), ``limit`` (samples of each split, or None for all) and
            ``pool`` (a rendered pool whose samples need not be drawn again, or None).

    Raises:
        DataError: the data folder or the pool cannot be used.
    """
    from core.training.agreement import agreement_report, judge_benchmark, judge_pool
    from core.training.answers import check_pool
    from core.training.evaluate import benchmark

    rows = read_manifest(args.data)
    spec = benchmark()
    counts = {split: args.limit or count for split, count in spec["samples"].items()}
    if args.pool is None:
        judged = judge_benchmark(rows, counts, spec["seed"], _progress)
    else:
        check_pool(args.pool, spec["seed"], counts)
        judged = judge_pool(args.pool, counts, spec["seed"])
    name = spec["name"] if args.limit is None else f"{spec['name']} (shortened)"
    out = agreement_report(judged, spec["seed"], name)
    rated = sum(row.quality_votes is not None for row in rows)
    if rated:
        out["note"] = ngettext(
            "{count} photograph has counts of real raters' votes: how far two of them agree cannot be said "
            "without each rater's own answers.",
            "{count} photographs have counts of real raters' votes: how far two of them agree cannot be said "
            "without each rater's own answers.",
            rated,
        ).format(count=rated)
    return out


def run(args: argparse.Namespace) -> int:
    """Print the tables and write OUT/panel.json and OUT/panel.md; 1 with one sentence on failure."""
    from core.training.agreement import agreement_markdown

    try:
        made = report(args)
        args.out.mkdir(parents=True, exist_ok=True)
        tables = agreement_markdown(made)
        (args.out / "panel.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        (args.out / "panel.md").write_text(tables + "\n", encoding="utf-8")
    except DataError as error:
        print(error.message, file=sys.stderr)
        return 1
    except OSError as error:
        message = _("The report cannot be written to {folder} ({reason}).")
        print(message.format(folder=args.out, reason=error.strerror), file=sys.stderr)
        return 1
    print(tables)
    print()
    print(args.out / "panel.json")
    print(args.out / "panel.md")
    return 0
