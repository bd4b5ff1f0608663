"""Which prompt photographs get as they are: no fault is put on them.

Part of ``python -m core evaluate behaviour``. Each row of ``CASES`` is a group of photographs, what is
counted among the prompts they get, and whether much or little of it is right.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.guidance.preset import Preset
from core.quality.imageqx import ImageQX
from core.quality.verdict import PassRule
from training.data.imageqx_data import scene_from_row
from training.data.sources import Row, at_most
from training.data.splits import shuffle_key
from training.evaluation.behaviour import BY, ladder_paths, still_prompts
from training.evaluation.faults import LIGHT
from training.evaluation.metrics import proportion
from training.evaluation.predictions import Progress, quiet

_MOST: Final = 60  # photographs a collection
_LARGE: Final = 380  # pixels across the short side from which a photograph of a lesion should pass


@dataclass(frozen=True)
class Case:
    """A group of photographs and what is counted of the prompts that they get.

    Attributes:
        text: what the row of the table says.
        holds: whether a photograph belongs to the group.
        told: the prompts that are counted; ``ready`` is a photograph that passes.
        wanted: ``many`` or ``few``.
    """

    text: str
    holds: Callable[[Row], bool]
    told: frozenset[str]
    wanted: str


def _skin(row: Row) -> bool:
    return row.group in ("lesion", "healthy_skin")


def _from(slug: str) -> Callable[[Row], bool]:
    return lambda row: row.slug == slug


_DETAIL: Final = frozenset({"low_resolution"})
_READY: Final = frozenset({"ready"})
CASES: Final = (
    Case('skin (lesions and healthy) told "Show your skin"', _skin, frozenset({"no_skin"}), "few"),
    Case(
        f"lesions of at least {_LARGE} px that pass",
        lambda row: row.group == "lesion" and min(row.width, row.height) >= _LARGE,
        _READY,
        "many",
    ),
    Case("hives (`urtrf`) told that detail is missing", _from("urtrf"), _DETAIL, "few"),
    Case("vitiligo (`vitpoc`) told that detail is missing", _from("vitpoc"), _DETAIL, "few"),
    Case("acne (`pcdacne`) told that detail is missing", _from("pcdacne"), _DETAIL, "few"),
    Case(
        "healthy skin told to move closer",
        lambda row: row.group == "healthy_skin",
        frozenset({"too_far_away"}),
        "few",
    ),
    Case("healthy skin that passes", lambda row: row.group == "healthy_skin", _READY, "few"),
    Case(
        "dark real scenes told of light",
        lambda row: row.group == "real_quality" and row.label == "too_dark",
        LIGHT,
        "many",
    ),
    Case(
        "bright real scenes and hands told of light",
        lambda row: row.group == "real_quality" and row.label == "too_bright",
        LIGHT,
        "many",
    ),
    Case(
        'scenes without skin told "Show your skin"',
        lambda row: row.group == "no_skin",
        frozenset({"no_skin"}),
        "many",
    ),
)


def as_they_are(
    assessor: ImageQX,
    rows: Sequence[Row],
    preset: Preset,
    rule: PassRule,
    limit: int | None = None,
    progress: Progress = quiet,
) -> list[dict[str, Any]]:
    """The share of each case, by the network alone and with the second opinion; empty groups are left out.

    Args:
        limit: photographs a collection, at most; 60 unless fewer are asked for.
    """
    chosen = [row for row in _some(rows, min(limit or _MOST, _MOST)) if any(c.holds(row) for c in CASES)]
    told: list[tuple[Row, Mapping[str, str]]] = []
    for number, row in enumerate(chosen, start=1):
        told.append((row, still_prompts(assessor, scene_from_row(row).rgb, preset, rule)))
        progress("as they are", number, len(chosen))
    report = []
    for case in CASES:
        keys = [found for row, found in told if case.holds(row)]
        if keys:
            hits = {by: sum(found[by] in case.told for found in keys) for by in BY}
            shares = {by: proportion(count, len(keys)) for by, count in hits.items()}
            report.append({"case": case.text, "n": len(keys), "wanted": case.wanted} | shares)
    return report


def _some(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many photographs a collection and group, decided by a hash of the path."""
    forbidden = ladder_paths()
    free = [row for row in sorted(rows, key=shuffle_key) if row.path not in forbidden]
    return at_most(free, lambda row: (row.slug, row.group), most)
