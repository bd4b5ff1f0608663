"""A fresh torch network by its task and architecture."""

from collections.abc import Collection

from torch import nn

from core.errors import UserFacingError
from core.i18n import _
from core.lesion.taxonomy import LABELS
from core.networks.imageqx import ImageQXNet
from core.networks.lesion import ARCHITECTURES, DEFAULT, LesionNet


class ArchitectureError(UserFacingError):
    """There is no such architecture; the message is one sentence."""


def parts_in(held: Collection[str]) -> dict[str, bool]:
    """Which optional parts an ImageQX network has, by the names of its weights; as ``build`` takes them."""
    parts = {"places": "place", "statistics": "statistics.tell", "framing": "framing.tell"}
    return {part: f"{layer}.weight" in held for part, layer in parts.items()}


def build(
    task: str,
    arch: str = DEFAULT,
    views: int = 2,
    places: bool = True,
    classes: int = len(LABELS),
    statistics: bool = False,
    framing: bool = False,
) -> nn.Module:
    """A fresh network for ``task`` (``"imageqx"`` or ``"lesion"``), with BatchNorm.

    Args:
        arch, classes: of the lesion classifier.
        views, places, statistics, framing: of ImageQX, see ``ImageQXNet``.

    Raises:
        ArchitectureError: there is no such architecture.
    """
    if task == "imageqx":
        return ImageQXNet(views, places, statistics, framing)
    if arch not in ARCHITECTURES:
        message = _("There is no architecture {arch}; choose one of {known}.")
        raise ArchitectureError(message.format(arch=arch, known=", ".join(ARCHITECTURES)))
    return LesionNet(arch, classes)
