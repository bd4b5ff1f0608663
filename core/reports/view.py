"""A report as its readers get it, whichever network it is of: the page and the HTML report draw from this."""

from collections.abc import Callable
from dataclasses import dataclass

from core.i18n import _
from core.reports import lesion_sections, lesion_story, sections, story
from core.reports.reading import Report, at
from core.reports.sections import ReportSection
from core.reports.tables import Table


@dataclass(frozen=True)
class ReportView:
    """What a report says of one network.

    Attributes:
        network: what it is called.
        first: what has to stand first.
        sentences: how good it is, the weightiest first.
        source: what the first of these rests on.
        limits: what the figures cannot show.
        overall: sections on the whole.
        of_photo_set: sections on a set of photographs, by its name.
        glossary: the words of the tables.
    """

    network: str
    first: str
    sentences: tuple[str, ...]
    source: str
    limits: tuple[str, ...]
    overall: list[ReportSection]
    of_photo_set: Callable[[str], list[ReportSection]]
    glossary: Table


def report_view(report: Report) -> ReportView:
    """What this report says of its network: the lesion classifier, or a judge of quality."""
    task = str(at(report, "task") or "imageqx")
    if task == "lesion":
        return ReportView(
            network=_("the lesion classifier"),
            first=lesion_story.first(),
            sentences=lesion_story.sentences(report),
            source=lesion_story.source(report),
            limits=lesion_story.limits(),
            overall=lesion_sections.overall(report),
            of_photo_set=lambda name: lesion_sections.of_photo_set(report, name),
            glossary=lesion_sections.glossary(),
        )
    return ReportView(
        network="ImageQX" if task == "imageqx" else task,
        first=story.simulated(report),
        sentences=story.story(report),
        source=story.headline_source(report),
        limits=story.limits(),
        overall=sections.overall(report),
        of_photo_set=lambda name: sections.of_photo_set(report, name),
        glossary=sections.glossary(),
    )
