"""Which step a participant is at: a function of the design and of what has been recorded, of nothing else.

A page that is loaded again, a dropped connection or another server asks the same question of the same rows
and gets the same step.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.study.design import Question, StudyDesign
from core.study.records import AnswerRecord, SessionRecord

SCREENING = "screening"
COMMENTS = "comments"
StepKind = Literal["consent", "question", "task_intro", "task", "questionnaire", "comments", "debrief"]


@dataclass(frozen=True)
class Step:
    """One screen of a session.

    Attributes:
        arm: the arm that the screen is about; None before the first task and after the last questionnaire.
        task: the task's name, for ``task_intro``, ``task`` and a questionnaire after a task.
        name: of the screening question or of the questionnaire.
    """

    kind: StepKind
    arm: str | None = None
    task: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Progress:
    """What has been recorded of a session, as far as its steps depend on it.

    Attributes:
        consented: whether consent was given.
        started, ended: (arm, task) of the tasks that were started, and of those completed or abandoned.
        answered: (arm, task, questionnaire) of what was submitted, a questionnaire with items left out too.
        choices: screening question to the choice made.
        commented: whether the page for comments was submitted, empty or not.
    """

    consented: bool = False
    started: Collection[tuple[str, str]] = ()
    ended: Collection[tuple[str, str]] = ()
    answered: Collection[tuple[str | None, str | None, str]] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    commented: bool = False


def next_step(design: StudyDesign, record: SessionRecord, progress: Progress) -> Step:
    """The first step that is not done; ``debrief`` after the last."""
    return next(
        (step for step in steps(design, record, progress.choices) if not _done(step, progress)),
        Step("debrief"),
    )


def position(design: StudyDesign, record: SessionRecord, progress: Progress) -> tuple[int, int]:
    """How many steps are done, and of how many, for a progress bar; questions not asked do not count."""
    every = list(steps(design, record, progress.choices))
    return sum(_done(step, progress) for step in every), len(every)


def steps(design: StudyDesign, record: SessionRecord, choices: Mapping[str, str]) -> Iterator[Step]:
    """All steps up to the debrief, in their order.

    Between subjects there is one arm. Within subjects each arm comes with all tasks and is followed by the
    questionnaires of the end, so that each arm has its own score.

    Args:
        choices: the answers to screening questions so far; a question that depends on one is left out until
            that one has been answered so.
    """
    yield Step("consent")
    for question in asked(design, choices):
        yield Step("question", name=question.name)
    tasks = {task.name: task for task in design.tasks}
    for arm in record.arms:
        for name in record.tasks:
            yield Step("task_intro", arm, name)
            yield Step("task", arm, name)
            for questionnaire in tasks[name].after:
                yield Step("questionnaire", arm, name, questionnaire)
        for questionnaire in design.after:
            yield Step("questionnaire", arm, None, questionnaire)
    if design.comments:
        yield Step("comments")


def asked(design: StudyDesign, choices: Mapping[str, str]) -> list[Question]:
    """The screening questions that are asked, given the answers so far."""
    return [
        question
        for question in design.screening
        if question.only_if is None or choices.get(question.only_if[0]) in question.only_if[1]
    ]


def screened_out(design: StudyDesign, choices: Mapping[str, str]) -> bool:
    """Whether an answer to a question that was asked excludes from the study."""
    return any(choices.get(question.name) in question.excludes for question in asked(design, choices))


def choices_of(answers: Iterable[AnswerRecord]) -> dict[str, str]:
    """The answers to screening questions, by question."""
    return {row.item: str(row.value) for row in answers if row.questionnaire == SCREENING}


def _done(step: Step, progress: Progress) -> bool:
    if step.kind == "consent":
        return progress.consented
    if step.kind == "question":
        return step.name in progress.choices
    if step.kind == "questionnaire":
        return (step.arm, step.task, step.name) in progress.answered
    if step.kind == "comments":
        return progress.commented
    which = (step.arm, step.task)
    return which in progress.ended or (step.kind == "task_intro" and which in progress.started)
