import numpy as np
import pytest

from core.lesion.taxonomy import shipped
from core.lesion.views import crop, spot
from core.quality.classical import Classical
from core.quality.localization import LesionLocation
from core.runtime.manifest import load_manifest
from tests.pages.visitor import page_of

PLACES = np.zeros((8, 8), np.float32)
PLACES[3:5, 3:5] = 0.9
BOX = spot(PLACES, 96, 128)


def _script():
    import numpy as np
    import streamlit as st

    from core.lesion.prediction import Prediction
    from core.lesion.taxonomy import LABELS
    from core.photo import photo_from_array
    from core.ui import test_time_views

    class Seen:
        where = st.session_state.get("where")

    def once(mark, value, event, **properties):
        if st.session_state.get(mark) != value:
            st.session_state[mark] = value
            st.session_state.setdefault("events", []).append((event, properties))

    rgb = np.full((96, 128, 3), 60, np.uint8)
    rgb[30:60, 40:80] = 20
    doubtful = st.session_state.get("doubtful", False)
    prediction = Prediction(LABELS, (0.55, *(0.05,) * 9), doubtful, None, 1.0)
    test_time_views.panel(photo_from_array(rgb, "x"), Seen(), prediction, once, key="a")


class Looking:
    """Says wheal of anything but the whole photo; keeps what it was asked."""

    abstains = False
    taxonomy = shipped()

    def __init__(self):
        self.asked = []

    def predict(self, rgb, gamma=None, flips=False):
        from core.lesion.prediction import Prediction
        from core.lesion.taxonomy import LABELS

        self.asked.append((rgb, gamma, flips))
        labels = LABELS if rgb.shape == (96, 128, 3) else LABELS[::-1]
        return Prediction(labels, (0.64, *(0.04,) * 9), self.abstains, None, 1.0)


class Placing:
    """Sees the lesion in the middle."""

    def __init__(self, places):
        self._places = places

    def places(self, rgb):
        return self._places


@pytest.fixture
def network(monkeypatch):
    made = Looking()
    monkeypatch.setattr("core.ui.engines.lesion", lambda: made)
    monkeypatch.setattr("core.ui.engines.assessor", lambda: Placing(PLACES))
    return made


def opened():
    at = page_of(_script).run()
    assert not at.exception
    return at


def named(elements, label):
    return next(element for element in elements if element.label == label)


def turn(at, kind, label, value):
    named(getattr(at, kind), label).set_value(value).run()
    assert not at.exception
    return at


def captions(at):
    return [image.proto.imgs[0].caption for image in at.get("image")]


def answers(at):
    return [html.proto.body for html in at.get("html") if 'class="rt-list"' in html.proto.body]


def test_nothing_is_asked_of_the_network_before_a_look_is_chosen(network):
    at = opened()
    assert network.asked == []
    assert not at.get("image")
    assert "only a small part" in at.info[0].value


def test_the_crop_stands_beside_the_whole_photo(network):
    at = turn(opened(), "toggle", "Crop to the spot", True)
    (asked,) = network.asked
    left, top, right, bottom = BOX.pixels(96, 128)
    assert asked[0].shape == (bottom - top, right - left, 3)
    assert asked[1:] == (None, False)
    assert captions(at) == ["The whole photo.", "Cropped to the spot."]
    for answer, words in zip(answers(at), (("As it is", "Pimples"), ("Changed", "Raised welt")), strict=True):
        assert all(word in answer for word in words)
    assert any("pimples as it is, raised welt changed" in words.value for words in at.markdown)


def test_the_crop_is_drawn_on_the_photo(network, monkeypatch):
    framed = []
    from core.ui import test_time_views

    real = test_time_views.outlined
    monkeypatch.setattr(test_time_views, "outlined", lambda rgb, *box: framed.append(box) or real(rgb, *box))
    turn(opened(), "toggle", "Crop to the spot", True)
    assert framed == [BOX.pixels(96, 128)]


def test_taking_the_crop_back_takes_the_pictures_away(network):
    at = turn(opened(), "toggle", "Crop to the spot", True)
    turn(at, "toggle", "Crop to the spot", False)
    assert not at.get("image")
    assert not answers(at)


def test_no_crop_is_offered_when_the_spot_fills_the_photo(network, monkeypatch):
    monkeypatch.setattr("core.ui.engines.assessor", lambda: Placing(np.ones((8, 8), np.float32)))
    at = opened()
    assert not at.info
    assert [toggle.label for toggle in at.toggle] == ["Average over mirror images"]


def test_no_crop_is_offered_where_the_assessor_knows_no_places(network, monkeypatch):
    monkeypatch.setattr("core.ui.engines.assessor", lambda: Placing(None))
    assert not opened().info
    monkeypatch.setattr("core.ui.engines.assessor", Classical)
    assert not opened().info


@pytest.mark.parametrize(
    ("where", "offered"), [(LesionLocation(0.1, -0.2), True), (LesionLocation(0.9, 0.0), False)]
)
def test_no_crop_is_offered_where_the_assessor_sees_the_lesion_elsewhere(network, where, offered):
    at = page_of(_script)
    at.session_state["where"] = where
    at.run()
    assert not at.exception
    assert bool(at.info) is offered


def test_the_prediction_follows_the_gamma_slider(network):
    at = opened()
    slider = named(at.slider, "Brighten the shadows (gamma)")
    assert (slider.min, slider.max, slider.value) == (1.0, 1.8, 1.0)
    for gamma in (1.2, 1.8):
        turn(at, "slider", "Brighten the shadows (gamma)", gamma)
        assert captions(at)[1] == f"Brightened with gamma {gamma}."
    assert [gamma for _rgb, gamma, _flips in network.asked] == [1.2, 1.8]
    assert any("1.2 to 1.5" in words.value for words in at.caption)
    assert any("come to the same: pimples" in words.value for words in at.markdown)


def test_looks_add_up_and_are_asked_for_once(network):
    at = turn(opened(), "toggle", "Crop to the spot", True)
    turn(at, "slider", "Brighten the shadows (gamma)", 1.4)
    turn(at, "toggle", "Average over mirror images", True)
    rgb, gamma, flips = network.asked[-1]
    assert (rgb.shape, gamma, flips) == ((58, 58, 3), 1.4, True)
    assert captions(at)[1] == ("Cropped to the spot. Brightened with gamma 1.4. Averaged over mirror images.")
    turn(at, "toggle", "Average over mirror images", False)
    turn(at, "toggle", "Average over mirror images", True)
    assert len(network.asked) == 3


def test_what_the_network_is_shown_is_a_plain_cut(network):
    turn(opened(), "toggle", "Crop to the spot", True)
    rgb = np.full((96, 128, 3), 60, np.uint8)
    rgb[30:60, 40:80] = 20
    np.testing.assert_array_equal(network.asked[0][0], crop(rgb, BOX))


def test_each_look_is_logged_once(network):
    at = turn(opened(), "slider", "Brighten the shadows (gamma)", 1.3)
    at.run()
    turn(at, "toggle", "Crop to the spot", True)
    assert at.session_state["events"] == [
        ("prediction_shown", {"label": "acne", "cropped": False, "gamma": 1.3, "flips": False}),
        ("prediction_shown", {"label": "wheal", "cropped": True, "gamma": 1.3, "flips": False}),
    ]


def test_a_look_at_which_the_network_abstains_shows_no_answer(network, monkeypatch):
    monkeypatch.setattr(network, "abstains", True, raising=False)
    at = turn(opened(), "toggle", "Crop to the spot", True)
    assert len(answers(at)) == 1
    assert any("rather give no answer" in words.value for words in at.markdown)
    # Unless the photo's own answer is a doubtful one, which the person asked to see all the same.
    at.session_state["doubtful"] = True
    at.run()
    assert len(answers(at)) == 2


def measured(monkeypatch, metrics):
    manifest = load_manifest()
    entry = manifest.networks["lesion"].model_copy(update={"metrics": metrics})
    changed = manifest.model_copy(update={"networks": manifest.networks | {"lesion": entry}})
    monkeypatch.setattr("core.ui.engines.manifest", lambda: changed)


def test_nothing_is_said_of_a_gain_that_was_not_measured(network, monkeypatch):
    measured(monkeypatch, {})
    assert not any("percentage points" in words.value for words in opened().caption)


def test_the_measured_gain_of_the_flips_is_told(network, monkeypatch):
    flips = {"n": 40, "top1": {"gain": 0.025, "gain_interval": [-0.05, 0.1]}}
    measured(monkeypatch, {"flips": flips})
    told = next(words.value for words in opened().caption if "percentage points" in words.value)
    assert "On 40 photos" in told
    assert "by +2.5 percentage points (95 % interval -5.0 to +10.0)" in told
