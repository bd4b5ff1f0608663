"""The report of ``python -m core evaluate panel``: how well the simulated raters agree."""

from pathlib import Path
from typing import Any

from core.i18n import ngettext
from training.data.sources import Row
from training.evaluation.agreement import agreement_report, judge_benchmark, judge_pool
from training.evaluation.answers import Progress, check_pool, quiet
from training.evaluation.evaluate import benchmark


def panel_report(
    rows: list[Row], limit: int | None = None, pool: Path | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """Seat the benchmark's panel and let it judge the benchmark's samples.

    Args:
        limit: samples of each split, or None for all.
        pool: a rendered pool whose samples need not be drawn again.

    Raises:
        DataError: the photographs or the pool cannot be used.
    """
    spec = benchmark()
    counts = {split: limit or count for split, count in spec["samples"].items()}
    if pool is None:
        judged = judge_benchmark(rows, counts, spec["seed"], progress)
    else:
        check_pool(pool, spec["seed"], counts)
        judged = judge_pool(pool, counts, spec["seed"])
    name = spec["name"] if limit is None else f"{spec['name']} (shortened)"
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
