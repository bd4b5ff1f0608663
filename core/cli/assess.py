"""``python -m core assess``: is each photo good enough?"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from core.cli.faults import tell
from core.cli.photos import add_path_arguments, each_photo, picture_place, save_picture
from core.data_folder import data_folder
from core.explain.overlay import overlay
from core.guidance.conditions import GENERAL_KEY
from core.guidance.hint import condition, hint_for
from core.guidance.preset import START, Preset, PresetError
from core.guidance.preset_store import PresetStore
from core.guidance.setting import open_setting
from core.i18n import _
from core.photo import Photo
from core.quality import registry
from core.quality.setting import SettingError, asked_for
from core.quality.verdict import Explains


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
    assessor = registry.open_assessor(name)
    explainer = assessor if isinstance(assessor, Explains) else None
    if args.cam and explainer is None:
        message = _("The assessor {name} cannot show where it looked. Leave out {option}.")
        args.usage_error(message.format(name=name, option="--cam"))
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    taken: set[Path] = set()

    def describe(photo: Photo, place: Path) -> dict[str, Any]:
        verdict = assessor.assess(photo.small, rule, width=photo.width, height=photo.height)
        hint = hint_for(verdict, preset)
        if args.cam and explainer is not None:
            # A photo that passes has no hint: show what makes it a lesion (or healthy skin) instead.
            key = condition(verdict, preset)
            seen = explainer.explain(photo.small, verdict.label if key in (None, GENERAL_KEY) else key)
            target = picture_place(args.cam, place, f"{seen.target}.jpg", taken)
            save_picture(overlay(photo.small, seen.heatmap), target)
        ranked: dict[str, Any] = {}
        if verdict.score is not None:
            ranked = {"score": verdict.score, "parts": dict(verdict.parts)}
        return {
            "width": verdict.width,
            "height": verdict.height,
            "assessor": verdict.assessor,
            "quality": dict(verdict.quality),
            "label": verdict.label,
            "explanations": verdict.judged_explanations,
            "flagged": list(verdict.flagged),
            "passes": verdict.passes,
            "hint": {"key": hint.key, "text": hint.text} if hint else None,
            "milliseconds": verdict.milliseconds,
            **ranked,
        }

    return each_photo(args, describe, sys.stdin, sys.stdout)
