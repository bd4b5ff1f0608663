"""Does a network end so that Grad-CAM follows from its head's weights alone? Looked at, not believed."""

from typing import Final

import numpy as np

from core.i18n import _
from core.runtime.engine import NetworkEngine
from core.runtime.manifest import NetworkEntry

HEAD: Final = "head.weight"
TOLERANCE: Final = 0.02


class NoMapError(Exception):
    """A network without heat maps.

    Attributes:
        code: ``"no_features"`` (its feature map does not come out), ``"no_head"`` (the head's weights are not
            found) or ``"not_affine"`` (its answer is more than average pooling and one affine layer).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def message(self) -> str:
        """Why there is no map, in a sentence or two, translated."""
        why = {
            "no_features": _("It does not hand out its last feature map (an output called features)."),
            "no_head": _("The weights of its last layer are not found (head.weight, classes x channels)."),
            "not_affine": _("Its answer is more than an average of the feature map and one layer."),
        }[self.code]
        begin = _("Where this network looked cannot be shown.")
        return f"{begin} {why}"


def affine_head(engine: NetworkEngine, entry: NetworkEntry) -> np.ndarray:
    """The weights W of a head y = W f + b over average-pooled features f.

    The network is run on two made-up pictures: between them, the answers must differ by W times what the
    pooled features differ by.

    Returns:
        float32, classes x channels.

    Raises:
        NoMapError: the network has no such head.
    """
    rng = np.random.default_rng(0)
    shape = (1, 3, entry.input_size, entry.input_size)
    answers = [engine.run(rng.standard_normal(shape).astype(np.float32)) for _picture in range(2)]
    if any(answer.get("features", np.empty(0)).ndim != 4 for answer in answers):
        raise NoMapError("no_features")
    try:
        weight = engine.initialisers([HEAD])[HEAD]
    except (KeyError, ValueError, IndexError):
        raise NoMapError("no_head") from None
    if weight.shape != (len(entry.labels), answers[0]["features"].shape[1]):
        raise NoMapError("no_head")

    def change(output: str) -> np.ndarray:
        first, second = (answer[output].astype(np.float64) for answer in answers)
        return second - first

    logits, expected = change("logits"), change("features").mean((2, 3)) @ weight.T
    if not np.allclose(logits, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max() + 1e-6):
        raise NoMapError("not_affine")
    return weight
