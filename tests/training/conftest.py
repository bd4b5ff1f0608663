from functools import lru_cache

import numpy as np
import pytest

from core.synthetic.phantoms import draw
from tests import shallow
from training.evaluation import focus, tones
from training.evaluation.quality_predictions import QualityPredictions


def predictions_of(n, seed=0, **columns):
    """Predictions for made-up photographs: about right, never surely."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    class_votes = np.zeros((n, 4))
    class_votes[np.arange(n), label] = 1
    votes = np.where(rng.random((n, 5)) < 0.3, rng.integers(1, 13, (n, 5)) / 12, 0)
    scores = (0.25 + 0.4 * (votes > 0) + rng.normal(0, 0.15, (n, 5))).clip(0.01, 0.99)
    quality = rng.random((n, 4)) + 0.5 * class_votes
    quality /= quality.sum(1, keepdims=True)
    predicted = quality.argmax(1)
    flagged = scores >= 0.5
    made = {
        "label": label,
        "class_votes": class_votes,
        "votes": votes,
        "predicted": predicted,
        "quality": quality,
        "scores": scores,
        "flagged": flagged,
        "passes": (predicted == 0) & ~flagged.any(1),
        "sources": np.array(["somewhere"] * n),
        "keys": np.array([f"key{i}" for i in range(n)]),
        "thumbs": np.array([f"jpeg {i}".encode() for i in range(n)], object),
    }
    return QualityPredictions(**made | columns)


@pytest.fixture(scope="module")
def one_block_a_stage():
    """Every network that is built has one block a stage (``shallow``)."""
    with pytest.MonkeyPatch.context() as patch:
        shallow.one_block_a_stage(patch)
        yield


@lru_cache(64)
def _drawn_once(*args, **more):
    drawn = draw(*args, **more)
    for array in (drawn.rgb, drawn.mask):
        array.setflags(write=False)
    return drawn


@pytest.fixture(scope="session", autouse=True)
def _phantoms_drawn_once():
    """Every report draws the same phantoms: here each is drawn once, and nothing may write on it."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (tones, focus):
            patch.setattr(module, "draw", _drawn_once)
        yield


@pytest.fixture(scope="session")
def make_predictions():
    return predictions_of
