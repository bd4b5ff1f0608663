"""Fits the model of truncated lesions: a binary logistic regression beside the second opinion.

Truncated are training photographs whose lesion is known to lie within the frame, cut through its middle, and
lesions that fill the frame; the others are pictures of lesions as they are, located or not. All are shown as
a photo and as a frame of a video. The second opinion tells eight conditions apart and draws "cut" through a
guessed box where none is known; this model tells one thing, and cuts by known boxes alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from core.quality.imageqx import ImageQX
from core.quality.second_opinion import MEASURED, TRUNCATION_FEATURES, chances, is_truncated, revised
from core.quality.verdict import PassRule
from core.runtime.manifest import Opinion, TruncationModel
from training.data.boxes import eye_box, located
from training.data.imageqx_data import scene_from_row
from training.data.sources import Row, at_most
from training.data.splits import split_of
from training.evaluation.behaviour import video_frame
from training.evaluation.faults import cut
from training.evaluation.good_pictures import Judged, large_lesion
from training.evaluation.logistic import fit_logistic

LOST: Final = 0.02
"""Share of the good pictures that pass network and opinion which the model may refuse."""
_A_SOURCE: Final = 120
_LOOSENESS: Final = 0.3
_STRENGTHS: Final = (0.6, 1.5)


def examples(rows: Sequence[Row], seed: int = 7) -> Iterator[tuple[np.ndarray, bool]]:
    """Photographs (uint8 RGB) of the training split with a located lesion: as they are, and truncated."""
    rng = np.random.default_rng(seed)
    whole = [row for row in rows if split_of(row) == "train" and large_lesion(row) and _is_whole(row)]
    for row in at_most(
        (whole[int(at)] for at in rng.permutation(len(whole))), lambda row: row.slug, _A_SOURCE
    ):
        scene = scene_from_row(row)
        if scene.box is None:
            continue
        yield scene.rgb, False
        for strength in (1.0, float(rng.uniform(*_STRENGTHS))):
            yield cut(scene.rgb, scene.box, rng, strength), True


def _is_whole(row: Row) -> bool:
    """Whether the lesion is known to lie within the frame."""
    seen = eye_box(row)
    return located(row) and not (seen and (seen.cut or seen.spread))


def fit(given: np.ndarray, truncated: np.ndarray) -> tuple[tuple[float, ...], float]:
    """Weights, one for each of ``TRUNCATION_FEATURES``, and bias; both classes count alike.

    Args:
        given: float, N x as many as ``MEASURED``.
        truncated: bool, N.
    """
    read = given[:, [MEASURED.index(name) for name in TRUNCATION_FEATURES]]
    share = np.where(truncated, truncated.mean(), 1 - truncated.mean())
    weights, bias = fit_logistic(read, truncated, 0.5 / share, _LOOSENESS)
    return tuple(round(float(weight), 5) for weight in weights[0]), round(float(bias[0]), 5)


def fitted(
    assessor: ImageQX,
    opinion: Opinion,
    rows: Sequence[Row],
    whole: np.ndarray,
    filling: np.ndarray,
    good: Sequence[Judged],
    rule: PassRule,
) -> tuple[TruncationModel, dict[str, Any]]:
    """The model, and what it was fitted and set on.

    Args:
        assessor, opinion: whose answers it reads, and with which a picture has to pass first.
        rows: of the data folder.
        whole: float, N x as many as ``MEASURED``: read of more pictures of lesions that are not truncated.
        filling: the same of lesions that run out of the frame on all sides.
        good: pictures of which, where they pass, at most ``LOST`` may be refused.
        rule: what passes.
    """
    camera = np.random.default_rng(3)
    shown = [
        (assessor.opinion_features(view), truncated)
        for rgb, truncated in examples(rows)
        for view in (rgb, video_frame(rgb, camera))
    ]
    given = np.array([*(read for read, _truncated in shown), *whole, *filling])
    truncated = np.array([*(one for _read, one in shown), *[False] * len(whole), *[True] * len(filling)])
    weights, bias = fit(given, truncated)
    passed = []
    for one in good:
        found = chances(one.given, opinion.weights, opinion.bias, opinion.conditions)
        if revised(one.verdict, rule, found, opinion.least_good).passes:
            passed.append(one)
    counts = Counter(one.kind for one in passed)
    for threshold in np.linspace(0.5, 0.99, 50):
        model = TruncationModel(
            features=TRUNCATION_FEATURES, weights=weights, bias=bias, threshold=round(float(threshold), 2)
        )
        lost = Counter(one.kind for one in passed if is_truncated(one.given, model))
        if lost.total() <= LOST * counts.total():
            break
    fitted_on = {"truncated": int(truncated.sum()), "whole": int((~truncated).sum())}
    return model, fitted_on | {"set_on": dict(counts), "lost": dict(lost)}
