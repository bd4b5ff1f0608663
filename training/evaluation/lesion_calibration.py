"""Bias-corrected temperature scaling of the lesion classifier, and what it is worth on other photographs.

The network learns from classes drawn evenly, and says rare ones too often. One temperature and one bias for
each class (Alexandari et al. 2020) set that right for photographs like the validation ones. They are fitted
on these, so what they bring is measured by cross-fitting: each photograph is judged by a fit on other
subjects.

That temperature suits photographs of known collections, and on a new camera, which a person's phone is, it is
too sure. So it is raised by the largest factor (``caution``) that keeps the calibration error on the known
collections within ``MOST_ERROR``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize

from core.runtime.manifest import NetworkEntry
from core.runtime.probability import softmax
from training.evaluation.calibration import reliability_bins
from training.evaluation.lesion_predictions import LesionPredictions

# Pulls biases to zero: small beside a hundred photographs, and bounded where a class has but one.
RIDGE: Final = 0.1
MOST_FOLDS: Final = 400
LIMITS: Final = (0.2, 5.0)
BIAS_LIMIT: Final = 6.0
# A fit on the same photographs comes this near, on another machine too.
SAME: Final = 0.02
# Calibration error that may be paid on known collections for more doubt on new ones.
MOST_ERROR: Final = 0.05
MOST_CAUTION: Final = 2.0


@dataclass(frozen=True, eq=False)
class Calibration:
    """What turns logits into log-probabilities: ``logits / temperature + biases``, up to a constant.

    Attributes:
        temperature: above 0.
        biases: float64, classes.
    """

    temperature: float
    biases: np.ndarray

    def scores(self, logits: np.ndarray) -> np.ndarray:
        """Float64, ... x classes: softmax of them gives the probabilities."""
        return logits.astype(np.float64) / self.temperature + self.biases

    @classmethod
    def of(cls, entry: NetworkEntry) -> "Calibration":
        """The calibration of a manifest entry."""
        biases = [entry.class_offsets.get(label, 0.0) for label in entry.labels]
        return cls(entry.temperature, np.array(biases, np.float64))


def fit_calibration(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """The temperature and biases under which these labels are most likely.

    A class without a photograph keeps a bias of zero: nothing is known of it.

    Args:
        logits: float, N x classes, N > 0.
        labels: int, N.
    """
    wide, rows, classes = logits.astype(np.float64), np.arange(len(labels)), logits.shape[1]
    seen = np.isin(np.arange(classes), labels)

    def loss(given: np.ndarray) -> tuple[float, np.ndarray]:
        slope, biases = np.exp(given[0]), given[1:] * seen
        chances = softmax(slope * wide + biases)
        off = chances.copy()
        off[rows, labels] -= 1
        value = -np.log(chances[rows, labels] + 1e-300).sum() + RIDGE * (biases**2).sum()
        return value, np.concatenate([[slope * (off * wide).sum()], (off.sum(0) + 2 * RIDGE * biases) * seen])

    low, high = (float(np.log(1 / limit)) for limit in LIMITS[::-1])
    bounds = [(low, high), *[(-BIAS_LIMIT, BIAS_LIMIT)] * classes]
    found = minimize(loss, np.zeros(classes + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Calibration(round(float(np.exp(-found[0])), 3), np.round(found[1:] * seen, 3))


def _fits(predictions: LesionPredictions) -> list[tuple[np.ndarray, Calibration]]:
    """Calibrations fitted on other subjects, each with the photographs that it judges: bool, N."""
    _keys, place = np.unique(predictions.keys, return_inverse=True)
    if len(_keys) < 2:
        return [(np.ones(len(predictions), bool), fit_calibration(predictions.logits, predictions.label))]
    fold = place % MOST_FOLDS
    folds = [fold == number for number in np.unique(fold)]
    return [(here, fit_calibration(predictions.logits[~here], predictions.label[~here])) for here in folds]


def _scored(
    predictions: LesionPredictions, fits: list[tuple[np.ndarray, Calibration]], factor: float
) -> np.ndarray:
    out = np.zeros(predictions.logits.shape)
    for here, fit in fits:
        out[here] = replace(fit, temperature=fit.temperature * factor).scores(predictions.logits[here])
    return out


def cross_fitted(predictions: LesionPredictions, factor: float = 1.0) -> np.ndarray:
    """Scores of each photograph by a calibration fitted on other subjects: float64, N x classes.

    Each subject is left out once; with more than ``MOST_FOLDS`` of them, several together. A single subject
    cannot be judged by others, and is scored with its own fit.

    Args:
        factor: by which each fitted temperature is raised.
    """
    return _scored(predictions, _fits(predictions), factor)


def caution(predictions: LesionPredictions) -> float:
    """The largest factor (1-2, in hundredths) of the temperature with a calibration error in bounds.

    Measured by cross-fitting; 1 where already the fitted temperature has a larger error than ``MOST_ERROR``.
    """
    fits, best = _fits(predictions), 1.0
    for factor in np.arange(1.0, MOST_CAUTION + 0.001, 0.01):
        chances = softmax(_scored(predictions, fits, float(factor)))
        right = chances.argmax(1) == predictions.label
        _bins, error = reliability_bins(chances.max(1), right)
        if error is not None and error <= MOST_ERROR:
            best = float(round(factor, 2))
    return best


def _raised(entry: NetworkEntry, predictions: LesionPredictions) -> float | None:
    """The factor by which an entry's temperature is above that of a fit on these lesions.

    None where the entry was not fitted on them.
    """
    if not entry.class_offsets or not len(predictions):
        return None
    again, given = fit_calibration(predictions.logits, predictions.label), Calibration.of(entry)
    factor = given.temperature / again.temperature
    near = np.abs(again.biases - given.biases).max() < SAME
    return factor if near and 1 - SAME < factor < MOST_CAUTION + SAME else None


def judged(sets: Mapping[Any, LesionPredictions], entry: NetworkEntry) -> dict[Any, LesionPredictions]:
    """The same predictions as the entry's calibration has them: softmax of their logits gives probabilities.

    Lesions of a set that the calibration was fitted on are judged by cross-fitting instead.
    """
    calibration, out = Calibration.of(entry), {}
    for name, predictions in sets.items():
        scores = calibration.scores(predictions.logits)
        lesions = predictions.subset(predictions.lesion)
        factor = _raised(entry, lesions)
        if factor is not None:
            scores[predictions.lesion] = cross_fitted(lesions, factor)
        out[name] = replace(predictions, logits=scores)
    return out
