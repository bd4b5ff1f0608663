"""A report in sections of tables and plots; what the report lacks is left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.i18n import _, in_sentence, ngettext
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.reports import plots, story
from core.reports.plots import Bin, Mark
from core.reports.reading import Report, at, branch, count, items, number, pair, points
from core.reports.svg import Plot
from core.reports.tables import Cell, Figure, Table
from core.text.wording import explanation_name, quality_name

Part = Table | Plot | tuple[Plot, ...]
SPLITS: Final = ("left_out", "validation")


@dataclass(frozen=True)
class ReportSection:
    """One question about the network, answered.

    Attributes:
        key: unique among the sections of a report.
        title: the question.
        lead: how to read what follows.
        parts: tables, plots, and rows of small plots.
        whole: it is about all photographs of its set, not about others that the tables count.
    """

    key: str
    title: str
    lead: str
    parts: tuple[Part, ...]
    whole: bool = True


def name_of(key: str) -> str:
    """A quality class, an explanation, or a measure of a report in plain words; others as they are."""
    if key in QUALITY_CLASSES:
        return quality_name(key)
    if key in EXPLANATIONS:
        return explanation_name(key)
    return {
        "lesion_nobody_objects": _("A spot, nobody objects"),
        "lesion_some_object": _("A spot, some object"),
        "good_lesion": _("A spot, few or none object"),
        "too_dark": _("Too dark"),
        "too_bright": _("Too bright"),
        "blurred": _("Blurred"),
        "very_light": _("Very light"),
        "light": _("Light skin"),
        "intermediate": _("Intermediate"),
        "medium": _("Medium"),
        "tan": _("Tan"),
        "brown": _("Brown"),
        "dark": _("Dark"),
        "deep": _("Deep"),
        "balanced": _("Balanced (default)"),
        "lenient": _("Lenient"),
        "strict": _("Strict"),
    }.get(key, key.replace("_", " "))


def overall(report: Report) -> list[ReportSection]:
    """The sections about the network as a whole."""
    makers = (_paper, _points, _real)
    return [made for make in makers if (made := make(report)) is not None]


def of_photo_set(report: Report, name: str) -> list[ReportSection]:
    """The sections of each set of photographs."""
    section = branch(report, "sections", name)
    makers: tuple[Callable[[str, Mapping[str, Any]], ReportSection | None], ...] = (
        _gate,
        _figures,
        _confusion,
        _curves,
        reliability,
        _fairness,
        _focus,
    )
    return [made for make in makers if (made := make(name, section)) is not None]


def glossary() -> Table:
    """The words of the tables."""
    return Table(
        _("The words"),
        (_("Word"), _("Meaning")),
        (
            (_("Good photo"), _("A spot, and at most two of the twelve simulated raters object.")),
            (_("Photo with a fault"), _("More simulated raters call it hard to judge than anything else.")),
            (
                _("Found (recall, sensitivity)"),
                _("Of the photos that have it, the share that the network says so of."),
            ),
            (
                _("Left alone (specificity)"),
                _("Of the photos that do not have it, the share that the network leaves alone."),
            ),
            (_("Right when said (precision)"), _("Of the photos it says so of, the share that have it.")),
            (
                "F1",
                _(
                    "One figure for found and right when said, 1 at best. It moves with how common the "
                    "thing is."
                ),
            ),
            (
                _("Area (AUC)"),
                _(
                    "How often it tells apart two photos, one with it and one without: 1 at best, 0.5 "
                    "for guessing."
                ),
            ),
            (
                _("Some rater"),
                _("True when at least one of the twelve simulated raters said so, as in the paper."),
            ),
            (_("Half the raters"), _("True when at least half of them said so: the plainer faults.")),
            *((quality_name(key), _("Class {key}").format(key=key)) for key in QUALITY_CLASSES),
            *((explanation_name(key), _("Explanation {key}").format(key=key)) for key in EXPLANATIONS),
        ),
    )


# ---------------------------------------------------------------- once


def _ours(report: Report, section: str, key: str) -> Figure:
    part = branch(report, "sections", section)
    if key in QUALITY_CLASSES:
        entry = branch(part, "classes", key)
    else:
        entry = branch(part, "explanations_at_best_f1", key) or branch(part, "explanations", key)
    return Figure(number(entry, "f1"), pair(entry, "f1_interval"))


def _paper(report: Report) -> ReportSection | None:
    splits = [name for name in SPLITS if branch(report, "sections", name)]
    if not branch(report, "paper") or not splits:
        return None
    unknown = _("not known here")
    rows: list[tuple[Cell, ...]] = []
    drawn: list[tuple[str, list[Mark]]] = []

    def add(called: str, raters: Figure, network: Figure, ours: list[Figure]) -> None:
        rows.append((called, ours[0], network, raters, *ours[1:]))
        marks = [Mark(raters.value, "raters")] if raters.value is not None else []
        marks += [Mark(network.value, "paper")] if network.value is not None else []
        for figure, kind in zip(ours, ("full", "open"), strict=False):
            if figure.value is not None:
                marks.append(Mark(figure.value, kind, figure.around if kind == "full" else None))
        drawn.append((called, marks))

    def printed(table: str, key: str) -> Figure:
        spread = number(report, "paper", table, f"{key}_sd")
        return Figure(number(report, "paper", table, key), absent=unknown, spread=spread)

    for key in QUALITY_CLASSES:
        ours = [_ours(report, name, key) for name in splits]
        add(quality_name(key), printed("rater_f1", key), printed("network_f1", key), ours)
    means = [
        Figure(
            number(report, "sections", name, "quality_macro_f1"),
            pair(report, "sections", name, "quality_macro_f1_interval"),
        )
        for name in splits
    ]
    add(
        _("Mean of the classes"),
        printed("rater_f1", "mean_of_classes"),
        printed("network_f1", "quality_macro"),
        means,
    )
    for key in EXPLANATIONS:
        ours = [_ours(report, name, key) for name in splits]
        add(explanation_name(key), printed("rater_f1", key), printed("network_f1", key), ours)
    at_best = any(branch(report, "sections", name, "explanations_at_best_f1") for name in splits)
    note = _(
        "Paper: Jalaboi, Winther and Galimzianova 2022, as far as its figures are known here. Two "
        "raters: how well two dermatologists agree."
    )
    note = f"{story.counted(report, splits)}. {note}"
    if at_best:
        note += " " + _(
            "The five faults stand at the threshold that is best for F1, chosen on known collections; "
            "the app uses other thresholds, which are set for what passes."
        )
    named = [_("Retake: {photos}").format(photos=in_sentence(story.photo_set_name(name))) for name in splits]
    # Ours and the paper's network side by side, also where a narrow screen shows no more.
    head = (_("F1 of"), named[0], _("Paper: network"), _("Paper: two raters"), *named[1:])
    legend = list(zip(("full", "open"), named, strict=False))
    legend += [("paper", _("Paper: network")), ("raters", _("Paper: two raters"))]
    title = _("Retake beside the paper")
    return ReportSection(
        "paper",
        _("Beside the paper, row by row"),
        _(
            "The paper's labels are votes of dermatologists on its own photos; ours are simulated, on "
            "others. A difference may lie in the labels and the photos as much as in the network."
        ),
        (
            plots.dots("paper", title, drawn, legend, "F1"),
            Table(_("F1, row by row"), head, tuple(rows), note),
        ),
    )


def _points(report: Report) -> ReportSection | None:
    given = branch(report, "operating_points")
    names = [name for name in ("lenient", "balanced", "strict") if branch(given, name)]
    names += [name for name in given if name not in names and branch(given, name)]
    splits = [name for name in SPLITS if any(story.gate(report, name, point) for point in names)]
    if not splits:
        return None
    rows: list[tuple[Cell, ...]] = []
    for point in names:
        row: list[Cell] = [name_of(point)]
        for split in splits:
            found = story.gate(report, split, point)
            row += [
                Figure(found.passes, found.passes_around, percent=True) if found else None,
                Figure(found.refused, found.refused_around, percent=True) if found else None,
            ]
        rows.append(tuple(row))
    head = [_("Setting")]
    counts = []
    for split in splits:
        photos = in_sentence(story.photo_set_name(split))
        head += [
            _("Good ones that pass, {photos}").format(photos=photos),
            _("Faulty ones refused, {photos}").format(photos=photos),
        ]
        found = next(gate for point in names if (gate := story.gate(report, split, point)) is not None)
        counts.append(
            _("{photos}: {good} good and {faulty} faulty photos").format(
                photos=story.photo_set_name(split), good=found.good, faulty=found.faulty
            )
        )
    tables: list[Part] = [Table(_("What passes"), tuple(head), tuple(rows), "; ".join(counts) + ".")]
    limits: tuple[tuple[Cell, ...], ...] = tuple(
        (name_of(point), *(Figure(number(given, point, "thresholds", key)) for key in EXPLANATIONS))
        for point in names
        if branch(given, point, "thresholds")
    )
    if limits:
        tables.append(
            Table(
                _("A fault counts from"),
                (_("Setting"), *(explanation_name(key) for key in EXPLANATIONS)),
                limits,
                _("Probabilities between 0 and 1."),
            )
        )
    return ReportSection(
        "points",
        _("Lenient or strict: what passes?"),
        _(
            "A stricter setting catches more faulty photos and asks more people with a good photo to try "
            "again. The app uses the balanced one."
        ),
        tuple(tables),
    )


def _real(report: Report) -> ReportSection | None:
    rows: list[tuple[Cell, ...]] = []
    for key, entry in branch(report, "real_quality").items():
        if not isinstance(entry, Mapping):
            continue
        judged = str(at(entry, "explanation") or "")
        rows.append(
            (
                name_of(str(key)),
                Figure(number(entry, "auc"), pair(entry, "auc_interval")),
                Figure(number(entry, "recall"), pair(entry, "recall_interval"), percent=True),
                Figure(number(entry, "specificity"), pair(entry, "specificity_interval"), percent=True),
                count(entry, "positives"),
                count(entry, "n"),
                name_of(judged) if judged else "–",
            )
        )
    tones: list[tuple[Cell, ...]] = [
        (
            name_of(str(key)),
            count(entry, "n"),
            Figure(number(entry, "passes"), percent=True),
            Figure(number(entry, "flagged_bad_light"), percent=True),
        )
        for key, entry in branch(report, "tones").items()
        if isinstance(entry, Mapping)
    ]
    parts: list[Part] = []
    if rows:
        head = (
            _("Real fault"),
            _("Area (AUC)"),
            _("Found"),
            _("Left alone"),
            _("Photos with it"),
            _("Of"),
            _("Judged as"),
        )
        parts.append(Table(_("Real faults of scenes without skin"), head, tuple(rows)))
    if tones:
        of_tones = (_("Drawn skin"), _("Photos"), _("Pass"), _("Bad light said"))
        parts.append(Table(_("Good drawings of a spot, by tone"), of_tones, tuple(tones)))
    if not parts:
        return None
    return ReportSection(
        "real",
        _("Real faults, and drawn skin"),
        _(
            "Photos that a camera really spoilt show whether the simulation resembles life; they show no "
            "skin."
        ),
        tuple(parts),
    )


# ---------------------------------------------------------------- per set of photographs


def _gate(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    rows = tuple(
        (name_of(str(key)), count(entry, "n"), Figure(number(entry, "passes"), percent=True))
        for key, entry in branch(section, "gate").items()
        if isinstance(entry, Mapping)
    )
    if not rows:
        return None
    return ReportSection(
        f"{name}-gate",
        _("What does the shutter let through?"),
        _("At the default setting. The first row should pass, the last three should not."),
        (Table(_("Photos that pass"), (_("In truth"), _("Photos"), _("Pass")), rows),),
    )


def _figures(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    tables = [
        _binary(_("Classes"), _("Class"), branch(section, "classes")),
        _binary(_("Faults, some rater"), _("Fault"), branch(section, "explanations")),
        _binary(_("Faults, half the raters"), _("Fault"), branch(section, "explanations_by_half_the_raters")),
        _best(branch(section, "explanations_at_best_f1")),
    ]
    found = tuple(table for table in tables if table is not None)
    if not found:
        return None
    macro = Figure(number(section, "quality_macro_f1"), pair(section, "quality_macro_f1_interval"))
    around = f" ({macro.beside()})" if macro.beside() else ""
    lead = _(
        "Mean F1 of the four classes: {macro}; classes right: {accuracy}. Thresholds as shipped."
    ).format(macro=macro.shown() + around, accuracy=Figure(number(section, "accuracy"), percent=True).shown())
    return ReportSection(f"{name}-figures", _("Each class and each fault"), lead, found)


def _binary(title: str, first: str, entries: Mapping[str, Any]) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    note = ""
    for key, entry in entries.items():
        if not isinstance(entry, Mapping):
            continue
        note = note or _of(count(entry, "n"))
        rows.append(
            (
                name_of(str(key)),
                count(entry, "positives"),
                *(
                    Figure(number(entry, what), pair(entry, f"{what}_interval"))
                    for what in (
                        "f1",
                        "recall",
                        "specificity",
                        "precision",
                        "auc",
                        "recall_at_specificity_95",
                    )
                ),
            )
        )
    if not rows:
        return None
    head = (
        first,
        _("Photos with it"),
        "F1",
        _("Found (recall)"),
        _("Left alone (specificity)"),
        _("Right when said (precision)"),
        _("Area (AUC)"),
        _("Found, with 95% left alone"),
    )
    return Table(title, head, tuple(rows), note)


def _of(total: int | None) -> str:
    if total is None:
        return ""
    return ngettext("Of {count} photo.", "Of {count} photos.", total).format(count=f"{total:,}")


def _best(entries: Mapping[str, Any]) -> Table | None:
    rows = tuple(
        (
            name_of(str(key)),
            Figure(number(entry, "threshold")),
            Figure(number(entry, "f1"), pair(entry, "f1_interval")),
            Figure(number(entry, "recall"), pair(entry, "recall_interval")),
            Figure(number(entry, "specificity"), pair(entry, "specificity_interval")),
        )
        for key, entry in entries.items()
        if isinstance(entry, Mapping)
    )
    if not rows:
        return None
    title = _("Faults at the threshold best for F1")
    head = (_("Fault"), _("Threshold"), "F1", _("Found"), _("Left alone"))
    return Table(title, head, rows, _("Some rater; the threshold was chosen on known collections."))


def _confusion(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    size = len(QUALITY_CLASSES)
    if at(section, "confusion", size) is not None:
        return None  # of other classes
    counts = [[count(section, "confusion", i, j) for j in range(size)] for i in range(size)]
    if any(value is None for row in counts for value in row):
        return None
    whole = [[value or 0 for value in row] for row in counts]
    title = _("What was what, and what the network called it")
    labels = [quality_name(key) for key in QUALITY_CLASSES]
    return ReportSection(
        f"{name}-confusion",
        _("What does it mix up?"),
        _("Numbers are photos; framed ones are right answers. The share is of the row."),
        (plots.confusion(f"{name}-confusion", title, whole, labels),),
    )


def _curves(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    rows: list[tuple[Plot, ...]] = []
    for kind in ("classes", "explanations"):
        drawn = []
        for key, entry in branch(section, kind).items():
            curve = points(entry, "roc")
            if not curve:
                continue
            found, alone = number(entry, "recall"), number(entry, "specificity")
            drawn.append(
                plots.roc(
                    f"{name}-roc-{kind}-{key}",
                    name_of(str(key)),
                    curve,
                    auc=number(entry, "auc"),
                    around=pair(entry, "auc_interval"),
                    shipped=None if found is None or alone is None else (1 - alone, found),
                )
            )
        if drawn:
            rows.append(tuple(drawn))
    if not rows:
        return None
    return ReportSection(
        f"{name}-roc",
        _("ROC curves"),
        _(
            "Each line shows what could be found at the price of false alarms, over all thresholds; the "
            "dotted one is guessing. The dot is where the network stands as shipped."
        ),
        tuple(rows),
    )


def reliability(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    """How honest the probabilities are, before and after temperature; None where that was not measured."""
    given = branch(section, "reliability")
    before, after = (_bins(given, f"bins_{when}") for when in ("before", "after"))
    if not before and not after:
        return None
    errors = number(given, "ece_before"), number(given, "ece_after")
    title = _("How sure it is, and how often it is right")
    rows: list[tuple[Cell, ...]] = [
        (called, *(Figure(value) for value in figures))
        for called, figures in (
            (_("Expected calibration error, before"), errors[:1]),
            (_("Expected calibration error, after"), errors[1:]),
            (_("Temperature"), (number(given, "temperature"),)),
        )
    ]
    return ReportSection(
        f"{name}-reliability",
        _("Does 80% sure mean 80% right?"),
        _(
            "On the dotted line, the network is right as often as it says. Before and after: without and "
            "with the temperature that was fitted on known collections. Larger marks stand for more photos."
        ),
        (
            plots.reliability(f"{name}-reliability", title, before, after, errors),
            Table(_("Calibration"), (_("Measure"), _("Value")), tuple(rows)),
        ),
    )


def _bins(given: Mapping[str, Any], key: str) -> list[Bin]:
    found = []
    for entry in items(given, key):
        predicted, observed, held = number(entry, "said"), number(entry, "right"), count(entry, "n")
        if predicted is not None and observed is not None and held:
            found.append(Bin(predicted, observed, held))
    return found


def _fairness(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    given = branch(section, "fairness")
    bins = items(given, "bins")
    if not bins:
        return None
    faults = [key for key in EXPLANATIONS if any(branch(entry, "faults", key) for entry in bins)]
    rows, drawn = [], []
    for entry in bins:
        called = name_of(str(at(entry, "name") or "–"))
        low, high = number(entry, "ita_low"), number(entry, "ita_high")
        alone = Figure(number(entry, "specificity"), pair(entry, "specificity_interval"), percent=True)
        rows.append((called, alone, count(entry, "n_good"), _angles(low, high)))
        if alone.value is not None:
            drawn.append((called, [Mark(alone.value, "full", alone.around)]))
    gap = number(given, "largest_gap_specificity")
    note = "" if gap is None else _("Largest difference: {gap} in 100.").format(gap=f"{100 * abs(gap):.0f}")
    by_chance = number(given, "largest_gap_by_chance", "mean")
    if by_chance is not None:
        chance = _("With as many photos in each group, chance alone makes it {gap} in 100 on average.")
        note = f"{note} {chance.format(gap=f'{100 * by_chance:.0f}')}".strip()
    head = (_("Skin tone"), _("Nothing wrong said"), _("Good photos"), _("Typology angle"))
    parts: list[Part] = []
    if drawn:
        legend = [("full", _("good photos with nothing wrong said"))]
        title = _("Good photos by skin tone")
        parts.append(plots.dots(f"{name}-fairness", title, drawn, legend, _("share, with its interval")))
    parts.append(Table(_("Good photos by skin tone, in numbers"), head, tuple(rows), note))
    if faults:
        parts.append(_tone_table(bins, faults, branch(given, "largest_gap_sensitivity")))
    return ReportSection(
        f"{name}-fairness",
        _("Light and dark skin"),
        _(
            "Skin tone is estimated from the skin's pixels in the photo before it was made worse "
            "(individual typology angle; lower is darker). Exposure and white balance shift it, so a "
            "difference may come from how the photos were taken. Groups of few photos have wide "
            "intervals and show nothing."
        ),
        tuple(parts),
    )


def _tone_table(bins: Sequence[Mapping[str, Any]], faults: Sequence[str], gaps: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for key in faults:
        row: list[Cell] = [explanation_name(key)]
        for entry in bins:
            fault = branch(entry, "faults", key)
            share, around = number(fault, "sensitivity"), pair(fault, "interval")
            row.append(Figure(share, around, percent=True, held=count(fault, "n")))
        gap = number(gaps, key)
        row.append(Figure(None if gap is None else abs(gap), percent=True))
        rows.append(tuple(row))
    head = (
        _("Fault"),
        *(name_of(str(at(entry, "name") or "–")) for entry in bins),
        _("Largest difference"),
    )
    return Table(_("Faults found, by skin tone"), head, tuple(rows))


def _angles(low: float | None, high: float | None) -> str:
    # The angle goes from -90 to 90 degrees, so its ends are no bounds.
    low = None if low is not None and low <= -90 else low
    high = None if high is not None and high >= 90 else high
    if low is None and high is None:
        return "–"
    if low is None:
        return _("below {high}°").format(high=f"{high:.0f}")
    if high is None:
        return _("above {low}°").format(low=f"{low:.0f}")
    return _("{low}° to {high}°").format(low=f"{low:.0f}", high=f"{high:.0f}")


def _focus(name: str, section: Mapping[str, Any]) -> ReportSection | None:
    given = branch(section, "focus")
    tables: list[Part] = []
    for where, title in (
        ("lesion_only", _("The fault is on the spot alone")),
        ("background_only", _("The fault is around the spot alone")),
    ):
        rows = tuple(
            (
                name_of(str(key)),
                count(entry, "n"),
                Figure(number(entry, "area_share"), percent=True),
                Figure(number(entry, "energy_share"), percent=True),
                Figure(number(entry, "ratio"), pair(entry, "ratio_interval")),
                Figure(number(entry, "control_ratio")),
                Figure(number(entry, "over_control"), pair(entry, "over_control_interval")),
            )
            for key, entry in branch(given, where).items()
            if isinstance(entry, Mapping)
        )
        if rows:
            head = (
                _("Fault"),
                _("Photos"),
                _("Faulty part of the photo"),
                _("Heat in that part"),
                _("Heat over area"),
                _("The same, maps shuffled"),
                _("Times the control"),
            )
            tables.append(Table(title, head, rows))
    if not tables:
        return None
    return ReportSection(
        f"{name}-focus",
        _("Does it look where the fault is?"),
        _(
            "A fault was put on a part of good photos. Heat is where the network looked (Grad-CAM): heat "
            "over area above 1 means that it looked at the faulty part more than an even map would. Maps "
            "shuffled between photos are the control: a map that always lights up the middle would gain "
            "nothing on it."
        ),
        tuple(tables),
        whole=False,
    )
