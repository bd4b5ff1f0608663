"""ImageQX against real dermatologists: the public SCIN release (Ward et al. 2024), read as it is published.

SCIN (``github.com/google-research-datasets/scin``) has one to three photographs a case, taken by the people
themselves, and for each case whether a dermatologist could grade it
(``dermatologist_gradable_for_skin_condition_1``). Read that label for what it is: it is of a whole case, not
of a photograph; 86 % of the cases have one rater; and "no" is also given where several conditions show or
too little is known. So no assessor of pictures can reach an AUC of 1 here.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.metrics import draws, interval
from core.quality.verdict import Assessor, PassRule, Verdict, chance_good
from core.reports.tables import Figure, Table
from training.data.sources import DataError, read_picture
from training.evaluation.metrics import auc, clean, proportion, recall_at
from training.evaluation.predictions import Progress, quiet
from training.evaluation.quality_report import RETAKES
from training.evaluation.tables import figure, markdown

CASES, LABELS = "scin_cases.csv", "scin_labels.csv"
CASE_ID: Final = "case_id"
PATHS: Final = ("image_1_path", "image_2_path", "image_3_path")
GRADABLE: Final = "dermatologist_gradable_for_skin_condition_1"
SKIN_TYPE: Final = "dermatologist_fitzpatrick_skin_type_label_1"
# What the field may hold, and whether the case could be graded.
VALUES: Final = {
    "DEFAULT_YES_IMAGE_QUALITY_SUFFICIENT": True,
    "YES_IMAGE_QUALITY_SUFFICIENT_NO_DISCERNIBLE_PATHOLOGY": True,
    "NO_IMAGE_QUALITY_INSUFFICIENT": False,
}
MEANING: Final = (
    "The label is of a whole case: whether one dermatologist (86 % of the cases have but one) could grade "
    "its skin condition from its photographs. No is also given where several conditions show or too little "
    "is known, so it says more than that a photograph is poor."
)


@dataclass(frozen=True)
class Case:
    """One case: its photographs, whether it could be graded, and its estimated skin type ("" if unknown)."""

    name: str
    photos: tuple[Path, ...]
    gradable: bool
    skin_type: str = ""


def read_cases(folder: Path) -> list[Case]:
    """The rated cases of a copy of the release: the bucket's root, or its folder ``dataset``.

    Raises:
        DataError: a table is missing, is none, lacks a column, or holds other values; or none of the
            photographs that it names is there.
    """
    root = folder / "dataset" if (folder / "dataset" / CASES).is_file() else folder
    cases = _table(root / CASES, (CASE_ID, *PATHS))
    labels = {row[CASE_ID]: row for row in _table(root / LABELS, (CASE_ID, GRADABLE))}
    found = []
    for row in cases:
        label = labels.get(row[CASE_ID])
        value = (label or {}).get(GRADABLE) or ""
        if label is None or not value:
            continue
        if value not in VALUES:
            message = _("{file} says {value} of case {case}, which is none of the answers that are known.")
            raise DataError(message.format(file=root / LABELS, value=value, case=row[CASE_ID]))
        named = [row[name] for name in PATHS if row[name]]
        photos = tuple(path for path in (_photo(root, name) for name in named) if path is not None)
        if photos:
            found.append(Case(row[CASE_ID], photos, VALUES[value], label.get(SKIN_TYPE) or ""))
    if not found:
        message = _(
            "{folder} holds no photograph of a rated case: copy the folder images of the release too."
        )
        raise DataError(message.format(folder=root))
    return found


def _table(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            columns = reader.fieldnames or []
    except FileNotFoundError as error:
        message = _("{file} is missing: point --scin at a copy of the public SCIN release.")
        raise DataError(message.format(file=path)) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(_("{file} cannot be read as a table.").format(file=path)) from error
    for name in needed:
        if name not in columns:
            message = _("{file} has no column {name}: is it of the public SCIN release?")
            raise DataError(message.format(file=path, name=name))
    return rows


def _photo(root: Path, name: str) -> Path | None:
    """A photograph by its name in the table, which begins at the bucket's root."""
    inside = Path(name.removeprefix("dataset/"))
    if inside.is_absolute() or ".." in inside.parts:
        return None
    path = root / inside
    return path if path.is_file() else None


def scin_report(
    assessor: Assessor, rule: PassRule, folder: Path, limit: int | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """How an assessor does on SCIN. A case passes when one of its photographs does.

    Args:
        limit: only so many cases, evenly spaced; all when None.

    Returns:
        ``n``, ``photographs``, ``gradable`` (cases); ``auc`` (higher chances of a good photograph among
        gradable cases) with ``auc_interval``; ``passes`` of gradable cases and ``refused`` of the others at
        the rule's thresholds, and ``caught`` (share of the others below the chance that refuses at most 15 %
        of the gradable), each with ``n`` and a 95 % interval; ``skin_types``: how many gradable cases pass by
        estimated Fitzpatrick type; ``meaning``: what the label means.

    Raises:
        DataError: as ``read_cases``, or a photograph cannot be read, or all cases have the same label.
    """
    cases = read_cases(folder)
    if limit is not None and limit < len(cases):
        cases = [cases[i] for i in np.linspace(0, len(cases) - 1, limit).astype(int)]
    gradable = np.array([case.gradable for case in cases])
    if gradable.all() or not gradable.any():
        raise DataError(_("All rated cases in {folder} have the same label.").format(folder=folder))
    chances, passes = np.zeros(len(cases)), np.zeros(len(cases), bool)
    for place, case in enumerate(cases):
        verdicts = [assessor.assess(read_picture(photo), rule) for photo in case.photos]
        chances[place] = max(_chance(verdict, rule) for verdict in verdicts)
        passes[place] = any(verdict.passes for verdict in verdicts)
        progress("scin", place + 1, len(cases))
    weights = draws(np.array([case.name for case in cases]))
    caught = recall_at(~gradable, 1 - chances, 1 - RETAKES)
    types = sorted({case.skin_type for case in cases} - {""})
    return {
        "task": assessor.name,
        "data": "SCIN",
        "n": len(cases),
        "photographs": sum(len(case.photos) for case in cases),
        "gradable": int(gradable.sum()),
        "auc": clean(auc(gradable, chances)),
        "auc_interval": interval(auc(gradable, chances, weights)),
        "passes": _share(passes[gradable]),
        "refused": _share(~passes[~gradable]),
        "caught": {"retakes": RETAKES}
        | proportion(round(caught * (~gradable).sum()), int((~gradable).sum())),
        "skin_types": {
            name: _share(passes[gradable & np.array([case.skin_type == name for case in cases])])
            for name in types
        },
        "meaning": MEANING,
    }


def _chance(verdict: Verdict, rule: PassRule) -> float:
    return chance_good(verdict, rule.healthy_skin_passes)


def _share(yes: np.ndarray) -> dict[str, Any]:
    return proportion(int(yes.sum()), len(yes))


def scin_markdown(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""

    def share(found: Mapping[str, Any]) -> Figure:
        return Figure(found["share"], found["interval"], held=found["n"])

    counts = (
        f"{report['n']} cases with {report['photographs']} photographs; {report['gradable']} cases gradable."
    )
    rows = [
        ("AUC, gradable against not", figure(report, "auc")),
        ("gradable cases that pass", share(report["passes"])),
        ("others that are refused", share(report["refused"])),
        (f"others caught at {report['caught']['retakes']:.0%} retakes", share(report["caught"])),
        *((f"gradable cases that pass, {name}", share(one)) for name, one in report["skin_types"].items()),
    ]
    table = Table("", ("", ""), tuple(rows))
    return markdown([f"# {report['task']} on SCIN", counts, report["meaning"], table])
