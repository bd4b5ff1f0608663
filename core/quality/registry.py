"""The assessors that Retake knows, one entry each.

A new assessor is a file beside this one, with a class that keeps to ``core.quality.verdict.Assessor``, and
an entry here: the command line, the setting ``RETAKE_ASSESSOR``, the app and the Designer go by this list. It
need not show where it looked (``core.quality.verdict.Explains``) or tell where the spot is; what it lacks is
not offered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.quality.classical import Classical
from core.quality.imageqx import ImageQX
from core.quality.ordinal import Ordinal
from core.quality.verdict import Assessor, PassRule, rule_of
from core.runtime.manifest import DEFAULT_POINT, WEIGHTS_DIR, Manifest, load_manifest


@dataclass(frozen=True)
class AssessorEntry:
    """One assessor.

    Attributes:
        name: as on the command line, in ``RETAKE_ASSESSOR`` and in its verdicts.
        open: opens it, with the folder that holds the weights; raises WeightsError when its network cannot be
            used. The result may be shared by all threads.
        network: its network in the weights manifest; None where it needs none, so that it opens at once.
        in_browser: whether the modules of ``core/browser/web`` can run it as well.
    """

    name: str
    open: Callable[[Path], Assessor]
    network: str | None = None
    in_browser: bool = False

    def rule(self, point: str = DEFAULT_POINT, listed: Callable[[], Manifest] = load_manifest) -> PassRule:
        """The pass rule that it comes with, without opening its network.

        Args:
            point: name of the operating point; one without such points has one rule.
            listed: gives the weights manifest, where it is needed.
        """
        if self.network is None:
            return self.open(WEIGHTS_DIR).rule(point=point)
        return rule_of(listed().networks[self.network].point(point))


ENTRIES: Final[dict[str, AssessorEntry]] = {
    entry.name: entry
    for entry in (
        AssessorEntry("imageqx", ImageQX.open, network="imageqx", in_browser=True),
        AssessorEntry("classical", lambda _weights: Classical()),
        AssessorEntry("ordinal", Ordinal.open, network="ordinal"),
    )
}
DEFAULT: Final = "imageqx"
"""The assessor that is used unless another is chosen."""


def names() -> tuple[str, ...]:
    """What the assessors are called."""
    return tuple(ENTRIES)


def open_assessor(name: str, weights: Path = WEIGHTS_DIR) -> Assessor:
    """Open an assessor.

    Raises:
        KeyError: there is none of that name.
        WeightsError: its network cannot be used.
    """
    return ENTRIES[name].open(weights)
