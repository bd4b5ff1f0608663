"""How well the simulated raters agree with each other, beside the paper's dermatologists (its Tables 1, 2).

The panel votes on the benchmark's samples. For every pair of raters the F1 of one against the other is taken
for each class and each explanation. The ceilings say how well anything could do that looks at the photographs
through the measures alone: for explanations it ranks by how far past its threshold the fault is, for classes
it answers with the most likely vote of the panel if it voted again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _, ngettext
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.reports.tables import Figure, Table
from core.synthetic.degrade import MEASURES, Measures
from training.data.imageqx_data import load_labels, material_of, measures_of, plurality, sample
from training.data.panel import Ballots, Panel, pairwise_f1, z_scores
from training.data.sources import Row
from training.data.splits import SPLITS
from training.evaluation.evaluate import paper
from training.evaluation.metrics import auc, best_f1, binary, clean, mean_of
from training.evaluation.predictions import Columns, Progress, collected, joined, quiet
from training.evaluation.quality_predictions import benchmark, check_pool
from training.evaluation.tables import markdown

# How often a panel votes again to find what it would mostly vote.
_AGAIN: Final = 15


@dataclass(frozen=True, eq=False)
class Judged(Columns):
    """What a panel's raters voted on N photographs.

    Attributes:
        measures: object (``Measures``), N: what the raters judged by.
        groups: str, N: lesion, healthy_skin or no_skin.
        quality: int, N x raters: class voted for.
        explanations: bool, N x raters x 5.
        splits: str, N.
    """

    measures: np.ndarray
    groups: np.ndarray
    quality: np.ndarray
    explanations: np.ndarray
    splits: np.ndarray


class _RecordingPanel(Panel):
    """A panel that keeps every rater's ballot."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.kept: list[Ballots] = []

    def ballots(self, measures: Measures, group: str, rng: np.random.Generator) -> Ballots:
        self.kept.append(super().ballots(measures, group, rng))
        return self.kept[-1]


def _record(measures: Measures, group: str, split: str, ballots: Ballots) -> dict[str, Any]:
    """One row of ``Judged``."""
    given = {"quality": ballots.quality, "explanations": ballots.explanations}
    return given | {"measures": measures, "groups": group, "splits": split}


def judge_benchmark(rows: list[Row], counts: Mapping[str, int], seed: int, progress: Progress) -> Judged:
    """Let the panel judge the first samples of each split, drawn anew; its votes are the benchmark's own."""
    panel = _RecordingPanel(seed)

    def records(split: str) -> Iterator[dict[str, Any]]:
        material = material_of(rows, split)
        for number in range(counts[split]):
            made = sample(number, split, material, panel, seed)
            yield _record(made.shot.measures, made.group, split, panel.kept[-1])

    return joined([collected(Judged, split, counts[split], records(split), progress) for split in counts])


def judge_pool(pool_dir: Path, counts: Mapping[str, int], seed: int) -> Judged:
    """The same from a rendered pool. A pool keeps no single ballots, so its panel votes once more.

    Raises:
        DataError: the folder holds no finished pool.
    """
    columns, panel = load_labels(pool_dir), Panel(seed)
    rendered = ~np.isnan(columns["measures"][:, MEASURES.index("blur")])

    def records(split: str) -> Iterator[dict[str, Any]]:
        for place in np.flatnonzero(rendered & (columns["split"] == split))[: counts[split]]:
            rng = np.random.default_rng([seed, SPLITS.index(split), int(place), 1])
            measures, group = measures_of(columns, int(place)), str(columns["group"][place])
            yield _record(measures, group, split, panel.ballots(measures, group, rng))

    return joined([collected(Judged, split, counts[split], records(split), quiet) for split in counts])


def _mostly_voted(judged: Judged, seed: int) -> np.ndarray:
    """The class that the panel says most often of the same measures when it votes again: int, N."""
    panel, rng = Panel(seed), np.random.default_rng([seed, 5])
    counts = np.zeros((len(judged.groups), len(QUALITY_CLASSES)), int)
    for _round in range(_AGAIN):
        for number, (measures, group) in enumerate(zip(judged.measures, judged.groups, strict=True)):
            counts[number, panel.vote(measures, group, rng).label] += 1
    return counts.argmax(1)


def _entry(name: str, count: int, pairs: np.ndarray) -> dict[str, Any]:
    known = pairs[np.isfinite(pairs)]
    return {
        "count": count,
        "pairwise_f1": clean(known.mean()) if len(known) else None,
        "deviation": clean(known.std()) if len(known) else None,
        "paper": paper()["rater_f1"].get(name),
    }


def _mean(entries: dict[str, dict[str, Any]], pairs: list[np.ndarray], name: str) -> dict[str, Any]:
    """Mean over the rows of a table, pair by pair, so that its deviation is between pairs of raters too."""
    each = np.array(pairs)
    known = np.isfinite(each)
    by_pair = np.where(known, each, 0).sum(0)[known.any(0)] / known.sum(0)[known.any(0)]
    out = _entry(name, sum(entry["count"] for entry in entries.values()), by_pair)
    for key in ("ceiling_auc", "ceiling_f1"):
        if any(key in entry for entry in entries.values()):
            out[key] = mean_of([entry[key] for entry in entries.values()])
    return out


def figures(judged: Judged, seed: int) -> dict[str, Any]:
    """Agreement and ceilings of one set of photographs.

    Returns:
        n; ``classes`` and ``explanations``: for each name count, pairwise_f1 (mean over pairs of raters),
        deviation, paper, ceiling_f1 and (explanations) ceiling_auc, None where undefined or not known;
        the same for ``mean_of_classes`` and ``mean_of_explanations``; and ``no_reason``, the share of votes
        for poor_quality that come without an explanation.
    """
    votes = np.stack([(judged.quality == i).sum(1) for i in range(len(QUALITY_CLASSES))], axis=1)
    truth, ideal = plurality(votes), _mostly_voted(judged, seed)
    classes, class_pairs = {}, []
    for i, name in enumerate(QUALITY_CLASSES):
        class_pairs.append(pairwise_f1(judged.quality == i))
        ceiling = clean(binary(truth == i, ideal == i)["f1"])
        classes[name] = _entry(name, int((truth == i).sum()), class_pairs[i]) | {"ceiling_f1": ceiling}
    # Nothing to see is the lowest score there is; a number, so that ties are ties.
    scores = np.maximum([z_scores(measures) for measures in judged.measures], -1e6)
    given = judged.explanations.any(axis=1)
    explanations, pairs = {}, []
    for i, name in enumerate(EXPLANATIONS):
        pairs.append(pairwise_f1(judged.explanations[:, :, i]))
        best = best_f1(given[:, i], scores[:, i])
        explanations[name] = _entry(name, int(given[:, i].sum()), pairs[i]) | {
            "ceiling_auc": clean(auc(given[:, i], scores[:, i])),
            "ceiling_f1": None if best is None else clean(best[1]),
        }
    poor = judged.quality == QUALITY_CLASSES.index("poor_quality")
    silent = poor & ~judged.explanations.any(axis=2)
    return {
        "n": len(truth),
        "classes": classes,
        "mean_of_classes": _mean(classes, class_pairs, "mean_of_classes"),
        "explanations": explanations,
        "mean_of_explanations": _mean(explanations, pairs, "mean_of_explanations"),
        "no_reason": clean(silent.sum() / poor.sum()) if poor.any() else None,
    }


def agreement_report(judged: Judged, seed: int, benchmark: str) -> dict[str, Any]:
    """Figures of all photographs together and of each split, with what they rest on.

    Args:
        judged: at least one photograph.
        seed: of the panel.
        benchmark: its name, for the record.
    """
    sections = {"all": figures(judged, seed)}
    splits = [split for split in SPLITS if (judged.splits == split).any()]
    if len(splits) > 1:
        sections |= {split: figures(judged.subset(judged.splits == split), seed) for split in splits}
    return {
        "task": "panel",
        "benchmark": benchmark,
        "seed": seed,
        "raters": judged.quality.shape[1],
        "sections": sections,
    }


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


def _table(
    entries: Mapping[str, Mapping[str, Any]], mean: Mapping[str, Any], first: str, scored: bool
) -> Table:
    heads = [first, _("photos"), _("pairwise F1 (deviation)"), _("paper"), _("best possible F1")]
    rows = []
    for name, entry in [*entries.items(), (_("mean"), mean)]:
        cells = [
            Figure(entry["pairwise_f1"], spread=entry["deviation"]),
            Figure(entry["paper"], absent=_("not known here")),
            Figure(entry["ceiling_f1"]),
        ]
        cells += [Figure(entry["ceiling_auc"], digits=3)] if scored else []
        rows.append((name, entry["count"], *cells))
    return Table("", (*heads, *([_("best possible AUC")] if scored else [])), tuple(rows))


def agreement_markdown(report: Mapping[str, Any]) -> str:
    """The report as tables in the layout of the paper's Tables 1 and 2."""
    return markdown(_parts(report))


def _parts(report: Mapping[str, Any]) -> Iterator[str | Table]:
    titles = {
        "all": _("All photographs"),
        "train": _("Training photographs"),
        "validation": _("Validation photographs"),
        "left_out": _("Left-out sources"),
    }
    how = _(
        "Benchmark {name}, seed {seed}: {raters} simulated raters. Best possible is what could be reached by "
        "knowing each photograph's measures exactly."
    )
    yield "# " + _("Agreement of the panel")
    yield how.format(name=report["benchmark"], seed=report["seed"], raters=report["raters"])
    for name, section in report["sections"].items():
        yield f"## {titles[name]} (n = {section['n']})"
        yield _table(section["classes"], section["mean_of_classes"], _("class"), scored=False)
        explained = section["explanations"], section["mean_of_explanations"]
        yield _table(*explained, _("explanation (any rater)"), scored=True)
        if section["no_reason"] is not None:
            silent = _("Votes for poor_quality without a reason: {share:.0%}.")
            yield silent.format(share=section["no_reason"])
    if "note" in report:
        yield report["note"]
