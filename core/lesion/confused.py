"""Is the answer one of a pair that the network is known to mix up?"""

from collections.abc import Iterable

from core.lesion.prediction import Prediction
from core.runtime.manifest import ConfusedPair


def known_pair(prediction: Prediction, confused: Iterable[ConfusedPair]) -> ConfusedPair | None:
    """The known confusion between the two best classes, None where there is none.

    Where both directions are known, the one that ended in the class now answered.
    """
    best, second = prediction.labels[:2]
    ways = {(pair.true, pair.said): pair for pair in confused}
    return ways.get((second, best)) or ways.get((best, second))
