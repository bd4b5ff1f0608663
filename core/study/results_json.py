"""A study's results as plain values: what the results API answers."""

import math
from dataclasses import asdict
from typing import Any

from core.study.figures import status_counts
from core.study.measures import MEASURES
from core.study.questionnaires import QUESTIONNAIRES, scores_of
from core.study.records import StudyData
from core.study.results import Result, result_of
from core.study.statistics import Rate


def results_json(data: StudyData) -> dict[str, Any]:
    """Every measure and every questionnaire that was answered, arm by arm and compared.

    Times are milliseconds. An interval without an upper end, as of a median that hardly half of the people
    reached, ends in None: JSON knows no infinity. ``primary`` names the design's outcome; ``sessions`` counts
    them by status. Nothing in it tells one participant from another.
    """
    design = data.designs[max(data.designs)] if data.designs else None
    answered = {one.questionnaire for one in scores_of(data)}
    names = [*MEASURES, *(name for name in QUESTIONNAIRES if name in answered)]
    return {
        "study_id": data.study_id,
        "title": design.title if design else "",
        "design_hash": design.hash if design else "",
        "versions": sorted(data.designs),
        "simulated": bool(data.sessions) and all(one.simulated for one in data.sessions),
        "sessions": dict(status_counts(data)),
        "deleted": dict(data.deleted),
        "primary": design.outcome if design else "",
        "measures": {name: _finite(_plain(result_of(data, name))) for name in names} if design else {},
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(result: Result) -> dict[str, Any]:
    return {
        "paired": result.paired,
        "arms": {
            arm: {"kind": "rate" if isinstance(one, Rate) else "summary", **asdict(one)}
            for arm, one in result.arms.items()
        },
        "comparisons": [
            {
                "first": first,
                "second": second,
                **asdict(one),
                "p_adjusted": adjusted,
                "warning": result.warnings[first, second],
            }
            for (first, second), (one, adjusted) in result.comparisons.items()
        ],
    }
