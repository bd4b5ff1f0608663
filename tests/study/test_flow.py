from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.study.design import Arm, Consent, Question, StudyDesign, Task
from core.study.flow import Progress, Step, next_step, position, screened_out, steps
from core.study.records import SessionRecord

AT = datetime(2026, 11, 29, tzinfo=UTC)
YES_NO = {"yes": {"en": "Yes"}, "no": {"en": "No"}}


def design(**changes):
    fields = {
        "title": "Prompts",
        "consent": Consent(text={"en": "I agree."}),
        "arms": (Arm(name="plain", preset="balanced"), Arm(name="strict", preset="strict")),
        "tasks": (
            Task(name="arm", title={"en": "Arm"}, scenario={"en": "Photograph your arm."}),
            Task(name="hand", title={"en": "Hand"}, scenario={"en": "Your hand."}, after=()),
        ),
        "screening": (
            Question(name="adult", text={"en": "Adult?"}, choices=YES_NO, excludes=("no",)),
            Question(name="glasses", text={"en": "Glasses?"}, choices=YES_NO),
            Question(name="worn", text={"en": "Worn now?"}, choices=YES_NO, only_if=("glasses", ("yes",))),
        ),
    }
    return StudyDesign(**fields | changes)


def record(arms=("plain",), tasks=("arm", "hand")):
    return SessionRecord("s", "p", "study", 1, "h", "c", arms, tasks, "en", "live", AT, AT)


def advance(step, progress):
    """What is recorded when the step is done as most participants do it."""
    if step.kind == "consent":
        return replace(progress, consented=True)
    if step.kind == "question":
        return replace(progress, choices={**progress.choices, step.name: "yes"})
    if step.kind == "task_intro":
        return replace(progress, started={*progress.started, (step.arm, step.task)})
    if step.kind == "task":
        return replace(progress, ended={*progress.ended, (step.arm, step.task)})
    if step.kind == "questionnaire":
        return replace(progress, answered={*progress.answered, (step.arm, step.task, step.name)})
    return replace(progress, commented=True)


def walked(study, session):
    progress, found = Progress(), []
    while (step := next_step(study, session, progress)).kind != "debrief":
        found.append(step)
        progress = advance(step, progress)
        assert len(found) < 100
    assert position(study, session, progress) == (len(found), len(found))
    return found


def test_one_arm_goes_from_consent_to_comments():
    assert walked(design(), record()) == [
        Step("consent"),
        Step("question", name="adult"),
        Step("question", name="glasses"),
        Step("question", name="worn"),
        Step("task_intro", "plain", "arm"),
        Step("task", "plain", "arm"),
        Step("questionnaire", "plain", "arm", "seq"),
        Step("task_intro", "plain", "hand"),
        Step("task", "plain", "hand"),
        Step("questionnaire", "plain", None, "sus"),
        Step("comments"),
    ]


def test_within_subjects_each_arm_has_its_tasks_and_its_score():
    study = design(screening=(), comments=False)
    found = walked(study, record(("strict", "plain"), ("hand", "arm")))
    assert [(step.arm, step.task) for step in found if step.kind == "task"] == [
        *(("strict", "hand"), ("strict", "arm")),
        *(("plain", "hand"), ("plain", "arm")),
    ]
    assert [step.arm for step in found if step.name == "sus"] == ["strict", "plain"]
    assert found[-1] == Step("questionnaire", "plain", None, "sus")


def test_a_question_that_depends_on_another_comes_only_after_its_answer():
    names = [step.name for step in steps(design(), record(), {}) if step.kind == "question"]
    assert names == ["adult", "glasses"]
    names = [step.name for step in steps(design(), record(), {"glasses": "no"}) if step.kind == "question"]
    assert names == ["adult", "glasses"]
    names = [step.name for step in steps(design(), record(), {"glasses": "yes"}) if step.kind == "question"]
    assert names == ["adult", "glasses", "worn"]


@pytest.mark.parametrize(
    ("choices", "out"), [({"adult": "yes"}, False), ({"adult": "no"}, True), ({}, False)]
)
def test_a_choice_that_excludes_ends_the_session(choices, out):
    assert screened_out(design(), choices) is out


def test_an_answer_to_a_question_no_longer_asked_excludes_nobody():
    worn = Question(
        name="worn", text={"en": "?"}, choices=YES_NO, excludes=("yes",), only_if=("glasses", ("yes",))
    )
    study = design(screening=(*design().screening[:2], worn))
    assert screened_out(study, {"glasses": "yes", "worn": "yes"})
    assert not screened_out(study, {"glasses": "no", "worn": "yes"})


def test_a_task_that_was_started_goes_on_where_it_was():
    progress = Progress(consented=True, started={("plain", "arm")})
    study = design(screening=())
    assert next_step(study, record(), progress) == Step("task", "plain", "arm")
    assert position(study, record(), progress) == (2, 8)
