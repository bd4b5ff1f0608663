"""The plots of a results page, drawn from a study's records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from core.guidance.conditions import CAMERA_KEYS, OPEN_KEYS, SHOT_KEYS, family
from core.i18n import _
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.reports.study_plots import Ruler, SurvivalLine, funnel, strip, survival, transitions
from core.reports.svg import Plot
from core.reports.timeline import Lane, timeline
from core.study.events import Event
from core.study.measures import MEASURES, TaskRun, Time, task_runs, values
from core.study.questionnaires import QUESTIONNAIRES, SUS_ADJECTIVES, SUS_BENCHMARK
from core.study.records import StudyData
from core.study.replay import in_order
from core.study.results import score_values
from core.study.statistics import kaplan_meier
from core.text.wording import explanation_name, quality_name

_START: Final = "start"
_ACCEPTED: Final = "accepted"
_READY: Final = "ready"


def prompt_name(key: str) -> str:
    """A coarse condition in words."""
    if key in EXPLANATIONS:
        return explanation_name(key)
    if key in QUALITY_CLASSES:
        return quality_name(key)
    named = {_READY: _("Ready"), _START: _("Camera starts"), _ACCEPTED: _("Photo accepted")}
    return named.get(key, key)


def arms_of(data: StudyData) -> tuple[str, ...]:
    """The arms in the order of the newest design."""
    return tuple(arm.name for arm in data.designs[max(data.designs)].arms) if data.designs else ()


def survival_plot(
    data: StudyData, measure: str = "time_to_accepted_photo_ms", task: str | None = None
) -> Plot:
    """The survival curve of a time by arm, with its band.

    Raises:
        KeyError: there is no such measure.
    """
    found = values(data, measure, task=task)
    lines = []
    for arm in arms_of(data):
        times = [one.value for one in found if one.arm == arm and isinstance(one.value, Time)]
        if times:
            curve = kaplan_meier(times)
            median = curve.median_ms
            lines.append(
                SurvivalLine(
                    label=arm,
                    times_s=[t / 1000 for t in curve.times_ms],
                    survival=curve.survival,
                    low=curve.low,
                    high=curve.high,
                    censored_s=[t / 1000 for t in curve.censored_ms],
                    median_s=None if median is None else median / 1000,
                )
            )
    title = MEASURES[measure].title()
    return survival(f"survival-{measure}", title, lines, _("seconds"), _("not reached yet"))


def score_plot(data: StudyData, questionnaire: str = "sus") -> Plot:
    """Every participant's score of a questionnaire by arm; SUS with its adjectives and the benchmark.

    Raises:
        KeyError: there is no such questionnaire.
    """
    one = next(entry for name, entry in QUESTIONNAIRES.items() if name == questionnaire)
    found = score_values(data, questionnaire)
    rows = [
        (arm, [float(one.value) for one in found if one.arm == arm and not isinstance(one.value, Time)])
        for arm in arms_of(data)
    ]
    is_sus = questionnaire == "sus"
    return strip(
        f"scores-{questionnaire}",
        one.title,
        rows,
        low=one.score_low,
        high=one.score_high,
        rulers=[Ruler(entry.mean, entry.word()) for entry in SUS_ADJECTIVES] if is_sus else (),
        benchmark=SUS_BENCHMARK if is_sus else None,
    )


def funnel_plot(data: StudyData) -> Plot:
    """How many participants of each arm came how far, from consent to completing all tasks."""
    runs = task_runs(data)

    def count(reached: set[tuple[str, str]]) -> Mapping[str, int]:
        return {arm: sum(one == arm for _session, one in reached) for arm in arms_of(data)}

    def of(chosen: Sequence[TaskRun]) -> set[tuple[str, str]]:
        return {(run.session_id, run.arm) for run in chosen if run.arm is not None}

    asked = [one for one in data.sessions if one.status not in ("declined", "screened_out")]
    stages = (
        (_("Consented"), {(one.session_id, arm) for one in asked for arm in one.arms}),
        (_("Began a task"), of(runs)),
        (_("First pass"), of([run for run in runs if run.first_pass is not None and run.first_pass.reached])),
        (_("Photo accepted"), of([run for run in runs if run.accepted.reached])),
        (_("Completed all tasks"), _all_completed(data, runs)),
    )
    return funnel("funnel", _("How far people came"), [(name, count(found)) for name, found in stages])


def transition_plot(data: StudyData, arm: str | None = None) -> Plot:
    """Which prompt followed which, in all tasks of an arm or of all arms."""
    counts = _transitions(data, arm)
    seen = {key for pair in counts for key in pair}
    keys = [_START, *(key for key in (*_OTHERS, *EXPLANATIONS) if key in seen), _READY, _ACCEPTED]
    title = (
        _("Which prompt followed which")
        if arm is None
        else _("Which prompt followed which: {arm}").format(arm=arm)
    )
    return transitions(f"transitions-{arm or 'all'}", title, {key: prompt_name(key) for key in keys}, counts)


_OTHERS: Final = ("no_skin", "healthy_skin", "adjust")


def rows_of_task(events: Sequence[Event], task: str | None) -> Sequence[Event]:
    """The events of one task of a session, from its start to its end and in order; all where it is None."""
    rows = in_order(events)
    if task is None:
        return rows
    rows = [row for row in rows if row.task_id in (task, None)]
    begins = next((row.t_ms for row in rows if row.event == "task_started"), 0.0)
    ends = next((row.t_ms for row in rows if row.event in _TASK_ENDS and row.t_ms >= begins), None)
    return [row for row in rows if begins <= row.t_ms and (ends is None or row.t_ms <= ends)]


def session_plot(events: Sequence[Event], task: str | None = None, marker_s: float | None = None) -> Plot:
    """One session's prompts over time: when pictures asked for each, and when it was on screen.

    Args:
        events: of one session.
        task: only this task; the time then begins with it.
        marker_s: a moment to mark by an upright line, in seconds from the plot's begin.
    """
    rows = rows_of_task(events, task)
    start = rows[0].t_ms if rows else 0.0
    end = max((rows[-1].t_ms - start) / 1000, 1.0) if rows else 1.0
    raw: dict[str, list[float]] = {}
    shown: dict[str, list[tuple[float, float]]] = {}
    standing: tuple[str, float] | None = None
    for row in rows:
        now = (row.t_ms - start) / 1000
        if row.event == "frame_assessed":
            for key in row.properties.get("flagged", ()):
                raw.setdefault(str(key), []).append(now)
        elif row.event in ("prompt_shown", "prompt_cleared"):
            if standing is not None:
                shown.setdefault(standing[0], []).append((standing[1], now))
            standing = (_lane(row), now) if row.event == "prompt_shown" else None
    if standing is not None:
        shown.setdefault(standing[0], []).append((standing[1], end))
    lanes = [
        Lane(prompt_name(key), raw.get(key, ()), shown.get(key, ())) for key in dict.fromkeys((*shown, *raw))
    ]
    return timeline("session", _("Prompts of this session"), lanes, end, marker_s=marker_s)


_TASK_ENDS: Final = ("task_completed", "task_abandoned")


def lane_of(key: str | None) -> str:
    """The coarse condition that a prompt's key stands for; one name for all that say the picture is ready."""
    coarse = family(str(key))
    return _READY if coarse in OPEN_KEYS else coarse


def _lane(row: Event) -> str:
    return lane_of(row.properties.get("key"))


def _all_completed(data: StudyData, runs: Sequence[TaskRun]) -> set[tuple[str, str]]:
    done: Counter[tuple[str, str]] = Counter(
        (run.session_id, run.arm) for run in runs if run.ending == "completed" and run.arm is not None
    )
    wanted = {one.session_id: len(one.tasks) for one in data.sessions}
    return {pair for pair, count in done.items() if count >= wanted.get(pair[0], 1)}


def _transitions(data: StudyData, arm: str | None) -> Mapping[tuple[str, str], int]:
    by_session: dict[str, list[Event]] = {}
    for event in data.events:
        by_session.setdefault(event.session_id, []).append(event)
    counts: Counter[tuple[str, str]] = Counter()
    for run in task_runs(data):
        if arm is not None and run.arm != arm:
            continue
        before = _START
        for event in in_order(by_session[run.session_id]):
            if not run.start_ms <= event.t_ms <= run.end_ms:
                continue
            if event.event == "camera_started":
                before = _START
            elif event.event == "photo_accepted":
                counts[before, _ACCEPTED] += 1
                before = _ACCEPTED
            elif event.event == "prompt_shown" and event.properties.get("key") not in (
                *CAMERA_KEYS,
                *SHOT_KEYS,
            ):
                now = _lane(event)
                if now != before:
                    counts[before, now] += 1
                before = now
    return counts
