"""``python -m core classify``: what might each photo show, and where did the network look?"""

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.photos import add_path_arguments, each_photo, picture_place, save_picture
from core.explain.gradients import Gradients, guided_picture
from core.explain.overlay import overlay
from core.i18n import _
from core.lesion.networks import default_name, has_twin, names, no_twin, open_lesion
from core.photo import Photo
from core.runtime.manifest import Manifest, load_manifest


def _gamma(text: str) -> float:
    value = float(text)
    if not 0 < value <= 10:
        raise argparse.ArgumentTypeError("gamma must be above 0 and at most 10")
    return value


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``classify`` to the command line."""
    parser = subparsers.add_parser("classify", help="say what photos might show (not a diagnosis)")
    add_path_arguments(parser)
    parser.add_argument(
        "--network", metavar="NAME", help="which one answers (default: RETAKE_LESION, or ours)"
    )
    parser.add_argument("--cam", type=Path, metavar="DIR", help="write where the network looked")
    parser.add_argument(
        "--guided", action="store_true", help="with --cam: guided Grad-CAM as well (needs torch)"
    )
    parser.add_argument("--gamma", type=_gamma, metavar="G", help="correct gamma first, such as 1.2 to 1.5")
    parser.add_argument("--flips", action="store_true", help="average over the four mirror images")
    parser.set_defaults(usage_error=parser.error)


def _network(args: argparse.Namespace, manifest: Manifest) -> str:
    """The name asked for, or the default; one that is not there is wrong usage."""
    known = names(manifest)
    if args.network is None:
        return default_name(manifest)
    if args.network not in known:
        message = _("There is no network {name} for kinds of skin change; choose one of: {known}.")
        args.usage_error(message.format(name=args.network, known=", ".join(known)))
    return args.network


def run(args: argparse.Namespace) -> int:
    """Print one JSON object a photo; 1 when any could not be used, else 0.

    A network without heat maps still predicts; that there are none is said on standard error.
    """
    if args.guided and not args.cam:
        args.usage_error("--guided needs --cam DIR, the folder for its pictures")
    manifest = load_manifest()
    name = _network(args, manifest)
    entry = manifest.networks[name]
    classifier = open_lesion(name, manifest)
    if args.cam and classifier.no_map is not None:
        print(classifier.no_map.message, file=sys.stderr)
        args.cam = None
    if args.guided and args.cam and not has_twin(entry):
        print(no_twin(), file=sys.stderr)
        args.guided = False
    gradients = Gradients(name, entry) if args.guided and args.cam else None
    taken: set[Path] = set()

    def describe(photo: Photo, place: Path) -> dict[str, Any]:
        prediction = classifier.predict(photo.small, args.gamma, args.flips)
        best = prediction.labels[0]
        if args.cam:
            seen = classifier.explain(photo.small, best, args.gamma, args.flips)
            target = picture_place(args.cam, place, f"{best}.jpg", taken)
            save_picture(overlay(photo.small, seen.heatmap), target)
            if gradients:
                slopes = gradients.guided_backpropagation(photo.small, best, args.gamma)
                target = picture_place(args.cam, place, f"{best}.guided.png", taken)
                save_picture(guided_picture(slopes, seen.heatmap), target)
        return {
            "predictions": [
                {"label": label, "probability": probability}
                for label, probability in zip(prediction.labels, prediction.probabilities, strict=True)
            ],
            "abstained": prediction.abstained,
            "reason": prediction.reason,
            "milliseconds": prediction.milliseconds,
        }

    return each_photo(args, describe, sys.stdin, sys.stdout)
