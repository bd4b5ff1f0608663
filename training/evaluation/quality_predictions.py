"""A quality assessor's predictions for the benchmark, and for photographs that real raters voted on."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.i18n import _
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Assessor, PassRule, Verdict, shifted
from core.runtime.preprocess import shrink
from core.synthetic.degrade import MEASURES
from training.data.imageqx_data import PICTURES, load_labels, material_of, plurality, sample
from training.data.panel import Panel
from training.data.sources import DataError, Row, read_rgb
from training.data.splits import SPLITS, split_of
from training.evaluation.predictions import PHANTOM, Predictions, Progress, collected, quiet
from training.recipes.calibrate import acceptable, good_lesions

THUMBNAIL: Final = 200


@cache
def benchmark() -> dict[str, Any]:
    """The committed specification: name, seed and number of samples for each split."""
    return json.loads(Path(__file__).with_name("benchmark.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class QualityPredictions(Predictions):
    """What an assessor predicted for N photographs; ``label`` is the class by plurality.

    Attributes:
        class_votes: float, N x 4: share of raters per quality class.
        votes: float, N x 5: share of raters who gave each explanation.
        predicted: int, N: predicted class.
        quality: float, N x 4: probabilities, before the rule's class offsets.
        scores: float, N x 5: probabilities of the explanations.
        flagged: bool, N x 5: over the threshold.
        passes: bool, N.
        thumbs: object (JPEG bytes), N: what was shown, small.
    """

    class_votes: np.ndarray
    votes: np.ndarray
    predicted: np.ndarray
    quality: np.ndarray
    scores: np.ndarray
    flagged: np.ndarray
    passes: np.ndarray
    thumbs: np.ndarray

    @property
    def explanations(self) -> np.ndarray:
        """Bool, N x 5: given by at least one rater."""
        return self.votes > 0

    @property
    def good(self) -> np.ndarray:
        """Bool, N: lesion photos to which at most a small minority objects; they should pass."""
        return good_lesions(self.label, self.class_votes)

    @property
    def acceptable(self) -> np.ndarray:
        """Bool, N: at most a small minority objects, whatever the photo shows."""
        return acceptable(self.label, self.class_votes)

    @property
    def faulty(self) -> np.ndarray:
        """Bool, N: photos of poor quality by plurality; they should be refused."""
        return self.label == QUALITY_CLASSES.index("poor_quality")


def _thumbnail(rgb: np.ndarray) -> bytes:
    small = np.ascontiguousarray(shrink(rgb, THUMBNAIL)[..., ::-1])
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def _record(
    rgb: np.ndarray,
    verdict: Verdict,
    rule: PassRule,
    counts: tuple[np.ndarray, np.ndarray],
    source: str,
    key: str,
) -> dict[str, Any]:
    """One row of ``QualityPredictions``; counts are the panel's votes (4 and 5)."""
    quality, undone = verdict.quality, {name: -value for name, value in rule.class_offsets.items()}
    if undone:
        quality = shifted(quality, undone)
    raters = max(int(np.sum(counts[0])), 1)
    return {
        "label": int(plurality(np.asarray(counts[0])[None])[0]),
        "class_votes": np.asarray(counts[0]) / raters,
        "votes": np.asarray(counts[1]) / raters,
        "predicted": QUALITY_CLASSES.index(verdict.label),
        "quality": [quality[name] for name in QUALITY_CLASSES],
        "scores": [verdict.explanations[name] for name in EXPLANATIONS],
        "flagged": [name in verdict.flagged for name in EXPLANATIONS],
        "passes": verdict.passes,
        "sources": source,
        "keys": key,
        "thumbs": _thumbnail(rgb),
    }


def sample_key(source: str, key: str, split: str, number: int) -> str:
    """What a sample is resampled with: its photograph's split key; a phantom stands alone."""
    return f"{PHANTOM}/{SPLITS.index(split)}/{number}" if source == PHANTOM else key


def predict_benchmark(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    split: str,
    count: int,
    seed: int,
    progress: Progress = quiet,
) -> QualityPredictions:
    """Predictions for the first ``count`` samples of a split, drawn anew."""
    material, panel = material_of(rows, split), Panel(seed)

    def record(number: int) -> dict[str, Any]:
        made = sample(number, split, material, panel, seed)
        verdict = assessor.assess(made.shot.rgb, rule)
        key = sample_key(made.slug, made.split_key, split, number)
        counts = made.quality_votes, made.explanation_votes
        return _record(made.shot.rgb, verdict, rule, counts, made.slug, key)

    return collected(QualityPredictions, split, count, map(record, range(count)), progress)


def predict_pool(
    assessor: Assessor, rule: PassRule, pool_dir: Path, split: str, count: int, progress: Progress = quiet
) -> QualityPredictions:
    """The same from a rendered pool, for assessors that see no more of a picture than the pool holds.

    That is a square of 224 x 224 pixels, and for a network with a second view its middle at full detail.
    """
    columns = load_labels(pool_dir)
    images, details = (np.load(pool_dir / name, mmap_mode="r") for name in PICTURES)
    views = getattr(assessor, "views", None)
    twice = views is not None and views(np.array(images[0]))[1] is not None
    rendered = (columns["split"] == split) & ~np.isnan(columns["measures"][:, MEASURES.index("blur")])
    places = np.flatnonzero(rendered)[:count]

    def record(number: int) -> dict[str, Any]:
        place = places[number]
        rgb = np.array(images[place])
        if twice:
            verdict = assessor.judge_views(rgb, np.array(details[place]), rule, rgb.shape[1], rgb.shape[0])
        else:
            verdict = assessor.assess(rgb, rule)
        source = str(columns["slug"][place])
        key = sample_key(source, str(columns["split_key"][place]), split, number)
        counts = columns["quality_votes"][place], columns["explanation_votes"][place]
        return _record(rgb, verdict, rule, counts, source, key)

    return collected(QualityPredictions, split, len(places), map(record, range(len(places))), progress)


def check_pool(pool_dir: Path, seed: int, wanted: dict[str, int]) -> None:
    """Is this a pool of the benchmark?

    Raises:
        DataError: it is missing, of another seed, or too small.
    """
    load_labels(pool_dir)
    summary = json.loads((pool_dir / "pool.json").read_text(encoding="utf-8"))
    if summary["seed"] != seed or any(summary[split]["count"] < count for split, count in wanted.items()):
        message = _(
            "The pool in {folder} is not the benchmark's: render it with seed {seed} and enough samples."
        )
        raise DataError(message.format(folder=pool_dir, seed=seed))


def predict_splits(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    counts: dict[str, int] | None = None,
    progress: Progress = quiet,
    pool_dir: Path | None = None,
) -> dict[str, QualityPredictions]:
    """Predictions for the benchmark by split (``validation``, ``left_out``), phantoms among them.

    Args: as for ``evaluate.evaluate_quality``.

    Raises:
        DataError: the pool is missing, of another seed, or too small.
    """
    spec = benchmark()
    wanted = counts or spec["samples"]
    if pool_dir is not None:
        check_pool(pool_dir, spec["seed"], wanted)
    return {
        split: predict_benchmark(assessor, rule, rows, split, wanted[split], spec["seed"], progress)
        if pool_dir is None
        else predict_pool(assessor, rule, pool_dir, split, wanted[split], progress)
        for split in ("validation", "left_out")
        if wanted.get(split)
    }


def predict_rated(assessor: Assessor, rule: PassRule, rows: list[Row]) -> QualityPredictions | None:
    """Predictions for photographs that real raters voted on, as they are; None when there are none."""
    rated = [row for row in rows if row.quality_votes and split_of(row) != "train"]

    def record(row: Row) -> dict[str, Any]:
        rgb = read_rgb(row)
        counts = tuple(
            np.array([(votes or {}).get(name, 0) for name in names])
            for names, votes in (
                (QUALITY_CLASSES, row.quality_votes),
                (EXPLANATIONS, row.explanation_votes),
            )
        )
        return _record(rgb, assessor.assess(rgb, rule), rule, counts, row.slug, row.split_key)

    return collected(QualityPredictions, "rated", len(rated), map(record, rated), quiet) if rated else None
