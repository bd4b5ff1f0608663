"""Plain words for verdicts, the same on every page and in the report."""

from dataclasses import dataclass

from core.guidance.hint import hint_for
from core.guidance.preset import Preset
from core.quality.verdict import Verdict
from core.words import _


@dataclass(frozen=True)
class Saying:
    """A verdict in words: whether it is good, a headline, and what it means or what to do."""

    good: bool
    headline: str
    advice: str


def explanation_name(key: str) -> str:
    """What an explanation is about, in one word."""
    return {
        "bad_framing": _("Framing"),
        "bad_light": _("Light"),
        "blurry": _("Sharpness"),
        "low_resolution": _("Detail"),
        "too_far_away": _("Distance"),
    }[key]


def quality_name(key: str) -> str:
    """A quality class in plain words."""
    return {
        "lesion": _("A spot, clear enough"),
        "no_skin": _("No skin to see"),
        "healthy_skin": _("Skin without a spot"),
        "poor_quality": _("Hard to judge"),
    }[key]


def say(verdict: Verdict, preset: Preset) -> Saying:
    """The verdict in words; the advice is the preset's prompt where the photo does not pass."""
    if verdict.passes:
        if verdict.label == "healthy_skin":
            return Saying(True, _("A good picture of skin"), _("There is no spot in it to look at. Well practised!"))
        return Saying(True, _("This photo works"), _("The spot is sharp, well lit and close enough to judge."))
    hint = hint_for(verdict, preset)
    advice = hint.text if hint else ""
    if verdict.label == "no_skin":
        return Saying(False, _("No skin to see here yet"), advice)
    if verdict.label == "healthy_skin":
        return Saying(False, _("No spot to see here yet"), advice)
    return Saying(False, _("Worth one more try"), advice)
