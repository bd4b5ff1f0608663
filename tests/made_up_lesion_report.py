"""A report of the lesion classifier on made-up predictions, through the code that makes real ones."""

import copy
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from made_up_entry import made_up_entry

from core.lesion.abstain import read_centres
from core.lesion.taxonomy import LABELS
from training.evaluation.evaluate_lesion import evaluate_lesion
from training.evaluation.lesion_limits import fit
from training.evaluation.lesion_predictions import NO_LESION, LesionPredictions


def _predictions(seed, each, right, slugs, classes=LABELS):
    """``each`` pictures of each class and five times as many of none; ``right`` is the share answered so."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate(
        [np.repeat([LABELS.index(name) for name in classes], each), [NO_LESION] * 5 * each]
    )
    lesion = truth != NO_LESION
    best = np.where((rng.random(len(truth)) < right) & lesion, truth, rng.integers(0, 10, len(truth)))
    # What is wrong is mostly one pair.
    best = np.where(lesion & (truth == 9) & (rng.random(len(truth)) < 0.5), 4, best)
    logits = rng.normal(0, 0.7, (len(truth), 10))
    logits[np.arange(len(truth)), best] += rng.uniform(0.5, 4, len(truth))
    pooled = rng.normal(0, 1, (len(truth), 12))
    pooled[np.arange(len(truth)), np.where(lesion, truth, 10)] += 3.5
    names = np.where(lesion, rng.choice(slugs, len(truth)), slugs[0])
    groups = np.where(lesion, "lesion", np.where(rng.random(len(truth)) < 0.5, "no_skin", "healthy_skin"))
    keys = np.array([f"{seed}/{i}" for i in range(len(truth))])
    return LesionPredictions(truth, names, keys, logits, pooled, groups)


@cache
def _made():
    sets = {
        "validation": _predictions(1, 12, 0.8, ["one", "two", "scdet2"]),
        "left_out": _predictions(
            2, 9, 0.4, ["new", "newer"], [name for name in LABELS if name != "alopecia"]
        ),
        "phantoms": _predictions(3, 6, 0.5, ["phantom"]),
    }
    references = _predictions(4, 20, 0.8, ["one", "phantom"])
    entry = made_up_entry(task="lesion", labels=list(LABELS), file="lesion.onnx")
    with tempfile.TemporaryDirectory() as folder:
        entry = fit(sets, references, entry, Path(folder))
        centres = read_centres(Path(folder) / entry.abstention.file)
    report = evaluate_lesion(sets, entry, [], centres, references)
    report["learnt_from"] = {
        name: {"photos": 20 + 30 * i, "ordinary": 20 + 20 * i, "sources": 1 + i % 3}
        for i, name in enumerate(LABELS)
    }
    return report


def made_up_lesion():
    """A whole report; each call gives a new one, to change at will."""
    return copy.deepcopy(_made())
