"""The ordinal assessor's recipe (Jeong et al. 2024): five parts of a picture, CORAL, SGD, early stopping.

Every part is judged by one network; a picture's logits are the mean of its parts'. As the mean keeps their
order, the chance of at least k agreeing raters never grows with k for pictures either. The loss is CORAL's
(Cao, Mirjalili and Raschka 2020, equation 4) of the picture, and of every part with its picture's label.

``frozen`` trains the head alone, on features that are computed once; ``tuned`` the whole
network but for what its architecture keeps frozen, the trunk at a lower rate.
"""

import argparse
import copy
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from coral_pytorch.losses import coral_loss
from torch import Tensor, nn
from torchvision import models

from core.i18n import _
from core.networks.fold import settle, unfold_into
from core.quality.ordinal import LABELS, chance_agreed
from core.quality.regions import REGIONS
from core.runtime.engine import Engine
from core.runtime.manifest import DEFAULT_POINT, NetworkEntry, OperatingPoint, save_entry
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.preprocess import IMAGENET_MEAN, IMAGENET_STD
from core.runtime.weights import sha256_of
from training.data.ordinal_data import RATERS, SIDE, RegionPool, build_regions, open_regions, pool_seed
from training.data.sources import DataError
from training.networks.export import export
from training.networks.ordinal import OrdinalNet
from training.networks.pretrained import InitError, fill_trunk
from training.recipes.calibrate import youden
from training.recipes.loop import normalise

TASK: Final = "ordinal"
LAST: Final = "last.ckpt"
FROZEN, TUNED = "frozen", "tuned"
SAMPLES: Final = 6600
MOST_EPOCHS: Final = 50
# Samples of a pool that are set aside to stop by.
HELD_OUT: Final = 1 / 11
# The trunk's rate over the layer's, where it is tuned.
_TRUNK_RATE: Final = 0.1
# Good pictures that the lenient point passes at least, faulty ones that the strict one refuses at least.
_LENIENT, _STRICT = 0.95, 0.95
_TEMPERATURES: Final = np.geomspace(0.25, 8, 121)


@dataclass(frozen=True)
class Plan:
    """How one run goes.

    Attributes:
        epochs: at most; an epoch shows every sample once, and it ends after ``patience`` without a better
            loss on the samples held out.
        batch: samples a step.
        rate, momentum, weight_decay: of SGD.
        seed: everything random follows from it.
    """

    epochs: int = MOST_EPOCHS
    batch: int = 32
    rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 1e-2
    patience: int = 5
    seed: int = 0


def start(net: OrdinalNet, init: str) -> None:
    """Give the trunk its start; the head always begins anew.

    Args:
        init: ``"scratch"``, ``"imagenet"`` (torchvision's weights), a trunk under torchvision's names (.npz,
            EfficientNet-B0 only), or one of our ONNX files with such a trunk.

    Raises:
        InitError: the weights cannot be had, or are of another network.
    """
    if init == "scratch":
        return
    if init == "imagenet":
        _from_hub(net)
        return
    path = Path(init)
    if not path.is_file():
        message = _("{file} is not there: --init takes imagenet, scratch, an .npz or one of our ONNX files.")
        raise InitError(message.format(file=path))
    if net.arch == "vgg16":
        message = _("{file} starts EfficientNet-B0 networks only, not {arch}.")
        raise InitError(message.format(file=path, arch=net.arch))
    if path.suffix == ".npz":
        fill_trunk(net.trunk, path)
        return
    try:
        held = sorted(name for name in initialiser_names(path) if name.startswith("trunk."))
        names = [name for name in held if name.endswith((".weight", ".bias"))]
        weights = read_initialisers(path, names)
        unfold_into(net, {name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    except (KeyError, ValueError, IndexError) as error:
        raise InitError(_("{file} does not hold weights for this network.").format(file=path)) from error


def _from_hub(net: OrdinalNet) -> None:
    try:
        state = models.get_model_weights(net.arch).IMAGENET1K_V1.get_state_dict(progress=True)
    except OSError as error:
        message = _("The ImageNet weights cannot be fetched. Use --init scratch or --init FILE.")
        raise InitError(message) from error
    prefix = "features."
    trunk = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    net.trunk.load_state_dict(trunk)


def levels(agreeing: Tensor) -> Tensor:
    """Agreeing raters (int, N, 0-4) as CORAL's targets: float32, N x 4, 1 where there are at least k."""
    return (agreeing[:, None] > torch.arange(RATERS)).float()


def loss_of(parts: Tensor, agreeing: Tensor) -> Tensor:
    """CORAL's loss of pictures and of their parts, half each.

    Args:
        parts: float, N x 5 x 4: logits of every part.
        agreeing: int, N, 0-4.
    """
    wanted = levels(agreeing)
    each = wanted[:, None].expand_as(parts)
    whole = coral_loss(parts.mean(1), wanted)
    return (whole + coral_loss(parts.flatten(0, 1), each.flatten(0, 1))) / 2


def mirrored(pictures: np.ndarray) -> np.ndarray:
    """Parts of pictures (... x 5 x S x S x 3) turned left to right: left parts are right ones then."""
    order = [1, 0, 3, 2, 4]
    return np.ascontiguousarray(pictures[..., order, :, ::-1, :])


def flipped(pictures: np.ndarray) -> np.ndarray:
    """Parts of pictures (... x 5 x S x S x 3) turned upside down: upper parts are lower ones then."""
    order = [2, 3, 0, 1, 4]
    return np.ascontiguousarray(pictures[..., order, ::-1, :, :])


def features_of(
    net: OrdinalNet, pool: RegionPool, file: Path, flips: bool = False, batch: int = 4
) -> np.ndarray:
    """What the layer of a frozen network reads of every sample.

    ONNX Runtime computes it, which takes a third of torch's time on a processor.

    Args:
        file: where the network is written for that.
        flips: whether mirrored pictures are wanted, too.
        batch: samples at a time.

    Returns:
        float16, N x views x 5 x features; one view, or two with ``flips``.
    """
    export(net, TASK, file, SIDE)
    engine = Engine(file, threads=torch.get_num_threads())
    # In one piece from the start: kept batches would lie between the network's own freed memory, and hold it.
    out = np.empty((len(pool), 1 + flips, len(REGIONS), net.feature_mean.numel()), np.float16)
    for begin in range(0, len(pool), batch):
        shown = np.array(pool.pictures[pool.positions[begin : begin + batch]])
        views = [shown, mirrored(shown)] if flips else [shown]
        for_net = np.stack(views, axis=1)
        flat = normalise(torch.from_numpy(for_net.reshape(-1, SIDE, SIDE, 3))).contiguous().numpy()
        out[begin : begin + batch] = engine.run(flat)["features"].reshape(*for_net.shape[:3], -1)
    return out


def _batches(count: int, batch: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(count)
    yield from (order[begin : begin + batch] for begin in range(0, count, batch))


def fit_layer(
    net: OrdinalNet,
    training: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    plan: Plan,
) -> dict[str, Any]:
    """Train the head of a frozen network, in place.

    Args:
        training, held_out: features as from ``features_of`` and agreeing raters (int, N) of samples; of
            each training sample one of its views is drawn each time, of the others the first counts.

    Returns:
        ``epochs`` that were run, and by epoch the ``losses`` on the samples held out.
    """
    given = torch.from_numpy(training[0])
    net.standardise(given[:, 0].flatten(0, 1).float())
    truth = torch.from_numpy(training[1])
    seen, wanted = torch.from_numpy(held_out[0][:, 0]).float(), torch.from_numpy(held_out[1])

    def step(chosen: np.ndarray, rng: np.random.Generator) -> Tensor:
        views = torch.from_numpy(rng.integers(0, given.shape[1], len(chosen)))
        rows = torch.from_numpy(chosen)
        return loss_of(net.rank(given[rows, views].float()), truth[rows])

    def judge() -> float:
        net.head.eval()
        with torch.no_grad():
            loss = float(coral_loss(net.rank(seen).mean(1), levels(wanted)))
        net.head.train()
        return loss

    net.head.train()
    groups = [{"params": list(net.head.parameters()), "lr": plan.rate}]
    told = _descend(net.head, groups, len(truth), plan, step, judge)
    net.head.eval()
    return told


def tune(
    net: OrdinalNet, training: RegionPool, held_out: RegionPool, plan: Plan, out: Path, resume: bool = False
) -> dict[str, Any]:
    """Train the whole network but for what its architecture keeps frozen, in place.

    Pictures are mirrored and turned upside down at random. The trunk's BatchNorm keeps its statistics: five
    parts of few pictures would make poor ones.

    Args:
        out: a checkpoint after every epoch goes there.
        resume: continue from it.

    Returns:
        as from ``fit_layer``.

    Raises:
        FileNotFoundError: ``resume`` without a checkpoint.
    """

    def learning() -> None:
        net.train()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

    def logits(pictures: np.ndarray) -> Tensor:
        flat = normalise(torch.from_numpy(pictures.reshape(-1, SIDE, SIDE, 3)))
        return net(flat)[0].reshape(len(pictures), len(REGIONS), RATERS)

    def step(chosen: np.ndarray, rng: np.random.Generator) -> Tensor:
        shown = []
        for place in training.positions[chosen]:
            picture = np.array(training.pictures[place])
            picture = mirrored(picture) if rng.random() < 0.5 else picture
            shown.append(flipped(picture) if rng.random() < 0.5 else picture)
        return loss_of(logits(np.stack(shown)), torch.from_numpy(training.agreeing[chosen]))

    def judge() -> float:
        net.eval()
        with torch.no_grad():
            seen = [logits(np.array(held_out.pictures[place])[None]).mean(1) for place in held_out.positions]
        learning()
        return float(coral_loss(torch.cat(seen), levels(torch.from_numpy(held_out.agreeing))))

    learning()
    trunk = [parameter for parameter in net.trunk.parameters() if parameter.requires_grad]
    groups = [
        {"params": list(net.head.parameters()), "lr": plan.rate},
        {"params": trunk, "lr": _TRUNK_RATE * plan.rate},
    ]
    return _descend(net, groups, len(training), plan, step, judge, out / LAST, resume)


def _descend(
    module: nn.Module,
    groups: list[dict[str, Any]],
    count: int,
    plan: Plan,
    step: Callable[[np.ndarray, np.random.Generator], Tensor],
    judge: Callable[[], float],
    checkpoint: Path | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """SGD with early stopping: the module ends as it was after its best epoch."""
    optimiser = torch.optim.SGD(
        groups, lr=plan.rate, momentum=plan.momentum, nesterov=True, weight_decay=plan.weight_decay
    )
    losses: list[float] = []
    best = copy.deepcopy(module.state_dict())
    if resume and checkpoint is not None:
        if not checkpoint.is_file():
            raise FileNotFoundError(checkpoint)
        kept = torch.load(checkpoint, weights_only=True)
        module.load_state_dict(kept["module"])
        optimiser.load_state_dict(kept["optimiser"])
        best, losses = kept["best"], kept["losses"]
    for epoch in range(len(losses), min(plan.epochs, MOST_EPOCHS)):
        if losses and epoch - 1 - int(np.argmin(losses)) >= plan.patience:
            break
        rng = np.random.default_rng([plan.seed, epoch])
        torch.manual_seed(plan.seed * 1_000_003 + epoch)
        for chosen in _batches(count, plan.batch, rng):
            optimiser.zero_grad()
            step(chosen, rng).backward()
            optimiser.step()
        losses.append(judge())
        if losses[-1] <= min(losses):
            best = copy.deepcopy(module.state_dict())
        if checkpoint is not None:
            state = {"module": module.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save(state | {"best": best, "losses": losses}, checkpoint)
    module.load_state_dict(best)
    return {"epochs": len(losses), "losses": [round(loss, 4) for loss in losses]}


def temperature_of(logits: np.ndarray, good: np.ndarray) -> float:
    """What a picture's logits are to be divided by so that chances are honest on held-out samples.

    Args:
        logits: float, N x 4, of pictures.
        good: bool, N.

    Returns:
        the temperature with the least logarithmic loss, 0.25 to 8; 1 without both kinds.
    """
    if not good.any() or good.all():
        return 1.0
    sides = np.where(good, 1.0, -1.0) * logits[:, RATERS // 2]
    losses = [np.logaddexp(0, -sides / temperature).mean() for temperature in _TEMPERATURES]
    return float(round(_TEMPERATURES[int(np.argmin(losses))], 3))


def points_of(good: np.ndarray, chance: np.ndarray) -> dict[str, OperatingPoint]:
    """The operating points that training samples ask for.

    ``balanced`` is the paper's: the threshold with the most sensitivity + specificity (Youden's index).
    ``lenient`` passes 95 % of the good samples where Youden's passes fewer, ``strict`` refuses 95 % of the
    others where it refuses fewer.

    Args:
        good: bool, N. chance: float, N, 0-1: that a sample is good.
    """
    bar = youden(good, chance)
    low, high = bar, bar
    if good.any() and not good.all():
        low = min(bar, float(np.quantile(chance[good], 1 - _LENIENT)))
        high = max(bar, float(np.quantile(chance[~good], _STRICT)))
    return {name: _point(value) for name, value in ((DEFAULT_POINT, bar), ("lenient", low), ("strict", high))}


def _point(threshold: float) -> OperatingPoint:
    """A threshold on the chance of being good, as what makes ``poor_quality`` as probable there."""
    held = min(max(threshold, 1e-4), 1 - 1e-4)
    return OperatingPoint(
        thresholds={}, class_offsets={"poor_quality": round(float(np.log(held / (1 - held))), 4)}
    )


def picture_logits(engine: Engine, pool: RegionPool) -> np.ndarray:
    """A finished network's logits of every sample: float32, N x 5 x 4, by part."""
    out = []
    for place in pool.positions:
        shown = normalise(torch.from_numpy(np.array(pool.pictures[place]))).contiguous().numpy()
        out.append(engine.run(shown)["logits"])
    return np.stack(out)


@torch.no_grad()
def feature_logits(net: OrdinalNet, features: np.ndarray, batch: int = 256) -> np.ndarray:
    """What a frozen network's layer makes of features as from ``features_of``: float32, N x 5 x 4, by part.

    The first view of each sample counts.
    """
    seen = torch.from_numpy(features[:, 0])
    return torch.cat([net.rank(seen[i : i + batch].float()) for i in range(0, len(seen), batch)]).numpy()


def finish(
    path: Path,
    training: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    provenance: dict[str, Any],
) -> NetworkEntry:
    """The entry of an exported network, written into the manifest beside it.

    The temperature is set on the samples held out, thresholds on those trained on, as in the paper.

    Args:
        path: the network's file.
        training, held_out: its logits by part (float32, N x 5 x 4) and which samples are good (bool, N).
    """
    temperature = temperature_of(held_out[0].mean(1), held_out[1])
    chance = chance_agreed(training[0].mean(1), temperature)
    entry = NetworkEntry(
        file=path.name,
        sha256=sha256_of(path),
        bytes=path.stat().st_size,
        task=TASK,
        labels=list(LABELS),
        input_size=SIDE,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        operating_points=points_of(training[1], chance),
        temperature=temperature,
        provenance=provenance,
    )
    save_entry(TASK, entry, path.parent)
    return entry


def train(args: argparse.Namespace, commit: str) -> NetworkEntry:
    """From the arguments of ``python -m core train ordinal`` to an ONNX file and its entry in ``--out``.

    Raises:
        ArchitectureError: there is no such architecture.
        DataError: the photographs, or a pool that is there, cannot be used.
        FileNotFoundError: there is nothing to resume from.
        InitError: the start cannot be had, or there is no such configuration.
    """
    began = time.monotonic()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    known = (FROZEN, TUNED)
    configuration = args.configuration or (TUNED if args.init == "scratch" else FROZEN)
    if configuration not in known:
        message = _("There is no configuration {name}; choose one of {known}.")
        raise InitError(message.format(name=configuration, known=", ".join(known)))
    net = OrdinalNet(args.arch)
    start(net, args.init)
    pool = args.pool or args.out / "regions"
    args.out.mkdir(parents=True, exist_ok=True)
    if not (pool / "labels.npz").is_file():
        samples = args.samples or SAMPLES
        held = max(1, round(samples * HELD_OUT))
        counts = {"validation": held, "train": max(1, samples - held)}
        build_regions(args.data, pool, counts, args.seed, args.processes)
    training, held_out = open_regions(pool, "train"), open_regions(pool, "validation")
    if not len(training) or not len(held_out):
        raise DataError(_("The data folder needs photographs on both sides of the split, see splits.json."))
    given = {"epochs": args.epochs, "rate": args.rate, "batch": args.batch, "seed": args.seed}
    plan = Plan(**{name: value for name, value in given.items() if value})
    if configuration == FROZEN:
        net.eval()
        features = [
            _kept(args.out / f"features_{name}.npy", net, part, flips)
            for name, part, flips in (("train", training, True), ("validation", held_out, False))
        ]
        told = fit_layer(net, (features[0], training.agreeing), (features[1], held_out.agreeing), plan)
        logits = [feature_logits(net, one) for one in features]
    else:
        first = np.array(training.pictures[training.positions[:8]]).reshape(-1, SIDE, SIDE, 3)
        images = normalise(torch.from_numpy(first))
        if Path(args.init).suffix == ".onnx":
            settle(net, images)
        with torch.no_grad():
            net.standardise(net.eval().describe(images))
        told = tune(net, training, held_out, plan, args.out, args.resume)
        logits = []
    path = args.out / f"{TASK}.onnx"
    export(net.eval(), TASK, path, SIDE)
    if not logits:
        engine = Engine(path, threads=torch.get_num_threads())
        logits = [picture_logits(engine, part) for part in (training, held_out)]
    provenance = {
        "arch": args.arch,
        "configuration": configuration,
        "init": args.init if args.init in ("scratch", "imagenet") else Path(args.init).name,
        "seed": args.seed,
        "pool_seed": pool_seed(pool),
        "samples": len(training),
        "held_out": len(held_out),
        "raters": RATERS,
        **told,
        "batch": plan.batch,
        "rate": plan.rate,
        "weight_decay": plan.weight_decay,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "commit": commit,
        "data": dict(sorted(Counter(map(str, training.slugs)).items())),
    }
    return finish(path, (logits[0], training.good), (logits[1], held_out.good), provenance)


def _kept(file: Path, net: OrdinalNet, pool: RegionPool, flips: bool) -> np.ndarray:
    """Features of a pool, computed once: a file of another pool or network is for its owner to remove."""
    if not file.is_file():
        with_name = file.with_suffix(".onnx")
        np.save(file, features_of(net, pool, with_name, flips))
        with_name.unlink()
    return np.load(file)
