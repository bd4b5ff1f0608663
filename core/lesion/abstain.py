"""When the lesion classifier does not answer: the photo did not pass, shows no lesion, or is unclear to it.

How familiar a picture looks is estimated in one of two ways; higher is more like a photograph of a lesion.
``energy`` is the logarithm of the summed exponentials of the logits (Liu et al. 2020, with the sign turned)
and needs nothing else. ``contrast`` compares squared Mahalanobis distances of the pooled features: to the
nearest centre of anything else (healthy skin, scenes without skin, drawn skin without a spot), less to the
nearest centre of a lesion class. All share one covariance, so that the square cancels and a centre is a row
of weights and a bias.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np

from core.lesion.prediction import Prediction
from core.runtime.manifest import Abstention

# Why there is no answer, the weightiest reason first.
NOT_PASSED: Final = "not_passed"
NOT_A_LESION: Final = "not_a_lesion"
LOW_CONFIDENCE: Final = "low_confidence"
REASONS: Final = (NOT_PASSED, NOT_A_LESION, LOW_CONFIDENCE)


@dataclass(frozen=True, eq=False)
class Centres:
    """Where photographs of each kind lie among pooled features.

    Attributes:
        weight: float32, n x channels; ``bias``: float32, n. Half the nearness of a picture with features f is
            ``weight @ f + bias``, up to a term that all centres share.
        lesion: bool, n: centres of lesion photographs; the rest are of others. There are both.
    """

    weight: np.ndarray
    bias: np.ndarray
    lesion: np.ndarray


def write_centres(path: Path, centres: Centres) -> None:
    """Write centres as .npz."""
    np.savez(path, weight=centres.weight, bias=centres.bias, lesion=centres.lesion)


def read_centres(path: Path) -> Centres:
    """Read what ``write_centres`` wrote; arrays only, nothing in the file is executed.

    Raises:
        ValueError: the file holds anything else.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            weight, bias, lesion = (held[name] for name in ("weight", "bias", "lesion"))
    except (KeyError, OSError, EOFError, BadZipFile) as error:
        raise ValueError(f"{path.name} holds no centres") from error
    fits = weight.ndim == 2 and bias.shape == lesion.shape == weight.shape[:1] and lesion.dtype == bool
    if not fits or lesion.all() or not lesion.any():
        raise ValueError(f"{path.name} holds no centres")
    return Centres(weight.astype(np.float32), bias.astype(np.float32), lesion)


def energy(logits: np.ndarray) -> np.ndarray:
    """Log of the summed exponentials along the last axis: float64."""
    wide = logits.astype(np.float64)
    highest = wide.max(axis=-1, keepdims=True)
    return highest[..., 0] + np.log(np.exp(wide - highest).sum(axis=-1))


def contrast(pooled: np.ndarray, centres: Centres) -> np.ndarray:
    """How much nearer to a lesion class than to anything else: float64, ... for features ... x channels."""
    near = 2 * (pooled.astype(np.float64) @ centres.weight.T.astype(np.float64) + centres.bias)
    return near[..., centres.lesion].max(axis=-1) - near[..., ~centres.lesion].max(axis=-1)


def familiarity(
    score: str, logits: np.ndarray, pooled: np.ndarray | None, centres: Centres | None
) -> np.ndarray:
    """How much like photographs of lesions pictures look: float64, ...; higher is more.

    Args:
        score: ``"energy"`` or ``"contrast"``.
        logits: float, ... x classes, as the network gives them.
        pooled: float, ... x channels, the mean over the feature map; only contrast needs it.
        centres: likewise.

    Raises:
        ValueError: contrast without features or centres.
    """
    if score == "energy":
        return energy(logits)
    if pooled is None or centres is None:
        raise ValueError("the score contrast needs a network with a feature map, and centres")
    return contrast(pooled, centres)


def reasons(
    top: np.ndarray,
    logits: np.ndarray,
    pooled: np.ndarray | None,
    abstention: Abstention,
    centres: Centres | None,
) -> np.ndarray:
    """Why not to answer, for each of N pictures: str, N; "" where there is an answer.

    Args:
        top: float, N: highest probability, after temperature.
        logits, pooled: float, N x classes and N x channels, as for ``familiarity``.
    """
    unfamiliar = familiarity(abstention.score, logits, pooled, centres) < abstention.unfamiliar
    return np.where(unfamiliar, NOT_A_LESION, np.where(top < abstention.low_confidence, LOW_CONFIDENCE, ""))


def not_passed(prediction: Prediction) -> Prediction:
    """The same prediction for a photo that did not pass the check and is used all the same."""
    return replace(prediction, abstained=True, reason=NOT_PASSED)
