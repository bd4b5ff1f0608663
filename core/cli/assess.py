"""``python -m core assess``: is each photo good enough?"""

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.photos import add_path_arguments, each_photo, picture_place, save_picture
from core.explain.overlay import overlay
from core.guidance.hint import condition, hint_for
from core.guidance.preset import PresetError, load_preset
from core.photo import Photo
from core.quality.classical import Classical
from core.quality.imageqx import ImageQX
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest

ASSESSORS = ("imageqx", "classical")


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``assess`` to the command line."""
    parser = subparsers.add_parser("assess", help="say whether photos are good enough, and what to do")
    add_path_arguments(parser)
    parser.add_argument("--assessor", choices=ASSESSORS, default="imageqx", help="which one (%(default)s)")
    parser.add_argument("--preset", default="balanced", metavar="NAME|FILE", help="thresholds and wording")
    parser.add_argument("--cam", type=Path, metavar="DIR", help="write where each photo's hint comes from")
    parser.set_defaults(usage_error=parser.error)


def open_assessor(name: str) -> ImageQX | Classical:
    """The assessor of that name; raises WeightsError when its network cannot be used."""
    if name == "classical":
        return Classical()
    manifest = load_manifest()
    return ImageQX(open_engine(name, manifest), manifest.networks[name])


def run(args: argparse.Namespace) -> int:
    """Print one JSON object a photo; 1 when any could not be used, else 0."""
    try:
        preset = load_preset(args.preset)
    except PresetError as error:
        args.usage_error(error.message)
    assessor = open_assessor(args.assessor)
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    taken: set[Path] = set()

    def describe(photo: Photo, place: Path) -> dict[str, Any]:
        verdict = assessor.assess(photo.small, rule, width=photo.width, height=photo.height)
        hint = hint_for(verdict, preset)
        if args.cam:
            # A photo that passes has no hint: show what makes it a lesion (or healthy skin) instead.
            seen = assessor.explain(photo.small, condition(verdict, preset) or verdict.label)
            target = picture_place(args.cam, place, f"{seen.target}.jpg", taken)
            save_picture(overlay(photo.small, seen.heatmap), target)
        return {
            "width": verdict.width,
            "height": verdict.height,
            "assessor": verdict.assessor,
            "quality": dict(verdict.quality),
            "label": verdict.label,
            "explanations": dict(verdict.explanations),
            "flagged": list(verdict.flagged),
            "passes": verdict.passes,
            "hint": {"key": hint.key, "text": hint.text} if hint else None,
            "milliseconds": verdict.milliseconds,
        }

    return each_photo(args, describe, sys.stdin, sys.stdout)
