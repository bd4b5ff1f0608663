"""The comparison in words: who agrees on one photo, and what an operating point costs."""

from collections.abc import Mapping

from core.compare.agreement import RATERS
from core.compare.operating import OperatingPoint
from core.i18n import _
from core.quality.verdict import Verdict
from core.text.wording import listed, quality_name


def rater_name(name: str) -> str:
    """Who judged: an assessor by its name, or the raters."""
    return _("Raters") if name == RATERS else name


def in_one_sentence(verdicts: Mapping[str, Verdict]) -> str:
    """Whether the assessors agree on one photo, and where not."""
    passing = [name for name, verdict in verdicts.items() if verdict.passes]
    refusing = [name for name in verdicts if name not in passing]
    if passing and refusing:
        return _("They disagree: {passing} would let this photo pass, {refusing} would not.").format(
            passing=listed(passing), refusing=listed(refusing)
        )
    if passing:
        return _("All agree that this photo passes.")
    faults = [frozenset(verdict.flagged) for verdict in verdicts.values()]
    labels = {verdict.label for verdict in verdicts.values()}
    if len(set(faults)) == 1 and len(labels) == 1:
        return _("All agree that this photo does not pass, and on the reason.")
    return _("All agree that this photo does not pass, but not on the reason.")


def class_of(verdict: Verdict) -> str:
    """The quality class that an assessor gives, in plain words."""
    return quality_name(verdict.label)


def costs(point: OperatingPoint) -> tuple[str, str]:
    """What an operating point costs, in two sentences with their 95 % intervals."""
    back, through = point.around()
    return (
        _with_interval(_("Of 100 good photos {count} are sent back"), point.alarms, back, point.good),
        _with_interval(_("Of 100 bad photos {count} get through"), 1 - point.found, through, point.bad),
    )


def _with_interval(words: str, share: float, around: tuple[float, float] | None, count: int) -> str:
    sentence = words.format(count=f"{100 * share:.0f}")
    if around is None:
        return sentence + "."
    low, high = (f"{100 * end:.0f}" for end in around)
    return (
        sentence + " " + _("(95% interval {low} to {high}; {n} photos).").format(low=low, high=high, n=count)
    )
