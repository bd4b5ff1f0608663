"""Plain words for verdicts, the same on every page and in the report. No Streamlit here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType

from core.guidance.hint import condition, hint_for
from core.guidance.points import Point, State, points
from core.guidance.preset import Preset
from core.guidance.preset_schema import ShotName
from core.i18n import _, in_sentence, language
from core.lesion.abstain import LOW_CONFIDENCE, NOT_A_LESION, NOT_PASSED
from core.lesion.taxonomy import Taxonomy
from core.quality.regions import weakest
from core.quality.verdict import Verdict
from core.runtime.manifest import ConfusedPair
from core.text.advice import advice


@dataclass(frozen=True)
class VerdictText:
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


@dataclass(frozen=True)
class Abstained:
    """Why there is no answer, in words.

    Attributes:
        why: that the network cannot say, and why.
        advice: what to do.
        opened: what stands above the answer once someone wants to see it all the same.
    """

    why: str
    advice: str
    opened: str


def abstained(reason: str) -> Abstained:
    """Why the network does not answer, by ``Prediction.reason``; raises KeyError for other keys."""
    show = _("If the spot worries you, show it to a doctor.")
    return {
        NOT_PASSED: Abstained(
            _("This photo did not pass the check."),
            _(
                "A network that sees a poor photo answers all the same, and is often wrong. Take what it "
                "says with great care."
            ),
            _("This photo did not pass the check, so the answer below may well be wrong."),
        ),
        NOT_A_LESION: Abstained(
            _("The network cannot say: this does not look like the photos of skin changes it learnt from."),
            _("Take a closer photo, with the spot in the middle and only skin around it.") + " " + show,
            _("This does not look like a photo of a skin change, so the answer below may mean nothing."),
        ),
        LOW_CONFIDENCE: Abstained(
            _("The network cannot say: none of the kinds it knows stands out in this photo."),
            _("A closer photo in soft, even light may help.") + " " + show,
            _("The network is not sure of any of these, so the answer below is little more than a guess."),
        ),
    }[reason]


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


def place_name(key: str) -> str:
    """What the map of an explanation, or of a quality class, is about."""
    return {"poor_quality": _("Weak part")}.get(key) or explanation_name(key)


def weak_part(verdict: Verdict) -> str:
    """Which part of a picture is the weakest, in a sentence; "" where none is, or parts were not judged."""
    name = weakest(verdict.parts)
    if name is None:
        return ""
    return {
        "top_left": _("The top left is weakest."),
        "top_right": _("The top right is weakest."),
        "bottom_left": _("The bottom left is weakest."),
        "bottom_right": _("The bottom right is weakest."),
        "middle": _("The middle is weakest."),
    }[name]


def quality_name(key: str) -> str:
    """A quality class in plain words."""
    return {
        "lesion": _("Clear view of a spot"),
        "no_skin": _("No skin"),
        "healthy_skin": _("Skin without a spot"),
        "poor_quality": _("Hard to judge"),
    }[key]


def beside(label: str, taxonomy: Taxonomy) -> str:
    """What stands beside a class's lay name: its medical term, and a mark where few photos taught it."""
    mark = _("learnt from few photos") if taxonomy.has_few_photos(label) else ""
    return " · ".join(filter(None, (taxonomy.term(label), mark)))


def about_class(label: str, taxonomy: Taxonomy) -> str:
    """What a class is, and what the network learnt it from; "" where that is not recorded."""
    return " ".join(filter(None, (taxonomy.description(label), taxonomy.learnt_from(label))))


def most_like(label: str, taxonomy: Taxonomy) -> str:
    """What a photo looks most like, in a sentence of Markdown with the class's name in bold."""
    return _("Of {count} kinds of skin change, the photo looks most like **{name}**.").format(
        count=len(taxonomy.labels), name=taxonomy.in_sentence(label)
    )


def mixed_up(pair: ConfusedPair, taxonomy: Taxonomy) -> str:
    """What was measured of two classes that the network mixes up: Markdown, their names in bold."""
    name = taxonomy.in_sentence
    return _(
        "The network often mixes these two up: in tests it took {true} for {said} in {count} of "
        "{of} photos. Either may be right."
    ).format(count=pair.count, of=pair.of, true=f"**{name(pair.true)}**", said=f"**{name(pair.said)}**")


def coloured_for(label: str, taxonomy: Taxonomy) -> str:
    """What a photo under the heat map of a class shows."""
    return _("Your photo, coloured where the network looked for {name}").format(
        name=taxonomy.in_sentence(label)
    )


def no_place() -> str:
    """What stands in place of a heat map that is blank."""
    return _("No place in the photo stands out for this point: it is judged over all of it.")


def only_practised() -> str:
    """Why there is no prediction for skin without a spot."""
    return _("You were practising on skin without a spot, so there is nothing to predict here.")


def about_bars() -> str:
    """What the bar of a point and the line across it mean."""
    return _("The bar shows how likely a fault is; the line, from where it counts.")


def about_shares(count: int) -> str:
    """What the figures beside the classes are not."""
    return _(
        "The figures say how the network shares out its answer. They are not the chance of having "
        "something, and things it was never taught are not among the {count}."
    ).format(count=count)


def point_word(state: State) -> str:
    """How a point of the photo stands, in a word or two."""
    return {
        "fine": _("Fine"),
        "nearly": _("Nearly fine"),
        "fault": _("To improve"),
        "unjudged": _("Not judged"),
    }[state]


def points_of(
    verdict: Verdict, preset: Preset, thresholds: Mapping[str, float], healthy_skin_passes: bool = False
) -> tuple[Point, ...]:
    """The five points of a picture under a preset, in vocabulary order.

    Args:
        thresholds: probability (0-1) per explanation from which it counts as a fault; at 1 it never does.
        healthy_skin_passes: whether the rule that judged the picture lets healthy skin pass.
    """
    return points(verdict, thresholds, condition(verdict, preset, healthy_skin_passes))


def listed(names: Iterable[str]) -> str:
    """Names with commas between them, as the current language writes commas."""
    names = [in_sentence(name) for name in names]
    return reduce(lambda first, second: comma().format(first=first, second=second), names)


def comma() -> str:
    """How the current language puts a comma between two names."""
    return _("{first}, {second}")


def verdict_words() -> dict[str, str]:
    """The sentences of :func:`say`, by name; the browser says a verdict in them as well."""
    return {
        "works": _("This photo works"),
        "skin": _("A good picture of skin"),
        "no_spot": _("No spot was found in it."),
        "checked": _("Checked and found fine: {points}."),
        "not_yet": _("Not quite there yet"),
        "nearly": _(
            "No single point is clearly at fault, but the photo as a whole is hard to judge. Only nearly "
            "fine: {point}. {prompt}."
        ),
    }


def say(
    verdict: Verdict,
    preset: Preset,
    thresholds: Mapping[str, float] = MappingProxyType({}),
    shot: ShotName | None = None,
) -> VerdictText:
    """The verdict on a photo in words: only what was checked and what was found.

    Args:
        thresholds: probability (0-1) per explanation from which it counts as a fault; at 1, or left out, it
            never does, and it is not said to be fine.
        shot: which of a series' shots it is, where it is one.
    """
    hint = hint_for(verdict, preset, language=language())
    found = points_of(verdict, preset, thresholds)
    if hint is None:
        return _passing(verdict, found, shot)
    for point in found:
        if point.state == "nearly":
            return _nearly(point, hint.text)
    told = " ".join(filter(None, (weak_part(verdict), advice(hint.key, preset))))
    return VerdictText(False, verdict_words()["not_yet"], told, hint.text)


def _passing(verdict: Verdict, found: Iterable[Point], shot: ShotName | None) -> VerdictText:
    words = verdict_words()
    fine = [explanation_name(point.key) for point in found if point.state == "fine"]
    checked = words["checked"].format(points=listed(fine)) if fine else ""
    if verdict.label != "healthy_skin":
        return VerdictText(True, words["works"], checked)
    # From far away a spot may be too small to be found: nothing is said of it.
    spot = "" if shot in ("context", "regional") else words["no_spot"]
    return VerdictText(True, words["skin"], " ".join(filter(None, (spot, checked))))


def _nearly(point: Point, prompt: str) -> VerdictText:
    words = verdict_words()
    return VerdictText(
        False,
        words["not_yet"],
        words["nearly"].format(point=in_sentence(explanation_name(point.key)), prompt=prompt.rstrip(".।")),
        _("Nearly fine: {prompt}").format(prompt=prompt),
    )
