"""A preset: thresholds, wording, priorities and timing, read from one checked YAML file.

A file may leave anything out. What it leaves out comes key by key from ``balanced``, and the words from the
built-in ones (``presets/words``).
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, field_validator

from core.errors import CodedError
from core.guidance.conditions import GENERAL_KEY, PICTURE_KEYS, REFINED, family
from core.guidance.preset_schema import (
    CameraRule,
    Feedback,
    GateRule,
    Judged,
    Overlay,
    PhotoRule,
    Refine,
    ShotName,
    Shots,
    Timing,
)
from core.guidance.wording import Prompt, Prompts, worded
from core.i18n import _
from core.quality import registry
from core.quality.verdict import PassRule
from core.yaml_model import YamlError, parse, read_text

PRESETS_DIR: Final = Path(__file__).parent / "presets"
START: Final = "balanced"
NAME: Final = r"[a-z0-9][a-z0-9_-]*"
_OWN: Final = ("name", "version", "description")


class PresetError(CodedError):
    """A preset that cannot be used.

    Attributes:
        code: ``"preset_missing"`` or ``"preset_invalid"``.
        message: a translated sentence that names the file, the line and what to do.
    """


class Preset(Judged):
    """Everything that decides which hint a person gets, and when.

    Attributes:
        operating_point: which of the operating points in the weights manifest it starts from.
        thresholds: probability (0-1) per explanation from which it counts as a fault; those
            left out come from the operating point.
        second_opinion: whether classical measurements are weighed together with the network.
        assessor: that judges photos, an entry of the assessor registry; None for the one that the setting
            ``RETAKE_ASSESSOR`` names.
        priority: the picture conditions, most important first.
        merge: conditions that are shown as another: ``adjust`` says only that something is amiss.
        shots: what a series of photos asks for, and how each of them is judged.
        prompts: own wording per language (such as ``"en"``) and condition key, over the built-in ones.
    """

    name: Annotated[str, Field(pattern=f"^{NAME}$")]
    version: Annotated[int, Field(ge=1)] = 1
    description: str = ""
    operating_point: Literal["balanced", "lenient", "strict"]
    healthy_skin_passes: bool
    second_opinion: bool
    assessor: str | None = None
    priority: tuple[str, ...]
    merge: Mapping[str, str]
    timing: Timing
    refine: Refine
    gate: GateRule
    photo: PhotoRule
    camera: CameraRule
    overlay: Overlay
    feedback: Feedback
    shots: Shots
    prompts: Prompts

    @field_validator("assessor")
    @classmethod
    def _known_assessor(cls, assessor: str | None) -> str | None:
        if assessor is not None and assessor not in registry.ENTRIES:
            raise ValueError(f"there is none of that name; use one of {', '.join(registry.names())}")
        return assessor

    @field_validator("priority")
    @classmethod
    def _whole_priority(cls, priority: tuple[str, ...]) -> tuple[str, ...]:
        if sorted(priority) != sorted(PICTURE_KEYS):
            raise ValueError(f"name each of these once: {', '.join(PICTURE_KEYS)}")
        return priority

    @field_validator("merge")
    @classmethod
    def _known_conditions(cls, merge: Mapping[str, str]) -> Mapping[str, str]:
        known = (*PICTURE_KEYS, *REFINED)
        for name, other in merge.items():
            if name not in known:
                raise ValueError(f"{name} cannot be merged; use only {', '.join(known)}")
            if other not in (*known, GENERAL_KEY):
                raise ValueError(f"{other} cannot be said for {name}; use {', '.join((*known, GENERAL_KEY))}")
        return merge

    def rule(
        self,
        default: PassRule | Mapping[str, float],
        healthy_skin_passes: bool = False,
        shot: ShotName | None = None,
    ) -> PassRule:
        """The pass rule: this preset's thresholds, over the defaults.

        Args:
            default: the assessor's rule at this preset's ``operating_point``, or thresholds alone (0-1 for
                each explanation).
            healthy_skin_passes: lets healthy skin pass whatever the preset says.
            shot: which of a series' shots is judged; None for a photo of the spot as ever.
        """
        base = default if isinstance(default, PassRule) else PassRule(default)
        thresholds = {**base.thresholds, **self.thresholds}
        offsets, healthy = dict(base.class_offsets), self.healthy_skin_passes
        extent = (0.0, 1.0)
        if shot is not None:
            wanted = getattr(self.shots, shot)
            thresholds |= wanted.thresholds
            offsets |= wanted.class_offsets
            healthy = healthy if wanted.healthy_skin_passes is None else wanted.healthy_skin_passes
            extent = wanted.spot_at_least, wanted.spot_at_most
        return PassRule(thresholds, healthy or healthy_skin_passes, offsets, self.second_opinion, *extent)

    def merged_into(self, key: str) -> str:
        """The condition that is shown for a condition: itself, unless this preset merges it into another."""
        return self.merge.get(key, self.merge.get(family(key), key))

    def prompt(self, key: str, language: str = "en") -> Prompt:
        """The wording for a condition (or shot) key, in a language; see :func:`core.guidance.wording.worded`.

        Raises:
            KeyError: no such condition.
        """
        return worded(self.prompts, key, language)


def load_preset(name_or_path: str | Path = START, folders: Sequence[Path] = ()) -> Preset:
    """Read a preset by name or by the path of a YAML file. Not for names that a stranger may choose.

    Args:
        name_or_path: a name that :func:`preset_files` lists, or a path that ends in ``.yaml``.
        folders: where a team's own presets lie, besides those that ship.

    Raises:
        PresetError: the file is missing or does not fit; its message names the line and what to do.
    """
    path = Path(name_or_path)
    return _read(path) if path.suffix in (".yaml", ".yml") else load_named(str(name_or_path), folders)


def load_named(name: str, folders: Sequence[Path] = ()) -> Preset:
    """Read a preset by name alone, such as one from an address: no path leads out of the folders.

    Raises:
        PresetError: there is none of that name, or its file does not fit.
    """
    files = preset_files(folders)
    if name not in files:
        message = _("There is no preset {path}. Use one of these, or the path of a YAML file: {known}.")
        raise PresetError("preset_missing", message.format(path=name[:60], known=", ".join(files)))
    return _read(files[name])


def preset_files(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """The presets there are, by the names that :func:`load_named` takes: ``balanced`` first, then by name.

    Args:
        folders: a team's own; a shipped preset comes before one of the same name, an earlier folder before a
            later one. A folder that is not there holds none.
    """
    found: dict[str, Path] = {}
    for folder in (PRESETS_DIR, *folders):
        for path in folder.glob("*.yaml"):
            if re.fullmatch(NAME, path.stem):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items(), key=lambda item: (item[0] != START, item[0])))


def _read(path: Path) -> Preset:
    try:
        text = read_text(path)
    except FileNotFoundError:
        message = _("There is no preset {path}. Use one of these, or the path of a YAML file: {known}.")
        raise PresetError(
            "preset_missing", message.format(path=path, known=", ".join(preset_files()))
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        message = _("The preset {path} cannot be read ({reason}). Save it as UTF-8 text and try again.")
        raise PresetError("preset_invalid", message.format(path=path, reason=error)) from None
    return _shipped(text, path) if path.parent == PRESETS_DIR else parse_preset(text, path)


@lru_cache(maxsize=16)
def _shipped(text: str, path: Path) -> Preset:
    """What ships is asked for in every run of a page and stays as it is: each file is parsed once."""
    return parse_preset(text, path)


def parse_preset(text: str, path: Path) -> Preset:
    """Read a preset from its text.

    Args:
        text: YAML; what it leaves out comes from ``balanced``, and a missing name from the file's.
        path: where it came from, for the messages.

    Raises:
        PresetError: it does not fit; the message has one line a mistake: the file, the line and what to do.
    """
    base = dict(_start())
    if re.fullmatch(NAME, path.stem):
        base["name"] = path.stem
    try:
        return parse(text, path, Preset, base=base)
    except YamlError as error:
        raise PresetError("preset_invalid", error.message) from None


@cache
def _start() -> Mapping[str, Any]:
    """What every preset starts from: all of ``balanced`` but who it is."""
    content = yaml.safe_load((PRESETS_DIR / f"{START}.yaml").read_text(encoding="utf-8"))
    return {key: value for key, value in content.items() if key not in _OWN}
