"""Explanations that need a gradient: pytorch-grad-cam and guided backpropagation, on the torch twin.

Nothing here is needed to serve Retake; torch is imported only when one of these is asked for.
"""

import copy
import importlib
import importlib.util
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from core.errors import UserFacingError
from core.explain import Explanation
from core.explain.closed_form import normalised
from core.i18n import _
from core.lesion.prediction import brighten
from core.runtime.engine import Engine
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, WeightsError, load_manifest
from core.runtime.preprocess import detail_square, network_square, shrink, square_batch

if TYPE_CHECKING:
    from torch import Tensor, nn

METHODS: Final = {
    "gradcam": "GradCAM",
    "gradcam++": "GradCAMPlusPlus",
    "xgradcam": "XGradCAM",
    "hirescam": "HiResCAM",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "eigengradcam": "EigenGradCAM",
    "scorecam": "ScoreCAM",
}
"""Names of the methods, and pytorch-grad-cam's class for each. Score-CAM runs the network once a channel."""


class MissingTorchError(UserFacingError):
    """Torch or pytorch-grad-cam is not installed; ``message`` says how to add them."""

    code = "torch_missing"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This needs PyTorch and pytorch-grad-cam, which are not installed. "
                "Add them with: pip install -r requirements.txt"
            )
        )


def available() -> bool:
    """Whether torch and pytorch-grad-cam are installed, without importing them."""
    # find_spec raises ValueError for a module that is blocked or half imported.
    try:
        return all(importlib.util.find_spec(name) for name in ("torch", "pytorch_grad_cam"))
    except ValueError:
        return False


def loaded() -> bool:
    """Whether torch is in memory already, so that there is no wait for it."""
    return "torch" in sys.modules


class Gradients:
    """Gradient methods on one shipped network, one call at a time.

    Hooks and replaced layers make a torch module useless to a second caller, so the twin is this object's own
    and every use of it holds a lock.
    """

    def __init__(self, name: str, entry: NetworkEntry | None = None, directory: Path = WEIGHTS_DIR) -> None:
        """Load the twin of ``"imageqx"`` or ``"lesion"`` (the shipped one unless ``entry`` names another).

        Raises:
            MissingTorchError: torch or pytorch-grad-cam is not installed.
            WeightsError: the network's file is missing or altered, or (code ``"no_twin"``) is of a network
                that was not built here.
        """
        try:
            self._torch = importlib.import_module("torch")
            self._methods = importlib.import_module("pytorch_grad_cam")
            load_twin = importlib.import_module("core.networks.twin").load_twin
        except ImportError as error:
            raise MissingTorchError from error
        self._entry = entry or load_manifest().networks[name]
        self._net = load_twin(name, self._entry, directory)
        if not self._is_twin(directory):
            message = _(
                "The network {name} is of another make than its weights say, so it has no twin in torch."
            )
            raise WeightsError("no_twin", message.format(name=name))
        self._lock = threading.Lock()

    def _is_twin(self, directory: Path) -> bool:
        """Whether the twin answers as its network; one of other layers may use the same names.

        Between two made-up pictures, what the network answers must change as what the twin answers does.
        """
        size, views = self._entry.input_size, 2 if self._entry.detail else 1
        rng = np.random.default_rng(0)
        engine = Engine(directory / self._entry.file)
        theirs, ours = [], []
        for _picture in range(2):
            noise = [rng.standard_normal((1, 3, size, size)).astype(np.float32) for _view in range(views)]
            theirs.append(engine.run(*noise)["logits"])
            with self._torch.no_grad():
                ours.append(self._net(*(self._torch.from_numpy(view) for view in noise))[0].numpy())
        change = theirs[1] - theirs[0]
        return bool(np.allclose(ours[1] - ours[0], change, rtol=0, atol=0.02 * np.abs(change).max() + 1e-6))

    @property
    def _map_layer(self) -> "nn.Module":
        return getattr(self._net, "map_layer", self._net.trunk)

    def cam(
        self, rgb: np.ndarray, target: str, method: str = "gradcam", gamma: float | None = None
    ) -> Explanation:
        """A class activation map of the last feature map.

        Args:
            rgb: uint8 RGB, H x W x 3, any size.
            target: one of the network's labels or explanations.
            method: a key of ``METHODS``.
            gamma: correct the picture's gamma first, as `LesionClassifier.predict` does.

        Returns:
            An explanation whose heat map has the network's input size (224 x 224).

        Raises:
            KeyError: no such target or method.
        """
        kind = getattr(self._methods, METHODS[method])
        output, index = self._place(target)
        batch, *details = self._views(rgb, gamma)
        with (
            self._lock,
            self._torch.enable_grad(),
            kind(self._answers(self._net, output, details), [self._map_layer]) as cam,
        ):
            heat = cam(batch.requires_grad_(True), [lambda row: row[index]])[0]
        return Explanation(target, normalised(heat), method)

    def guided_backpropagation(self, rgb: np.ndarray, target: str, gamma: float | None = None) -> np.ndarray:
        """Guided backpropagation (Springenberg et al. 2015): the target's slope by pixel, positive paths.

        A ReLU passes a slope on where its input and the slope are positive. A SiLU, its smooth relative in
        EfficientNet, does so by the same rule, with its own derivative.

        Returns:
            float32, S x S x 3, signed, in the network's input size.

        Raises:
            KeyError: no such target.
        """
        output, index = self._place(target)
        batch, *details = self._views(rgb, gamma)
        with self._lock, self._torch.enable_grad():
            # The method exchanges every ReLU: on a copy, so that a failure leaves the twin whole.
            model = self._answers(_guided(copy.deepcopy(self._net)), output, details)
            guided = self._methods.GuidedBackpropReLUModel(model=model, device="cpu")
            return np.asarray(guided(batch, target_category=index), np.float32)

    def _place(self, target: str) -> tuple[int, int]:
        """Which output of the network answers for a target, and at which index."""
        for output, names in enumerate((self._entry.labels, self._entry.explanations)):
            if target in names:
                return output, names.index(target)
        raise KeyError(target)

    def _views(self, rgb: np.ndarray, gamma: float | None) -> list["Tensor"]:
        """The network's inputs: the whole frame and, where it asks for it, the detail."""
        picture = shrink(rgb)
        if gamma is not None:
            picture = brighten(picture, gamma)
        entry = self._entry
        shown = [network_square(picture, entry.input_size)]
        if entry.detail:
            shown.append(detail_square(picture, entry.input_size))
        return [self._torch.from_numpy(square_batch(view, entry.mean, entry.std)) for view in shown]

    def _answers(self, net: "nn.Module", output: int, details: list["Tensor"]) -> "nn.Module":
        """The network with one output only and its detail held still, as pytorch-grad-cam expects."""

        class Answers(self._torch.nn.Module):  # type: ignore[name-defined, misc]
            def __init__(self) -> None:
                super().__init__()
                self.net = net

            def forward(self, images: "Tensor") -> Any:
                held = [view.expand(len(images), -1, -1, -1) for view in details]
                return self.net(images, *held)[output]

        return Answers()


def _guided(net: "nn.Module") -> "nn.Module":
    """The network with every SiLU exchanged, in place, for one that passes on positive paths only."""
    torch = importlib.import_module("torch")

    class Rule(torch.autograd.Function):  # type: ignore[name-defined, misc]
        @staticmethod
        def forward(context: Any, inputs: "Tensor") -> "Tensor":
            context.save_for_backward(inputs)
            return torch.nn.functional.silu(inputs)

        @staticmethod
        def backward(context: Any, slope: "Tensor") -> "Tensor":
            (inputs,) = context.saved_tensors
            gate = torch.sigmoid(inputs)
            derivative = gate * (1 + inputs * (1 - gate))
            return slope.clamp(min=0) * derivative * (inputs > 0)

    class GuidedSiLU(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, inputs: "Tensor") -> "Tensor":
            return Rule.apply(inputs)

    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.SiLU):
                setattr(module, name, GuidedSiLU())
    return net


def guided_picture(
    gradient: np.ndarray, heatmap: np.ndarray | None = None, shape: tuple[int, int] | None = None
) -> np.ndarray:
    """Draw a guided-backpropagation map, times a heat map where one is given (guided Grad-CAM).

    Args:
        gradient: float32, S x S x 3, signed.
        heatmap: float32, h x w, 0-1.
        shape: height and width of the photo, to draw the map in its proportions.

    Returns:
        uint8 RGB, S x S x 3 or as ``shape`` says; mid-grey where the gradient is zero.
    """
    if heatmap is not None:
        size = gradient.shape[1::-1]
        gradient = gradient * cv2.resize(heatmap, size, interpolation=cv2.INTER_LINEAR)[..., None]
    # A few pixels far above the rest would leave all others grey.
    reach = float(np.percentile(np.abs(gradient), 99.5)) or float(np.abs(gradient).max()) or 1.0
    drawn = np.rint(127.5 + 127.5 * np.clip(gradient / reach, -1, 1)).astype(np.uint8)
    if shape is None:
        return drawn
    return cv2.resize(drawn, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
