"""Bias-corrected temperature scaling of the lesion classifier, and what it is worth on other photographs.

The network learns from classes drawn evenly, and says rare ones too often. One temperature and one bias for
each class (Alexandari et al. 2020) set that right for photographs like the validation ones. They are fitted
on these, so what they bring is measured by cross-fitting: each photograph is judged by a fit on other
subjects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize

from core.runtime.manifest import NetworkEntry
from core.runtime.probability import softmax
from core.training.lesion_answers import LesionAnswers

# Pulls biases to zero: small beside a hundred photographs, and bounded where a class has but one.
RIDGE: Final = 0.1
MOST_FOLDS: Final = 400
LIMITS: Final = (0.2, 5.0)
BIAS_LIMIT: Final = 6.0
# A fit on the same photographs comes this near, on another machine too.
SAME: Final = 0.02


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


def cross_fitted(answers: LesionAnswers) -> np.ndarray:
    """Scores of each photograph by a calibration fitted on other subjects: float64, N x classes.

    Each subject is left out once; with more than ``MOST_FOLDS`` of them, several together. A single subject
    cannot be judged by others, and is scored with its own fit.
    """
    _keys, place = np.unique(answers.keys, return_inverse=True)
    fold = place % MOST_FOLDS
    out = fit_calibration(answers.logits, answers.truth).scores(answers.logits)
    for number in np.unique(fold) if len(_keys) > 1 else ():
        here = fold == number
        out[here] = fit_calibration(answers.logits[~here], answers.truth[~here]).scores(answers.logits[here])
    return out


def was_fitted_on(entry: NetworkEntry, answers: LesionAnswers) -> bool:
    """Whether an entry's biases come from these answers to lesions: fitting again gives them again."""
    if not entry.class_offsets or not len(answers):
        return False
    again, given = fit_calibration(answers.logits, answers.truth), Calibration.of(entry)
    near = np.abs(again.biases - given.biases).max() < SAME
    return bool(near and abs(again.temperature - given.temperature) < SAME)


def judged(sets: Mapping[Any, LesionAnswers], entry: NetworkEntry) -> dict[Any, LesionAnswers]:
    """The same answers as the entry's calibration has them: softmax of their logits gives probabilities.

    Lesions of a set that the calibration was fitted on are judged by cross-fitting instead.
    """
    calibration, out = Calibration.of(entry), {}
    for name, answers in sets.items():
        scores = calibration.scores(answers.logits)
        lesions = answers.only(answers.lesion)
        if was_fitted_on(entry, lesions):
            scores[answers.lesion] = cross_fitted(lesions)
        out[name] = replace(answers, logits=scores)
    return out
