"""Show photographs to an assessor and keep what it said beside the truth."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.i18n import _
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Assessor, PassRule, shifted
from core.runtime.preprocess import shrink
from core.synthetic.degrade import MEASURES
from training.data.imageqx_data import PICTURES, load_labels, material_of, plurality, sample
from training.data.panel import Panel
from training.data.sources import DataError, Row, read_rgb
from training.data.splits import split_of
from training.recipes.calibrate import acceptable, good_lesions

Progress = Callable[[str, int, int], None]
THUMBNAIL: Final = 200


def quiet(_what: str, _done: int, _all: int) -> None:
    """Progress that nobody watches."""
    return


@dataclass(frozen=True)
class Answers:
    """What an assessor said of N photographs, beside the truth.

    Attributes:
        label: int, N: true class (plurality).
        class_votes: float, N x 4: share of raters per quality class.
        votes: float, N x 5: share of raters who gave each explanation.
        said: int, N: class answered.
        quality: float, N x 4: probabilities, before the rule's class offsets.
        scores: float, N x 5: probabilities of the explanations.
        flagged: bool, N x 5: over the threshold.
        passes: bool, N.
        groups: str, N: what is resampled together.
        phantom: bool, N.
        slugs, keys: str, N: source and split key of the photograph it was made from.
        thumbs: object (JPEG bytes), N: what was shown, small.
    """

    label: np.ndarray
    class_votes: np.ndarray
    votes: np.ndarray
    said: np.ndarray
    quality: np.ndarray
    scores: np.ndarray
    flagged: np.ndarray
    passes: np.ndarray
    groups: np.ndarray
    phantom: np.ndarray
    slugs: np.ndarray
    keys: np.ndarray
    thumbs: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def only(self, keep: np.ndarray) -> "Answers":
        """The answers where ``keep`` (bool, N)."""
        return Answers(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})

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


def joined(parts: Sequence[Answers]) -> Answers:
    """Several sets of answers as one; nothing is resampled together across them."""
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in Answers.__dataclass_fields__
    }
    places = [f"{k}/{group}" for k, part in enumerate(parts) for group in part.groups]
    return Answers(**columns | {"groups": np.array(places, dtype=str)})


def _thumbnail(rgb: np.ndarray) -> bytes:
    small = np.ascontiguousarray(shrink(rgb, THUMBNAIL)[..., ::-1])
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


class _Collector:
    """Asks about one photograph after the other."""

    def __init__(self, assessor: Assessor, rule: PassRule) -> None:
        self._assessor, self._rule = assessor, rule
        self._undo = {name: -value for name, value in rule.class_offsets.items()}
        self._rows: list[dict[str, Any]] = []

    def show(
        self,
        rgb: np.ndarray,
        class_votes: np.ndarray,
        votes: np.ndarray,
        slug: str,
        key: str,
        phantom: bool,
        detail: np.ndarray | None = None,
    ) -> None:
        """Ask about one photograph; votes are counts (4 and 5) of the panel.

        With ``detail`` the picture is the square that a network sees, and ``detail`` its second view.
        """
        if detail is None:
            verdict = self._assessor.assess(rgb, self._rule)
        else:
            verdict = self._assessor.judge_views(rgb, detail, self._rule, rgb.shape[1], rgb.shape[0])
        quality = shifted(verdict.quality, self._undo) if self._undo else verdict.quality
        raters = max(int(np.sum(class_votes)), 1)
        self._rows.append(
            {
                "label": int(plurality(np.asarray(class_votes)[None])[0]),
                "class_votes": np.asarray(class_votes) / raters,
                "votes": np.asarray(votes) / raters,
                "said": QUALITY_CLASSES.index(verdict.label),
                "quality": [quality[name] for name in QUALITY_CLASSES],
                "scores": [verdict.explanations[name] for name in EXPLANATIONS],
                "flagged": [name in verdict.flagged for name in EXPLANATIONS],
                "passes": verdict.passes,
                "groups": f"phantom/{len(self._rows)}" if phantom else key,
                "phantom": phantom,
                "slugs": slug,
                "keys": key,
                "thumbs": _thumbnail(rgb),
            }
        )

    def answers(self) -> Answers:
        """All answers so far."""
        kinds = {"phantom": bool, "passes": bool, "flagged": bool, "thumbs": object}
        kinds |= dict.fromkeys(("groups", "slugs", "keys"), str) | {"label": int, "said": int}
        shapes = {"class_votes": (4,), "quality": (4,)} | dict.fromkeys(("votes", "scores", "flagged"), (5,))
        columns = {}
        for name in Answers.__dataclass_fields__:
            column = np.array([row[name] for row in self._rows], kinds.get(name, float))
            columns[name] = column.reshape(len(self._rows), *shapes.get(name, ()))
        return Answers(**columns)


def ask_benchmark(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    split: str,
    count: int,
    seed: int,
    progress: Progress = quiet,
) -> Answers:
    """Show an assessor the first ``count`` samples of a split."""
    material, panel = material_of(rows, split), Panel(seed)
    asked = _Collector(assessor, rule)
    for number in range(count):
        made = sample(number, split, material, panel, seed)
        votes = made.quality_votes, made.explanation_votes
        asked.show(made.shot.rgb, *votes, made.slug, made.split_key, made.phantom)
        progress(split, number + 1, count)
    return asked.answers()


def ask_pool(
    assessor: Assessor, rule: PassRule, pool_dir: Path, split: str, count: int, progress: Progress = quiet
) -> Answers:
    """The same from a rendered pool, for assessors that see no more of a picture than the pool holds.

    That is a square of 224 x 224 pixels, and for a network with a second view its middle at full detail.
    """
    columns = load_labels(pool_dir)
    images, details = (np.load(pool_dir / name, mmap_mode="r") for name in PICTURES)
    views = getattr(assessor, "views", None)
    twice = views is not None and views(np.array(images[0]))[1] is not None
    rendered = (columns["split"] == split) & ~np.isnan(columns["measures"][:, MEASURES.index("blur")])
    places = np.flatnonzero(rendered)[:count]
    asked = _Collector(assessor, rule)
    for number, place in enumerate(places, start=1):
        slug = str(columns["slug"][place])
        votes = columns["quality_votes"][place], columns["explanation_votes"][place]
        detail = np.array(details[place]) if twice else None
        key = str(columns["split_key"][place])
        asked.show(np.array(images[place]), *votes, slug, key, slug == "phantom", detail)
        progress(split, number, len(places))
    return asked.answers()


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


def ask_rated(assessor: Assessor, rule: PassRule, rows: list[Row]) -> Answers | None:
    """Show an assessor the photographs that real raters voted on, as they are; None when there are none."""
    rated = [row for row in rows if row.quality_votes and split_of(row) != "train"]
    if not rated:
        return None
    asked = _Collector(assessor, rule)
    for row in rated:
        quality = np.array([(row.quality_votes or {}).get(name, 0) for name in QUALITY_CLASSES])
        given = np.array([(row.explanation_votes or {}).get(name, 0) for name in EXPLANATIONS])
        asked.show(read_rgb(row), quality, given, row.slug, row.split_key, False)
    return asked.answers()
