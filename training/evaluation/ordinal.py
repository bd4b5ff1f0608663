"""How good the ordinal assessor is, measured as Jeong et al. 2024 measure theirs.

Truth is whether more than half of four raters call a sample good. The paper's pictures show skin; so do those
of the main figures here, scenes without skin stand beside them. Everything is asked through the code that
serves the app.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.metrics import auc, binary, draws, interval
from core.quality.ordinal import Ordinal, chance_agreed, expected_agreeing
from core.quality.regions import regions
from core.reports.plots import Bin, Plot, reliability, roc
from core.reports.tables import Table
from core.runtime.manifest import NetworkEntry
from core.runtime.probability import sigmoid
from training.data.imageqx_data import Sample, material_of, sample
from training.data.ordinal_data import RATERS, agreeing, open_regions, pool_seed
from training.data.panel import Panel
from training.data.sources import DataError, Row
from training.data.splits import SPLITS
from training.evaluation.calibration import reliability_bins
from training.evaluation.metrics import clean, roc_points
from training.evaluation.predictions import PHANTOM, Columns, Progress, collected, quiet
from training.evaluation.quality_predictions import benchmark, sample_key
from training.evaluation.report_text import TITLES
from training.evaluation.tables import markdown, table

SPLIT_NAMES: Final = ("validation", "left_out")
BAD_SHARE: Final = 0.27
"""Share of bad pictures in the paper's adjusted distribution."""
RESAMPLES: Final = 200
# A box is cut out with so much of its size around it on every side.
_AROUND_BOX: Final = 0.25
_Z: Final = 1.959963984540054
_FIGURES: Final = ("sensitivity", "specificity", "ppv", "npv")


@dataclass(frozen=True, eq=False)
class Ranked(Columns):
    """What the assessor answered for N pictures.

    Attributes:
        chance: float, 0-1: that more than half of the raters agree.
        score: float, 0-4: agreeing raters expected.
        agreeing: int, 0-4: raters of four who call it good.
        groups: str: what it is of.
        sources: str: its collection.
        keys: str: those alike are resampled together.
    """

    chance: np.ndarray
    score: np.ndarray
    agreeing: np.ndarray
    groups: np.ndarray
    sources: np.ndarray
    keys: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """Bool, N: more than half of the four raters agree."""
        return 2 * self.agreeing > RATERS

    @property
    def drawn(self) -> np.ndarray:
        """Bool, N: a phantom."""
        return self.sources == PHANTOM


def threshold_of(entry: NetworkEntry) -> float:
    """From which chance (0-1) on a picture is good: Youden's on the training samples."""
    return float(sigmoid(np.array(entry.point().class_offsets.get("poor_quality", 0.0))))


def delong(good: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    """Area under the ROC curve and its standard error (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        good: bool, N.
        score: float, N, higher where it is good.

    Returns:
        nan twice without two pictures of both kinds.
    """
    high, low = score[good], score[~good]
    if len(high) < 2 or len(low) < 2:
        return math.nan, math.nan
    below, above = np.sort(low), np.sort(high)

    def share(sorted_by: np.ndarray, values: np.ndarray) -> np.ndarray:
        left = np.searchsorted(sorted_by, values, "left")
        return (left + np.searchsorted(sorted_by, values, "right")) / (2 * len(sorted_by))

    of_good, of_bad = share(below, high), 1 - share(above, low)
    variance = of_good.var(ddof=1) / len(high) + of_bad.var(ddof=1) / len(low)
    return float(of_good.mean()), float(np.sqrt(variance))


def slope(good: np.ndarray, chance: np.ndarray) -> float:
    """Calibration slope: of the log-odds of the truth in a logistic regression; 1 is honest, less too sure.

    Args:
        good: bool, N.
        chance: float, N, 0-1.

    Returns:
        nan without both kinds.
    """
    if not good.any() or good.all():
        return math.nan
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    held = np.clip(chance, 1e-6, 1 - 1e-6)
    # Kinds that a line separates have no finite slope: a trace of a penalty keeps it finite.
    model = LogisticRegression(C=1e6, max_iter=1000)
    return float(model.fit(np.log(held / (1 - held))[:, None], good).coef_[0, 0])


def shares(good: np.ndarray, passed: np.ndarray, weight: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Sensitivity and specificity for good pictures, and what is behind the answers good (PPV) and bad (NPV).

    Args:
        good, passed: bool, N.
        weight: float, ... x N, how often each counts.
    """
    one, other = binary(good, passed, weight), binary(~good, ~passed, weight)
    return {
        "sensitivity": one["recall"],
        "specificity": one["specificity"],
        "ppv": one["precision"],
        "npv": other["precision"],
    }


def section(ranked: Ranked, threshold: float, seed: int = 0) -> dict[str, Any]:
    """All figures of a set of pictures at a threshold on the chance."""
    good, chance = ranked.good, ranked.chance
    passed, weights = chance >= threshold, draws(ranked.keys)
    area, error = delong(good, chance)
    ends = [round(min(max(area + side * _Z * error, 0.0), 1.0), 3) for side in (-1, 1)]
    bins, gap = reliability_bins(chance, good)
    out: dict[str, Any] = {
        "n": len(ranked),
        "good": int(good.sum()),
        "good_share": clean(good.mean() if len(good) else np.nan),
        "auc": clean(auc(good, chance)),
        "auc_interval": interval(auc(good, chance, weights)),
        "auc_delong_interval": ends if np.isfinite(error) else None,
    }
    drawn = shares(good, passed, weights)
    for name, value in shares(good, passed).items():
        out |= {name: clean(value), f"{name}_interval": interval(drawn[name])}
    out |= {"slope": clean(slope(good, chance)), "calibration_error": gap, "bins": bins}
    out["rank_error"] = clean(np.abs(ranked.score - ranked.agreeing).mean() if len(ranked) else np.nan)
    out["adjusted"] = adjusted(good, chance, threshold, seed)
    out["roc"] = roc_points(good, chance)
    return out


def adjusted(
    good: np.ndarray, chance: np.ndarray, threshold: float, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """The figures where 0.27 of the pictures are bad: mean and deviation over resamples.

    Each resample takes as many pictures as that share allows, without replacement: of the kind that there is
    too much of some are left out, at random.

    Returns:
        ``n`` of a resample, and of each figure the mean and, as ``NAME_deviation``, the deviation; None
        without both kinds.
    """
    places, others = np.flatnonzero(good), np.flatnonzero(~good)
    many = min(len(places), int(len(others) * (1 - BAD_SHARE) / BAD_SHARE))
    few = min(len(others), round(many * BAD_SHARE / (1 - BAD_SHARE)))
    rng, found = np.random.default_rng(seed), []
    for _turn in range(resamples if many and few else 0):
        taken = np.concatenate([rng.choice(places, many, False), rng.choice(others, few, False)])
        truth, given = good[taken], chance[taken]
        one = {"auc": auc(truth, given), **shares(truth, given >= threshold)}
        found.append([float(one[name]) for name in ("auc", *_FIGURES)])
    out: dict[str, Any] = {"n": many + few, "resamples": len(found)}
    for number, name in enumerate(("auc", *_FIGURES)):
        values = np.array([row[number] for row in found])
        out[name] = clean(np.nanmean(values) if len(found) else np.nan)
        out[f"{name}_deviation"] = clean(np.nanstd(values) if len(found) else np.nan)
    return out


def _answer(assessor: Ordinal, entry: NetworkEntry, parts: np.ndarray) -> dict[str, float]:
    logits = assessor.logits_of(parts).mean(axis=0)
    return {
        "chance": float(chance_agreed(logits, entry.temperature)),
        "score": float(expected_agreeing(logits, entry.temperature)),
    }


def boxed(made: Sample) -> np.ndarray | None:
    """The lesion's box with some skin around it: uint8, h x w x 3; None where no box is known."""
    if made.group != "lesion" or made.shot.box is None:
        return None
    height, width = made.shot.rgb.shape[:2]
    left, top, right, bottom = made.shot.box
    aside, above = _AROUND_BOX * (right - left), _AROUND_BOX * (bottom - top)
    x0, x1 = max(0, round(left - aside)), min(width, round(right + aside))
    y0, y1 = max(0, round(top - above)), min(height, round(bottom + above))
    return made.shot.rgb[y0:y1, x0:x1] if x1 - x0 >= 8 and y1 - y0 >= 8 else None


def from_photographs(
    assessor: Ordinal, entry: NetworkEntry, rows: list[Row], split: str, count: int, progress: Progress
) -> tuple[Ranked, Ranked]:
    """Answers for the benchmark's samples of a split, whole, and cut to the box where one is known."""
    seed = benchmark()["seed"]
    material, panel = material_of(rows, split), Panel(seed)
    cut_out: list[dict[str, Any]] = []

    def record(number: int) -> dict[str, Any]:
        made = sample(number, split, material, panel, seed)
        row = {
            "agreeing": agreeing(made.quality_votes, seed, SPLITS.index(split), number),
            "groups": made.group,
            "sources": made.slug,
            "keys": sample_key(made.slug, made.split_key, split, number),
        }
        part = boxed(made)
        if part is not None:
            cut_out.append(row | _answer(assessor, entry, regions(part, entry.input_size)))
        return row | _answer(assessor, entry, regions(made.shot.rgb, entry.input_size))

    whole = collected(Ranked, split, count, map(record, range(count)), progress)
    return whole, collected(Ranked, split, len(cut_out), cut_out, quiet)


def from_pool(
    assessor: Ordinal, entry: NetworkEntry, folder: Path, split: str, count: int, progress: Progress
) -> Ranked:
    """Answers for samples that ``ordinal_data.build_regions`` rendered with the benchmark's seed.

    Raises:
        DataError: the pool is missing, of another seed, or too small.
    """
    pool = open_regions(folder, split)
    if pool_seed(folder) != benchmark()["seed"] or len(pool) < count:
        raise DataError(
            f"The pool in {folder} is not the benchmark's: it has another seed, or too few samples."
        )

    def record(place: int) -> dict[str, Any]:
        return {
            "agreeing": int(pool.agreeing[place]),
            "groups": str(pool.groups[place]),
            "sources": str(pool.slugs[place]),
            "keys": str(pool.keys[place]),
            **_answer(assessor, entry, np.array(pool.pictures[pool.positions[place]])),
        }

    return collected(Ranked, split, count, map(record, range(count)), progress)


def ordinal_report(
    assessor: Ordinal,
    entry: NetworkEntry,
    rows: list[Row],
    counts: Mapping[str, int] | None = None,
    progress: Progress = quiet,
    pool: Path | None = None,
) -> dict[str, Any]:
    """All figures of the ordinal assessor.

    Args:
        counts: samples for each split; the benchmark's own when None (then the figures carry its name).
        pool: parts of the benchmark's samples, already rendered; then there is no section of boxes.

    Raises:
        DataError: the pool is missing, of another seed, or too small.
    """
    spec, threshold = benchmark(), threshold_of(entry)
    wanted = dict(counts or spec["samples"])
    sections: dict[str, Any] = {}
    for split in SPLIT_NAMES:
        if not wanted.get(split):
            continue
        cut_out = None
        if pool is None:
            ranked, cut_out = from_photographs(assessor, entry, rows, split, wanted[split], progress)
        else:
            ranked = from_pool(assessor, entry, pool, split, wanted[split], progress)
        photos = ranked.subset(~ranked.drawn)
        skin = photos.groups != "no_skin"
        sections[split] = section(photos.subset(skin), threshold)
        sections[split]["with_no_skin"] = section(photos, threshold)
        if cut_out is not None and len(cut_out):
            boxes = cut_out.subset(~cut_out.drawn)
            sections[split]["boxes"] = section(boxes, threshold) if len(boxes) else None
    full = wanted == spec["samples"]
    return {
        "task": assessor.name,
        "benchmark": spec["name"] if full else f"{spec['name']} (shortened)",
        "seed": spec["seed"],
        "sha256": entry.sha256,
        "threshold": round(threshold, 4),
        "temperature": entry.temperature,
        "sections": sections,
        # As the paper prints them of its own network and pictures; not measured here.
        "paper": {"auc": 0.885, "ppv": 0.906, "good_share": 0.73},
    }


def compact(report: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures that belong in the weights manifest."""
    kept = ("n", "good_share", "auc", "auc_interval", *_FIGURES, "slope", "adjusted")
    found = {name: {key: part[key] for key in kept} for name, part in report["sections"].items()}
    return {"benchmark": report["benchmark"], "threshold": report["threshold"], **found}


def plots(report: Mapping[str, Any]) -> Iterator[Plot]:
    """The calibration plot and the ROC curve of every section."""
    for name, part in report["sections"].items():
        bins = [Bin(one["said"], one["right"], one["n"]) for one in part["bins"] if one["n"]]
        error = part["calibration_error"]
        yield reliability(f"ordinal-calibration-{name}", f"Calibration, {name}", [], bins, (None, error))
        around = part["auc_interval"]
        curve = [(float(x), float(y)) for x, y in part["roc"]]
        yield roc(
            f"ordinal-roc-{name}",
            f"ROC, {name}",
            curve,
            auc=part["auc"],
            around=None if around is None else (around[0], around[1]),
        )


def write_plots(report: Mapping[str, Any], out: Path) -> None:
    """Write every plot as an SVG file into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    for plot in plots(report):
        (out / f"{plot.name.replace('-', '_')}.svg").write_text(plot.file(), encoding="utf-8")


def ordinal_markdown(report: Mapping[str, Any]) -> str:
    """The report as tables; 95 % intervals stand in brackets."""
    return markdown(_parts(report))


def _parts(report: Mapping[str, Any]) -> Iterator[str | Table]:
    yield f"# {report['task']}"
    yield (
        f"Benchmark `{report['benchmark']}`, seed {report['seed']}; good from a chance of "
        f"{report['threshold']:.3f} on (Youden's index on the training samples). Paper: AUC 0.885, PPV 0.906."
    )
    columns = {"n": "n", "good": "good_share", "AUC": "auc", "sensitivity": "sensitivity"}
    columns |= {"specificity": "specificity", "PPV": "ppv", "NPV": "npv", "calibration slope": "slope"}
    columns["error of the rank"] = "rank_error"
    for name, part in report["sections"].items():
        yield f"## {TITLES[name]}"
        entries = {"skin": part, "with scenes without skin": part["with_no_skin"]}
        if part.get("boxes"):
            entries["cut to the lesion's box"] = part["boxes"]
        yield table("samples", entries, columns)
        ends = part["auc_delong_interval"]
        if ends is not None:
            yield f"AUC on skin with DeLong's interval: {part['auc']} ({ends[0]}-{ends[1]})."
        yield f"At the paper's distribution ({BAD_SHARE} bad), mean (deviation) over resamples:"
        yield _adjusted_table({key: one["adjusted"] for key, one in entries.items()})


def _adjusted_table(entries: Mapping[str, Mapping[str, Any]]) -> Table:
    names = {"auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity"}
    names |= {"ppv": "PPV", "npv": "NPV"}
    rows = tuple(
        (name, one["n"], *(_with_deviation(one, key) for key in names)) for name, one in entries.items()
    )
    return Table("", ("samples", "n", *names.values()), rows)


def _with_deviation(entry: Mapping[str, Any], key: str) -> str:
    value, spread = entry[key], entry[f"{key}_deviation"]
    return "-" if value is None else f"{value:.3f} ({spread:.3f})"
