"""Writing a design down: a good one to begin with, and what is wrong with one that is being written."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from core.i18n import _, speaking
from core.study.design import Arm, Completion, Consent, StudyDesign, Task, text_in

Content = dict[str, Any]
Place = tuple[str | int, ...]
_WHOLE: Final = re.compile(r"[^a-z0-9_-]+")
# Square brackets that are no Markdown link, picture, reference or tick.
_PLACEHOLDER: Final = re.compile(r"(?<![\]\\])\[(?![ xX]\])[^\[\]\n]+\](?![\[(:])")
# An e-mail address, a telephone number, or an address on the web.
_CONTACT: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]{2,}|\+?\d(?:[\s()/.-]*\d){6,}|https?://[^\s/]")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a part of a design.

    Attributes:
        place: the way to it, such as ``("tasks", 0, "name")``; empty for the whole.
        advice: one sentence.
    """

    place: Place
    advice: str


def starting_design(title: str, language: str = "en", arms: Sequence[str] = ("balanced",)) -> StudyDesign:
    """A study that is ready to open: one task, one arm a preset, SEQ and SUS, events alone, 180 days.

    Args:
        language: of the participants, besides English where it is another one.
        arms: presets, one arm each.
    """
    languages = tuple(dict.fromkeys((language, "en")))
    return StudyDesign(
        title=title,
        consent=Consent(text={code: consent_text(code) for code in languages}),
        arms=tuple(Arm(name=name_from(preset, ()), preset=preset) for preset in arms),
        tasks=(starting_task(languages),),
        completion=Completion(debrief={code: debrief_text(code) for code in languages}),
        languages=(language,),
    )


def starting_task(languages: Iterable[str], name: str = "forearm") -> Task:
    """A task with a scenario."""
    title, scenario = {}, {}
    for code in languages:
        with speaking(code):
            title[code] = _("A spot on your forearm")
            scenario[code] = _(
                "You noticed a spot on your forearm. Take a photo of it that you would send to a doctor."
            )
    return Task(name=name, title=title, scenario=scenario)


def consent_text(language: str) -> str:
    """A consent text to begin with; who does the study, and whom to ask, stand in square brackets."""
    with speaking(language):
        return "\n\n".join(
            (
                _(
                    "You are invited to take part in a study by [name of your institution]. We want to find "
                    "out how well an app helps people to take a photo of their skin. This is no medical "
                    "examination: nobody looks at your skin for an illness."
                ),
                _(
                    "You do one or more tasks with the camera and answer a few questions. It takes about "
                    "[15] minutes. You may stop at any time, without a reason and without a disadvantage."
                ),
                _(
                    "We record what you do in the app, such as which prompts were shown and how long it "
                    "took, and your answers, under a random code. Your name, your address on the "
                    "internet and the pictures of your camera are not recorded."
                ),
                _(
                    "Everything is deleted after [180] days. You can take your data with you or delete them "
                    "yourself at any time on the page of the study. Questions: [name and e-mail address]."
                ),
            )
        )


def photos_text(language: str) -> str:
    """What stands beside the separate tick for keeping photos."""
    with speaking(language):
        return _(
            "I also agree that the photos that I accept are kept, encrypted, for this study. A photo of skin "
            "may tell who somebody is."
        )


def debrief_text(language: str) -> str:
    """What a participant reads last."""
    with speaking(language):
        return _(
            "Thank you for taking part. This study compares ways to help people take a photo of their skin. "
            "If a spot on your skin worries you, please show it to a doctor."
        )


def name_from(title: str, taken: Iterable[str]) -> str:
    """A short name as links and columns need it, made from a title; another one than those taken."""
    base = _WHOLE.sub("-", title.casefold()).strip("-_")[:32] or "part"
    used, name, turn = set(taken), base, 1
    while name in used:
        turn += 1
        name = f"{base}-{turn}"
    return name


def checked(content: Mapping[str, Any]) -> tuple[StudyDesign | None, tuple[Fault, ...]]:
    """The design that plain content makes, or what is wrong with it: a sentence for each place."""
    own = tuple(_own_faults(content))
    try:
        design = StudyDesign.model_validate(content)
    except ValidationError as error:
        told = {fault.place for fault in own}
        more = [
            Fault(place, _advice(entry["type"], entry))
            for entry in error.errors()
            # What is wrong with the whole is told here already, where it can be put right.
            if (place := tuple(entry["loc"])) not in told and (place or not told)
        ]
        return None, (*own, *more)
    return (None, own) if own else (design, ())


def placeholders(design: StudyDesign) -> tuple[str, ...]:
    """What a consent text that participants may meet still holds in [square brackets], each once."""
    texts = [text for words in _consent_words(design) for text in words.values()]
    return tuple(dict.fromkeys(found for text in texts for found in _PLACEHOLDER.findall(text)))


def without_contact(design: StudyDesign) -> tuple[str, ...]:
    """Languages whose consent text has no e-mail address, telephone number or web address to ask at."""
    texts = _consent_words(design)[0]
    return tuple(code for code, text in texts.items() if not _CONTACT.search(text))


def _consent_words(design: StudyDesign) -> list[dict[str, str]]:
    """The consent text, and that of the tick for photos if there is one, in the participants' languages."""
    words = [design.consent.text, *([design.consent.photos] if design.consent.photos else [])]
    return [{code: text_in(one, code) for code in design.languages} for one in words]


def next_consent(content: Content, newest: StudyDesign | None) -> Content:
    """The content with its consent's version: the next one where its texts differ from the newest frozen."""
    consent = dict(content["consent"])
    if newest is not None:
        frozen = newest.consent.model_dump(mode="json")
        same = all(consent.get(part) == frozen[part] for part in ("text", "photos"))
        consent["version"] = frozen["version"] + (0 if same else 1)
    return {**content, "consent": consent}


def _own_faults(content: Mapping[str, Any]) -> Iterable[Fault]:
    """What a design may hold and no participant can use."""
    languages = content.get("languages") or ()
    if not str(content.get("title") or "").strip():
        yield Fault(("title",), _("Please give the study a title."))
    if not languages:
        yield Fault(("languages",), _("Please choose at least one language."))
    if not str(content["consent"]["text"].get("en") or "").strip():
        yield Fault(
            ("consent", "text"), _("Please write the consent text in English; it stands in for others.")
        )
    for part, message in (
        ("tasks", _("Two tasks have the same name.")),
        ("arms", _("Two arms have the same name.")),
        ("screening", _("Two questions have the same name.")),
    ):
        names = [one.get("name") for one in content.get(part) or ()]
        for place, name in enumerate(names):
            if name in names[:place]:
                yield Fault((part, place, "name"), message)
    if not content.get("arms"):
        yield Fault(("arms",), _("Please add at least one arm."))
    if not content.get("tasks"):
        yield Fault(("tasks",), _("Please add at least one task."))
    for place, task in enumerate(content.get("tasks") or ()):
        if not str(task["scenario"].get("en") or "").strip():
            yield Fault(
                ("tasks", place, "scenario"), _("Please write in English what the participant is to do.")
            )
    block, arms = content["allocation"].get("block"), len(content.get("arms") or ()) or 1
    if block and block % arms:
        yield Fault(("allocation", "block"), _("Please choose a multiple of the number of arms."))


def _advice(kind: str, entry: Mapping[str, Any]) -> str:
    last = entry["loc"][-1] if entry["loc"] else ""
    if kind == "string_pattern_mismatch" and last == "url":
        return _("Please give an address that begins with https://.")
    if kind == "string_pattern_mismatch" and "passed_on" in entry["loc"]:
        return _("Parameters are letters, digits and _, such as PROLIFIC_PID.")
    if kind == "string_pattern_mismatch":
        return _("Please use small letters, digits, - and _ only, such as my-clinic.")
    if kind in ("too_short", "missing") and last == "choices":
        return _("Please give at least two choices.")
    if kind == "string_too_long":
        return _("This is too long.")
    if kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        return _("This number is out of range.")
    # What only files and parts of this module can bring about.
    return str(entry.get("msg", kind))
