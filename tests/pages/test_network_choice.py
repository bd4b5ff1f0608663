"""A product team's networks, from the weights folder to the page and the report."""

import pytest
from toy_network import toy_entry, use_weights

from core.runtime.manifest import save_entry
from core.ui import engines, result_card
from tests.pages.visitor import opened, read

REAL = engines.lesion
SKIN = (200, 140, 120)


@pytest.fixture
def start(fake_networks, monkeypatch, tmp_path):
    """Opens the app; its networks for kinds of skin change are real, and read from a folder."""
    use_weights(monkeypatch, tmp_path / "weights")
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(engines, "lesion", REAL)

    def run(page="check"):
        at = opened(page).run()
        assert not at.exception
        return at

    return run


def upload(at, data):
    at.file_uploader[0].set_value([("mole.jpg", data, "image/jpeg")]).run()
    assert not at.exception
    open_what_is_held_back(at)


def open_what_is_held_back(at):
    """The shipped network would rather not say what a plain colour is; the others answer anything."""
    for button in [button for button in at.button if button.key == "check-despite-button"]:
        button.click().run()
        assert not at.exception


def pick(at, name):
    at.selectbox(key="check-network").set_value(name).run()
    assert not at.exception
    assert not at.error
    open_what_is_held_back(at)


def looked_for(at):
    return next(box for box in at.selectbox if box.label == "Where did it look for")


def report(at):
    """The report as the button gives it, made outside the script as Streamlit does."""
    (item,) = at.session_state["rt_visit"].kept["check-tray"].items.values()
    manifest = engines.manifest()
    name = at.session_state["rt_lesion_network"]
    classifier = engines.networks.open_lesion(name, manifest, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "lesion", lambda: classifier)
        prediction = classifier.predict(item.photo.small)
        return result_card._report_maker(item.photo, item.verdict, prediction, False)().decode()


def test_everything_follows_the_network_that_is_picked(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    assert "Of 10 kinds of skin change" in read(at)
    assert list(at.selectbox(key="check-network").options) == [
        "lesion: 10 kinds",
        "toy: 3 kinds",
        "mute: 3 kinds",
    ]
    pick(at, "toy")
    shown = read(at)
    assert "Of 3 kinds of skin change, the photo looks most like **red spot**." in shown
    assert "A spot that is redder than the rest." in shown
    assert "few photos (12 photos of 1 source)" in shown
    assert "Pruna · learnt from few photos" in shown
    assert shown.count('class="rt-value"') == 3
    assert "not among the 3" in shown
    assert not any(toggle.label.startswith("Show all") for toggle in at.toggle)
    assert looked_for(at).value == "ember"
    assert looked_for(at).options[0] == "Red spot"
    looked_for(at).set_value("moss").run()
    assert not at.exception
    assert not any(event.event == "gradcam_toggled" for event in at.session_state["rt_log"].events[:-1])
    told = [event for event in at.session_state["rt_log"].events if event.event == "prediction_shown"]
    assert told[-1].properties["label"] == "ember"

    page = report(at)
    assert "Where the network looked for: Red spot" in page
    assert "<td>Pruna · learnt from few photos</td>" in page
    assert "Network toy:" in page
    assert "Network lesion:" not in page


def test_two_kinds_are_compared_without_a_twin(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    pick(at, "toy")
    assert [box.value for box in at.selectbox if box.label in ("Why this", "and not that")] == [
        "ember",
        "moss",
    ]
    assert not any(box.label == "Heat map by" for box in at.selectbox)
    before = len(at.get("image"))
    at.button(key="check-why-show").click().run()
    assert not at.exception
    assert "This network is another" in read(at)  # no gradient methods for it
    # A photo of one colour: no place stands out.
    captions = [image.proto.imgs[0].caption for image in at.get("image")[before:]]
    assert captions == [
        "Your photo.",
        "Grad-CAM: nothing in the photo speaks for red spot.",
        "Your photo.",
        "Grad-CAM: nothing in the photo speaks for green spot.",
    ]
    told = at.session_state["rt_log"].events[-1]
    assert told.event == "gradcam_toggled"
    assert told.properties == {"network": "toy", "target": "ember", "against": "moss"}


def looks(at):
    """The answers to the photo as it is and to the changed one."""
    bodies = [html.proto.body for html in at.get("html")]
    return [body for body in bodies if 'class="rt-fine"' in body and "rt-list" in body]


def test_other_looks_are_those_of_the_network_that_is_picked(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    next(one for one in at.slider if one.label.startswith("Brighten")).set_value(1.4).run()
    assert not at.exception
    ours = looks(at)
    for name in ("toy", "mute"):
        pick(at, name)
        assert len(looks(at)) == 2
        assert all(("Red spot" if name == "toy" else "Ember") in look for look in looks(at))
        changed = [event for event in at.session_state["rt_log"].events if event.event == "prediction_shown"]
        assert (changed[-1].properties["label"], changed[-1].properties["gamma"]) == ("ember", 1.4)
    assert any(expander.label == "Look again: brighter, or mirrored" for expander in at.expander)
    assert not any(expander.label == "Why this and not that?" for expander in at.expander)  # mute has no maps
    pick(at, "lesion")
    assert looks(at) == ours


def test_one_file_under_two_entries_answers_as_each_says(start, jpeg_of, tmp_path):
    folder = tmp_path / "weights"
    save_entry("cool", toy_entry(folder / "toy.onnx", temperature=9), folder)
    at = start()
    upload(at, jpeg_of(SKIN))
    shares = []
    for name in ("toy", "cool"):
        pick(at, name)
        shares.append([html.proto.body for html in at.get("html") if 'class="rt-value"' in html.proto.body])
    assert shares[0] != shares[1]


def test_back_to_ours_shows_ours_again(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    before = looked_for(at).value
    pick(at, "toy")
    pick(at, "lesion")
    assert "Of 10 kinds" in read(at)
    assert looked_for(at).value == before
    assert any(toggle.label == "Show all 10" for toggle in at.toggle)


def test_without_heat_maps_the_card_and_the_report_say_why(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    pick(at, "mute")
    assert "**Ember**" not in read(at)
    assert "looks most like **ember**" in read(at)
    assert "Where this network looked cannot be shown. It does not hand out" in read(at)
    assert not any(box.label == "Where did it look for" for box in at.selectbox)
    page = report(at)
    assert "Where this network looked cannot be shown" in page
    assert "Where the network looked for" not in page


def test_the_choice_holds_for_the_session_on_every_page(start, jpeg_of):
    at = start()
    upload(at, jpeg_of(SKIN))
    pick(at, "toy")
    at.switch_page("pages/about.py").run()
    at.switch_page("pages/check.py").run()
    assert at.selectbox(key="check-network").value == "toy"
    assert "Of 3 kinds" in read(at)


def test_the_setting_names_the_first(start, jpeg_of, monkeypatch):
    monkeypatch.setenv("RETAKE_LESION", "toy")
    at = start()
    upload(at, jpeg_of(SKIN))
    assert "Of 3 kinds" in read(at)
    pick(at, "lesion")
    assert "Of 10 kinds" in read(at)


def test_a_setting_that_names_nothing_is_a_sentence_and_the_check_stays(start, jpeg_of, monkeypatch):
    monkeypatch.setenv("RETAKE_LESION", "oracle")
    at = start()
    upload(at, jpeg_of(SKIN))
    assert "This photo works" in read(at)
    assert "Set RETAKE_LESION to one of: lesion, toy, mute" in at.error[0].value


def test_a_network_that_fails_says_so_and_another_can_be_picked(start, jpeg_of, tmp_path):
    (tmp_path / "weights" / "toy.taxonomy.yaml").write_text("labels: {ember: {}}")
    at = start()
    upload(at, jpeg_of(SKIN))
    at.selectbox(key="check-network").set_value("toy").run()
    assert not at.exception
    assert "toy.taxonomy.yaml, line 1: labels > ember > term: this is missing" in at.error[0].value
    pick(at, "lesion")
    assert "Of 10 kinds" in read(at)


def test_where_there_is_one_network_there_is_no_picker(start, jpeg_of, monkeypatch):
    manifest = engines.manifest()
    networks = {name: manifest.networks[name] for name in ("imageqx", "toy")}
    alone = manifest.model_copy(update={"networks": networks})
    monkeypatch.setattr(engines, "load_manifest", lambda: alone)
    at = start()
    upload(at, jpeg_of(SKIN))
    assert "Of 3 kinds" in read(at)
    assert not any(box.key == "check-network" for box in at.selectbox)


def test_a_photo_that_may_show_no_prediction_shows_no_picker(start, jpeg_of):
    at = start()
    upload(at, jpeg_of((30, 20, 15)))
    assert not any(box.key == "check-network" for box in at.selectbox)


def test_about_names_every_network_and_what_it_learnt_from(start):
    at = start("about")
    titles = [header.value for header in at.subheader]
    assert "10 kinds of skin change (lesion)" in titles
    assert "3 kinds of skin change (toy)" in titles
    told = {row[0]: row[1] for shown in at.table for row in shown.value.values.tolist()}
    assert told["Scab (Crust)"] == "79 photos of 4 sources."
    assert told["Green spot (Muscus)"] == "500 photos of 3 sources."
    assert told["Ember"] == "Nobody wrote that down."
