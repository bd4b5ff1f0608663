"""Bootstrap intervals of the figures that the app and training share."""

from typing import Final

import numpy as np

REPLICATES: Final = 400


def draws(groups: np.ndarray, replicates: int = REPLICATES, seed: int = 0) -> np.ndarray:
    """Bootstrap weights, replicates x N: whole groups (a photo, a person) are drawn together."""
    names, place = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    taken = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    return taken[:, place].astype(np.float64)


def interval(values: np.ndarray) -> list[float] | None:
    """95 % percentile interval of a figure over bootstrap draws; None when it is mostly undefined."""
    defined = values[np.isfinite(values)]
    if len(defined) < len(values) / 2:
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return [round(float(low), 3), round(float(high), 3)]
