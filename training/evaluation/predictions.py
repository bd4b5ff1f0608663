"""Tables of N pictures in columns, and above all a network's predictions for them beside the truth."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self, TypeVar

import numpy as np

from core.metrics import draws

Progress = Callable[[str, int, int], None]
PHANTOM: Final = "phantom"
"""The source of drawn pictures."""
_KINDS: Final = {"thumbs": object, "measures": object} | dict.fromkeys(
    ("sources", "keys", "groups", "splits"), str
)


def quiet(_what: str, _done: int, _total: int) -> None:
    """Progress that is not shown."""
    return


@dataclass(frozen=True, eq=False)
class Columns:
    """N pictures; every field is an array with a row for each."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def subset(self, keep: np.ndarray) -> Self:
        """Those where ``keep`` (bool, N)."""
        return replace(self, **{column.name: getattr(self, column.name)[keep] for column in fields(self)})


@dataclass(frozen=True, eq=False)
class Predictions(Columns):
    """Predictions for N pictures.

    Attributes:
        label: int: index of the true class.
        sources: str: short name of the collection, ``PHANTOM`` of drawn pictures.
        keys: str: split key of the photograph; those alike are resampled together.
    """

    label: np.ndarray
    sources: np.ndarray
    keys: np.ndarray

    @property
    def drawn(self) -> np.ndarray:
        """Bool, N: a phantom."""
        return self.sources == PHANTOM

    def weights(self) -> np.ndarray:
        """Bootstrap weights of the pictures: replicates x N."""
        return draws(self.keys)


C = TypeVar("C", bound=Columns)


def collected(
    kind: type[C], what: str, total: int, records: Iterable[Mapping[str, Any]], progress: Progress
) -> C:
    """The columns of one kind from a record for each picture.

    Args:
        what, total: what to call this set to ``progress``, and how many pictures it has.
    """
    rows = []
    for number, record in enumerate(records, start=1):
        rows.append(record)
        progress(what, number, total)
    names = [column.name for column in fields(kind)]
    return kind(**{name: np.array([row[name] for row in rows], _KINDS.get(name)) for name in names})


def joined(parts: Sequence[C]) -> C:
    """Several sets as one, those without pictures left out."""
    held = [part for part in parts if len(part)] or list(parts[:1])
    names = [column.name for column in fields(held[0])]
    columns = {name: np.concatenate([getattr(part, name) for part in held]) for name in names}
    return replace(held[0], **columns)
