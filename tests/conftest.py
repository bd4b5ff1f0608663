import gc
import os

import cv2
import numpy as np
import pytest
from hypothesis import settings

from tests import at_the_end
from tests.at_the_end import pytest_terminal_summary, pytest_testnodedown  # noqa: F401
from tests.unchanged import pytest_collection_modifyitems, pytest_configure, remember  # noqa: F401

# Nothing is timed; in automatic runs the examples are the same each time.
settings.register_profile("retake", deadline=None, derandomize=os.environ.get("RETAKE_CI") == "1")
settings.load_profile("retake")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RETAKE_THREADS", "1")


def pytest_collection_finish():
    """Modules and tests stay to the end: no full garbage collection needs to look through them again."""
    gc.freeze()


def pytest_sessionfinish(session, exitstatus):
    at_the_end.pytest_sessionfinish(session)
    remember(session.config, exitstatus)


@pytest.fixture(autouse=True, scope="session")
def _own_data_folder(tmp_path_factory):
    """Nothing that a test does touches the data folder of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RETAKE_DATA", str(tmp_path_factory.mktemp("data")))
        yield


class FakeImageQX:
    """Judges by mean colour: dark is bad light, blue is no skin, pale is healthy skin, else a lesion."""

    name = "imageqx"

    def rule(self, healthy_skin_passes=False, point=""):
        from core.quality.labels import EXPLANATIONS
        from core.quality.verdict import PassRule

        # Its own: what the shipped weights need says nothing about it.
        return PassRule(dict.fromkeys(EXPLANATIONS, 0.5), healthy_skin_passes)

    def assess(self, rgb, rule, *, width=None, height=None):
        from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
        from core.quality.verdict import judge

        red, _green, blue = rgb.reshape(-1, 3).mean(axis=0)
        dark = float(rgb.mean()) < 60
        best = "no_skin" if blue > red + 20 else "healthy_skin" if red > 235 else "lesion"
        if dark:
            best = "poor_quality"
        quality = {name: 0.91 if name == best else 0.03 for name in QUALITY_CLASSES}
        explanations = {name: 0.9 if dark and name == "bad_light" else 0.1 for name in EXPLANATIONS}
        return judge(
            assessor=self.name,
            width=width or rgb.shape[1],
            height=height or rgb.shape[0],
            quality=quality,
            explanations=explanations,
            rule=rule,
            milliseconds=1.0,
        )

    def explain(self, rgb, target):
        from core.explain import Explanation

        heat = np.zeros((7, 7), np.float32)
        heat[3, 3] = 1
        return Explanation(target, heat, "gradcam")


class FakeLesion:
    """Always the same answer: acne first, then the rest in order; held back where ``reason`` is set."""

    name = "lesion"
    no_map = None

    def __init__(self):
        from core.lesion.taxonomy import shipped

        self.asked, self.reason = 0, None
        self.taxonomy = shipped()

    def predict(self, rgb, gamma=None, flips=False):
        from core.lesion.prediction import Prediction
        from core.lesion.taxonomy import LABELS

        self.asked += 1
        return Prediction(LABELS, (0.55, *(0.05,) * 9), self.reason is not None, self.reason, 1.0)

    def spot(self, rgb):
        return None

    def explain(self, rgb, label, gamma=None, flips=False):
        return FakeImageQX.explain(self, rgb, label)


@pytest.fixture
def fake_networks(monkeypatch):
    """The pages' networks, replaced by ones that judge by colour; returns (imageqx, lesion)."""
    from core.quality import registry
    from core.ui import engines

    imageqx, lesion = FakeImageQX(), FakeLesion()
    entry = registry.AssessorEntry("imageqx", lambda _weights: imageqx, in_browser=True)
    monkeypatch.setitem(registry.ENTRIES, "imageqx", entry)
    monkeypatch.setattr(engines, "lesion", lambda: lesion)
    return imageqx, lesion


@pytest.fixture
def jpeg_of():
    """Make a JPEG of one colour: ``jpeg_of((200, 140, 120))`` in RGB, 320 x 240 pixels."""

    def make(colour, width=320, height=240):
        rgb = np.full((height, width, 3), colour, np.uint8)
        done, data = cv2.imencode(".jpg", rgb[..., ::-1])
        assert done
        return data.tobytes()

    return make
