"""The lesion classifier's report in plain sentences."""

from core.i18n import _, in_sentence, ngettext
from core.lesion.taxonomy import shipped
from core.reports.reading import Report, at, branch, count, items, number, pair


def kind(label: str) -> str:
    """What most people would call a class; the label itself where it is none of ours."""
    try:
        return shipped().lay_name(label)
    except KeyError:
        return label.replace("_", " ")


def _percent(value: float) -> int:
    return round(100 * value)


def sentences(report: Report) -> tuple[str, ...]:
    """Up to four sentences on how good it is, the headline first; none where nothing was measured."""
    return (*_headline(report), *_in_source(report), *_refusing(report), *_confused(report))


def _headline(report: Report) -> list[str]:
    recall = number(report, "headline", "macro_recall")
    held = count(report, "headline", "classes_counted")
    if recall is None or held is None:
        return []
    return [
        _(
            "Of 100 photos of a kind of skin change, from collections that it never saw, its first guess is "
            "right for about {right} (mean of {kinds} kinds)."
        ).format(right=_percent(recall), kinds=held)
    ]


def source(report: Report) -> str:
    """What the first sentence rests on; empty where there is none."""
    recall, photos = number(report, "headline", "macro_recall"), count(report, "headline", "n")
    if recall is None or photos is None:
        return ""
    sentence = ngettext(
        "Source-held-out recall: {value} from {count} photo",
        "Source-held-out recall: {value} from {count} photos",
        photos,
    )
    parts = [sentence.format(value=f"{recall:.2f}", count=f"{photos:,}")]
    around = pair(report, "headline", "macro_recall_interval")
    if around is not None:
        parts.append(
            _("95% interval {low} to {high}").format(low=f"{around[0]:.2f}", high=f"{around[1]:.2f}")
        )
    if missing := _kinds(at(report, "headline", "missing")):
        parts.append(_("no such photos of: {kinds}").format(kinds=missing))
    few = [
        str(key) for key, entry in branch(report, "headline", "classes").items() if not at(entry, "counted")
    ]
    if few:
        parts.append(_("too few to count of: {kinds}").format(kinds=_kinds(few)))
    return "; ".join(parts) + "."


def _kinds(labels: object) -> str:
    return ", ".join(in_sentence(kind(str(label))) for label in labels) if isinstance(labels, list) else ""


def _in_source(report: Report) -> list[str]:
    first, second = (number(report, "sections", "validation", key) for key in ("top1", "top2"))
    if first is None or second is None:
        return []
    return [
        _(
            "On other photos of the collections that it learnt from (in-source), the first guess is right "
            "for {first} in 100, and one of the first two for {second}. Part of that is knowing the "
            "collection, not the skin."
        ).format(first=_percent(first), second=_percent(second))
    ]


def _refusing(report: Report) -> list[str]:
    area = number(report, "abstention", "not_a_lesion", "validation", "auc")
    answered = number(report, "abstention", "answered", "validation", "answered")
    refused = number(report, "abstention", "not_a_lesion", "validation", "refused")
    if area is None or answered is None or refused is None:
        return []
    return [
        _(
            "It does not always answer. Of 100 such photos of a skin change it answers {answered}; of 100 "
            "photos of healthy skin or of no skin it turns {refused} away. Shown one of each, it tells them "
            "apart {area} times in 100, where tossing a coin gives 50."
        ).format(answered=_percent(answered), refused=_percent(refused), area=_percent(area))
    ]


def _confused(report: Report) -> list[str]:
    pairs = items(report, "confused")
    whole = [(at(p, "true"), at(p, "said"), count(p, "count"), count(p, "of")) for p in pairs]
    known = [entry for entry in whole if None not in entry]
    if not known:
        return []
    true, predicted, times, of = known[0]
    return [
        _("What it mixes up most: {true}, called {said} in {count} of {of} photos.").format(
            true=in_sentence(kind(str(true))), said=in_sentence(kind(str(predicted))), count=times, of=of
        )
    ]


def first() -> str:
    """The sentence that has to stand first: what these photographs and labels are."""
    return _(
        "The photos come from a few public collections, and a class often comes from one of them only. Part "
        "of the labels were given by a layman's eye. The figures say how the network does on these photos, "
        "not on patients."
    )


def not_comparable() -> str:
    """Why the paper's accuracies and ours are no race, in one sentence."""
    return _(
        "They are not comparable: the paper measured on its own photos, with other labels and other shares "
        "of the ten kinds, and which of its networks and settings each figure belongs to is not known here."
    )


def limits() -> tuple[str, ...]:
    """What these data cannot show, one sentence each."""
    return (
        _(
            "How it does on your photos. Nearly all open sores come from one clinic and all pimples from one "
            "collection, so the network may know the camera in place of the skin."
        ),
        _("How it does on new collections for the kinds that none was held out of: the tables name them."),
        _("How it does on dark skin: skin tone was not recorded, and dark skin is rare in these photos."),
        _("Whether it knows the ten kinds from all others. It was taught these ten and nothing else."),
        _("Who is better, the paper or this network."),
    )
