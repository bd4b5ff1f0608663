import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.explain import Explanation


def _script():
    import numpy as np

    from core.lesion.classifier import Prediction
    from core.lesion.taxonomy import LABELS
    from core.photo import photo_from_array
    from core.ui import advanced

    photo = photo_from_array(np.full((96, 128, 3), 120, np.uint8), "x")
    advanced.panel(photo, Prediction(LABELS, (0.1,) * 10, False, None, 1.0), key="a")


class FakeGradients:
    def __init__(self):
        self.asked = []

    def cam(self, rgb, target, method="gradcam", gamma=None):
        self.asked.append((method, target))
        return Explanation(target, np.eye(7, dtype=np.float32), method)

    def guided_backpropagation(self, rgb, target, gamma=None):
        self.asked.append(("guided", target))
        return np.linspace(-1, 1, 224 * 224 * 3, dtype=np.float32).reshape(224, 224, 3)


@pytest.fixture
def twin(monkeypatch, fake_networks):
    made = FakeGradients()
    monkeypatch.setattr("core.ui.advanced._gradients", lambda sha256: made)
    return made


def test_nothing_runs_before_the_button_is_pressed(twin):
    at = AppTest.from_function(_script, default_timeout=60).run()
    assert not at.exception
    assert twin.asked == []
    assert not at.get("image")


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("scorecam", ("scorecam", "acne")),
        ("guided backpropagation", ("guided", "acne")),
        ("guided Grad-CAM", ("guided", "acne")),
    ],
)
def test_the_chosen_method_is_drawn_once(twin, method, asked):
    at = AppTest.from_function(_script, default_timeout=60).run()
    at.selectbox(key="a-method").set_value(method).run()
    at.button(key="a-draw").click().run()
    assert not at.exception
    assert len(at.get("image")) == 1
    at.run()
    assert len(at.get("image")) == 1
    assert twin.asked == [asked]


def test_another_choice_takes_the_old_picture_away(twin):
    at = AppTest.from_function(_script, default_timeout=60).run()
    at.button(key="a-draw").click().run()
    at.selectbox[1].set_value("tumor").run()
    assert not at.get("image")


def test_without_torch_it_says_how_to_add_it(monkeypatch, twin):
    monkeypatch.setattr("core.explain.gradients.available", lambda: False)
    at = AppTest.from_function(_script, default_timeout=60).run()
    assert not at.exception
    assert "pip install -r requirements.txt" in at.info[0].value
    assert not at.button


def test_a_torch_that_does_not_import_is_a_sentence_too(monkeypatch, fake_networks):
    from core.explain.gradients import MissingTorchError

    def broken(sha256):
        raise MissingTorchError

    monkeypatch.setattr("core.ui.advanced._gradients", broken)
    at = AppTest.from_function(_script, default_timeout=60).run()
    at.button(key="a-draw").click().run()
    assert not at.exception
    assert "pip install -r requirements.txt" in at.info[0].value
