"""Good pictures that nothing is fitted on: what thresholds beside the network are set by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.quality.imageqx import ImageQX
from core.quality.verdict import PassRule, Verdict
from core.runtime.preprocess import shrink
from training.data.boxes import eye_box
from training.data.imageqx_data import material_of, plurality, sample, scene_from_row
from training.data.panel import Panel
from training.data.sources import Row
from training.data.splits import split_of
from training.evaluation.behaviour import ladder_paths
from training.evaluation.quality_predictions import benchmark
from training.recipes.calibrate import good_lesions

LARGE: Final = 380
"""Pixels across the short side from which a photograph serves as a good one."""
_GOOD_SAMPLES: Final = 1600


def large_lesion(row: Row) -> bool:
    """Whether a row is a large photograph of a lesion that is not of the ladder of faults."""
    large = min(row.width, row.height) >= LARGE
    return row.group == "lesion" and large and row.path not in ladder_paths()


@dataclass(frozen=True)
class Judged:
    """A good picture: the verdict of the network alone, and what the models beside it read.

    Attributes:
        verdict: by the network alone.
        given: float64, as many as ``FEATURES``.
        framing: the network's probabilities (0-1) of ``FRAMINGS``.
        kind: ``"photographs"`` or ``"samples"``.
    """

    verdict: Verdict
    given: np.ndarray
    framing: Mapping[str, float]
    kind: str


def good_pictures(rows: Sequence[Row], samples: int = _GOOD_SAMPLES) -> Iterator[tuple[np.ndarray, str]]:
    """Good pictures (uint8 RGB) that nothing is fitted on, each with its kind.

    They are large photographs of lesions of the validation split and the left-out sources, as they are
    (without those that are known to cut the lesion), and the benchmark's good samples of the validation
    split.
    """
    for row in rows:
        seen = eye_box(row)
        if large_lesion(row) and split_of(row) != "train" and not (seen and seen.cut):
            yield scene_from_row(row).rgb, "photographs"
    seed = benchmark()["seed"]
    material, panel = material_of(list(rows), "validation"), Panel(seed)
    for number in range(samples):
        made = sample(number, "validation", material, panel, seed)
        votes = np.asarray(made.quality_votes)[None]
        if good_lesions(plurality(votes), votes / votes.sum())[0]:
            yield made.shot.rgb, "samples"


def judged(assessor: ImageQX, rows: Sequence[Row], rule: PassRule) -> Iterator[Judged]:
    """The good pictures, as the network alone judges them."""
    for rgb, kind in good_pictures(rows):
        weighed = assessor.weigh(shrink(rgb, 640), rule)
        assert weighed.read is not None, "fitted for a network with a detail view, places and framings"
        assert weighed.framing is not None
        yield Judged(weighed.alone, weighed.read, weighed.framing, kind)
