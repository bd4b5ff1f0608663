"""Set a lesion classifier's calibration and when it abstains, on validation photographs and phantoms.

Centres come from references (training side), thresholds from validation. Of lesion photographs, and of drawn
ones, at least ``KEEP`` are answered; what may be refused is shared between the two reasons.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.i18n import _
from core.lesion.abstain import Centres, contrast, energy, familiarity, reasons, write_centres
from core.metrics import interval
from core.runtime.manifest import Abstention, NetworkEntry
from core.runtime.weights import sha256_of
from training.data.sources import DataError
from training.evaluation.lesion_calibration import caution, fit_calibration, judged
from training.evaluation.lesion_predictions import LesionPredictions
from training.evaluation.metrics import auc, clean, rate, roc_points
from training.evaluation.predictions import joined

KEEP: Final = 0.95
# What the threshold on familiarity leaves of them; unsure predictions may take the rest of what is to spare.
KEEP_FAMILIAR: Final = 0.96
# How much of the covariance is spread evenly over all directions, and the fewest pictures that make a centre.
SHRINKAGE: Final = 0.1
FEWEST: Final = 5


def _cells(predictions: LesionPredictions) -> dict[tuple[bool, str, bool], np.ndarray]:
    """Places of the pictures of each centre: of a class (photographs apart from drawings), or of a source."""
    cells: dict[tuple[bool, str, bool], list[int]] = {}
    for place in range(len(predictions)):
        lesion, drawn = bool(predictions.lesion[place]), bool(predictions.drawn[place])
        kind = (
            str(predictions.label[place])
            if lesion
            else f"{predictions.groups[place]}/{predictions.sources[place]}"
        )
        cells.setdefault((lesion, kind, drawn), []).append(place)
    return {key: np.array(places) for key, places in cells.items() if len(places) >= FEWEST}


def _precision(pooled: np.ndarray, cells: list[np.ndarray]) -> np.ndarray:
    """Inverse of the covariance within the cells, shrunk towards an even one."""
    rest = np.concatenate([pooled[places] - pooled[places].mean(0) for places in cells])
    spread = rest.T @ rest / len(rest)
    even = np.trace(spread) / len(spread) or 1.0
    return np.linalg.inv((1 - SHRINKAGE) * spread + SHRINKAGE * even * np.eye(len(spread)))


def _stack(pooled: np.ndarray, cells: Mapping[tuple[bool, str, bool], np.ndarray]) -> np.ndarray:
    return np.stack([pooled[places].mean(0) for places in cells.values()])


def fit_centres(references: LesionPredictions) -> Centres | None:
    """Centres for the score ``contrast``; None without features, lesions or anything else."""
    cells = _cells(references)
    lesion = np.array([key[0] for key in cells], bool)
    if not references.pooled.shape[1] or lesion.all() or not lesion.any():
        return None
    pooled = references.pooled
    precision, means = _precision(pooled, list(cells.values())), _stack(pooled, cells)
    weight = means @ precision
    bias = -(weight * means).sum(1) / 2
    return Centres(weight.astype(np.float32), bias.astype(np.float32), lesion)


def scores(references: LesionPredictions, asked: LesionPredictions) -> dict[str, np.ndarray]:
    """Ways to tell how familiar pictures look, to be compared: float, N each, higher is more.

    ``energy`` and ``contrast`` can be served (``core.lesion.abstain``). ``mahalanobis`` is the distance to
    the nearest centre of a lesion class (Lee et al. 2018), ``cosine`` the angle to it, both without looking
    at anything else.
    """
    out = {"energy": energy(asked.logits)}
    centres = fit_centres(references)
    lesions = {key: places for key, places in _cells(references).items() if key[0]}
    if centres is None or not asked.pooled.shape[1]:
        return out
    out["contrast"] = contrast(asked.pooled, centres)
    means = _stack(references.pooled, lesions)
    precision = _precision(references.pooled, list(lesions.values()))
    far = [((asked.pooled - mean) @ precision * (asked.pooled - mean)).sum(1) for mean in means]
    out["mahalanobis"] = -np.min(far, axis=0)

    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    out["cosine"] = (unit(asked.pooled) @ unit(means).T).max(1)
    return out


# ---------------------------------------------------------------- fitting


def _bar(values: list[np.ndarray], keep: float) -> float:
    """The highest threshold that leaves ``keep`` of every set of values at or above it."""
    bars = []
    for held in values:
        lost = int((1 - keep) * len(held) + 1e-9)
        bars.append(np.sort(held)[lost])
    return float(min(bars))


def _below(value: float) -> float:
    # A hair lower and rounded down: another machine's last digit refuses nothing.
    return float(np.floor(value * 1e3 - 1e-6) / 1e3)


def fit(
    sets: Mapping[str, LesionPredictions], references: LesionPredictions, entry: NetworkEntry, directory: Path
) -> NetworkEntry:
    """The entry with calibration and abstention for these predictions; writes centres into ``directory``.

    Calibration is set on validation photographs (on phantoms where there are none). The score is the one of
    those that can be served with the larger area on validation.

    Args:
        sets: by name; ``validation`` and ``phantoms`` are used.
        references: of the training side.

    Raises:
        DataError: there is no validation picture of a lesion.
    """
    known = [sets[name] for name in ("validation", "phantoms") if name in sets]
    lesions = [part for held in known if len(part := held.subset(held.lesion))]
    if not lesions:
        raise DataError(_("There is no validation photograph of a lesion to set thresholds on."))
    calibration = fit_calibration(lesions[0].logits, lesions[0].label)
    raised = round(calibration.temperature * caution(lesions[0]), 3)
    calibration = replace(calibration, temperature=raised)
    offsets = {name: float(bias) for name, bias in zip(entry.labels, calibration.biases, strict=True) if bias}
    entry = entry.model_copy(update={"temperature": calibration.temperature, "class_offsets": offsets})
    centres = fit_centres(references)
    together = joined(known)
    areas = {"energy": _area(together, energy(together.logits))}
    if centres is not None:
        areas["contrast"] = _area(together, contrast(together.pooled, centres))
    score = max(areas, key=lambda name: (np.nan_to_num(areas[name]), name == "contrast"))
    path = directory / f"{Path(entry.file).stem}_centres.npz"
    if score == "contrast" and centres is not None:
        write_centres(path, centres)
    values = [familiarity(score, part.logits, part.pooled, centres) for part in lesions]
    unfamiliar = _below(_bar(values, KEEP_FAMILIAR))
    # Those refused already count as answered with no certainty at all, so that KEEP is of all.
    tops = [
        np.where(value >= unfamiliar, part.chances().max(1), 0.0)
        for part, value in zip(judged(dict(enumerate(lesions)), entry).values(), values, strict=True)
    ]
    abstention = Abstention(
        score=score,
        unfamiliar=unfamiliar,
        low_confidence=_below(_bar(tops, KEEP)),
        file=path.name if score == "contrast" else None,
        sha256=sha256_of(path) if score == "contrast" else None,
    )
    return entry.model_copy(update={"abstention": abstention})


def _area(predictions: LesionPredictions, familiar: np.ndarray) -> float:
    return float(auc(~predictions.lesion, -familiar))


# ---------------------------------------------------------------- reporting


def told_apart(predictions: LesionPredictions, familiar: np.ndarray, roc: bool = False) -> dict[str, Any]:
    """How well a score tells pictures without a lesion (the positives) from those of one.

    Returns:
        counts of both, the area under the ROC curve and its interval, and the curve's points when asked for.
    """
    strange = ~predictions.lesion
    weights = predictions.weights()
    out: dict[str, Any] = {
        "n_lesion": int((~strange).sum()),
        "n_other": int(strange.sum()),
        "auc": clean(auc(strange, -familiar)),
        "auc_interval": interval(auc(strange, -familiar, weights)),
    }
    return out | ({"roc": roc_points(strange, -familiar)} if roc else {})


def _kinds(sets: Mapping[str, LesionPredictions]) -> dict[str, LesionPredictions]:
    """Which predictions a score is tried on, by set and by what there is besides lesions."""
    found = {}
    for name, predictions in sets.items():
        if not predictions.lesion.any() or predictions.lesion.all():
            continue
        found[name] = predictions
        for group in sorted(set(predictions.groups[~predictions.lesion])):
            keep = predictions.lesion | (predictions.groups == group)
            if not keep.all():
                found[f"{name}_{group}"] = predictions.subset(keep)
    if "validation" in found and "phantoms" in found:
        found["validation_and_phantoms"] = joined([found["validation"], found["phantoms"]])
    return found


def abstention_report(
    sets: Mapping[str, LesionPredictions],
    entry: NetworkEntry,
    centres: Centres | None,
    references: LesionPredictions | None = None,
    calibrated: Mapping[str, LesionPredictions] | None = None,
) -> dict[str, Any]:
    """How well the classifier knows when not to answer.

    Args:
        entry: with its abstention.
        centres: what its score needs.
        references: with these, all scores are compared; else only the one that is served, and energy.
        calibrated: ``judged`` sets, where they are at hand.
    """
    abstention = entry.abstention
    if abstention is None:
        return {}
    calibrated = judged(sets, entry) if calibrated is None else calibrated
    report: dict[str, Any] = {
        "score": abstention.score,
        "unfamiliar": abstention.unfamiliar,
        "low_confidence": abstention.low_confidence,
        "not_a_lesion": {},
        "scores": {},
        "answered": {},
    }
    for kind, part in _kinds(sets).items():
        familiar = familiarity(abstention.score, part.logits, part.pooled, centres)
        refused = familiar[~part.lesion] < abstention.unfamiliar
        apart = told_apart(part, familiar, roc=kind in sets)
        report["not_a_lesion"][kind] = apart | rate("refused", refused)
        compared = scores(references, part) if references is not None else {"energy": energy(part.logits)}
        compared |= {abstention.score: familiar}
        for score, values in compared.items():
            report["scores"].setdefault(score, {})[kind] = told_apart(part, values)
    for name, predictions in sets.items():
        part = predictions.subset(predictions.lesion)
        if not len(part):
            continue
        chances = calibrated[name].subset(predictions.lesion).chances()
        why = reasons(chances.max(1), part.logits, part.pooled, abstention, centres)
        right, answered = chances.argmax(1) == part.label, why == ""
        report["answered"][name] = {
            "n": len(part),
            **rate("answered", answered),
            "not_a_lesion": int((why == "not_a_lesion").sum()),
            "low_confidence": int((why == "low_confidence").sum()),
            "right_of_all": clean(right.mean()),
            "right_of_answered": clean(right[answered].mean() if answered.any() else np.nan),
        }
    return report
