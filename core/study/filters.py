"""A part of a study's sessions, with all that belongs to them: what a results page shows after filtering."""

from dataclasses import dataclass, replace

from core.study.records import StudyData


@dataclass(frozen=True)
class Filter:
    """Which sessions are kept; None keeps all.

    Attributes:
        version: of the design that they met.
        arm: one of their arms; the other arms are left out of the designs, too.
        language: in which they were held.
        simulated: True for simulated ones alone, False for people alone.
    """

    version: int | None = None
    arm: str | None = None
    language: str | None = None
    simulated: bool | None = None


def narrowed(data: StudyData, wanted: Filter) -> StudyData:
    """The sessions that a filter keeps, with their events, answers and notes.

    Designs with one arm alone serve tables and plots; what is exported is to be narrowed without an arm.
    """
    if wanted == Filter():
        return data
    sessions = tuple(
        one
        for one in data.sessions
        if wanted.version in (None, one.design_version)
        and (wanted.arm is None or wanted.arm in one.arms)
        and wanted.language in (None, one.language)
        and wanted.simulated in (None, one.simulated)
    )
    kept = {one.session_id for one in sessions}
    designs = {
        number: design
        if wanted.arm is None
        else design.model_copy(update={"arms": tuple(arm for arm in design.arms if arm.name == wanted.arm)})
        for number, design in data.designs.items()
        if wanted.version in (None, number)
    }
    return replace(
        data,
        designs=designs,
        sessions=sessions,
        events=tuple(one for one in data.events if one.session_id in kept),
        answers=tuple(one for one in data.answers if one.session_id in kept),
        notes=tuple(one for one in data.notes if one.session_id in kept),
    )
