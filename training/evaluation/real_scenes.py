"""Real faults on scenes without skin: dark, bright and blurred photographs without added degradation."""

from collections import Counter, defaultdict
from typing import Any, Final

import numpy as np

from core.metrics import draws
from core.quality.verdict import Assessor, PassRule
from training.data.sources import Row, read_rgb
from training.data.splits import shuffle_key, split_of
from training.evaluation.metrics import report_binary
from training.evaluation.predictions import Progress, quiet

# Which labels are faulty, and which explanation should say so.
REAL: Final = {
    "too_dark": ("bad_light", ("too_dark",)),
    "too_bright": ("bad_light", ("too_bright",)),
    "blurred": ("blurry", ("blur", "defocus_blur", "motion_blur")),
}


def balanced_no_skin(rows: list[Row]) -> list[Row]:
    """No-skin photographs that no network trained on, the same number from each source.

    As many as the smallest source has; which ones is decided by a hash of the path.
    """
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.group == "no_skin" and row.quality_votes is None and split_of(row) != "train":
            by_source[row.slug].append(row)
    if not by_source:
        return []
    each = min(len(found) for found in by_source.values())

    return [row for slug in sorted(by_source) for row in sorted(by_source[slug], key=shuffle_key)[:each]]


def real_report(
    assessor: Assessor, rule: PassRule, rows: list[Row], progress: Progress = quiet
) -> dict[str, Any]:
    """AUC and recall of bad_light and blurry on real faults.

    Negatives are the sharp, well-lit scenes of the same group and undegraded no-skin photographs
    (``balanced_no_skin``); their numbers by source stand in ``negatives``.
    """
    real = [row for row in rows if row.group == "real_quality"]
    if not real:
        return {}
    fine = [row for row in real if row.label == "sharp"] + balanced_no_skin(rows)
    kinds = {name: [row for row in real if row.label in labels] for name, (_, labels) in REAL.items()}
    shown = fine + [row for found in kinds.values() for row in found]
    chances: dict[str, Any] = {}
    for number, row in enumerate(shown, start=1):
        if row.path not in chances:
            chances[row.path] = assessor.assess(read_rgb(row), rule).explanations
        progress("real_quality", number, len(shown))
    out: dict[str, Any] = {}
    for name, (explanation, _labels) in REAL.items():
        if not kinds[name] or not fine:
            continue
        both = kinds[name] + fine
        score = np.array([chances[row.path][explanation] for row in both])
        truth = np.arange(len(both)) < len(kinds[name])
        weights = draws(np.array([row.split_key for row in both]))
        figures = report_binary(truth, score >= rule.thresholds[explanation], score, weights, roc=True)
        sources = dict(Counter(row.slug for row in fine))
        out[name] = {"explanation": explanation, "negatives": sources} | figures
    return out
