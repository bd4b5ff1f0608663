"""A report as its readers get it, whichever network it is of: the page and the HTML report draw from this."""

from collections.abc import Callable
from dataclasses import dataclass

from core.evidence import chapters, lesion_chapters, lesion_story, story
from core.evidence.chapters import Chapter
from core.evidence.reading import Report, at
from core.evidence.tables import Table
from core.words import _


@dataclass(frozen=True)
class Account:
    """What is told of one network.

    Attributes:
        network: what it is called.
        first: what has to stand first.
        sentences: how good it is, the weightiest first.
        source: what the first of these rests on.
        limits: what the figures cannot show.
        overall: chapters on the whole.
        of_section: chapters on a set of photographs, by its name.
        glossary: the words of the tables.
    """

    network: str
    first: str
    sentences: tuple[str, ...]
    source: str
    limits: tuple[str, ...]
    overall: list[Chapter]
    of_section: Callable[[str], list[Chapter]]
    glossary: Table


def account(report: Report) -> Account:
    """What is told of the network that this report is of: the lesion classifier, or a judge of quality."""
    task = str(at(report, "task") or "imageqx")
    if task == "lesion":
        return Account(
            network=_("the lesion classifier"),
            first=lesion_story.first(),
            sentences=lesion_story.sentences(report),
            source=lesion_story.source(report),
            limits=lesion_story.limits(),
            overall=lesion_chapters.overall(report),
            of_section=lambda name: lesion_chapters.of_section(report, name),
            glossary=lesion_chapters.glossary(),
        )
    return Account(
        network="ImageQX" if task == "imageqx" else task,
        first=story.simulated(report),
        sentences=story.story(report),
        source=story.headline_source(report),
        limits=story.limits(),
        overall=chapters.overall(report),
        of_section=lambda name: chapters.of_section(report, name),
        glossary=chapters.glossary(),
    )
