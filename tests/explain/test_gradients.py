import sys
import threading

import cv2
import numpy as np
import pytest
import torch
from made_up_entry import made_up_entry
from onnx import TensorProto, helper, save

from core.explain import gradients
from core.explain.closed_form import normalised
from core.explain.gradients import (
    METHODS,
    Gradients,
    MissingTorchError,
    available,
    guided_picture,
    loaded,
)
from core.lesion.classifier import LesionClassifier
from core.networks.lesion import LesionNet
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
from core.runtime.preprocess import network_input
from core.runtime.weights import WeightsError, sha256_of
from core.synthetic.phantoms import draw
from tests.shallow import one_block_a_stage
from training.networks.export import export

torch.set_num_threads(1)
PICTURE = draw("lesion", seed=5, size=(480, 640)).rgb
FAST = [name for name in METHODS if name != "scorecam"]


@pytest.fixture(scope="module")
def lesion():
    return Gradients("lesion")


@pytest.fixture(scope="module")
def imageqx():
    return Gradients("imageqx")


@pytest.mark.parametrize("method", FAST)
@pytest.mark.parametrize("network", ["lesion", "imageqx"])
def test_every_method_gives_a_map(request, network, method):
    owner = request.getfixturevalue(network)
    explanation = owner.cam(PICTURE, {"lesion": "acne", "imageqx": "blurry"}[network], method)
    assert explanation.heatmap.shape == (224, 224)
    assert explanation.heatmap.dtype == np.float32
    assert 0 <= explanation.heatmap.min() <= explanation.heatmap.max() <= 1
    assert explanation.method == method


def test_score_cam_gives_a_map(lesion, monkeypatch):
    # One pass a channel: keep sixteen of the 2024, so that the test stays short.
    from pytorch_grad_cam.activations_and_gradients import ActivationsAndGradients

    save = ActivationsAndGradients.save_activation

    def few(self, module, given, output):
        save(self, module, given, output[:, :16])

    monkeypatch.setattr(ActivationsAndGradients, "save_activation", few)
    assert lesion.cam(PICTURE, "acne", "scorecam").heatmap.shape == (224, 224)


def test_grad_cam_is_the_closed_form(lesion):
    manifest = load_manifest()
    served = LesionClassifier(open_engine("lesion", manifest, threads=1), manifest.networks["lesion"])
    target = served.predict(PICTURE).labels[0]
    for gamma in (None, 1.4):
        small = served.explain(PICTURE, target, gamma).heatmap
        ours = normalised(cv2.resize(small, (224, 224)))
        assert np.abs(ours - lesion.cam(PICTURE, target, "gradcam", gamma).heatmap).max() < 1e-4


def test_unknown_targets_and_methods(lesion):
    with pytest.raises(KeyError):
        lesion.cam(PICTURE, "blurry")
    with pytest.raises(KeyError):
        lesion.cam(PICTURE, "acne", "crystal ball")


def test_guided_backpropagation_lets_only_positive_paths_through(lesion):
    """Against its definition: a unit passes a slope on where its input and the slope are both positive."""
    target = "acne"
    found = lesion.guided_backpropagation(PICTURE, target)
    assert found.shape == (224, 224, 3)
    assert found.any()

    net = gradients.copy.deepcopy(lesion._net)
    inputs = {}

    def pass_on(module, slope_in, slope_out):
        if isinstance(module, torch.nn.ReLU):
            return (slope_in[0].clamp(min=0),)
        return (torch.where((inputs[module] > 0) & (slope_out[0] > 0), slope_in[0], torch.zeros(())),)

    for module in net.modules():
        if isinstance(module, torch.nn.SiLU | torch.nn.ReLU):
            module.inplace = False
            module.register_forward_pre_hook(lambda module, given: inputs.update({module: given[0]}))
            module.register_full_backward_hook(pass_on)
    images = torch.from_numpy(network_input(PICTURE)).requires_grad_(True)
    net(images)[0][0, 0].backward()
    expected = images.grad[0].numpy().transpose(1, 2, 0)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_guided_backpropagation_leaves_the_twin_as_it_was(lesion):
    before = lesion.cam(PICTURE, "acne").heatmap
    first = lesion.guided_backpropagation(PICTURE, "acne")
    np.testing.assert_array_equal(lesion.cam(PICTURE, "acne").heatmap, before)
    np.testing.assert_array_equal(lesion.guided_backpropagation(PICTURE, "acne"), first)


def test_callers_wait_for_each_other(lesion):
    targets = ["acne", "wheal", "ulcer"]
    alone = [lesion.cam(PICTURE, target).heatmap for target in targets]
    together = [None] * 3

    def work(i):
        together[i] = lesion.cam(PICTURE, targets[i]).heatmap

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(alone, together)


def test_two_sessions_get_what_each_would_get_alone(lesion):
    """Other photos, other targets, other methods, at the same time on one shared network."""
    other = draw("lesion", seed=6, size=(480, 640)).rgb
    wishes = [
        lambda: lesion.guided_backpropagation(PICTURE, "acne"),
        lambda: lesion.guided_backpropagation(other, "tumor"),
        lambda: lesion.cam(PICTURE, "tumor", "gradcam++").heatmap,
        lambda: lesion.cam(other, "acne").heatmap,
    ]
    alone = [wish() for wish in wishes]
    start = threading.Barrier(len(wishes))
    together = [[] for _wish in wishes]

    def work(i):
        start.wait()
        for _round in range(2):
            together[i].append(wishes[i]())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(wishes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for expected, found in zip(alone, together, strict=True):
        assert len(found) == 2
        for picture in found:
            np.testing.assert_array_equal(picture, expected)


def test_works_under_inference_mode(lesion):
    with torch.inference_mode(False), torch.no_grad():
        assert lesion.cam(PICTURE, "acne").heatmap.shape == (224, 224)


@pytest.mark.parametrize("package", ["torch", "pytorch_grad_cam"])
def test_without_torch_a_sentence_says_how_to_add_it(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert not available()
    with pytest.raises(MissingTorchError) as caught:
        Gradients("lesion")
    assert "pip install -r requirements.txt" in caught.value.message
    assert caught.value.code == "torch_missing"


def test_available_here():
    assert available()
    assert loaded()


def entry_of(path, **changes):
    """A manifest entry for a network file."""
    facts = {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
    return made_up_entry(**{"task": "lesion", "labels": ["a", "b", "c"]} | facts | changes)


def test_a_network_with_our_names_and_other_layers_has_none(tmp_path, monkeypatch):
    one_block_a_stage(monkeypatch)
    torch.manual_seed(0)
    net = LesionNet("resnet34", 3).eval()
    for block in net.trunk.layer4:
        block.relu = torch.nn.LeakyReLU(0.3)
    export(net, "lesion", tmp_path / "toy.onnx")
    with pytest.raises(WeightsError) as caught:
        Gradients("toy", entry_of(tmp_path / "toy.onnx"), tmp_path)
    assert caught.value.code == "no_twin"
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("arch", ["resnet34", "transformer"])
def test_a_network_of_another_make_has_none(tmp_path, arch):
    shape = ["batch", 3]
    given, answer = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "logits")
    )
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["logits"])], "toy", [given], [answer])
    save(helper.make_model(graph), tmp_path / "toy.onnx")
    with pytest.raises(WeightsError, match="no network that was built here"):
        Gradients("toy", entry_of(tmp_path / "toy.onnx", provenance={"arch": arch}), tmp_path)


def test_guided_picture_takes_the_shape_of_the_photo():
    slopes = np.zeros((10, 10, 3), np.float32)
    slopes[:, :5] = 1
    drawn = guided_picture(slopes, shape=(30, 40))
    assert drawn.shape == (30, 40, 3)
    assert (drawn[:, :18] == 255).all()
    assert (drawn[:, 22:] == 128).all()


def test_guided_picture_is_grey_where_nothing_matters():
    slopes = np.zeros((10, 10, 3), np.float32)
    slopes[2, 3] = (0.5, -0.5, 0)
    drawn = guided_picture(slopes)
    assert drawn.dtype == np.uint8
    assert drawn[5, 5].tolist() == [128, 128, 128]
    assert drawn[2, 3].tolist() == [255, 0, 128]
    assert (guided_picture(np.zeros((4, 4, 3), np.float32)) == 128).all()


def test_guided_picture_is_masked_by_the_heat_map():
    slopes = np.ones((8, 8, 3), np.float32)
    heat = np.zeros((2, 2), np.float32)
    heat[0, 0] = 1
    drawn = guided_picture(slopes, heat)
    assert drawn[0, 0, 0] == 255
    assert drawn[7, 7, 0] == 128
