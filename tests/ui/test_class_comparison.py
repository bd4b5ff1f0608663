import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.explain import Explanation
from core.explain.gradients import MissingTorchError
from core.lesion.networks import no_twin
from core.runtime.weights import WeightsError
from tests.pages.visitor import page_of

ROOT = Path(__file__).parents[2]


def _script():
    import numpy as np
    import streamlit as st

    from core.explain import Explanation
    from core.lesion.prediction import Prediction
    from core.lesion.taxonomy import LABELS
    from core.photo import photo_from_array
    from core.ui import class_comparison

    def heat(label):
        # Nothing speaks for an ulcer.
        return Explanation(label, np.eye(7, dtype=np.float32) * (label != "ulcer"), "gradcam")

    def once(mark, value, event, **properties):
        if st.session_state.get(mark) != value:
            st.session_state[mark] = value
            st.session_state.setdefault("events", []).append((event, properties))

    photo = photo_from_array(np.full((96, 128, 3), st.session_state.get("level", 120), np.uint8), "x")
    class_comparison.panel(
        photo, Prediction(LABELS, (0.55, *(0.05,) * 9), False, None, 1.0), heat, once, key="a"
    )


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
    monkeypatch.setattr("core.ui.class_comparison._gradients", lambda sha256: made)
    return made


def opened():
    at = page_of(_script).run()
    assert not at.exception
    return at


def shown(at):
    at.button(key="a-why-show").click().run()
    assert not at.exception
    return at


def chooser(at, label):
    return next(box for box in at.selectbox if box.label == label)


def captions(at):
    return [image.proto.imgs[0].caption for image in at.get("image")]


def test_nothing_is_drawn_before_it_is_asked_for(twin):
    at = opened()
    assert at.expander[0].proto.expanded is False
    assert twin.asked == []
    assert not at.get("image")


def test_the_best_class_stands_against_the_runner_up(twin):
    at = shown(opened())
    assert [chooser(at, name).value for name in ("Why this", "and not that")] == ["acne", "alopecia"]
    assert twin.asked == [("guided", "acne"), ("guided", "alopecia")]
    assert [words.value for words in at.markdown if "%" in words.value] == [
        "**Pimples** · 55%",
        "**Hair loss** · 5%",
    ]


def test_each_class_has_four_pictures_with_a_caption_each(twin):
    at = shown(opened())
    kinds = ["Your photo", "Grad-CAM: ", "Guided backpropagation: ", "Guided Grad-CAM: "]
    assert len(captions(at)) == 8
    for caption, kind in zip(captions(at), kinds * 2, strict=True):
        assert caption.startswith(kind)
    assert "pimples" in captions(at)[1]
    assert "hair loss" in captions(at)[5]
    assert all(image.proto.imgs[0].alt for image in at.get("image"))


def test_pictures_are_made_once_a_session(twin):
    at = shown(opened())
    at.run()
    chooser(at, "and not that").set_value("tumor").run()
    chooser(at, "and not that").set_value("alopecia").run()
    assert len(at.get("image")) == 8
    assert twin.asked == [("guided", "acne"), ("guided", "alopecia"), ("guided", "tumor")]


def test_a_class_is_never_compared_with_itself(twin):
    at = shown(opened())
    chooser(at, "Why this").set_value("alopecia").run()
    assert not at.exception
    assert "alopecia" not in chooser(at, "and not that").options
    assert chooser(at, "and not that").value == "acne"


def test_another_photo_is_not_drawn_before_it_is_asked_for(twin):
    at = shown(opened())
    at.session_state["level"] = 90
    at.run()
    assert not at.get("image")
    assert at.button(key="a-why-show")


def test_it_says_so_when_nothing_speaks_for_a_class(twin):
    at = shown(opened())
    chooser(at, "and not that").set_value("ulcer").run()
    assert "nothing in the photo speaks for open sore" in captions(at)[5]


def test_another_heat_map_takes_the_place_of_grad_cam(twin):
    at = shown(opened())
    chooser(at, "Heat map by").set_value("layercam").run()
    assert not at.exception
    assert twin.asked[-2:] == [("layercam", "acne"), ("layercam", "alopecia")]
    assert captions(at)[1].startswith("Layer-CAM: ")
    assert captions(at)[3].startswith("Guided Layer-CAM: ")


def test_what_was_compared_is_logged_once(twin):
    at = shown(opened())
    at.run()
    chooser(at, "and not that").set_value("tumor").run()
    assert at.session_state["events"] == [
        ("gradcam_toggled", {"network": "lesion", "target": "acne", "against": other})
        for other in ("alopecia", "tumor")
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [(MissingTorchError, "pip install"), (WeightsError("no_twin", "Of another make."), "another make")],
)
def test_without_gradients_a_sentence_says_why_and_grad_cam_stays(monkeypatch, fake_networks, error, words):
    def broken(sha256):
        raise error

    monkeypatch.setattr("core.ui.class_comparison._gradients", broken)
    at = shown(opened())
    assert words in at.info[0].value
    assert len(captions(at)) == 4


@pytest.mark.parametrize("torch", [True, False])
def test_a_network_without_a_twin_keeps_grad_cam_and_nobody_is_told_to_install(monkeypatch, twin, torch):
    monkeypatch.setattr("core.explain.gradients.available", lambda: torch)
    monkeypatch.setattr("core.ui.class_comparison.has_twin", lambda entry: False)
    at = shown(opened())
    assert [info.value for info in at.info] == [no_twin()]
    assert [box.label for box in at.selectbox] == ["Why this", "and not that"]
    assert len(captions(at)) == 4
    assert twin.asked == []


def test_without_torch_there_are_no_other_methods(monkeypatch, twin):
    monkeypatch.setattr("core.explain.gradients.available", lambda: False)
    at = shown(opened())
    assert "pip install -r requirements.txt" in at.info[0].value
    assert [box.label for box in at.selectbox] == ["Why this", "and not that"]
    assert len(captions(at)) == 4
    assert twin.asked == []


@pytest.mark.parametrize(("loaded", "words"), [(False, "Loading PyTorch"), (True, "Drawing")])
def test_the_spinner_says_that_torch_is_being_loaded(monkeypatch, twin, loaded, words):
    said = []
    monkeypatch.setattr("core.explain.gradients.loaded", lambda: loaded)
    real = __import__("streamlit").spinner
    monkeypatch.setattr("streamlit.spinner", lambda text: said.append(text) or real(text))
    shown(opened())
    assert said[0].startswith(words)


# Run in a process of its own: others here have torch in memory already.
_LATE = """
import sys
from tests.pages.visitor import page_of
sys.path[:0] = ["tests", "tests/ui"]
from test_class_comparison import _script
at = page_of(_script).run()
assert not at.exception, at.exception
before = "torch" in sys.modules
at.button(key="a-why-show").click().run()
assert not at.exception, at.exception
print(before, "torch" in sys.modules, len(at.get("image")))
"""


def test_torch_is_imported_when_the_pictures_are_asked_for_and_not_before():
    done = subprocess.run(
        [sys.executable, "-c", _LATE], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False True 8"
