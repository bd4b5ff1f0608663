"""One measure or one questionnaire of a study, arm by arm and compared: what a results page shows of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.study.design import SessionStatus
from core.study.measures import ANALYSED, MEASURES, Time, Value, counted_sessions, values
from core.study.questionnaires import QUESTIONNAIRES, scores_of
from core.study.records import StudyData
from core.study.statistics import Comparison, Rate, Summary, compare_all, rate, summary, warning

Pair = tuple[str, str]


@dataclass(frozen=True)
class Result:
    """One measure.

    Attributes:
        paired: whether arms were compared within participants; only those with both arms are compared then.
        arms: each arm's figures, in the design's order; a rate for yes or no in a single task.
        comparisons: every two arms, with the p that is adjusted by Holm.
        warnings: for each comparison the sentence on its size; empty for none.
    """

    name: str
    paired: bool
    arms: Mapping[str, Summary | Rate]
    comparisons: Mapping[Pair, tuple[Comparison, float | None]]
    warnings: Mapping[Pair, str]


def result_of(
    data: StudyData,
    name: str,
    *,
    task: str | None = None,
    statuses: Collection[SessionStatus] = ANALYSED,
) -> Result:
    """A measure by its name (:data:`core.study.measures.MEASURES`), or a questionnaire's score.

    Args:
        task: only this task; all together by default. A score over several tasks is their mean.
        statuses: only sessions of these statuses.

    Raises:
        KeyError: there is neither such a measure nor such a questionnaire.
    """
    if name in MEASURES:
        found = values(data, name, task=task, statuses=statuses)
        # The share of several tasks is a number, even where it happens to be 0 or 1 for everybody.
        single = task is not None or all(len(session.tasks) == 1 for session in data.sessions)
        yes_no = MEASURES[name].kind == "yes_no" and single
    else:
        found, yes_no = score_values(data, name, task=task, statuses=statuses), False
    design = data.designs[max(data.designs)] if data.designs else None
    arms = tuple(arm.name for arm in design.arms) if design is not None else ()
    paired = design is not None and design.allocation.kind == "latin_square"
    by_arm = {arm: {one.participant_id: one.value for one in found if one.arm == arm} for arm in arms}
    if paired:
        whole = [who for who in _order(found) if all(who in by_arm[arm] for arm in arms)]
        compared = {arm: [by_arm[arm][who] for who in whole] for arm in arms}
    else:
        compared = {arm: list(by_arm[arm].values()) for arm in arms}
    comparisons = compare_all(compared, paired=paired, yes_no=yes_no)
    return Result(
        name=name,
        paired=paired,
        arms={arm: _figures(list(by_arm[arm].values()), yes_no) for arm in arms},
        comparisons=comparisons,
        warnings={pair: warning(one) for pair, (one, _adjusted) in comparisons.items()},
    )


def _order(found: Collection[Value]) -> list[str]:
    return list(dict.fromkeys(one.participant_id for one in found))


def _figures(several: list[Time | float], yes_no: bool) -> Summary | Rate:
    if yes_no:
        return rate(sum(one == 1.0 for one in several), len(several))
    return summary(several)


def score_values(
    data: StudyData,
    name: str,
    *,
    task: str | None = None,
    statuses: Collection[SessionStatus] = ANALYSED,
) -> tuple[Value, ...]:
    """A questionnaire's score per participant and arm: the mean where it was answered after several tasks.

    Args:
        task: only what was asked after this task; all by default.
        statuses: only sessions of these statuses.

    Raises:
        KeyError: there is no such questionnaire.
    """
    if name not in QUESTIONNAIRES:
        raise KeyError(name)
    who = counted_sessions(data, statuses)
    given: dict[Pair, list[float]] = {}
    for score in scores_of(data):
        fits = score.questionnaire == name and score.session_id in who and task in (None, score.task)
        if fits and score.value is not None and score.arm is not None:
            given.setdefault((who[score.session_id], score.arm), []).append(score.value)
    return tuple(Value(person, arm, sum(several) / len(several)) for (person, arm), several in given.items())
