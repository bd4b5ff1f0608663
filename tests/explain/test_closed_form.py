"""Closed-form Grad-CAM against pytorch-grad-cam, on the shipped networks and their torch twins."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM

from core.explain.closed_form import ImageQXHead, grad_cam, normalised
from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.networks.build import build
from core.networks.fold import fold
from core.networks.twin import load_twin
from core.quality.imageqx import ImageQX
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.engine import Engine
from core.runtime.manifest import load_manifest
from core.runtime.preprocess import detail_square, network_input, square_batch
from core.runtime.weights import verify
from core.synthetic.phantoms import draw
from tests.shallow import one_block_a_stage
from training.networks.export import export, output_names

torch.set_num_threads(1)


class OneOutput(torch.nn.Module):
    def __init__(self, net, output, details=()):
        super().__init__()
        self.net, self.output, self.details = net, output, details

    def forward(self, images):
        return self.net(images, *self.details)[self.output]


def shown(net, rgb: np.ndarray) -> list[torch.Tensor]:
    """The network's inputs: the whole frame, and the detail where it has two views."""
    views = [network_input(rgb), square_batch(detail_square(rgb))]
    return [torch.from_numpy(view) for view in views[: getattr(net, "views", 1)]]


def reference(net, output: int, index: int, rgb: np.ndarray) -> np.ndarray:
    """pytorch-grad-cam's own map at 224 x 224, over its range (it adds 1e-7 to what it divides by)."""
    batch, *details = shown(net, rgb)
    with GradCAM(OneOutput(net, output, details), [getattr(net, "map_layer", net.trunk)]) as cam:
        return normalised(cam(batch.requires_grad_(True), [lambda row: row[index]])[0])


def as_theirs(heatmap: np.ndarray) -> np.ndarray:
    """Our 7 x 7 map brought to their size, and stretched to 0-1 once more as theirs is."""
    return normalised(cv2.resize(heatmap, (224, 224)))


def lively(name: str) -> torch.nn.Module:
    """A network whose answers depend on the picture, whatever the shipped weights are like."""
    torch.manual_seed(3)
    with pytest.MonkeyPatch.context() as patch:
        one_block_a_stage(patch)
        net = build(name)
    # Untrained statistics would let the signal die away: take them from pictures instead.
    net.train()
    pictures = [draw("lesion", seed, size=(240, 320)).rgb for seed in range(6)]
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                module.momentum = None
        net(*(torch.cat(part) for part in zip(*(shown(net, rgb) for rgb in pictures), strict=True)))
        for parameter in net.parameters():
            if parameter.shape[:1] in ((4,), (5,)):
                parameter.mul_(4)
    return net.eval()


class TwinEngine:
    """The torch twin behind an engine's face: the same feature map for both ways to a heat map."""

    def __init__(self, twin, outputs):
        self.twin, self.outputs = twin, outputs

    def run(self, *batches):
        with torch.no_grad():
            answers = self.twin(*map(torch.from_numpy, batches))
        return {name: answer.numpy() for name, answer in zip(self.outputs, answers, strict=True)}

    def initialisers(self, names):
        return {name: value.numpy() for name, value in self.twin.named_parameters() if name in names}


@dataclass(frozen=True)
class Pair:
    served: ImageQX | LesionClassifier  # in ONNX Runtime
    exact: ImageQX | LesionClassifier  # on the twin's own feature map
    twin: torch.nn.Module


@pytest.fixture(scope="module", params=["shipped", "lively"])
def pairs(request, tmp_path_factory) -> dict[str, Pair]:
    manifest = load_manifest()
    found = {}
    for name, kind in (("imageqx", ImageQX), ("lesion", LesionClassifier)):
        entry = manifest.networks[name]
        if request.param == "shipped":
            twin, path = load_twin(name), verify(entry)
        else:
            net = lively(name)
            path = tmp_path_factory.mktemp("lively") / f"{name}.onnx"
            export(net, name, path)
            twin = _half(fold(net))
        exact = kind(TwinEngine(twin, output_names(name, twin)), entry)
        found[name] = Pair(kind(Engine(path, threads=1), entry), exact, twin)
    return found


def _half(net: torch.nn.Module) -> torch.nn.Module:
    """Weights as the file keeps them: rounded to float16."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(parameter.half().float())
    return net.requires_grad_(False)


PICTURES = [draw("lesion", seed=11, size=(480, 640)).rgb, draw("no_skin", seed=12, size=(640, 400)).rgb]


TARGETS = [
    *(("imageqx", 0, index, name) for index, name in enumerate(QUALITY_CLASSES)),
    *(("imageqx", 1, index, name) for index, name in enumerate(EXPLANATIONS)),
    *(("lesion", 0, index, name) for index, name in enumerate(LABELS)),
]


@pytest.mark.parametrize("rgb", PICTURES, ids=["lesion", "no_skin"])
@pytest.mark.parametrize(("network", "output", "index", "target"), TARGETS, ids=lambda value: str(value))
def test_maps_are_those_of_pytorch_grad_cam(pairs, network, output, index, target, rgb):
    pair = pairs[network]
    theirs = reference(pair.twin, output, index, rgb)
    exact = as_theirs(pair.exact.explain(rgb, target).heatmap)
    assert np.abs(exact - theirs).max() < 1e-4
    # The two runtimes' feature maps differ by rounding. Where hardly anything speaks for a target, the part
    # that is kept is a small rest of large sums: hold what is served against the range of the whole sum.
    features = pair.exact._run(*(pair.exact.views(rgb) if network == "imageqx" else [rgb]))
    maps = features["features"][0]
    signed = np.tensordot(slopes(pair, network, output, features)[index][: len(maps)], maps, axes=1)
    if target == "low_resolution":
        # The detail alone tells it, and the detail has no map.
        assert not signed.any()
        assert pair.served.explain(rgb, target).blank
        return
    kept = max(float(signed.max()), 0.0) / float(np.ptp(signed))
    served = as_theirs(pair.served.explain(rgb, target).heatmap)
    assert np.abs(served - theirs).max() * min(kept, 1) < 1e-4


def slopes(pair: Pair, network: str, output: int, outputs: dict[str, np.ndarray]) -> np.ndarray:
    if network == "lesion":
        return pair.served._slopes
    return pair.served._head.slopes(outputs["explanations"][0])[output]


def test_maps_differ_from_target_to_target(pairs):
    found = [explanation.heatmap for explanation in pairs["lesion"].served.explain_all(PICTURES[0]).values()]
    assert sum(np.abs(heat - found[0]).max() > 0.1 for heat in found[1:]) >= 5


def test_head_slopes_are_the_gradient_of_the_torch_head():
    torch.manual_seed(0)
    twin = fold(build("imageqx"))
    weights = {name: value.detach().numpy() for name, value in twin.named_parameters()}
    pooled = torch.randn(1280 + 64, requires_grad=True)
    explanations = twin.explain_out(twin.explain_hidden(pooled))
    quality = twin.quality_out(torch.cat([twin.quality_hidden(pooled), torch.sigmoid(explanations)]))
    classes, faults = ImageQXHead(weights).slopes(explanations.detach().numpy())
    for scores, slopes in ((quality, classes), (explanations, faults)):
        for score, slope in zip(scores, slopes, strict=True):
            (gradient,) = torch.autograd.grad(score, pooled, retain_graph=True)
            np.testing.assert_allclose(slope, gradient.numpy(), atol=1e-6)


def test_what_speaks_against_the_target_is_left_out():
    features = np.zeros((2, 3, 3), np.float32)
    features[0, 0, 0] = features[1, 2, 2] = 1
    heat = grad_cam(features, np.float32([2, -1]))
    assert heat[0, 0] == 1
    assert heat[2, 2] == 0


@pytest.mark.parametrize("level", [-3.0, 0.0, 5.0])
def test_a_flat_map_is_all_zeros(level):
    heat = normalised(np.full((7, 7), level))
    assert heat.dtype == np.float32
    assert not heat.any()


def test_a_map_spans_0_to_1():
    heat = normalised(np.array([[2.0, 4.0], [6.0, 3.0]]))
    np.testing.assert_allclose(heat, [[0, 0.5], [1, 0.25]])
