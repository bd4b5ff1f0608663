"""A report in plain sentences: what a patient or a product manager may conclude from it, and may not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.i18n import _, in_sentence, ngettext, percent
from core.quality.labels import EXPLANATIONS
from core.reports.reading import Report, at, branch, count, number, pair, photo_sets
from core.text.wording import explanation_name

DEFAULT_POINT: Final = "balanced"


@dataclass(frozen=True)
class Gate:
    """What a setting lets through.

    Attributes:
        passes: share (0-1) of good photographs that pass, of ``good`` photographs.
        refused: share (0-1) of faulty photographs that are refused, of ``faulty`` photographs.
        passes_around, refused_around: their intervals.
    """

    passes: float
    good: int
    refused: float
    faulty: int
    passes_around: tuple[float, float] | None = None
    refused_around: tuple[float, float] | None = None


def photo_set_name(key: str) -> str:
    """A set of photographs in a few words."""
    return {
        "left_out": _("New collections"),
        "validation": _("Known collections"),
        "rated": _("Rated by people"),
        "phantoms": _("Drawn skin"),
    }.get(key, key.replace("_", " "))


def photo_set_sentence(key: str) -> str:
    """What a set of photographs is, in a sentence."""
    return {
        "left_out": _(
            "Photos from collections that the network never saw while it learnt: the honest figure."
        ),
        "validation": _(
            "Other photos and other people from the collections that the network learnt from. Its "
            "settings were chosen on them, so they flatter it."
        ),
        "rated": _("Photos with votes of real people, used as they are."),
        "phantoms": _(
            "Skin drawn by the program that also drew a part of what the network learnt from. These "
            "figures test the program and say nothing about people."
        ),
    }.get(key, "")


def gate(report: Report, section: str, point: str = DEFAULT_POINT) -> Gate | None:
    """What a setting lets through of a set of photographs.

    Reports without operating points give what the default setting does: good are lesions that no rater
    faulted, faulty is what most raters called poor.
    """
    found = branch(report, "operating_points", point, "sections", section)
    values = number(found, "good_lesion_passes"), number(found, "faulty_refused")
    if values[0] is not None and values[1] is not None:
        return Gate(
            values[0],
            count(found, "good_lesion_n") or 0,
            values[1],
            count(found, "faulty_n") or 0,
            pair(found, "good_lesion_passes_interval"),
            pair(found, "faulty_refused_interval"),
        )
    if point != DEFAULT_POINT:
        return None
    good = branch(report, "sections", section, "gate", "lesion_nobody_objects")
    poor = branch(report, "sections", section, "gate", "poor_quality")
    passes, through = number(good, "passes"), number(poor, "passes")
    if passes is None or through is None:
        return None
    return Gate(passes, count(good, "n") or 0, 1 - through, count(poor, "n") or 0)


def headline_section(report: Report) -> str | None:
    """The set of photographs that the sentences speak of: new collections where there are figures of them."""
    return next((name for name in photo_sets(report) if gate(report, name) is not None), None)


def story(report: Report) -> tuple[str, ...]:
    """Two to four sentences on how good it is."""
    section = headline_section(report)
    if section is None:
        return ()
    sentences = [_gate_sentence(report, section), *_other_sentences(report, section)]
    sentences += _fault_sentences(report, section)
    sentences += _tone_sentences(report, section)
    return tuple(sentences)


def _gate_sentence(report: Report, section: str) -> str:
    found = gate(report, section)
    assert found is not None
    return _(
        "Of 100 good photos of a spot, about {good} pass. Of 100 photos with a fault, about {bad} are "
        "sent back for another try."
    ).format(good=round(100 * found.passes), bad=round(100 * found.refused))


def headline_source(report: Report) -> str:
    """What the first sentence rests on: how many photographs of which set, with intervals; else empty."""
    section = headline_section(report)
    found = gate(report, section) if section is not None else None
    if section is None or found is None:
        return ""

    def ends(around: tuple[float, float] | None) -> str:
        if around is None:
            return ""
        return " " + _("(95% interval {low} to {high})").format(
            low=percent(around[0]), high=percent(around[1])
        )

    return _("From {good} good{first} and {faulty} faulty{second} photos. {photos}").format(
        good=f"{found.good:,}",
        first=ends(found.passes_around),
        faulty=f"{found.faulty:,}",
        second=ends(found.refused_around),
        photos=photo_set_sentence(section),
    )


def _other_sentences(report: Report, section: str) -> list[str]:
    other = gate(report, "validation")
    if section != "left_out" or other is None:
        return []
    return [
        _(
            "On other photos from the collections that it learnt from, about {good} good ones pass and "
            "{bad} with a fault are sent back."
        ).format(good=round(100 * other.passes), bad=round(100 * other.refused))
    ]


def _fault_sentences(report: Report, section: str) -> list[str]:
    areas = {
        name: area
        for name in EXPLANATIONS
        if (area := number(report, "sections", section, "explanations", name, "auc")) is not None
    }
    if len(areas) < 2:
        return []
    best, worst = max(areas, key=areas.__getitem__), min(areas, key=areas.__getitem__)
    return [
        _(
            "It judges {best} best and {worst} least well: shown two photos, one with the fault and one "
            "without, it tells them apart {good} times in 100 for {best} and {bad} times for {worst}, "
            "where tossing a coin gives 50."
        ).format(
            best=in_sentence(explanation_name(best)),
            worst=in_sentence(explanation_name(worst)),
            good=round(100 * areas[best]),
            bad=round(100 * areas[worst]),
        )
    ]


def _tone_sentences(report: Report, section: str) -> list[str]:
    gap = number(report, "sections", section, "fairness", "largest_gap_specificity")
    if gap is None:
        return []
    return [
        _(
            "Between lighter and darker skin, the share of good photos that it finds nothing wrong with "
            "differs by up to {gap} in 100."
        ).format(gap=round(100 * abs(gap)))
    ]


def simulated(report: Report) -> str:
    """The sentence that has to stand first: who judged these photographs."""
    sentence = _(
        "The labels are simulated: a program made good photos worse in known ways, and twelve simulated "
        "raters judged them. No dermatologist rated these photos. The figures say how well the network "
        "learnt this simulation, not how often a dermatologist would agree with it."
    )
    if branch(report, "sections", "rated"):
        sentence += " " + _("Only “Rated by people” rests on votes of real people.")
    return sentence


def counted(report: Report, names: Sequence[str]) -> str:
    """How many photographs the sets hold: ``New collections: 1,367 photos``, with semicolons between."""
    parts = []
    for key in names:
        held = count(report, "sections", key, "n")
        if held is not None:
            photos = ngettext("{count} photo", "{count} photos", held).format(count=f"{held:,}")
            parts.append(f"{photo_set_name(key)}: {photos}")
    return "; ".join(parts)


def provenance(report: Report, section: str | None = None) -> str:
    """What the figures are from: benchmark, set of photographs, count, kind of interval."""
    parts = []
    name, seed = at(report, "benchmark"), count(report, "seed")
    if isinstance(name, str):
        called = _("Benchmark {name}") if seed is None else _("Benchmark {name} (seed {seed})")
        parts.append(called.format(name=name, seed=seed))
    names = (section,) if section is not None else photo_sets(report)
    if counts := counted(report, names):
        parts.append(counts)
    parts.append(
        _(
            "the smaller figures are 95% intervals by bootstrap, photos of one person or one original "
            "drawn together"
        )
    )
    return "; ".join(parts) + "."


def shortened(report: Report) -> bool:
    """Whether this was a quick look at a part of the benchmark."""
    return "shortened" in str(at(report, "benchmark") or "")


def limits() -> tuple[str, ...]:
    """What these data cannot show, one sentence each."""
    return (
        _("Whether dermatologists would agree: none has rated these photos."),
        _(
            "Faults that the program does not make, such as a fingerprint on the lens, a mirror, or a "
            "photo of a screen."
        ),
        _(
            "How it does on your photos. Collections differ in camera, clinic and kind of skin change, "
            "and a network may learn the collection in place of the fault. New collections show how "
            "much, for the few there are."
        ),
        _(
            "How it does on dark skin, beyond the few photos there are: skin tone was not recorded and "
            "is estimated from the pixels."
        ),
        _(
            "Who is better, the paper or this network. The paper has other photos and real "
            "dermatologists, and F1 moves with how common a fault is among the photos: its rows are a "
            "yardstick."
        ),
        _(
            "How the means compare: as printed in the paper, they do not follow from the rows of the same "
            "tables. Compare row by row."
        ),
    )
