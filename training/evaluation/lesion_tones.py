"""Does the lesion classifier's first guess hold alike on light and dark skin?

Skin tone as in `training.evaluation.fairness`, with the same limits. Kinds of skin change are not spread
alike over the tones, and some kinds are harder than others: beside the recall of each tone stands what the
mix of kinds alone would make it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.evaluation.fairness import BINS, bins_of, largest_gap
from training.evaluation.lesion_predictions import LesionPredictions
from training.evaluation.metrics import clean, rate


def recall_by_tone(lesions: LesionPredictions, tones: Mapping[str, float]) -> dict[str, Any]:
    """How often the first guess is right, by skin tone.

    Args:
        lesions: predictions for photographs that show a lesion.
        tones: ITA in degrees by split key.

    Returns:
        ``bins``, one for each of ``fairness.BINS``: ``n``, ``recall`` with its interval (Wilson's score), and
        ``expected``, the mean over the bin's photographs of the recall that their class has over all tones;
        ``n_unknown``, photographs whose tone is not known; and, over bins of at least ``ENOUGH``
        photographs, the ``largest_gap`` of recall and ``largest_gap_beyond_the_mix``, of recall less
        ``expected``.
    """
    place = bins_of(lesions.keys, tones)
    right = lesions.predicted == lesions.label
    known = place >= 0
    of_class = {label: right[known & (lesions.label == label)].mean() for label in set(lesions.label[known])}
    expected = np.array([of_class.get(label, np.nan) for label in lesions.label], float)
    bins = [
        {
            "name": name,
            "ita_low": low,
            "ita_high": high,
            "n": int((place == k).sum()),
            **rate("recall", right, place == k),
            "expected": clean(expected[place == k].mean()) if (place == k).any() else None,
        }
        for k, (name, low, high) in enumerate(BINS)
    ]
    beyond = [
        (None if entry["recall"] is None else entry["recall"] - entry["expected"], entry["n"])
        for entry in bins
    ]
    return {
        "bins": bins,
        "n_unknown": int((~known).sum()),
        "largest_gap": largest_gap([(entry["recall"], entry["n"]) for entry in bins]),
        "largest_gap_beyond_the_mix": largest_gap(beyond),
    }
