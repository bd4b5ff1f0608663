import os
import pickle

import numpy as np
import pytest
from made_up_entry import made_up_entry
from toy_network import LABELS, SIDE, toy_entry, write_toy, write_weights

from core.lesion.head import NoMapError
from core.lesion.networks import ARCHITECTURES, default_name, has_twin, names, open_lesion
from core.lesion.taxonomy import LABELS as OURS
from core.networks.lesion import ARCHITECTURES as BUILT_HERE
from core.runtime.manifest import Manifest, WeightsError, load_manifest

# Green but for one red corner.
PICTURE = np.zeros((SIDE * 4, SIDE * 4, 3), np.uint8)
PICTURE[..., 1] = 200
PICTURE[-SIDE:, -SIDE:] = (200, 0, 0)


def opened(folder, path, **changes):
    entry = toy_entry(path, **{"taxonomy": None} | changes)
    return open_lesion("toy", Manifest(networks={"toy": entry}), 1, folder)


def test_another_teams_network_predicts_and_shows_where_it_looked(tmp_path):
    manifest = write_weights(tmp_path)
    classifier = open_lesion("toy", manifest, 1, tmp_path)
    prediction = classifier.predict(PICTURE)
    assert prediction.labels[0] == "moss"
    assert sorted(prediction.labels) == sorted(LABELS)
    assert (classifier.name, classifier.taxonomy.lay_name("moss")) == ("toy", "Green spot")
    assert classifier.no_map is None
    heat = classifier.explain(PICTURE, "ember").heatmap
    assert np.unravel_index(heat.argmax(), heat.shape) == (3, 3)
    assert classifier.explain(PICTURE, "moss").heatmap[3, 3] == 0


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"features": False}, "no_features", "feature map"),
        ({"head": "classifier.weight"}, "no_head", "head.weight"),
        ({"pool": "GlobalMaxPool"}, "not_affine", "average"),
    ],
)
def test_without_an_affine_head_over_averages_it_predicts_and_says_why_there_is_no_map(
    tmp_path, changes, code, says
):
    classifier = opened(tmp_path, write_toy(tmp_path / "toy.onnx", **changes))
    assert classifier.predict(np.full_like(PICTURE, (0, 0, 200))).labels[0] == "HPV wart"
    assert classifier.no_map.code == code
    assert says in classifier.no_map.message
    with pytest.raises(NoMapError):
        classifier.explain(PICTURE, "moss")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"labels": ["one", "two"]}, "must hold 2 numbers, one for each label"),
        ({"input_size": 64}, "1 x 3 x 64 x 64"),
    ],
)
def test_a_network_that_does_not_fit_its_entry_is_a_sentence(tmp_path, changes, says):
    path = write_toy(tmp_path / "toy.onnx")
    with pytest.raises(WeightsError) as caught:
        opened(tmp_path, path, **changes)
    assert caught.value.code == "network_unfit"
    assert says in caught.value.message
    assert "\n" not in caught.value.message


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_a_pickle_under_an_onnx_name_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "toy.onnx"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(WeightsError) as caught:
        opened(tmp_path, path)
    assert "must be an ONNX file" in caught.value.message
    assert "\n" not in caught.value.message
    assert not (tmp_path / "sprung").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "sprung").exists()  # the trap was live


def test_ours_answers_unless_another_is_asked_for(tmp_path):
    manifest = write_weights(tmp_path)
    assert names(manifest) == ["lesion", "toy", "mute"]
    assert default_name(manifest, {}) == "lesion"
    assert default_name(manifest, {"RETAKE_LESION": "toy"}) == "toy"
    with pytest.raises(WeightsError, match="Set RETAKE_LESION to one of: lesion, toy, mute"):
        default_name(manifest, {"RETAKE_LESION": "imageqx"})


def test_a_team_that_takes_ours_out_needs_no_setting(tmp_path):
    networks = dict(write_weights(tmp_path).networks)
    del networks["lesion"]
    assert default_name(Manifest(networks=networks), {}) == "toy"
    with pytest.raises(WeightsError, match="Add one"):
        default_name(Manifest(networks={"imageqx": networks["imageqx"]}), {})


def test_twins_are_of_our_architectures_only():
    assert set(ARCHITECTURES) == set(BUILT_HERE)
    assert has_twin(load_manifest().networks["lesion"])
    entry = made_up_entry(task="lesion", labels=list(OURS))
    assert not has_twin(entry)
    assert not has_twin(entry.model_copy(update={"provenance": {"arch": "transformer"}}))
