"""What is measured in a study: one row a task that a participant was given, read off the event log.

Everything here is a pure function of the records. Times that were not reached are kept with the time under
observation: leaving them out would flatter the arm in which more people gave up.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from core.guidance.conditions import CALM_KEYS, CAMERA_KEYS, SHOT_KEYS, family
from core.i18n import _
from core.quality.labels import EXPLANATIONS
from core.study.design import SessionStatus, StudyDesign
from core.study.events import Event
from core.study.records import SessionRecord, StudyData

Ending = Literal["completed", "abandoned", "withdrawn", "unfinished"]
Kind = Literal["time", "count", "yes_no", "share"]
ANALYSED: Final[tuple[SessionStatus, ...]] = ("completed", "ended")
"""Sessions that an analysis counts unless it is set otherwise: none of people who declined or withdrew."""
_ENDS: Final[Mapping[str, Ending]] = MappingProxyType(
    {
        "task_completed": "completed",
        "task_abandoned": "abandoned",
        "consent_withdrawn": "withdrawn",
        "session_ended": "unfinished",
    }
)
_NOT_A_FAULT: Final = frozenset({*CALM_KEYS, *CAMERA_KEYS, *SHOT_KEYS})


@dataclass(frozen=True)
class Time:
    """How long something took.

    Attributes:
        ms: milliseconds until it was reached, or under observation where it was not; 0 or more.
        reached: False for a time that is censored on the right.
    """

    ms: float
    reached: bool = True


@dataclass(frozen=True)
class PromptEpisode:
    """One prompt about the picture, from when it was shown until it went.

    Refined prompts of one coarse condition that follow each other ("Find more light", "Find softer, even
    light") are one episode.

    Attributes:
        key: the coarse condition, such as ``"bad_light"``.
        at_ms: when it was first shown, on the session's clock.
        dwell_ms: how long it was on screen.
        to_fix: from when it was first shown to when it went because what it asked for was done.
    """

    key: str
    at_ms: float
    dwell_ms: float
    to_fix: Time


@dataclass(frozen=True)
class TaskRun:
    """One task under one arm, as one participant did it.

    Attributes:
        arm: None where neither the log nor the session tells it.
        start_ms, end_ms: on the session's clock; the end is the last that was seen of an unfinished task.
        first_pass: from the first camera picture to the first moment at which the shutter was unlocked;
            None where no camera started.
        accepted: from the task's start to the photo that was accepted, by the gate or by an override.
        accepted_by_override: whether that photo did not pass and was used all the same.
        attempts: tries at a photo with the camera, each from a running camera to a photo or to a new try.
        presses: how often the shutter was pressed, or pressed itself.
        refusals: photos that were taken and did not pass.
        retakes: photos that were accepted and taken anew.
        uploads: photos that were chosen as files or taken with the camera's own app.
        overrides: photos that were used although they did not pass.
        episodes: prompts about the picture.
        reported_wrong: how often each prompt was reported as wrong; ``""`` where the report names none.
        help_opened, camera_failures: how often.
        way_changed: whether pictures were checked elsewhere than the arm says: this device could not.
    """

    session_id: str
    participant_id: str
    task: str
    arm: str | None
    ending: Ending
    start_ms: float
    end_ms: float
    first_pass: Time | None
    accepted: Time
    accepted_by_override: bool
    attempts: int
    presses: int
    refusals: int
    retakes: int
    uploads: int
    overrides: int
    episodes: tuple[PromptEpisode, ...] = ()
    reported_wrong: Mapping[str, int] = field(default_factory=dict)
    help_opened: int = 0
    camera_failures: int = 0
    way_changed: bool = False

    @property
    def duration(self) -> Time:
        """From the task's start to its completion."""
        return Time(self.end_ms - self.start_ms, self.ending == "completed")


@dataclass(frozen=True)
class PromptFigures:
    """One prompt over many tasks.

    Attributes:
        shown: episodes; ``fixed`` of them went because what they asked for was done.
        dwell_ms: time on screen, all episodes together.
        to_fix: one time an episode, for a median that takes those that were never fixed into account.
        wrong: how often it was reported as wrong.
    """

    key: str
    shown: int
    fixed: int
    dwell_ms: float
    to_fix: tuple[Time, ...]
    wrong: int

    @property
    def fix_rate(self) -> float | None:
        """Share (0-1) of episodes that were fixed; None without any."""
        return self.fixed / self.shown if self.shown else None


@dataclass(frozen=True)
class Measure:
    """A figure that arms can be compared on.

    Attributes:
        title: its name in the current language.
        read: its value in one task; None where it is not defined there.
        over_tasks: its value over several tasks of one participant; by default what :func:`values` says.
    """

    name: str
    kind: Kind
    title: Callable[[], str]
    read: Callable[[TaskRun], Time | float | None]
    over_tasks: Callable[[Sequence[TaskRun]], Time | float | None] | None = None


def _measures(*measures: Measure) -> Mapping[str, Measure]:
    return MappingProxyType({measure.name: measure for measure in measures})


MEASURES: Final = _measures(
    Measure(
        "time_to_accepted_photo_ms", "time", lambda: _("Time to accepted photo"), lambda run: run.accepted
    ),
    Measure("time_to_first_pass_ms", "time", lambda: _("Time to first pass"), lambda run: run.first_pass),
    Measure("time_on_task_ms", "time", lambda: _("Time on task"), lambda run: run.duration),
    Measure("attempts", "count", lambda: _("Attempts"), lambda run: run.attempts),
    Measure("presses", "count", lambda: _("Shutter presses"), lambda run: run.presses),
    Measure("refusals", "count", lambda: _("Photos refused"), lambda run: run.refusals),
    Measure("retakes", "count", lambda: _("Photos retaken"), lambda run: run.retakes),
    Measure("prompts", "count", lambda: _("Prompts shown"), lambda run: len(run.episodes)),
    Measure(
        "prompt_dwell_ms",
        "time",
        lambda: _("Time with a prompt on screen"),
        lambda run: Time(sum(one.dwell_ms for one in run.episodes)),
    ),
    Measure(
        "prompt_to_fix_ms",
        "time",
        lambda: _("Time to follow a prompt"),
        lambda run: _time_to_fix([run]),
        over_tasks=lambda runs: _time_to_fix(runs),
    ),
    Measure(
        "prompts_followed",
        "share",
        lambda: _("Share of prompts followed"),
        lambda run: _share_followed([run]),
        over_tasks=lambda runs: _share_followed(runs),
    ),
    Measure(
        "wrong_prompts",
        "count",
        lambda: _("Prompts reported as wrong"),
        lambda run: sum(run.reported_wrong.values()),
    ),
    Measure("overrides", "count", lambda: _("Overrides"), lambda run: run.overrides),
    Measure("accepted", "yes_no", lambda: _("Photo accepted"), lambda run: float(run.accepted.reached)),
    Measure("completed", "yes_no", lambda: _("Task completed"), lambda run: float(run.ending == "completed")),
    Measure("abandoned", "yes_no", lambda: _("Task abandoned"), lambda run: float(run.ending == "abandoned")),
)
"""Measures of tasks, by name. Scores of questionnaires: :func:`core.study.questionnaires.scores_of`."""


@dataclass(frozen=True)
class Value:
    """What one participant got on one measure under one arm."""

    participant_id: str
    arm: str
    value: Time | float


def task_runs(data: StudyData) -> tuple[TaskRun, ...]:
    """Every task that was started, in the order of the sessions and, in each, of the starts."""
    by_session: dict[str, list[Event]] = {}
    for event in data.events:
        by_session.setdefault(event.session_id, []).append(event)
    return tuple(
        run
        for session in data.sessions
        for run in session_runs(
            session, by_session.get(session.session_id, ()), data.designs.get(session.design_version)
        )
    )


def session_runs(
    session: SessionRecord, events: Iterable[Event], design: StudyDesign | None = None
) -> tuple[TaskRun, ...]:
    """The tasks of one session.

    A task that is started again before it ended, as after a reload, goes on. Events are read in the order in
    which they happened: those of a camera in the browser may arrive late.

    Args:
        design: tells an arm by its preset where rows name a preset and not an arm.
    """
    ordered = sorted(events, key=lambda event: (event.t_ms, event.seq))
    return tuple(
        _run(session, task, arm, rows, ended) for task, arm, rows, ended in _spans(session, ordered, design)
    )


def prompt_figures(runs: Iterable[TaskRun]) -> tuple[PromptFigures, ...]:
    """Each prompt over these tasks, the one shown most often first."""
    episodes: dict[str, list[PromptEpisode]] = {}
    wrong: Counter[str] = Counter()
    for run in runs:
        for episode in run.episodes:
            episodes.setdefault(episode.key, []).append(episode)
        for key, count in run.reported_wrong.items():
            wrong[family(key)] += count
    figures = [
        PromptFigures(
            key=key,
            shown=len(found),
            fixed=sum(one.to_fix.reached for one in found),
            dwell_ms=sum(one.dwell_ms for one in found),
            to_fix=tuple(one.to_fix for one in found),
            wrong=wrong[key],
        )
        for key in {*episodes, *wrong}
        for found in [episodes.get(key, [])]
    ]
    return tuple(sorted(figures, key=lambda one: (-one.shown, one.key)))


def counted_sessions(data: StudyData, statuses: Collection[SessionStatus] = ANALYSED) -> Mapping[str, str]:
    """The sessions that are analysed and whose they are: of each participant the last.

    Where a study lets people begin anew, an earlier session of theirs is in the export and in no figure.

    Args:
        statuses: only sessions of these statuses.
    """
    last = {one.participant_id: one.session_id for one in data.sessions if one.status in statuses}
    return {session: person for person, session in last.items()}


def values(
    data: StudyData,
    name: str,
    *,
    task: str | None = None,
    statuses: Collection[SessionStatus] = ANALYSED,
    runs: Sequence[TaskRun] | None = None,
) -> tuple[Value, ...]:
    """A measure per participant and arm, in the order of the sessions.

    Over several tasks times and counts are summed, and yes or no becomes the share of tasks; a measure may
    have a rule of its own. A sum of times is reached only where each was; a participant who started none of
    the tasks has no value.

    Args:
        name: one of :data:`MEASURES`.
        task: only this task; all by default.
        statuses: only sessions of these statuses.
        runs: :func:`task_runs` of these data, where they are at hand.

    Raises:
        KeyError: there is no such measure.
    """
    measure = MEASURES[name]
    counted = counted_sessions(data, statuses)
    found: dict[tuple[str, str], list[TaskRun]] = {}
    for run in task_runs(data) if runs is None else runs:
        if run.session_id in counted and run.arm is not None and task in (None, run.task):
            found.setdefault((run.participant_id, run.arm), []).append(run)
    read = {pair: _over_tasks(measure, several) for pair, several in found.items()}
    return tuple(Value(who, arm, value) for (who, arm), value in read.items() if value is not None)


def _over_tasks(measure: Measure, runs: Sequence[TaskRun]) -> Time | float | None:
    if measure.over_tasks is not None:
        return measure.over_tasks(runs)
    several = [value for run in runs if (value := measure.read(run)) is not None]
    return _together(measure.kind, several) if several else None


def _share_followed(runs: Sequence[TaskRun]) -> float | None:
    """Of the prompts that were shown, the share (0-1) that went because it was done; None without any."""
    followed = [one.to_fix.reached for run in runs for one in run.episodes]
    return sum(followed) / len(followed) if followed else None


def _time_to_fix(runs: Sequence[TaskRun]) -> Time | None:
    """One participant's median time to follow a prompt, so that who saw many counts as one.

    A prompt that was not followed counts as longer than any that was: the median is not reached where that is
    so of half of them.
    """
    times = sorted(
        (one.to_fix for run in runs for one in run.episodes), key=lambda one: (not one.reached, one.ms)
    )
    if not times:
        return None
    middle = times[(len(times) - 1) // 2]
    return middle if middle.reached else Time(max(one.ms for one in times), False)


def _together(kind: Kind, several: Sequence[Time | float]) -> Time | float:
    times = [one for one in several if isinstance(one, Time)]
    if times:
        return Time(sum(one.ms for one in times), all(one.reached for one in times))
    whole = sum(float(one) for one in several if not isinstance(one, Time))
    return whole / len(several) if kind == "yes_no" else whole


def _spans(
    session: SessionRecord, ordered: Sequence[Event], design: StudyDesign | None
) -> Iterator[tuple[str, str | None, list[Event], Ending]]:
    """Task, arm, events and ending of each task; the first event is its start, the last one ends it."""
    starts: Counter[str] = Counter()
    task, arm, rows = "", None, list[Event]()
    for event in ordered:
        if event.event == "task_started":
            name = event.task_id or str(event.properties.get("task", ""))
            given = _arm(session, event, design, starts[name])
            if rows and (name, given) == (task, arm):
                rows.append(event)
                continue
            if rows:
                yield task, arm, rows, "unfinished"
            starts[name] += 1
            task, arm, rows = name, given, [event]
        elif rows and event.task_id in (None, task):
            rows.append(event)
            if event.event in _ENDS:
                yield task, arm, rows, _ENDS[event.event]
                rows = []
    if rows:
        yield task, arm, rows, "unfinished"


def _arm(session: SessionRecord, event: Event, design: StudyDesign | None, before: int) -> str | None:
    """The arm of a task's start: as the row says it, else by its preset, else by the session."""
    for named in (event.properties.get("arm"), event.variant):
        if named in session.arms:
            return str(named)
    arms = () if design is None else design.arms
    by_preset = [arm.name for arm in arms if arm.preset == event.variant and arm.name in session.arms]
    if len(by_preset) == 1:
        return by_preset[0]
    if len(session.arms) == 1:
        return session.arms[0]
    return session.arms[before] if before < len(session.arms) else None


def _run(session: SessionRecord, task: str, arm: str | None, rows: list[Event], ending: Ending) -> TaskRun:
    start, end = rows[0].t_ms, rows[-1].t_ms
    counts = Counter(event.event for event in rows)
    accepted, by_override = _accepted(rows, start, end)
    return TaskRun(
        session_id=session.session_id,
        participant_id=session.participant_id,
        task=task,
        arm=arm,
        ending=ending,
        start_ms=start,
        end_ms=end,
        first_pass=_first_pass(rows, end),
        accepted=accepted,
        accepted_by_override=by_override,
        attempts=len({event.attempt for event in rows if event.source == "live" and event.attempt}),
        presses=counts["capture_attempted"],
        refusals=sum(
            event.event == "capture_blocked" and event.properties.get("reason") == "refused" for event in rows
        ),
        retakes=counts["photo_retaken"],
        uploads=counts["upload_assessed"],
        overrides=counts["gate_overridden"],
        episodes=tuple(_episodes(rows, end)),
        reported_wrong=dict(
            Counter(
                str(event.properties.get("key") or "")
                for event in rows
                if event.event == "hint_reported_wrong"
            )
        ),
        help_opened=counts["help_opened"],
        camera_failures=counts["camera_failed"],
        way_changed=any(event.properties.get("note") == "way_changed" for event in rows),
    )


def _first_pass(rows: Sequence[Event], end: float) -> Time | None:
    begun = next((event.t_ms for event in rows if event.event == "camera_started"), None)
    if begun is None:
        return None
    opened = next((row.t_ms for row in rows if row.event == "gate_opened" and row.t_ms >= begun), None)
    return Time(end - begun, False) if opened is None else Time(opened - begun)


def _accepted(rows: Sequence[Event], start: float, end: float) -> tuple[Time, bool]:
    """When a photo was accepted, and whether by an override.

    A browser's own acceptance stands until the server, whose verdict counts, finds that the photo does not
    pass; then it is an override, or another photo, that counts.
    """
    pending: Event | None = None
    refused = False
    for event in rows:
        if pending is not None and event.properties.get("note") == "judged_on_server":
            if event.properties.get("passes", True):
                return Time(pending.t_ms - start), False
            pending, refused = None, True
        elif event.event == "photo_accepted":
            if pending is not None:
                return Time(pending.t_ms - start), False
            by_override = bool(event.properties.get("overridden"))
            if by_override or not event.properties.get("on_device"):
                return Time(event.t_ms - start), by_override
            pending = event
        elif event.event == "gate_overridden" and refused:
            return Time(event.t_ms - start), True
    return (Time(end - start, False) if pending is None else Time(pending.t_ms - start)), False


def _episodes(rows: Sequence[Event], end: float) -> Iterator[PromptEpisode]:
    """Prompts about the picture.

    A prompt was followed when it went and what came next was another prompt or an open shutter, unless the
    next sampled frame still shows the fault: then another fault only stood before it. It was not followed
    when the photo was used as it was, the camera stopped, or the task ended.
    """
    key, at, shown_at, dwell, gone_at = "", 0.0, None, 0.0, None

    def close(fixed_at: float | None, now: float) -> PromptEpisode:
        return PromptEpisode(
            key, at, dwell, Time(now - at, False) if fixed_at is None else Time(fixed_at - at)
        )

    for place, event in enumerate(rows):
        if event.event == "prompt_shown":
            named = family(str(event.properties.get("key")))
            if key and named != key:
                if shown_at is not None:  # a lost "cleared": the next prompt takes its place
                    dwell, gone_at, shown_at = dwell + event.t_ms - shown_at, event.t_ms, None
                still = named in CAMERA_KEYS or _still_there(key, rows[place:])
                yield close(None if still else gone_at, event.t_ms)
                key = ""
            if named in _NOT_A_FAULT:
                continue
            if not key:
                key, at, dwell = named, event.t_ms, 0.0
            shown_at, gone_at = event.t_ms, None
        elif event.event == "prompt_cleared" and shown_at is not None:
            if family(str(event.properties.get("key"))) == key:
                shown_ms = event.properties.get("shown_ms")
                dwell += shown_ms if isinstance(shown_ms, int | float) else event.t_ms - shown_at
                shown_at, gone_at = None, event.t_ms
        elif key and event.event in ("gate_overridden", "photo_accepted", "camera_started", "camera_failed"):
            if shown_at is not None:
                dwell += event.t_ms - shown_at
            yield close(None, event.t_ms)
            key, shown_at = "", None
    if key:
        if shown_at is not None:
            dwell += end - shown_at
        yield close(None, end)


def _still_there(key: str, rows: Sequence[Event]) -> bool:
    """Whether the next sampled frame of the same camera still has a fault."""
    for event in rows:
        if event.event in ("camera_started", "photo_accepted"):
            return False
        if event.event == "frame_assessed":
            if key in EXPLANATIONS:
                return key in event.properties.get("flagged", ())
            return event.properties.get("label") == key and not event.properties.get("passes")
    return False
