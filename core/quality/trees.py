"""Boosted decision trees as plain arrays: read from a file without pickle, evaluated with NumPy alone."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_MOST_STEPS: Final = 32


@dataclass(frozen=True, eq=False)
class Trees:
    """T binary trees of at most N nodes each, whose leaves add up to H scores.

    A picture starts at node 0 of every tree and goes left where its measure is at most the threshold. A leaf
    leads to itself. Rows of trees with fewer nodes are filled up with leaves that nothing leads to.

    Attributes:
        feature: int16, T x N: index of the measure that is asked for.
        threshold: float32, T x N.
        left, right: int16, T x N: the next node.
        value: float32, T x N: what a leaf adds.
        head: int16, T: index of the score that a tree adds to.
        start: float64, H: what each score starts from.
        depth: steps from the root to the deepest leaf.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    head: np.ndarray
    start: np.ndarray
    depth: int

    def scores(self, given: np.ndarray) -> np.ndarray:
        """The H scores of one picture: float64.

        Args:
            given: float32, the measures in the order that ``feature`` counts in.
        """
        rows = np.arange(len(self.head))
        node = np.zeros(len(rows), np.int64)
        for _step in range(self.depth):
            below = given[self.feature[rows, node]] <= self.threshold[rows, node]
            node = np.where(below, self.left[rows, node], self.right[rows, node])
        return self.start + np.bincount(self.head, self.value[rows, node], minlength=len(self.start))


COLUMNS: Final = {
    "feature": np.int16,
    "threshold": np.float32,
    "left": np.int16,
    "right": np.int16,
    "value": np.float32,
    "head": np.int16,
    "start": np.float64,
}
"""The arrays that a file holds, and their types."""


def trees_of(columns: Any, features: int, heads: int) -> Trees:
    """The trees of a file's arrays, checked: nothing that is read can lead out of an array.

    Args:
        columns: mapping of the names in ``COLUMNS`` to arrays.
        features: how many measures there are.
        heads: how many scores there must be.

    Raises:
        KeyError: an array is missing.
        ValueError: they do not fit each other.
    """
    arrays = {name: np.asarray(columns[name]) for name in COLUMNS}
    shape = arrays["feature"].shape
    if len(shape) != 2 or not all(shape):
        raise ValueError("the trees have no nodes")
    for name, kind in COLUMNS.items():
        wanted = {"head": shape[:1], "start": (heads,)}.get(name, shape)
        if arrays[name].dtype != kind or arrays[name].shape != wanted:
            raise ValueError(f"{name} must be {np.dtype(kind).name} of shape {wanted}")
    limits = {"feature": features, "left": shape[1], "right": shape[1], "head": heads}
    for name, most in limits.items():
        if arrays[name].min() < 0 or arrays[name].max() >= most:
            raise ValueError(f"{name} leads out of its array")
    if not all(np.isfinite(arrays[name]).all() for name in ("value", "start")):
        raise ValueError("a value of the trees is not finite")
    return Trees(**arrays, depth=_depth(arrays["left"], arrays["right"]))


def _depth(left: np.ndarray, right: np.ndarray) -> int:
    """Steps after which every way from the root has reached a node that leads to itself."""
    itself = np.arange(left.shape[1])
    at = np.zeros(left.shape, bool)
    at[:, 0] = True
    for step in range(_MOST_STEPS):
        inner = at & ((left != itself) | (right != itself))
        if not inner.any():
            return step
        at = np.zeros_like(at)
        rows, nodes = np.nonzero(inner)
        at[rows, left[rows, nodes]] = True
        at[rows, right[rows, nodes]] = True
    raise ValueError("the trees are too deep")
