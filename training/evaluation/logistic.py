"""The logistic regression that the models beside the network are fitted with."""

import numpy as np


def fit_logistic(
    given: np.ndarray, right: np.ndarray, importance: np.ndarray, looseness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (classes x features; one row of two classes) and bias, for features as they come.

    The fit itself sees each feature from its mean, in its standard deviations: the penalty is fair to all.

    Args:
        given: float, N x features.
        right: the class of each, N.
        importance: how much each counts, N, above 0.
        looseness: above 0; the smaller, the smaller the weights are kept.
    """
    from sklearn.linear_model import LogisticRegression  # only fitting needs it

    mean, deviation = given.mean(axis=0), given.std(axis=0) + 1e-9
    model = LogisticRegression(C=looseness, max_iter=5000)
    model.fit((given - mean) / deviation, right, sample_weight=importance)
    weights = model.coef_ / deviation
    return weights, model.intercept_ - weights @ mean
