"""The lesion classifier's report in sections; what the report lacks is left out."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.i18n import _, in_sentence, percent
from core.reports import plots, story
from core.reports.lesion_story import kind, not_comparable
from core.reports.plots import Mark
from core.reports.reading import Report, at, branch, count, items, number, pair, points
from core.reports.sections import SPLITS, Part, ReportSection, reliability
from core.reports.tables import Cell, Figure, Table

MOST_PAIRS: Final = 12


def overall(report: Report) -> list[ReportSection]:
    """The sections about the network as a whole."""
    makers = (_headline, _paper, _sources, _refusing, _learnt)
    return [made for make in makers if (made := make(report)) is not None]


def of_photo_set(report: Report, name: str) -> list[ReportSection]:
    """The sections of each set of photographs."""
    section, labels = branch(report, "sections", name), _labels(report)
    makers: tuple[Callable[[str, Mapping[str, Any], list[str]], ReportSection | None], ...] = (
        _classes,
        _pairs,
        _matrix,
        _coverage,
    )
    found = [made for make in makers if (made := make(name, section, labels)) is not None]
    honest = reliability(name, section)
    return [*found, honest] if honest is not None else found


def glossary() -> Table:
    """The words of the tables."""
    return Table(
        _("The words"),
        (_("Word"), _("Meaning")),
        (
            (_("Found (recall)"), _("Of the photos of a kind, the share that the network calls so.")),
            (
                _("Right when said (precision)"),
                _("Of the photos that it calls a kind, the share that are of it."),
            ),
            ("F1", _("One figure for both, 1 at best. It moves with how common the kind is.")),
            (_("First guess right"), _("The share of photos whose most probable kind is the true one.")),
            (_("Among the first two"), _("The share whose true kind is among the two most probable.")),
            (
                _("New collections"),
                _("Source-held-out: collections that the network never saw. The honest figure."),
            ),
            (_("Known collections"), _("In-source: other photos of collections that it learnt from.")),
            (
                _("Area (AUC)"),
                _("How often it tells apart two pictures, one with a skin change and one without."),
            ),
            (_("Expected calibration error"), _("How far its probabilities are off, on average.")),
        ),
    )


def _labels(report: Report) -> list[str]:
    given = at(report, "labels")
    return [str(label) for label in given] if isinstance(given, list) else []


def _figure(tree: Any, key: str) -> Figure:
    return Figure(number(tree, key), pair(tree, f"{key}_interval"))


# ---------------------------------------------------------------- once


def _headline(report: Report) -> ReportSection | None:
    given = branch(report, "headline", "classes")
    rows: list[tuple[Cell, ...]] = []
    drawn: list[tuple[str, list[Mark]]] = []
    for key, entry in given.items():
        new = _figure(entry, "recall")
        held = branch(entry, "in_source")
        known = _figure(held, "recall")
        names = ", ".join(map(str, at(entry, "sources") or []))
        rows.append(
            (
                kind(str(key)),
                new,
                count(entry, "n"),
                known,
                count(held, "n"),
                names if at(entry, "counted") else _("{names}; too few to count").format(names=names),
            )
        )
        marks = [Mark(known.value, "open")] if known.value is not None else []
        marks += [Mark(new.value, "full", new.around)] if new.value is not None else []
        drawn.append((kind(str(key)), marks))
    if not rows:
        return None
    called = [story.photo_set_name(split) for split in SPLITS]
    head = (
        _("Kind"),
        _("Found, {photos}").format(photos=in_sentence(called[0])),
        _("Photos"),
        _("Found, {photos} (in-source)").format(photos=in_sentence(called[1])),
        _("Photos"),
        _("New collections"),
    )
    mean = _figure(branch(report, "headline"), "macro_recall")
    around = f" ({mean.beside()})" if mean.beside() else ""
    missing = at(report, "headline", "missing")
    note = _("Mean over the kinds with enough photos: {mean}.").format(mean=mean.shown() + around)
    if isinstance(missing, list) and missing:
        names = ", ".join(in_sentence(kind(str(label))) for label in missing)
        note += " " + _("From no new collection: {kinds}.").format(kinds=names)
    title = _("Found on new and on known collections")
    legend = list(zip(("full", "open"), called, strict=True))
    return ReportSection(
        "lesion-headline",
        _("On collections it never saw"),
        _(
            "The kinds that have phone photos from two or more collections; pictures through a dermatoscope "
            "are left out. Known collections are in-source: a fall from there to new ones means that the "
            "network had learnt the collection, not the skin."
        ),
        (
            plots.dots("lesion-headline", title, drawn, legend, _("share found")),
            Table(_("Found, kind by kind"), head, tuple(rows), note),
        ),
    )


def _paper(report: Report) -> ReportSection | None:
    given = at(report, "paper", "accuracies")
    printed = [number(given, i) for i in range(len(given))] if isinstance(given, list) else []
    theirs: list[tuple[Cell, ...]] = [
        (_("Paper"), Figure(value, percent=True, digits=1), None) for value in printed if value is not None
    ]
    ours: list[tuple[Cell, ...]] = []
    for split in SPLITS:
        section = branch(report, "sections", split)
        right = Figure(number(section, "top1"), pair(section, "top1_interval"), percent=True, digits=1)
        if right.value is not None:
            name = _("Retake: {photos}").format(photos=in_sentence(story.photo_set_name(split)))
            ours.append((name, right, count(section, "n")))
    if not theirs or not ours:
        return None
    note = _("Paper: Mishra, Imaizumi and Yamasaki 2019, as far as its figures are known here.")
    head = (_("Of"), _("First guess right"), _("Photos"))
    return ReportSection(
        "lesion-paper",
        _("Beside the paper"),
        not_comparable(),
        (Table(_("First guess right, here and in the paper"), head, (*ours, *theirs), note),),
    )


def _sources(report: Report) -> ReportSection | None:
    rows: list[tuple[Cell, ...]] = [
        (
            kind(str(label)),
            str(at(entry, "source") or "–"),
            _figure(entry, "recall"),
            count(entry, "n"),
            _("never saw it") if at(entry, "split") == "left_out" else _("learnt from it (in-source)"),
        )
        for label in branch(report, "by_source")
        for entry in items(report, "by_source", str(label))
    ]
    if not rows:
        return None
    head = (_("Kind"), _("Collection"), _("Found"), _("Photos"), _("The network"))
    return ReportSection(
        "lesion-sources",
        _("Collection by collection"),
        _("The kinds of which there are two or more collections. Few photos make wide intervals."),
        (
            Table(
                _("Found, by collection"),
                head,
                tuple(rows),
                _("Intervals: Wilson's, which stay honest for few photos."),
            ),
        ),
    )


def _told_apart(key: str) -> str:
    return {
        "validation": _("Known collections: any photo without a skin change"),
        "validation_no_skin": _("Known collections: no skin"),
        "validation_healthy_skin": _("Known collections: healthy skin"),
        "left_out": _("New collections: any photo without a skin change"),
        "left_out_no_skin": _("New collections: no skin"),
        "left_out_healthy_skin": _("New collections: healthy skin"),
        "left_out_real_quality": _("New collections: dark, bright and blurred scenes"),
        "phantoms": _("Drawn: skin and scenes without a spot"),
        "phantoms_no_skin": _("Drawn: no skin"),
        "phantoms_healthy_skin": _("Drawn: healthy skin"),
        "validation_and_phantoms": _("Known collections and drawn pictures together"),
    }.get(key, key.replace("_", " "))


def _score(key: str) -> str:
    return {
        "energy": _("Energy of the answers"),
        "contrast": _("Nearer to skin changes than to anything else"),
        "mahalanobis": _("Distance to skin changes"),
        "cosine": _("Angle to skin changes"),
    }.get(key, key)


def _refusing(report: Report) -> ReportSection | None:
    given = branch(report, "abstention")
    kinds = branch(given, "not_a_lesion")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            _told_apart(str(key)),
            _figure(entry, "auc"),
            Figure(number(entry, "refused"), pair(entry, "refused_interval"), percent=True),
            count(entry, "n_other"),
            count(entry, "n_lesion"),
        )
        for key, entry in kinds.items()
        if isinstance(entry, Mapping)
    )
    if not rows:
        return None
    parts: list[Part] = [
        Table(
            _("Told from skin changes"),
            (_("Pictures"), _("Area (AUC)"), _("Turned away"), _("Without"), _("With a skin change")),
            rows,
        )
    ]
    curves = tuple(
        plots.roc(
            f"lesion-roc-{key}",
            story.photo_set_name(str(key)),
            points(entry, "roc"),
            auc=number(entry, "auc"),
            around=pair(entry, "auc_interval"),
        )
        for key, entry in kinds.items()
        if points(entry, "roc")
    )
    if curves:
        parts.append(curves)
    parts += [table for table in (_answered(given), _scores(given, kinds)) if table is not None]
    return ReportSection(
        "lesion-refusing",
        _("Does it know when not to answer?"),
        _(
            "It does not answer when a picture is unlike photos of skin changes, or when no kind is likely "
            "enough. Both limits were set on known collections and on drawn pictures, so that 95 in 100 "
            "photos of a skin change are answered."
        ),
        tuple(parts),
    )


def _answered(given: Mapping[str, Any]) -> Table | None:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            story.photo_set_name(str(key)),
            count(entry, "n"),
            Figure(number(entry, "answered"), pair(entry, "answered_interval"), percent=True),
            count(entry, "not_a_lesion"),
            count(entry, "low_confidence"),
            Figure(number(entry, "right_of_all"), percent=True),
            Figure(number(entry, "right_of_answered"), percent=True),
        )
        for key, entry in branch(given, "answered").items()
        if isinstance(entry, Mapping)
    )
    head = (
        _("Photos with a skin change"),
        _("Photos"),
        _("Answered"),
        _("Held back: no skin change seen"),
        _("Held back: too unsure"),
        _("First guess right, of all"),
        _("Of those answered"),
    )
    return Table(_("Answered, and why not"), head, rows) if rows else None


def _scores(given: Mapping[str, Any], kinds: Mapping[str, Any]) -> Table | None:
    wanted = [
        key for key in ("validation", "left_out", "phantoms", "validation_and_phantoms") if key in kinds
    ]
    used = at(given, "score")
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            _("{score} (in use)").format(score=_score(str(key))) if key == used else _score(str(key)),
            *(_figure(branch(entry, name), "auc") for name in wanted),
        )
        for key, entry in branch(given, "scores").items()
    )
    if len(rows) < 2:
        return None
    names = [_told_apart(key).split(":")[0] for key in wanted]
    return Table(_("Ways to tell, compared by area"), (_("Measure"), *names), rows)


def _learnt(report: Report) -> ReportSection | None:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (kind(str(label)), *(count(entry, key) for key in ("photos", "ordinary", "sources")))
        for label, entry in branch(report, "learnt_from").items()
        if isinstance(entry, Mapping)
    )
    if not rows:
        return None
    head = (_("Kind"), _("Photos"), _("Without dermatoscope"), _("Collections"))
    return ReportSection(
        "lesion-learnt",
        _("What was there to learn from?"),
        _("Few photos teach little, and a kind from one collection may be known by its camera."),
        (Table(_("Photos to learn from"), head, rows),),
    )


# ---------------------------------------------------------------- per set of photographs


def _classes(name: str, section: Mapping[str, Any], labels: list[str]) -> ReportSection | None:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            kind(str(label)),
            count(entry, "positives"),
            *(_figure(entry, key) for key in ("recall", "precision", "f1")),
        )
        for label, entry in branch(section, "classes").items()
        if isinstance(entry, Mapping) and count(entry, "positives")
    )
    if not rows:
        return None
    whole: tuple[tuple[Cell, ...], ...] = (
        (_("Mean F1 of the kinds (macro F1)"), _figure(section, "macro_f1")),
        (_("First guess right (top-1)"), _figure(section, "top1")),
        (_("Among the first two (top-2)"), _figure(section, "top2")),
    )
    head = (_("Kind"), _("Photos"), _("Found (recall)"), _("Right when said (precision)"), "F1")
    return ReportSection(
        f"lesion-{name}-classes",
        _("Each kind of skin change"),
        _("Kinds of which there is no photo in this set are left out."),
        (Table(_("All kinds together"), (_("Measure"), _("Value")), whole), Table(_("Kinds"), head, rows)),
    )


def _pairs(name: str, section: Mapping[str, Any], labels: list[str]) -> ReportSection | None:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            f"{kind(str(at(entry, 'true')))} → {kind(str(at(entry, 'said')))}",
            count(entry, "count"),
            count(entry, "of"),
            Figure(number(entry, "share"), percent=True),
        )
        for entry in items(section, "confused_pairs")[:MOST_PAIRS]
    )
    if not rows:
        return None
    head = (_("In truth → answered"), _("Photos"), _("Of"), _("Share"))
    return ReportSection(
        f"lesion-{name}-pairs",
        _("Which kinds does it mix up most?"),
        _("As Table 3 of the paper: the pairs of kinds that are confused most often."),
        (Table(_("Most often confused"), head, rows),),
    )


def _matrix(name: str, section: Mapping[str, Any], labels: list[str]) -> ReportSection | None:
    places = range(len(labels))
    counts = [[count(section, "confusion", i, j) for j in places] for i in places]
    if not labels or any(value is None for row in counts for value in row):
        return None
    whole = [[value or 0 for value in row] for row in counts]
    title = _("What was what, and what the network called it")
    return ReportSection(
        f"lesion-{name}-confusion",
        _("What does it mix up?"),
        _(
            "As Figure 5 of the paper. Numbers are photos; framed ones are right answers; darker is more of "
            "the row."
        ),
        (plots.confusion(f"lesion-{name}-confusion", title, whole, [kind(label) for label in labels]),),
    )


def _coverage(name: str, section: Mapping[str, Any], labels: list[str]) -> ReportSection | None:
    rows: list[tuple[Cell, ...]] = []
    drawn = []
    for entry in items(section, "coverage"):
        share, right = number(entry, "coverage"), number(entry, "accuracy")
        if share is None or right is None:
            continue
        drawn.append((share, right))
        rows.append(
            (percent(share), count(entry, "n"), Figure(right, percent=True), Figure(number(entry, "from")))
        )
    if not rows:
        return None
    title = _("Right answers, by the share of photos answered")
    head = (_("Answered"), _("Photos"), _("First guess right"), _("Probability from"))
    return ReportSection(
        f"lesion-{name}-coverage",
        _("Is it right more often when it is surer?"),
        _("If only the surest photos are answered: how often is the first guess right then?"),
        (
            plots.coverage(f"lesion-{name}-coverage", title, [(story.photo_set_name(name), drawn)]),
            Table(_("Answered and right"), head, tuple(rows)),
        ),
    )
