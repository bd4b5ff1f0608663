"""All assessors on the same samples of the benchmark, and on photographs that real raters voted on.

What the Compare page says of a team's own photos, for a data folder: agreement of every pair, and of each
assessor area under the curve, what it sends back and lets through, and its time a photo.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.compare import agreement
from core.compare.answers import Judge, Truth, answers_of, judge_photo
from core.compare.tables import tables
from core.i18n import _
from core.quality import registry
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Verdict
from core.reports.tables import Table
from core.runtime.weights import WeightsError
from training.data.imageqx_data import material_of, plurality, sample
from training.data.panel import Panel
from training.data.sources import DataError, Row, read_rgb
from training.data.splits import split_of
from training.evaluation.predictions import Progress, quiet
from training.evaluation.quality_predictions import benchmark, sample_key
from training.evaluation.report_text import TITLES
from training.evaluation.tables import markdown


def compare_report(
    rows: list[Row], weights: Path, limit: int | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """Compare every entry of the registry that can be opened.

    Args:
        weights: folder with the networks.
        limit: samples of each set, or None for all.

    Returns:
        ``benchmark``, ``seed``, ``left_out`` (by assessor: why it could not be opened) and ``sections``: for
        ``validation``, ``left_out`` and, where real raters voted, ``rated``, what `agreement.report` returns.

    Raises:
        DataError: no assessor can be opened, or the photographs cannot be used.
    """
    judges, missing = open_all(weights)
    if not judges:
        raise DataError(_("No assessor can be opened: {reasons}").format(reasons="; ".join(missing.values())))
    spec = benchmark()
    sections = {}
    for split in ("validation", "left_out"):
        count = limit or spec["samples"][split]
        sections[split] = _section(judges, _samples(rows, split, count, spec["seed"]), split, count, progress)
    rated = [row for row in rows if row.quality_votes and split_of(row) != "train"][:limit]
    if rated:
        sections["rated"] = _section(judges, _rated(rated), "rated", len(rated), progress)
    name = spec["name"] if limit is None else f"{spec['name']} (shortened)"
    out = {"task": "compare", "benchmark": name, "seed": spec["seed"]}
    return out | {"left_out": missing, "sections": sections}


def open_all(weights: Path) -> tuple[list[Judge], dict[str, str]]:
    """Every assessor that can be opened, by its own rule, and why the others cannot."""
    judges, missing = [], {}
    for entry in registry.ENTRIES.values():
        try:
            assessor = entry.open(weights)
            judges.append(Judge(assessor, assessor.rule()))
        except WeightsError as error:
            missing[entry.name] = error.message
    return judges, missing


_Shown = tuple[np.ndarray, np.ndarray, np.ndarray | None, str]
"""A picture (uint8 RGB, H x W x 3), votes for 4 classes and 5 explanations, and what it is resampled with."""


def _samples(rows: list[Row], split: str, count: int, seed: int) -> Iterator[_Shown]:
    material, panel = material_of(rows, split), Panel(seed)
    for number in range(count):
        made = sample(number, split, material, panel, seed)
        key = sample_key(made.slug, made.split_key, split, number)
        yield made.shot.rgb, made.quality_votes, made.explanation_votes, key


def _rated(rows: Sequence[Row]) -> Iterator[_Shown]:
    for row in rows:
        quality = np.array([(row.quality_votes or {}).get(name, 0) for name in QUALITY_CLASSES])
        given = row.explanation_votes
        told = None if given is None else np.array([given.get(name, 0) for name in EXPLANATIONS])
        yield read_rgb(row), quality, told, row.split_key


def _section(
    judges: Sequence[Judge], shown: Iterator[_Shown], what: str, count: int, progress: Progress
) -> dict[str, Any]:
    verdicts: list[Mapping[str, Verdict]] = []
    labels, explained, keys = [], [], []
    for number, (rgb, quality, given, key) in enumerate(shown, start=1):
        height, width = rgb.shape[:2]
        verdicts.append(judge_photo(judges, rgb, width, height, time.perf_counter))
        labels.append(int(plurality(quality[None])[0]))
        nothing = np.full(len(EXPLANATIONS), np.nan)
        explained.append(nothing if given is None else (np.asarray(given) > 0).astype(float))
        keys.append(key)
        progress(what, number, count)
    answers = {
        judge.name: answers_of([each[judge.name] for each in verdicts], judge.rule) for judge in judges
    }
    return agreement.report(answers, Truth(np.array(labels), np.array(explained)), np.array(keys))


def compare_markdown(report: Mapping[str, Any]) -> str:
    """The report as tables; 95 % intervals stand in brackets."""
    return markdown(_parts(report))


def _parts(report: Mapping[str, Any]) -> Iterator[str | Table]:
    yield "# " + _("Assessors compared")
    yield _("Benchmark {name}, seed {seed}.").format(name=report["benchmark"], seed=report["seed"])
    for name, reason in report["left_out"].items():
        yield _("{name} is left out: {reason}").format(name=name, reason=reason)
    for name, section in report["sections"].items():
        yield f"## {TITLES[name]} (n = {section['n']})"
        for table in tables(section):
            yield table
            yield table.note
