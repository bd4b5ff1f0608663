"""EfficientNet-B0 for lesions: several stages in one affine head, started as a linear probe."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from folders import write_manifest
from torch.nn import functional as F

from core.explain.closed_form import grad_cam, normalised
from core.explain.gradients import _guided
from core.lesion.head import affine_head
from core.lesion.taxonomy import LABELS
from core.networks.lesion import FIRST_READ, LesionNet
from core.runtime.engine import Engine
from core.runtime.manifest import load_manifest
from training.data.lesion_data import Picture, draw_phantoms, load_pictures, picture_weights
from training.data.lesion_labels import lesion_label
from training.data.marks import KEPT, WATERMARKS, pixels, without_marks
from training.data.sources import read_manifest
from training.networks.export import export
from training.recipes.lesion import CONFIGURATIONS, FINE_TUNING, LesionData, LesionRecipe
from training.recipes.loop import normalise
from training.recipes.probe import fit_linear, start_head, view_features

torch.set_num_threads(1)
pytestmark = pytest.mark.usefixtures("one_block_a_stage")


@pytest.fixture(scope="module")
def probed() -> tuple[LesionNet, LesionData]:
    torch.manual_seed(0)
    net, pictures = LesionNet(), draw_phantoms(3, seed=4, size=(96, 128))
    data = LesionData(pictures, pictures[:2], size=64, restyled=False)
    start_head(net, data, 64, count=96)
    return net, data


def test_the_map_is_that_of_all_stages_and_its_mean_is_theirs(probed):
    net, _data = probed
    images = torch.rand(2, 3, 96, 96)
    with torch.inference_mode():
        logits, features = net.eval()(images)
        means = []
        for number, stage in enumerate(net.trunk):
            images = stage(images)
            if number >= FIRST_READ:
                means.append(images.mean((2, 3)))
        expected = torch.cat(means, 1) * net.scale.weight.flatten() + net.scale.bias
    assert features.shape == (2, 2024, 3, 3)
    assert torch.allclose(features.mean((2, 3)), expected, atol=1e-4, rtol=1e-3)
    assert torch.allclose(net.head(features.mean((2, 3))), logits, atol=1e-4, rtol=1e-3)


def test_the_exported_head_is_affine_and_grad_cam_by_autograd_is_its_closed_form(probed, tmp_path):
    net, _data = probed
    export(net.eval(), "lesion", tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").stat().st_size < 9e6
    engine = Engine(tmp_path / "net.onnx")
    weight = affine_head(engine, load_manifest().networks["lesion"])
    assert weight.shape == (10, 2024)
    images = torch.rand(1, 3, 224, 224)
    answer = engine.run(images.numpy())
    features = net.features(images)
    slopes = torch.autograd.grad(net.head(features.mean((2, 3)))[0, 3], features)[0].mean((2, 3))
    by_hand = normalised(torch.einsum("c,chw->hw", slopes[0], features[0]).detach().numpy())
    np.testing.assert_allclose(grad_cam(answer["features"][0], weight[3]), by_hand, atol=0.02)


def test_the_probe_begins_below_the_loss_of_guessing_in_training_mode(probed):
    net, data = probed
    net.eval()
    pooled, labels = view_features(net, data, 64, 96, seed=0)
    assert not net.training
    with torch.inference_mode():
        assert F.cross_entropy(net.head(pooled), labels) < 0.9 * np.log(len(LABELS))


def test_the_probe_leaves_the_statistics_of_the_pictures_in_every_batchnorm(probed):
    net, data = probed
    rng = np.random.default_rng(0)
    views = [data.training_item(int(i), 64, rng)[0] for i in data.picks(64, rng)]
    images = normalise(torch.from_numpy(np.stack(views)))
    with torch.inference_mode():
        first = net.trunk[0][0](images)
    norm = net.trunk[0][1]
    assert torch.allclose(norm.running_mean, first.mean((0, 2, 3)), atol=0.1 * float(first.std()))
    assert norm.momentum == torch.nn.BatchNorm2d(1).momentum


def test_the_probe_of_a_resnet_takes_the_standardisation_in(probed):
    torch.manual_seed(0)
    net, data = LesionNet("resnet34"), probed[1]
    start_head(net, data, 64, count=96)
    pooled, labels = view_features(net, data, 64, 96, seed=0)
    with torch.inference_mode():
        assert F.cross_entropy(net.head(pooled), labels) < 0.6 * np.log(len(LABELS))


def test_a_linear_fit_without_inputs_gives_the_shares():
    labels = torch.tensor([0, 0, 0, 1])
    _weight, bias = fit_linear(torch.zeros(4, 1), labels, 2, smoothing=0.0)
    assert F.softmax(bias, 0)[0] == pytest.approx(0.75, abs=0.02)


def test_thirds_of_the_trunk_learn_at_their_rates_and_the_scale_does_not(probed):
    net, data = probed
    recipe = LesionRecipe(net, data, replace(FINE_TUNING, epochs=1), choices=CONFIGURATIONS["fine-tuned"])
    factors = {group["factor"] for group in recipe.configure_optimizers().param_groups}
    assert factors == {0.1, 0.4, 1.0}
    scale = net.scale.weight.clone()
    optimiser = recipe.configure_optimizers()
    targets = recipe.mix(torch.zeros(4), [torch.arange(4)])[1]
    recipe.loss(net(torch.rand(4, 3, 64, 64))[:1], targets).backward()
    head = net.head.weight.clone()
    optimiser.step()
    assert torch.equal(net.scale.weight, scale)
    assert not torch.equal(net.head.weight, head)
    # No blending: the shares are the labels themselves.
    assert torch.equal(targets[0], F.one_hot(torch.arange(4), len(LABELS)).float())


def test_guided_backpropagation_through_silu_by_its_definition():
    torch.manual_seed(1)
    plain = torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.SiLU(), torch.nn.Linear(6, 1))
    given = torch.randn(1, 6)
    hidden, out = plain[0].weight @ given[0] + plain[0].bias, plain[2].weight[0]
    gate = torch.sigmoid(hidden)
    passed = out.clamp(min=0) * (gate * (1 + hidden * (1 - gate))) * (hidden > 0)
    expected = passed @ plain[0].weight
    images = given.clone().requires_grad_(True)
    _guided(plain)(images).sum().backward()
    assert torch.allclose(images.grad[0], expected, atol=1e-6)
    assert not torch.allclose(expected, (out * (gate * (1 + hidden * (1 - gate)))) @ plain[0].weight)


def test_dermoscopy_is_drawn_less_than_its_size_says():
    def held(slug, count):
        return [Picture(np.zeros((8, 8, 3), np.uint8), (), 0, slug) for _ in range(count)]

    weights = picture_weights([*held("scdet2", 16), *held("phone", 16)])
    assert weights[:16].sum() / weights[16:].sum() == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("given", "finer", "expected"),
    [
        ("tumor", "NEV", "pigmented_macula"),
        ("tumor", "Congenital melanocytic naevus", "pigmented_macula"),
        ("pigmented_macula", "dysplastic nevus DN1", "pigmented_macula"),
        ("tumor", "MEL", "tumor"),
        ("tumor", "Seborrheic Keratoses/melanoma-mimic", "tumor"),
        ("leukoderma", "nevus depigmentosus", "leukoderma"),
        ("tumor", "", "tumor"),
    ],
)
def test_a_naevus_is_a_pigmented_macula_whatever_the_collection_puts_it_to(given, finer, expected):
    assert lesion_label(given, finer) == expected


def skin(height=200, width=300):
    rng = np.random.default_rng(2)
    base = np.full((height, width, 3), (190, 140, 120), np.float32)
    shades = cv2.GaussianBlur(rng.normal(0, 20, base.shape), (0, 0), 9) * 4
    return np.clip(base + shades, 0, 255).astype(np.uint8)


def test_a_white_watermark_is_painted_over_and_the_rest_stays():
    clean = skin()
    left, top, _right, _bottom = pixels(WATERMARKS["dermnetnz"], clean)
    marked = clean.copy()
    cv2.putText(marked, "DermNet", (left + 6, top + 40), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
    found = without_marks(marked, "dermnetnz")
    outside = np.ones(clean.shape[:2], bool)
    x0, y0, x1, y1 = pixels(WATERMARKS["dermnetnz"], clean)
    outside[y0:y1, x0:x1] = False
    np.testing.assert_array_equal(found[outside], marked[outside])

    def off(picture):
        return (np.abs(picture.astype(int) - clean).max(-1)[~outside] > 25).sum()

    assert off(found) < 0.05 * off(marked)


def test_edges_are_cut_off_and_other_sources_stay_as_they_are():
    picture = skin()
    assert without_marks(picture, "elsewhere") is picture
    cut = without_marks(picture, "ncinevus")
    left, top, right, bottom = pixels(KEPT["ncinevus"], picture)
    np.testing.assert_array_equal(cut, picture[top:bottom, left:right])


def test_marks_come_off_for_training_only(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), skin()[..., ::-1])
    line = {"path": "a.png", "group": "lesion", "label": "wheal", "original_label": "", "slug": "suhaasbites"}
    write_manifest(tmp_path, [line | {"split_key": "suhaasbites/1", "width": 300, "height": 200}])
    rows = read_manifest(tmp_path)
    assert load_pictures(rows)[0].rgb.shape == (200, 300, 3)
    assert load_pictures(rows, marks=False)[0].rgb.shape == (176, 264, 3)
