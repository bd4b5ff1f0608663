"""Plain words for verdicts, the same on every page and in the report. No Streamlit here."""

from dataclasses import dataclass

from core.guidance.hint import hint_for
from core.guidance.preset import Preset
from core.quality.verdict import Verdict
from core.words import _


@dataclass(frozen=True)
class Saying:
    """A verdict in words.

    Attributes:
        good: whether the photo passes.
        headline: the verdict in a few words.
        advice: what it means, or what is wrong and what to do, in a sentence or two.
        short: what to do in a few words; empty when the photo passes.
    """

    good: bool
    headline: str
    advice: str
    short: str = ""


def disclaimer() -> str:
    """The sentence that stands on every screen that shows a prediction."""
    return _(
        "Retake is a demonstration and research tool. It is not a medical device and gives no diagnosis."
    )


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
        "lesion": _("Clear view of a spot"),
        "no_skin": _("No skin"),
        "healthy_skin": _("Skin without a spot"),
        "poor_quality": _("Hard to judge"),
    }[key]


def say(verdict: Verdict, preset: Preset) -> Saying:
    """The verdict in words; the advice is the preset's prompt where the photo does not pass."""
    hint = hint_for(verdict, preset)
    if hint is None:
        if verdict.label == "healthy_skin":
            return Saying(
                True, _("A good picture of skin"), _("There is no spot in it to look at. Well practised!")
            )
        return Saying(
            True, _("This photo works"), _("The spot is sharp, well lit and close enough to judge.")
        )
    return Saying(False, _("Not quite there yet"), hint.spoken, hint.text)
