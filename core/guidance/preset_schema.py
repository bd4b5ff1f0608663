"""The parts of a preset's file, each with its bounds."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from core.guidance.outline import Shape
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES

SHOTS: Final = ("context", "regional", "close_up")
ShotName = Literal["context", "regional", "close_up"]

Share = Annotated[float, Field(ge=0, le=1)]
COLOUR: Final = r"#[0-9a-fA-F]{6}"
BannerPlace = Literal["top", "bottom"]


def _colour(text: str) -> str:
    if not re.fullmatch(COLOUR, text):
        raise ValueError('write a colour in quotes, as # and six digits or letters a to f, such as "#ffcc00"')
    return text


Colour = Annotated[str, AfterValidator(_colour)]


class Part(BaseModel):
    """A part of a preset: cannot be changed, and knows all its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(Part):
    """How quickly hints follow the picture; all in milliseconds but ``lead`` (a ratio)."""

    assess_every_ms: Annotated[int, Field(ge=0, le=2000)]
    window_ms: Annotated[int, Field(ge=200, le=10_000)]
    half_life_ms: Annotated[int, Field(ge=20, le=10_000)]
    lead: Annotated[float, Field(ge=1, le=10)]
    hint_ms: Annotated[int, Field(ge=1500, le=10_000)]
    calm_ms: Annotated[int, Field(ge=1000, le=10_000)]
    help_after_s: Annotated[float, Field(ge=1, le=120)] | None


class GateRule(Part):
    """When the shutter unlocks, whether the photo takes itself, and when a person may go past the lock.

    Attributes:
        moved_above: change of the picture over its own contrast, from one frame to the next, that stops the
            countdown: 0 is the same picture, about 1 another one.
    """

    steady_ms: Annotated[int, Field(ge=0, le=10_000)]
    steady_share: Annotated[float, Field(gt=0, le=1)]
    fresh_ms: Annotated[int, Field(gt=0, le=10_000)]
    refused_tries: Annotated[int, Field(ge=1, le=100)]
    override_after_s: Annotated[float, Field(gt=0, le=3600)]
    auto_capture: bool
    countdown_ms: Annotated[int, Field(ge=500, le=10_000)]
    moved_above: Share
    best_shot_ms: Annotated[int, Field(ge=0, le=5000)]


class PhotoRule(Part):
    """What becomes of a photo.

    Attributes:
        keep_on_device: whether the photo stays in the browser that took it, with its result, where the
            browser checks the picture itself; a person may choose otherwise.
    """

    keep_on_device: bool


class CameraRule(Part):
    """What counts as a camera that is covered, stuck, lost or not settled yet."""

    black_luma: Share
    frozen_after_s: Annotated[float, Field(gt=0, le=60)]
    missing_after_s: Annotated[float, Field(gt=0, le=60)]
    settle_ms: Annotated[int, Field(ge=0, le=60_000)]


class Refine(Part):
    """When a hint says which light or which way: measured in the picture, and only where the fault is found.

    Attributes:
        light, direction: whether it is done at all.
        dark_below, bright_above: median brightness of the skin (0-1).
        blown_above: share of the skin that shines white.
        shading_above: brightest to darkest light across the skin, a ratio.
        off_centre_from: how far off the middle the spot is (1 is the middle of an edge).
        close_above: share of the frame's width or height that the spot takes.
    """

    light: bool
    direction: bool
    dark_below: Share
    bright_above: Share
    blown_above: Share
    shading_above: Annotated[float, Field(ge=1, le=100)]
    off_centre_from: Share
    close_above: Share


class Overlay(Part):
    """What is drawn over the live picture, and how the prompt beside it looks.

    Attributes:
        ring: whether the guide is drawn, whatever its shape.
        shape: what it outlines (see :mod:`core.guidance.outline`).
        size: its radius, or half its height, over the short side of the picture.
        colour, colour_ready: of its lines, ``"#rrggbb"``: at first, and when the photo can be taken. Their
            edges are chosen so that they are seen on every skin (see :mod:`core.guidance.contrast`).
        thickness: of its lines; 1 is a 160th of the picture's short side.
        arrow: whether an arrow shows the way.
        arrow_from: how far off the middle the spot is when it does (1 is the middle of an edge).
        banner: whether the prompt stands above the picture or below it. On a phone held sideways it stands
            beside the picture.
        icons: whether a sign stands beside the prompt.
        help_drawing: whether the help that comes when the same prompt stays has a drawing.
    """

    ring: bool
    shape: Shape
    size: Annotated[float, Field(ge=0.1, le=0.48)]
    colour: Colour
    colour_ready: Colour
    thickness: Annotated[float, Field(ge=0.5, le=3)]
    arrow: bool
    arrow_from: Share
    banner: BannerPlace
    icons: bool
    help_drawing: bool


class Feedback(Part):
    """What comes beside words and shapes until the person chooses otherwise."""

    sound: bool
    vibration: bool
    speech: bool


def _explanations(thresholds: Mapping[str, float]) -> Mapping[str, float]:
    unknown = sorted(set(thresholds) - set(EXPLANATIONS))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; use only {', '.join(EXPLANATIONS)}")
    return thresholds


class Judged(Part):
    """What passes.

    Attributes:
        thresholds: probability (0-1) per explanation from which it counts as a fault; those left out come
            from the operating point. At 1 it never counts.
    """

    thresholds: Mapping[str, Share] = Field(default_factory=dict)

    @field_validator("thresholds")
    @classmethod
    def _known_explanations(cls, thresholds: Mapping[str, float]) -> Mapping[str, float]:
        return _explanations(thresholds)


class Shot(Judged):
    """One shot of a series, judged otherwise than a photo of the spot alone.

    Attributes:
        instruction: the wording that says what is wanted.
        healthy_skin_passes: as in the preset; None takes the preset's.
        class_offsets: added to the logit of a quality class, over those of the operating point.
        spot_at_least, spot_at_most: how much of the frame's width or height the spot may take.
    """

    instruction: Literal["shot_context", "shot_regional", "shot_close_up"]
    healthy_skin_passes: bool | None = None
    class_offsets: Mapping[str, Annotated[float, Field(ge=-10, le=10)]] = Field(default_factory=dict)
    spot_at_least: Share = 0.0
    spot_at_most: Share = 1.0

    @field_validator("class_offsets")
    @classmethod
    def _known_classes(cls, offsets: Mapping[str, float]) -> Mapping[str, float]:
        unknown = sorted(set(offsets) - set(QUALITY_CLASSES))
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; use only {', '.join(QUALITY_CLASSES)}")
        return offsets


class Shots(Part):
    """The three distances that the guidelines ask for."""

    context: Shot
    regional: Shot
    close_up: Shot
