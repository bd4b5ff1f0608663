"""``python -m core train imageqx|ordinal|lesion``: from a data folder to an ONNX file and its entry.

``python -m core train classical`` calibrates the classical assessor, which needs no torch.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.i18n import _
from core.runtime.manifest import MANIFEST_NAME, WEIGHTS_DIR, WeightsError, load_manifest, save_entry
from training.progress import show_progress

TASKS = ("imageqx", "ordinal", "lesion")
CLASSICAL = "classical"
# Repeated here: the command line must be there before torch is.
LOSSES = ("cross-entropy", "bce")
FINE_TUNED = "fine-tuned"
_WITH_A_HEAD = (".onnx", ".ckpt")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``train`` to the command line."""
    parser = subparsers.add_parser("train", help="train a network (needs torch), or the classical assessor")
    parser.add_argument("task", choices=(*TASKS, CLASSICAL))
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and results")
    parser.add_argument("--epochs", type=int, help="default: as the shipped network was trained")
    parser.add_argument(
        "--init", default="scratch", help="imagenet, scratch, a trunk (.npz) or one of our ONNX files"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="continue from last.ckpt in --out")
    parser.add_argument(
        "--arch", help="efficientnet_b0 (default); lesion: or resnet34, 50, 101, 152; ordinal: or vgg16"
    )
    parser.add_argument("--minutes", type=float, help="end within this time by shrinking the schedule")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--draws", type=int, help="pictures an epoch")
    parser.add_argument(
        "--size", type=_sizes, help="picture sides to train at, one or several for equal parts: 128,160,224"
    )
    parser.add_argument(
        "--rate", type=_rate, help="peak learning rate, or auto for a range test (default for lesion)"
    )
    parser.add_argument(
        "--graded",
        action="store_true",
        help="the head alone first, then the trunk's thirds at 0.01, 0.1 and 1 times the rate (as with "
        "--init imagenet)",
    )
    parser.add_argument(
        "--keep-head",
        action="store_true",
        help="lesion only: the head goes on as the ONNX file or checkpoint of --init has it, in place of a "
        "linear probe, so that the result may be averaged with that network",
    )
    parser.add_argument("--loss", choices=LOSSES, default=LOSSES[0], help="lesion only")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=1, help="side by side; not with --minutes")
    parser.add_argument(
        "--machines",
        type=int,
        default=1,
        help="not ordinal: each with --processes (docs/scaling.md)",
    )
    parser.add_argument("--pool", type=Path, help="not lesion: rendered samples (default: OUT/pool)")
    parser.add_argument("--samples", type=int, help="not lesion: samples to render")
    parser.add_argument("--phantoms", type=int, default=30, help="lesion only: drawn pictures a class")
    parser.add_argument(
        "--configuration",
        help="paper (imageqx only; Jalaboi et al. 2022), retake (the default from scratch, and of ResNets), "
        "fine-tuned (the default of EfficientNet-B0 from a pretrained start), or one they are compared by; "
        "ordinal: frozen (its layer alone; the default from a pretrained start) or tuned",
    )
    parser.add_argument("--ship", action="store_true", help="put the finished network into weights/")
    parser.set_defaults(run=run)


def _train_classical(args: argparse.Namespace) -> int:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return _complain(_("This needs scikit-learn: pip install -r requirements.txt"))
    from core.quality.classical_model import FILE, save_model
    from training.data.sources import DataError
    from training.recipes.classical import calibrated, measure_split, pool_of

    try:
        pool = pool_of(args.data, args.pool or args.out / "pool", args.samples, args.seed)
        train, validation = (measure_split(pool, split, show_progress) for split in ("train", "validation"))
        file = save_model(calibrated(train, validation, seed=args.seed), args.out / FILE.name)
        if args.ship:
            shutil.copyfile(file, FILE)
    except DataError as error:
        return _complain(str(error))
    print(_("Written: {file}").format(file=file))
    return 0


def _rate(text: str) -> float:
    """A learning rate above 0; 0 stands for "auto"."""
    rate = 0.0 if text == "auto" else float(text)
    if rate < 0 or (rate == 0 and text != "auto"):
        raise argparse.ArgumentTypeError(_("the rate must be above 0, or auto"))
    return rate


def _sizes(text: str) -> list[int]:
    """Sides in pixels, separated by commas."""
    sizes = [int(part) for part in text.split(",")]
    if min(sizes) < 32:
        raise argparse.ArgumentTypeError(_("pictures must be at least 32 pixels wide"))
    return sizes


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def run(args: argparse.Namespace) -> int:
    """Train as told; 0 when the network is written, 1 with one sentence when something is in the way."""
    if args.task == CLASSICAL:
        return _train_classical(args)
    try:
        import lightning  # noqa: F401
        import torch  # noqa: F401
    except ImportError:
        return _complain(_("Training needs torch and lightning: pip install -r requirements.txt"))
    from training.data.sources import DataError

    args.arch = args.arch or "efficientnet_b0"
    if args.task == "ordinal":
        return _train_ordinal(args)
    if args.configuration is None:
        tuned = args.arch == "efficientnet_b0" and (args.task == "lesion" or args.init != "scratch")
        args.configuration = FINE_TUNED if tuned else "retake"
    if args.processes * args.machines > 1 and args.minutes:
        return _complain(_("--minutes and --processes do not go together: the clocks would differ."))
    if args.keep_head and not args.resume and Path(args.init).suffix not in _WITH_A_HEAD:
        message = _("--keep-head needs a trained head: name an ONNX file or a checkpoint with --init.")
        return _complain(message)
    try:
        return _train(args)
    except DataError as error:
        return _complain(str(error))
    except WeightsError as error:
        return _complain(error.message)


def _train_ordinal(args: argparse.Namespace) -> int:
    from core.networks.build import ArchitectureError
    from training.data.check_data import check_data
    from training.data.sources import DataError, read_manifest
    from training.networks.export import InitError
    from training.recipes.ordinal import train

    try:
        check_data(read_manifest(args.data), args.task)
        entry = train(args, commit())
    except (ArchitectureError, InitError) as error:
        return _complain(str(error))
    except DataError as error:
        return _complain(error.message)
    except FileNotFoundError as error:
        return _complain(_("There is nothing to resume from: {file} is missing.").format(file=error.args[0]))
    if args.ship:
        ship(args.task, args.out)
    print(_("Written: {file}").format(file=args.out / entry.file))
    return 0


def commit() -> str:
    """The commit of the working tree, or ``"unknown"`` outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],  # noqa: S607, the git of whoever trains
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()


def _story_of(file: Path) -> dict[str, Any]:
    """What made one of our own network files, as the manifest beside it tells; empty when it does not."""
    if not (file.parent / MANIFEST_NAME).is_file():
        return {}
    networks = load_manifest(file.parent / MANIFEST_NAME).networks.values()
    return next((entry.provenance for entry in networks if entry.file == file.name), {})


def _train(args: argparse.Namespace) -> int:
    import torch

    from core.networks.build import ArchitectureError, build
    from core.networks.fold import settle
    from training.data.check_data import check_data
    from training.data.lesion_data import PHANTOM_SLUG
    from training.data.sources import read_manifest
    from training.data.splits import split_of
    from training.networks.export import InitError, initialise
    from training.recipes.finish import finish
    from training.recipes.loop import first_inputs, fit
    from training.recipes.range_test import earlier_optimum, range_test, write_range_test

    began = time.monotonic()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    try:
        choices = _choices(args)
        grown = {name: getattr(choices, name, False) for name in ("places", "statistics")}
        net = build(args.task, args.arch, getattr(choices, "views", 1), **grown)
        initialise(net, args.init)
    except (ArchitectureError, InitError) as error:
        return _complain(str(error))
    everything = read_manifest(args.data)
    check_data(everything, args.task)
    rows = [row for row in everything if split_of(row) != "left_out"]
    training = [row for row in rows if split_of(row) == "train"]
    validation = [row for row in rows if split_of(row) == "validation"]
    if not training or not validation:
        return _complain(_("The data folder needs photographs on both sides of the split, see splits.json."))
    recipe = _recipe(args, net, training, validation)
    if Path(args.init).suffix == ".onnx":
        settle(recipe.net, *first_inputs(recipe)[: getattr(net, "views", 1)])
    # Mishra et al. find the rate by a range test; ours for ImageQX is known.
    searched = args.task == "lesion" and args.configuration != FINE_TUNED
    if args.rate == 0 or (args.rate is None and searched):
        rate = None
        if args.resume:
            rate = earlier_optimum(args.out)
        if rate is None:
            found = range_test(recipe)
            rate = found.optimum
            print(write_range_test(found, args.out))
        print(_("Learning rate by range test: {rate:.2g}").format(rate=rate))
        recipe.plan = replace(recipe.plan, peak=rate)
    if getattr(choices, "probed", False) and not args.resume and not args.keep_head:
        from training.recipes.probe import VIEWS, start_head

        views = min(VIEWS, recipe.plan.epochs * recipe.plan.draws)
        start_head(recipe.net, recipe.data, recipe.plan.sizes[0][1], args.seed, views)
        # The average was copied before the head had its start.
        recipe.average.module.load_state_dict(recipe.net.state_dict())
    try:
        trained = fit(recipe, args.out, resume=args.resume)
    except FileNotFoundError as error:
        return _complain(_("There is nothing to resume from: {file} is missing.").format(file=error.args[0]))
    if recipe.trainer.global_rank > 0:
        return 0  # a helper of the process that goes on
    if recipe.trainer.interrupted:
        return _complain(_("Training was interrupted. Continue it with --resume."))
    groups = ("lesion",) if args.task == "lesion" else ("lesion", "healthy_skin", "no_skin")
    provenance: dict[str, Any] = {
        "arch": args.arch if args.task == "lesion" else "efficientnet_b0",
        "init": args.init if args.init in ("scratch", "imagenet") else Path(args.init).name,
        "seed": args.seed,
        "epochs": recipe.current_epoch,
        "draws_per_epoch": recipe.plan.draws,
        "batch": recipe.plan.batch * recipe.plan.together,
        "peak_rate": recipe.plan.peak,
        "sizes": [list(step) for step in recipe.plan.sizes],
        "minutes": round((time.monotonic() - began) / 60, 1),
        "commit": commit(),
        "data": dict(sorted(Counter(row.slug for row in training if row.group in groups).items())),
        "phantoms": args.phantoms > 0 if args.task == "lesion" else True,
    }
    provenance["configuration"] = args.configuration
    if args.task == "lesion":
        photographs = sum(picture.slug != PHANTOM_SLUG for picture in recipe.data.training)
        provenance |= {"loss": args.loss, "graded": recipe.plan.pretrained, "photographs": photographs}
    if args.task == "imageqx":
        provenance["subjects"] = recipe.data.subjects
    if provenance["init"] == Path(args.init).name and Path(args.init).is_file():
        provenance["start"] = _story_of(Path(args.init))
    entry = finish(args.task, trained, recipe, args.out, provenance)
    if args.ship:
        ship(args.task, args.out)
    print(_("Written: {file}").format(file=args.out / entry.file))
    return 0


def ship(task: str, out: Path, weights: Path = WEIGHTS_DIR) -> None:
    """Put a finished network into ``weights``, in place of the one that shipped.

    Its words stay where its classes do. What was measured on the other network does not: pairs that it
    confused and when it did not answer are for ``evaluate --fit-points --write-manifest`` to find anew.
    """
    entry = load_manifest(out / MANIFEST_NAME).networks[task]
    before = load_manifest(weights / MANIFEST_NAME).networks.get(task)
    if before is not None and before.labels == entry.labels:
        entry = entry.model_copy(update={"taxonomy": before.taxonomy})
    shutil.copyfile(out / entry.file, weights / entry.file)
    save_entry(task, entry, weights)


def _choices(args: argparse.Namespace) -> Any:
    """What the wanted configuration is made of.

    Raises:
        InitError: there is no such configuration.
    """
    from training.networks.export import InitError
    from training.recipes import imageqx, lesion

    known: dict[str, Any] = imageqx.CONFIGURATIONS if args.task == "imageqx" else lesion.CONFIGURATIONS
    if args.configuration not in known:
        message = _("There is no configuration {name}; choose one of {known}.")
        raise InitError(message.format(name=args.configuration, known=", ".join(known)))
    return known[args.configuration]


def _recipe(args: argparse.Namespace, net: Any, training: list, validation: list) -> Any:
    given = {
        name: value
        for name, value in (
            ("epochs", args.epochs),
            ("draws", args.draws),
            ("minutes", args.minutes),
            ("peak", args.rate or None),  # of "auto" the range test makes a number
        )
        if value is not None
    }
    given |= {"seed": args.seed, "batch": args.batch, "threads": args.threads, "processes": args.processes}
    given["machines"] = args.machines
    given["pretrained"] = args.graded or args.init == "imagenet" or args.configuration == FINE_TUNED
    if args.size:
        given["sizes"] = tuple((part / len(args.size), size) for part, size in enumerate(args.size))
    if args.task == "lesion":
        from core.quality.registry import open_assessor
        from training.data.lesion_data import draw_phantoms, load_pictures, load_skin
        from training.recipes import lesion

        choices = _choices(args)
        drawn = draw_phantoms(per_class=args.phantoms, seed=args.seed)
        if choices.restyled:
            photos = load_pictures(training, locate=open_assessor("imageqx").places, marks=False)
            skin = load_skin(training)
        else:
            photos, skin = load_pictures(training, marks=False), []
        held_out = load_pictures(validation, long_side=640)
        data = lesion.LesionData([*photos, *drawn], held_out, skin=skin, restyled=choices.restyled)
        mixed = net.early_stages if choices.mixed else ()
        return lesion.LesionRecipe(
            net,
            data,
            replace(lesion.FINE_TUNING if choices.probed else lesion.PLAN, **given),
            loss=args.loss,
            mixed=mixed,
            choices=choices,
        )
    from training.recipes import imageqx

    folder = args.pool or args.out / "pool"
    data = imageqx.load_data(
        args.data,
        folder,
        args.samples or imageqx.SAMPLES,
        args.seed,
        imageqx.CONFIGURATIONS[args.configuration],
        imageqx.LOOK,
    )
    plan = imageqx.FINE_TUNING if args.configuration == FINE_TUNED else imageqx.PLAN
    return imageqx.ImageQXRecipe(net, data, replace(plan, **given))
