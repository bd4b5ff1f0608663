"""Calibrates the classical assessor: boosted trees over its measures, on the labels that ImageQX learns.

``python -m core train classical --data DIR --out DIR`` renders the same pool of samples (or takes
``--pool``), measures each, fits one ensemble an explanation and one a class, and sets temperature and
operating points on the pool's validation photographs. Only this needs scikit-learn; what is served are
arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.quality.classical_features import measured
from core.quality.classical_model import HEADS, ClassicalModel
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.trees import Trees, trees_of
from core.runtime.manifest import DEFAULT_POINT, OperatingPoint
from core.runtime.probability import sigmoid, softmax
from training.data.imageqx_data import TRAINING_SHARES, PoolDataset, build_pool, load_labels
from training.data.sources import DataError
from training.evaluation.predictions import PHANTOM
from training.recipes.calibrate import fit_temperature, good_lesions, operating_points


@dataclass(frozen=True)
class Plan:
    """How the trees are grown (gradient boosting on histograms, as in LightGBM).

    Attributes:
        trees: of each ensemble. rate: what each tree's answer is multiplied with.
        leaves, depth: at most, of a tree. leaf: samples that a leaf has at least.
        measures: share (0-1) of the measures that each question may choose from.
        penalty: on the squared answers of the leaves.
    """

    trees: int = 100
    rate: float = 0.07
    leaves: int = 12
    depth: int = 6
    leaf: int = 20
    measures: float = 0.15
    penalty: float = 5.0


@dataclass(frozen=True, eq=False)
class Measured:
    """N samples of a pool, measured.

    Attributes:
        names: of the measures, M.
        given: float32, N x M.
        label: int, N: the panel's class.
        votes: float, N x 4: share of raters per class.
        explained: bool, N x 5: given by at least one rater.
        drawn: bool, N: a phantom.
    """

    names: tuple[str, ...]
    given: np.ndarray
    label: np.ndarray
    votes: np.ndarray
    explained: np.ndarray
    drawn: np.ndarray


_SHARPER: Final = ("sharp_", "fall_", "steepest_", "edges_", "laplacian_", "tenengrad_")
SAMPLES: Final = 10_000
"""Samples that a pool is rendered with where there is none: enough for trees this small."""


def pool_of(data: Path, folder: Path, samples: int | None, seed: int) -> Path:
    """The pool in ``folder``, first rendered from the photographs where there is none.

    Raises:
        DataError: the photographs cannot be used.
    """
    if not (folder / "labels.npz").is_file():
        build_pool(data, folder, count=samples or SAMPLES, seed=seed, shares=TRAINING_SHARES)
    return folder


def measure_split(
    pool: Path, split: str, progress: Callable[[str, int, int], None], most: int | None = None
) -> Measured:
    """Measure the samples of a split of a rendered pool.

    Args:
        most: only the first so many.

    Raises:
        DataError: there is no finished pool, or it has no samples of the split.
    """
    load_labels(pool)
    data = PoolDataset(pool, split)
    count = min(len(data), most or len(data))
    if not count:
        raise DataError(_("The data folder needs photographs on both sides of the split, see splits.json."))
    rows, names = [], ()
    for number in range(count):
        place = data.positions[number]
        found = measured(np.array(data.images[place]), np.array(data.details[place]))
        names = tuple(found)
        rows.append(list(found.values()))
        progress(split, number + 1, count)
    return Measured(
        names,
        np.array(rows, np.float32),
        data.labels[:count],
        data.votes[:count],
        data.explanations[:count] > 0,
        data.slugs[:count] == PHANTOM,
    )


def fit_trees(train: Measured, plan: Plan, seed: int) -> Trees:
    """One ensemble a head: each explanation for itself, the classes together.

    Raises:
        DataError: an explanation or class has no example, or nothing but examples.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # only fitting needs it

    truths = [*(train.explained[:, k] for k in range(len(EXPLANATIONS))), train.label]
    wanted = [2] * len(EXPLANATIONS) + [len(QUALITY_CLASSES)]
    for truth, count, name in zip(truths, wanted, (*EXPLANATIONS, "lesion"), strict=True):
        if len(np.unique(truth)) < count:
            raise DataError(_("The data folder has no photographs for {name}.").format(name=name))
    nodes, heads, starts = [], [], np.zeros(len(HEADS))
    for number, truth in enumerate(truths):
        model = HistGradientBoostingClassifier(
            max_iter=plan.trees,
            learning_rate=plan.rate,
            max_leaf_nodes=plan.leaves,
            max_depth=plan.depth,
            min_samples_leaf=plan.leaf,
            max_features=plan.measures,
            l2_regularization=plan.penalty,
            monotonic_cst=_directions(train.names) if number == EXPLANATIONS.index("blurry") else None,
            early_stopping=False,
            random_state=seed + number,
        ).fit(train.given, truth)
        first = number if number < len(EXPLANATIONS) else len(EXPLANATIONS)
        # There is no public way to the trees; a test holds that they answer as scikit-learn does.
        grown = [[one.nodes for one in turn] for turn in model._predictors]
        for turn in grown:
            nodes += [_nodes(tree) for tree in turn]
            heads += range(first, first + len(turn))
        count = len(grown[0])
        starts[first : first + count] = np.ravel(model._baseline_prediction)
    most = max(len(each["feature"]) for each in nodes)
    columns: dict[str, Any] = {
        name: np.stack([_filled(each[name], most, name) for each in nodes]) for name in nodes[0]
    }
    columns |= {"head": np.array(heads, np.int16), "start": starts}
    return trees_of(columns, len(train.names), len(HEADS))


def _directions(names: tuple[str, ...]) -> np.ndarray:
    """-1 for measures of sharpness, which never make a picture more blurry, whatever noise it was taken with;
    0 for all others."""
    return np.array([-int(name.startswith(_SHARPER)) for name in names])


def _nodes(tree: np.ndarray) -> dict[str, np.ndarray]:
    """One of scikit-learn's trees (a structured array) as rows of ``Trees``."""
    leaf = tree["is_leaf"].astype(bool)
    itself = np.arange(len(tree))
    return {
        "feature": np.where(leaf, 0, tree["feature_idx"]).astype(np.int16),
        "threshold": _rounded_down(np.where(leaf, 0.0, tree["num_threshold"])),
        "left": np.where(leaf, itself, tree["left"]).astype(np.int16),
        "right": np.where(leaf, itself, tree["right"]).astype(np.int16),
        "value": np.where(leaf, tree["value"], 0.0).astype(np.float32),
    }


def _rounded_down(thresholds: np.ndarray) -> np.ndarray:
    """As float32, never larger: so that float32 measures fall on the same side as before."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def _filled(row: np.ndarray, most: int, name: str) -> np.ndarray:
    out = np.arange(most, dtype=row.dtype) if name in ("left", "right") else np.zeros(most, row.dtype)
    out[: len(row)] = row
    return out


def scores_of(trees: Trees, given: np.ndarray) -> np.ndarray:
    """Scores of N pictures: float64, N x heads."""
    return np.array([trees.scores(row) for row in given])


def set_points(
    scores: np.ndarray, label: np.ndarray, votes: np.ndarray, explained: np.ndarray
) -> tuple[float, dict[str, OperatingPoint]]:
    """Temperature and operating points for validation photographs.

    Args:
        scores: float, N x 9, of ``HEADS``.
        label, votes, explained: as in ``Measured``.
    """
    logits = scores[:, len(EXPLANATIONS) :]
    temperature = fit_temperature(logits, label)
    points = operating_points(
        softmax(logits, temperature),
        sigmoid(scores[:, : len(EXPLANATIONS)]),
        good_lesions(label, votes),
        label == QUALITY_CLASSES.index("poor_quality"),
        explained,
        label,
    )
    return temperature, points


def calibrated(
    train: Measured, validation: Measured, plan: Plan | None = None, seed: int = 0
) -> ClassicalModel:
    """The whole model. Photographs set its points; phantoms do where there is nothing else.

    Raises:
        DataError: as ``fit_trees``.
    """
    trees = fit_trees(train, plan or Plan(), seed)
    used = ~validation.drawn if (~validation.drawn).any() else np.ones(len(validation.label), bool)
    scores = scores_of(trees, validation.given[used])
    temperature, points = set_points(
        scores, validation.label[used], validation.votes[used], validation.explained[used]
    )
    assert DEFAULT_POINT in points
    return ClassicalModel(train.names, trees, temperature, points)
