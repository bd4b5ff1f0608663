"""Which share of good and of faulty photos a pass rule refuses, from stored answers to the benchmark.

``python -m core evaluate imageqx`` writes the answers: probabilities and simulated labels, no pictures.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from core.errors import UserFacingError
from core.i18n import _
from core.metrics import draws, interval
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.runtime.manifest import WEIGHTS_DIR

ASSESSOR: Final = "imageqx"
FILE: Final = WEIGHTS_DIR / f"{ASSESSOR}_scores.npz"
FORMAT: Final = 1
# Probabilities are stored as whole numbers: finer near 1 than half-precision floats of the same size.
STEPS: Final = 65535
_COLUMNS: Final = {
    "quality": (np.uint16, (len(QUALITY_CLASSES),)),
    "explanations": (np.uint16, (len(EXPLANATIONS),)),
    "label": (np.uint8, ()),
    "good": (np.bool_, ()),
    "given": (np.bool_, (len(EXPLANATIONS),)),
    "group": (np.uint16, ()),
}
_LESION: Final = QUALITY_CLASSES.index("lesion")
_HEALTHY: Final = QUALITY_CLASSES.index("healthy_skin")
_POOR: Final = QUALITY_CLASSES.index("poor_quality")


class ScoresError(UserFacingError):
    """Stored answers that cannot be used; ``message`` is a translated sentence."""


@dataclass(frozen=True)
class Scores:
    """What the network answered for N photos of one set, beside the votes of the panel of simulated raters.

    Attributes:
        quality: float, N x 4: probability per quality class, before the rule's class offsets.
        explanations: float, N x 5: probability per explanation.
        label: int, N: the panel's class.
        good: bool, N: lesion photos to which at most a small minority objects; they should pass.
        given: bool, N x 5: explanations that at least one rater gave.
        group: int, N: photos made from one photograph or person; they are resampled together.
    """

    quality: np.ndarray
    explanations: np.ndarray
    label: np.ndarray
    good: np.ndarray
    given: np.ndarray
    group: np.ndarray

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True)
class Stored:
    """All stored answers.

    Attributes:
        sha256: of the network that answered.
        benchmark: name of the benchmark.
        sections: by set of photos, ``"left_out"`` (new collections) and ``"validation"``.
    """

    sha256: str
    benchmark: str
    sections: Mapping[str, Scores]


@dataclass(frozen=True)
class Share:
    """How many photos of one kind are refused.

    Attributes:
        kind: ``"good"``, ``"faulty"``, ``"healthy_skin"``, ``"no_skin"``; or the name of an explanation for
            the faulty photos that have that fault.
        n: how many there are.
        refused: how many of them are refused.
        around: 95 % interval of the share (0-1), photographs resampled; None for too few.
    """

    kind: str
    n: int
    refused: int
    around: tuple[float, float] | None

    @property
    def share(self) -> float | None:
        """Refused, as a share (0-1); None without photos."""
        return self.refused / self.n if self.n else None


def save(stored: Stored, path: Path) -> None:
    """Write answers to a file.

    Raises:
        OSError: it cannot be written.
    """
    columns: dict[str, Any] = {  # arrays; the keywords that NumPy knows itself are of other types
        "format": np.array(FORMAT),
        "sha256": np.array(stored.sha256),
        "benchmark": np.array(stored.benchmark),
    }
    for section, scores in stored.sections.items():
        for name, (kind, _shape) in _COLUMNS.items():
            values = getattr(scores, name)
            if name in ("quality", "explanations"):
                values = np.rint(np.clip(values, 0, 1) * STEPS)
            columns[f"{section}/{name}"] = values.astype(kind)
    np.savez_compressed(path, **columns)


def load(path: Path = FILE) -> Stored | None:
    """Read stored answers; None where there are none.

    Raises:
        ScoresError: the file is damaged or of another format.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = {name: file[name] for name in file.files}
        if int(columns["format"]) != FORMAT:
            raise ValueError("another format")
        sections = sorted({name.split("/")[0] for name in columns if "/" in name})
        return Stored(
            str(columns["sha256"]),
            str(columns["benchmark"]),
            {section: _section(columns, section) for section in sections},
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        message = _("The stored answers in {name} cannot be read. Put the file back as it came with Retake.")
        raise ScoresError(message.format(name=path.name)) from error


def _section(columns: Mapping[str, np.ndarray], section: str) -> Scores:
    found = {}
    count = len(columns[f"{section}/label"])
    for name, (kind, shape) in _COLUMNS.items():
        values = columns[f"{section}/{name}"]
        if values.shape != (count, *shape) or values.dtype != kind:
            raise ValueError(f"{section}/{name}: {values.dtype} {values.shape}")
        found[name] = values / STEPS if name in ("quality", "explanations") else values
    return Scores(**found)


def passes(scores: Scores, rule: PassRule) -> np.ndarray:
    """Which photos pass: bool, N; as ``core.quality.verdict.judge`` decides for one."""
    odds = scores.quality * np.exp([rule.class_offsets.get(name, 0.0) for name in QUALITY_CLASSES])
    label = odds.argmax(axis=1)
    right = (label == _LESION) | ((label == _HEALTHY) & rule.healthy_skin_passes)
    bars = np.array([rule.thresholds[name] for name in EXPLANATIONS])
    return right & (scores.explanations < bars).all(axis=1)


def refused(scores: Scores, rule: PassRule) -> Sequence[Share]:
    """The shares that a rule refuses: of good and faulty photos, of other subjects, and fault by fault."""
    no, faulty = ~passes(scores, rule), scores.label == _POOR
    kinds = {"good": scores.good, "faulty": faulty}
    kinds |= {name: scores.label == QUALITY_CLASSES.index(name) for name in ("healthy_skin", "no_skin")}
    kinds |= {name: faulty & scores.given[:, k] for k, name in enumerate(EXPLANATIONS)}
    weights = draws(scores.group)
    found = []
    for kind, keep in kinds.items():
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = (weights * (keep & no)).sum(1) / (weights * keep).sum(1)
        around = interval(drawn)
        pair = None if around is None else (around[0], around[1])
        found.append(Share(kind, int(keep.sum()), int((keep & no).sum()), pair))
    return found
