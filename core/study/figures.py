"""A study's figures as tables: what a results page shows beside its plots. Times are shown in seconds."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from core.i18n import _, language
from core.reports.tables import Cell, Figure, Table
from core.study.design import text_in
from core.study.measures import MEASURES, Time, counted_sessions, prompt_figures, task_runs
from core.study.questionnaires import QUESTIONNAIRES, scores_of
from core.study.records import StudyData
from core.study.results import Result, score_values
from core.study.statistics import Interval, Rate, Summary, kaplan_meier
from core.study.views import arms_of, prompt_name

_STATUS_ORDER: Final = ("live", "completed", "ended", "screened_out", "declined", "withdrawn")


def status_name(status: str) -> str:
    """How a session stands, in words."""
    return {
        "live": _("Under way"),
        "completed": _("Completed"),
        "declined": _("Declined"),
        "screened_out": _("Screened out"),
        "withdrawn": _("Withdrawn"),
        "ended": _("Broken off"),
    }.get(status, status)


def state_name(state: str) -> str:
    """How a study stands, in words."""
    return {
        "draft": _("Draft"),
        "open": _("Open for taking part"),
        "paused": _("Paused"),
        "closed": _("Closed"),
    }.get(state, state)


def counts_text(counts: Mapping[str, int]) -> str:
    """Sessions by status in one line, such as ``Completed: 39 · Declined: 2``; empty for none."""
    return " · ".join(f"{status_name(one)}: {counts[one]}" for one in _STATUS_ORDER if counts.get(one))


def status_counts(data: StudyData) -> Mapping[str, int]:
    """Sessions by status."""
    return Counter(one.status for one in data.sessions)


def result_name(name: str) -> str:
    """A measure or a questionnaire in words."""
    if name in MEASURES:
        title = MEASURES[name].title()
        return _("{name} (seconds)").format(name=title) if MEASURES[name].kind == "time" else title
    return next((one.title for key, one in QUESTIONNAIRES.items() if key == name), name)


def test_name(test: str) -> str:
    """A statistical test in words."""
    return {
        "log_rank": _("Log-rank, permutation"),
        "rank_sum": _("Wilcoxon rank sum, permutation"),
        "signed_rank": _("Wilcoxon signed rank, permutation"),
        "fisher": _("Fisher's exact"),
        "mcnemar": _("McNemar's exact"),
    }.get(test, test)


def arms_table(result: Result) -> Table:
    """Each arm's figures: n, median, mean or geometric mean, with intervals; or a share."""
    unit = _unit(result)
    title = result_name(result.name)
    if any(isinstance(one, Rate) for one in result.arms.values()):
        rows = tuple(
            (arm, one.n, one.count, Figure(one.share, one.interval, percent=True))
            for arm, one in result.arms.items()
            if isinstance(one, Rate)
        )
        return Table(title, (_("Arm"), "n", _("Count"), _("Share")), rows, _interval_note())
    is_time = unit != 1.0
    timed = (_("Arm"), "n", _("Not reached"), _("Median"), _("Geometric mean"))
    head = timed if is_time else (_("Arm"), "n", _("Median"), _("Mean"))
    summaries = tuple(
        _summary_row(arm, one, unit, is_time) for arm, one in result.arms.items() if isinstance(one, Summary)
    )
    note = _interval_note()
    if is_time:
        note += " " + _("A mean of times is given only where every time was reached.")
    return Table(title, head, summaries, note)


def comparisons_table(result: Result) -> Table | None:
    """Every two arms: effect size, difference and test; None with fewer than two arms."""
    if not result.comparisons:
        return None
    unit = _unit(result)
    several = len(result.comparisons) > 1
    head = (
        _("Compared"),
        _("Cliff's delta"),
        _("Difference of medians"),
        _("Test"),
        "p",
        *((_("p, Holm"),) if several else ()),
    )
    rows: list[tuple[Cell, ...]] = []
    for (first, second), (one, adjusted) in result.comparisons.items():
        if one.test in ("fisher", "mcnemar"):
            head = (*head[:2], _("Difference of shares"), *head[3:])
        row: tuple[Cell, ...] = (
            _("{second} less {first}").format(first=first, second=second),
            Figure(one.delta, one.delta_interval),
            Figure(_scaled(one.difference, unit), _scaled_pair(one.difference_interval, unit)),
            test_name(one.test),
            p_told(one.p),
        )
        rows.append((*row, p_told(adjusted)) if several else row)
    note = _("Positive values: the second arm's are higher. Tests are two-sided.")
    if result.paired:
        note += " " + _("Compared within participants who had both arms.")
    return Table(_("Compared"), head, tuple(rows), note)


def p_told(p: float | None) -> str:
    """A p value as papers give it."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def prompts_table(data: StudyData) -> Table:
    """Each prompt in each arm: how often it was shown, for how long, whether it was followed, how soon."""
    runs = task_runs(data)
    arms = arms_of(data)
    by_arm = {arm: prompt_figures(run for run in runs if run.arm == arm) for arm in arms}
    keys = dict.fromkeys(one.key for one in prompt_figures(runs))
    rows = tuple(
        (
            prompt_name(one.key),
            arm,
            one.shown,
            Figure(one.dwell_ms / 1000 / one.shown if one.shown else None, digits=1),
            Figure(one.fix_rate, percent=True),
            Figure(_scaled(kaplan_meier(one.to_fix).median_ms, 0.001) if one.to_fix else None, digits=1),
            one.wrong,
        )
        for key in keys
        for arm, figures in by_arm.items()
        for one in figures
        if one.key == key
    )
    head = (
        _("Prompt"),
        _("Arm"),
        _("Shown"),
        _("Seconds each"),
        _("Followed"),
        _("Median seconds to follow"),
        _("Reported as wrong"),
    )
    return Table(_("Prompts"), head, rows)


def scores_table(data: StudyData) -> Table:
    """Every questionnaire by arm: how many answered it, and median and mean of the participants' scores."""
    counted = counted_sessions(data)
    scores = [one for one in scores_of(data) if one.session_id in counted]
    rows: list[tuple[Cell, ...]] = []
    for name, one in QUESTIONNAIRES.items():
        found = score_values(data, name)
        for arm in arms_of(data):
            own = {score.session_id for score in scores if score.questionnaire == name and score.arm == arm}
            values = sorted(
                float(entry.value)
                for entry in found
                if entry.arm == arm and not isinstance(entry.value, Time)
            )
            if own:
                middle = len(values) // 2
                median = (values[middle] + values[~middle]) / 2 if values else None
                mean = sum(values) / len(values) if values else None
                scale = f"{one.score_low:g}–{one.score_high:g}"
                rows.append(
                    (
                        one.title,
                        arm,
                        scale,
                        len(own),
                        len(values),
                        Figure(median, digits=1),
                        Figure(mean, digits=1),
                    )
                )
    head = (
        *(_("Questionnaire"), _("Arm"), _("Scale"), _("Answered")),
        *(_("Complete"), _("Median"), _("Mean")),
    )
    note = _("A score needs every item; nothing is imputed.")
    return Table(_("Scores"), head, tuple(rows), note)


def screening_table(data: StudyData) -> Table | None:
    """Who took part: answers to the screening's questions by arm; None where nothing was asked.

    Of those who are analysed. Within subjects everybody had every arm, so that there is one column.
    """
    design = data.designs[max(data.designs)] if data.designs else None
    if design is None or not design.screening:
        return None
    counted = counted_sessions(data)
    within = design.allocation.kind == "latin_square"
    columns = (_("All"),) if within else arms_of(data)
    column = {
        one.session_id: columns[0] if within else one.arms[0]
        for one in data.sessions
        if one.session_id in counted and one.arms
    }
    given = Counter(
        (one.item, str(one.value), column[one.session_id])
        for one in data.answers
        if one.questionnaire == "screening" and one.session_id in column
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            text_in(question.text, language()),
            text_in(words, language()),
            *(given[question.name, choice, name] for name in columns),
        )
        for question in design.screening
        for choice, words in question.choices.items()
    )
    return Table(_("Who took part"), (_("Question"), _("Answer"), *columns), rows)


def _summary_row(arm: str, one: Summary, unit: float, is_time: bool) -> tuple[Cell, ...]:
    digits = 1 if is_time else 2
    median = Figure(_scaled(one.median, unit), _scaled_pair(one.median_interval, unit), digits=digits)
    if is_time:
        mean = _scaled(one.geometric_mean, unit)
        around = _scaled_pair(one.geometric_mean_interval, unit)
        return (arm, one.n, one.censored, median, Figure(mean, around, digits=digits))
    return (arm, one.n, median, Figure(one.mean, one.mean_interval, digits=digits))


def _unit(result: Result) -> float:
    measure = MEASURES.get(result.name)
    return 0.001 if measure is not None and measure.kind == "time" else 1.0


def _interval_note() -> str:
    return _("Below each figure its 95 % interval.")


def _scaled(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _scaled_pair(pair: Interval | None, unit: float) -> Interval | None:
    return None if pair is None else (pair[0] * unit, pair[1] * unit)
