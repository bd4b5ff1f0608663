"""``python -m core assess``: is each photo good enough?"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from core.cli.description import described
from core.cli.faults import tell
from core.cli.numbers import count
from core.cli.photos import add_path_arguments, each_photo, picture_place, save_picture
from core.data_folder import data_folder
from core.explain.overlay import overlay
from core.guidance.conditions import GENERAL_KEY
from core.guidance.hint import condition
from core.guidance.preset import START, Preset, PresetError
from core.guidance.preset_store import PresetStore
from core.guidance.setting import open_setting
from core.i18n import _
from core.photo import Photo
from core.quality import registry
from core.quality.setting import SettingError, asked_for
from core.quality.verdict import Explains
from core.runtime.ray_connection import package


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``assess`` to the command line."""
    parser = subparsers.add_parser("assess", help="say whether photos are good enough, and what to do")
    add_path_arguments(parser)
    parser.add_argument(
        "--assessor",
        choices=registry.names(),
        help=f"which one (default: RETAKE_ASSESSOR, the preset's, or {registry.DEFAULT})",
    )
    parser.add_argument(
        "--preset",
        metavar="NAME|FILE",
        help="thresholds and wording (default: RETAKE_PRESET, or balanced); a name may be one saved here",
    )
    parser.add_argument("--cam", type=Path, metavar="DIR", help="write where each photo's hint comes from")
    parser.add_argument(
        "--engine",
        choices=("ray",),
        help="ray: many processes, on RETAKE_RAY_ADDRESS where that is set; --jsonl is then a folder, and "
        "the same command again goes on where a run was interrupted",
    )
    parser.add_argument("--workers", type=count, metavar="N", help="with --engine ray: processes")
    parser.set_defaults(usage_error=parser.error)


def open_preset(asked: str) -> Preset:
    """A preset by its file (which ends in .yaml), or by name: shipped, or saved by the Designer page.

    Either may be pinned, as in ``RETAKE_PRESET``: see :func:`core.guidance.setting.open_setting`.

    Raises:
        PresetError: it is missing or does not fit.
    """
    return open_setting(asked, PresetStore(data_folder() / "presets"), whole_path=True).preset


def run(args: argparse.Namespace) -> int:
    """Print one JSON object a photo; 1 when any could not be used, else 0."""
    try:
        preset = open_preset(args.preset or os.environ.get("RETAKE_PRESET") or START)
        name = args.assessor or asked_for(preset.assessor, setting_first=True)
    except SettingError as error:
        args.usage_error(error.message)
    except PresetError as error:
        if error.code == "preset_missing":
            args.usage_error(error.message)
        tell(error.message)
        return 2
    if args.engine == "ray":
        return _archive(args, name, preset)
    if args.workers:
        args.usage_error("--workers needs --engine ray")
    assessor = registry.open_assessor(name)
    explainer = assessor if isinstance(assessor, Explains) else None
    if args.cam and explainer is None:
        message = _("The assessor {name} cannot show where it looked. Leave out {option}.")
        args.usage_error(message.format(name=name, option="--cam"))
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    taken: set[Path] = set()

    def describe(photo: Photo, place: Path) -> dict[str, Any]:
        verdict = assessor.assess(photo.small, rule, width=photo.width, height=photo.height)
        if args.cam and explainer is not None:
            # A photo that passes has no hint: show what makes it a lesion (or healthy skin) instead.
            key = condition(verdict, preset)
            seen = explainer.explain(photo.small, verdict.label if key in (None, GENERAL_KEY) else key)
            target = picture_place(args.cam, place, f"{seen.target}.jpg", taken)
            save_picture(overlay(photo.small, seen.heatmap), target)
        return described(verdict, preset)

    return each_photo(args, describe, sys.stdin, sys.stdout)


def _archive(args: argparse.Namespace, name: str, preset: Preset) -> int:
    """Assess an archive on Ray; the same exit status."""
    if args.cam:
        args.usage_error("--cam does not go together with --engine ray")
    if args.jsonl is None or (args.jsonl.exists() and not args.jsonl.is_dir()):
        args.usage_error("--engine ray needs --jsonl DIR, a folder for its answers")
    package("ray.data")
    from core.distributed.archive import assess_archive
    from core.distributed.job import Job
    from core.distributed.listing import listed

    done = assess_archive(list(listed(args.paths, sys.stdin)), args.jsonl, Job(name, preset), args.workers)
    message = _("{written} photos assessed ({failed} could not be used), {before} were there already.")
    tell(message.format(written=done.written, failed=done.failed, before=done.before))
    if done.lost:
        message = _("{lost} photos have no answer: their processes ended. Run the same command again.")
        tell(message.format(lost=done.lost))
    return int(bool(done.failed or done.lost))
