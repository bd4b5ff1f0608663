"""The logistic regression that the models beside the network are fitted with."""

from typing import Final

import numpy as np

_PENALTY: Final = 0.3


def fit_logistic(
    given: np.ndarray, right: np.ndarray, importance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (classes x features; one row of two classes) and bias, for features as they come.

    The fit itself sees each feature from its mean, in its standard deviations: the penalty is fair to all.

    Args:
        given: float, N x features.
        right: the class of each, N.
        importance: how much each counts, N, above 0.
    """
    from sklearn.linear_model import LogisticRegression  # only fitting needs it

    mean, deviation = given.mean(axis=0), given.std(axis=0) + 1e-9
    model = LogisticRegression(C=_PENALTY, max_iter=5000)
    model.fit((given - mean) / deviation, right, sample_weight=importance)
    weights = model.coef_ / deviation
    return weights, model.intercept_ - weights @ mean
