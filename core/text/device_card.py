"""What the card of a photo that stays on the device says: sentences for the browser, translated.

The sentences are those of the server's card; which of them holds is for the browser to find out
(``core/browser/web/verdict_text.js``).
"""

from typing import Any, Final

from core.guidance.conditions import GENERAL_KEY, PICTURE_KEYS, REFINED
from core.guidance.preset import Preset
from core.i18n import _, in_sentence, percent
from core.lesion.abstain import REASONS
from core.lesion.taxonomy import Taxonomy
from core.quality.labels import EXPLANATIONS
from core.runtime.manifest import NetworkEntry
from core.text.advice import advice
from core.text.wording import (
    about_class,
    about_shares,
    abstained,
    beside,
    coloured_for,
    comma,
    disclaimer,
    explanation_name,
    mixed_up,
    most_like,
    no_place,
    only_practised,
    verdict_words,
)

FILE: Final = "retake-photo.jpg"
"""What a photo is called that is saved from the card."""


def device_words(preset: Preset, entry: NetworkEntry | None, taxonomy: Taxonomy | None) -> dict[str, Any]:
    """Everything that the card says.

    Args:
        preset: words what is wrong with a photo.
        entry: the lesion classifier that browsers are given; None where there is none, and no predictions.
        taxonomy: the words for its classes; None likewise.
    """
    return {
        "title": _("Your photo"),
        "stays": _("The photo stays on this device."),
        "private": _(
            "The picture is checked on this device, and photo and result stay here. Only a log of what "
            "happened is sent, without pictures."
        ),
        "fleeting": _("It is gone when this page is closed or loaded again, unless you save it."),
        "verdictWords": _verdict_words(preset),
        "reasons": _("What was checked"),
        "another": _("Take another photo"),
        "save": _("Save this photo"),
        "file": FILE,
        "prediction": _("What it looks most like"),
        "nothing": only_practised(),
        "fetching": _("Fetching the network for kinds of skin change. It is kept for the next time."),
        "thinking": _("Looking at your photo."),
        "failed": _failures(),
        "try_again": _("Try again"),
        "abstained": {reason: _abstained(reason) for reason in REASONS},
        "show": _("Show it all the same"),
        "where": _("Where did it look for"),
        "strength": _("Strength of the colours"),
        "no_place": no_place(),
        "no_map": _("Where this network looked cannot be shown."),
        "more": _("More explanations need the server way."),
        "disclaimer": disclaimer(),
        "percent": percent(0.5).replace("50", "{figure}"),
        **_classes(entry, taxonomy),
    }


def _verdict_words(preset: Preset) -> dict[str, Any]:
    keys = (*PICTURE_KEYS, *REFINED, GENERAL_KEY)
    return {
        **verdict_words(),
        "comma": comma(),
        "points": {key: in_sentence(explanation_name(key)) for key in EXPLANATIONS},
        "advice": {key: advice(key, preset) for key in keys},
    }


def _failures() -> dict[str, str]:
    """Why there is no prediction, by the engine's code."""
    here = _("Your photo is still here and was not sent.")
    return {
        "network": " ".join((_("The network for kinds of skin change could not be fetched."), here)),
        "altered": " ".join(
            (_("What was fetched is not the network that belongs here, so it is not used."), here)
        ),
        "runtime": " ".join((_("The network for kinds of skin change does not run in this browser."), here)),
    }


def _abstained(reason: str) -> dict[str, str]:
    text = abstained(reason)
    return {"why": text.why, "before": f"{text.why} {text.advice}", "opened": text.opened}


def _classes(entry: NetworkEntry | None, taxonomy: Taxonomy | None) -> dict[str, Any]:
    if entry is None or taxonomy is None:
        return {"classes": {}, "pairs": [], "all": "", "shares": ""}
    count = len(entry.labels)
    return {
        "classes": {
            label: {
                "name": taxonomy.lay_name(label),
                "beside": beside(label, taxonomy),
                "about": about_class(label, taxonomy),
                "most_like": most_like(label, taxonomy),
                "coloured": coloured_for(label, taxonomy),
            }
            for label in entry.labels
        },
        "pairs": [
            {"true": pair.true, "said": pair.said, "sentence": mixed_up(pair, taxonomy)}
            for pair in entry.confused
        ],
        "all": _("Show all {count}").format(count=count),
        "shares": about_shares(count),
    }
