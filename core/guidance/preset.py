"""A preset: thresholds, wording, priorities and timing, read from one checked YAML file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.guidance.conditions import KEYS, PICTURE_KEYS
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule
from core.words import _

PRESETS_DIR: Final = Path(__file__).parent / "presets"
FEWEST_WORDS: Final = 2
MOST_WORDS: Final = 7

Share = Annotated[float, Field(ge=0, le=1)]
Milliseconds = Annotated[int, Field(ge=0, le=60_000)]


class PresetError(Exception):
    """A preset that cannot be used.

    Attributes:
        code: ``"preset_missing"`` or ``"preset_invalid"``.
        message: a translated sentence that names the file, the line and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Prompt(_Part):
    """The wording for one condition: what is shown, and what a screen reader says."""

    text: str
    spoken: Annotated[str, Field(min_length=1)]

    @field_validator("text")
    @classmethod
    def _short(cls, text: str) -> str:
        words = len(text.split())
        if not FEWEST_WORDS <= words <= MOST_WORDS:
            raise ValueError(f"use {FEWEST_WORDS} to {MOST_WORDS} words, not {words}")
        return text


class Timing(_Part):
    """How quickly hints follow the picture; all in milliseconds but ``lead`` (a ratio)."""

    assess_every_ms: Milliseconds
    window_ms: Annotated[int, Field(gt=0, le=60_000)]
    half_life_ms: Annotated[int, Field(gt=0, le=60_000)]
    lead: Annotated[float, Field(ge=1)]
    hint_ms: Milliseconds
    calm_ms: Milliseconds


class GateRule(_Part):
    """When the shutter unlocks, and when a person may go past it."""

    steady_ms: Milliseconds
    steady_share: Annotated[float, Field(gt=0, le=1)]
    fresh_ms: Annotated[int, Field(gt=0, le=60_000)]
    refused_tries: Annotated[int, Field(ge=1)]
    override_after_s: Annotated[float, Field(gt=0)]


class CameraRule(_Part):
    """What counts as a camera that is covered, stuck, lost or not settled yet."""

    black_luma: Share
    frozen_after_s: Annotated[float, Field(gt=0)]
    missing_after_s: Annotated[float, Field(gt=0)]
    settle_ms: Milliseconds


class Preset(_Part):
    """Everything that decides what a person is told, and when.

    Attributes:
        operating_point: which of the operating points in the weights manifest it starts from.
        thresholds: probability (0-1) per explanation from which it counts as a fault; those
            left out come from the operating point.
        priority: the picture conditions, first said first.
        prompts: wording per language (such as ``"en"``) and condition key.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    version: Annotated[int, Field(ge=1)]
    description: str
    operating_point: Literal["balanced", "lenient", "strict"] = "balanced"
    thresholds: Mapping[str, Share] = Field(default_factory=dict)
    healthy_skin_passes: bool = False
    priority: tuple[str, ...]
    timing: Timing
    gate: GateRule
    camera: CameraRule
    prompts: Mapping[str, Mapping[str, Prompt]]

    @field_validator("thresholds")
    @classmethod
    def _known_explanations(cls, thresholds: Mapping[str, float]) -> Mapping[str, float]:
        unknown = sorted(set(thresholds) - set(EXPLANATIONS))
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; use only {', '.join(EXPLANATIONS)}")
        return thresholds

    @field_validator("priority")
    @classmethod
    def _whole_priority(cls, priority: tuple[str, ...]) -> tuple[str, ...]:
        if sorted(priority) != sorted(PICTURE_KEYS):
            raise ValueError(f"name each of these once: {', '.join(PICTURE_KEYS)}")
        return priority

    @field_validator("prompts")
    @classmethod
    def _every_prompt(cls, prompts: Mapping[str, Mapping[str, Prompt]]) -> Mapping[str, Mapping[str, Prompt]]:
        if not prompts:
            raise ValueError("give the prompts in at least one language, such as en")
        for language, wording in prompts.items():
            missing = [key for key in KEYS if key not in wording]
            unknown = sorted(set(wording) - set(KEYS))
            if missing:
                raise ValueError(f"{language}: add the prompts for {', '.join(missing)}")
            if unknown:
                raise ValueError(f"{language}: remove {', '.join(unknown)}, which no condition uses")
        return prompts

    def rule(self, default: PassRule | Mapping[str, float], healthy_skin_passes: bool = False) -> PassRule:
        """The pass rule: this preset's thresholds, over the defaults.

        Args:
            default: the assessor's rule at this preset's ``operating_point``, or thresholds alone (0-1 for
                each explanation).
            healthy_skin_passes: lets healthy skin pass whatever the preset says.
        """
        base = default if isinstance(default, PassRule) else PassRule(default)
        return PassRule(
            thresholds={**base.thresholds, **self.thresholds},
            healthy_skin_passes=self.healthy_skin_passes or healthy_skin_passes,
            class_offsets=base.class_offsets,
        )

    def prompt(self, key: str, language: str = "en") -> Prompt:
        """The wording for a condition key; a language the preset lacks falls back to its first."""
        wording = self.prompts.get(language) or next(iter(self.prompts.values()))
        return wording[key]


def load_preset(name_or_path: str | Path = "balanced") -> Preset:
    """Read a preset by name (a file in ``core/guidance/presets``) or by the path of a YAML file.

    Raises:
        PresetError: the file is missing or does not fit; its message names the line and what to do.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = PRESETS_DIR / f"{name_or_path}.yaml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in PRESETS_DIR.glob("*.yaml")))
        message = _("There is no preset {path}. Use one of these, or the path of a YAML file: {known}.")
        raise PresetError("preset_missing", message.format(path=path, known=known)) from None
    except (OSError, UnicodeDecodeError) as error:
        message = _("The preset {path} cannot be read ({reason}). Save it as UTF-8 text and try again.")
        raise PresetError("preset_invalid", message.format(path=path, reason=error)) from None
    return _parse(text, path)


def _parse(text: str, path: Path) -> Preset:
    sentence = _("{path}, line {line}: {what}")
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = _repeated_key(root)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        what = _("this is not valid YAML ({problem}); check the spaces and colons here.").format(
            problem=problem
        )
        raise PresetError("preset_invalid", sentence.format(path=path, line=line, what=what)) from None
    if twice is not None:
        what = _('"{key}" stands here a second time; remove one of the two.').format(key=twice.value)
        line = twice.start_mark.line + 1
        raise PresetError("preset_invalid", sentence.format(path=path, line=line, what=what))
    try:
        return Preset.model_validate(content)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            where = " > ".join(str(step) for step in problem["loc"]) or _("the file")
            what = f"{where}: {_advice(problem)}"
            line = _line_of(root, problem["loc"])
            lines.append(sentence.format(path=path, line=line, what=what))
        raise PresetError("preset_invalid", "\n".join(lines)) from None


def _advice(problem: Mapping) -> str:
    """What to do about one validation problem."""
    kind = problem["type"]
    if kind == "missing":
        return _("this is missing; add it.")
    if kind == "extra_forbidden":
        return _("no such setting; remove it or check its spelling.")
    said = str(problem["msg"]).removeprefix("Value error, ")
    return _("{problem}; change it.").format(problem=said)


def _repeated_key(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """The first mapping key that stands twice: YAML would silently keep only the last."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                return key
            seen.add(key.value)
            found = _repeated_key(value)
            if found is not None:
                return found
    return None


def _line_of(node: yaml.Node | None, steps: Sequence[str | int]) -> int:
    """Line (from 1) of the deepest part of ``steps`` that the file has."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line
