from core.study.design import Allocation, Question
from core.study.figures import scores_table, screening_table
from core.study.views import score_plot
from tests.study.made_up_study import answer, made_up_data, made_up_design, made_up_session

ADULT = Question(
    name="adult", text={"en": "Adult?"}, choices={"yes": {"en": "Yes"}, "no": {"en": "No"}}, excludes=("no",)
)


def given(**allocation):
    sessions = [made_up_session("a"), made_up_session("b", arms=("plain",))]
    sessions.append(made_up_session("c", status="screened_out"))
    answers = [
        answer("adult", value, "screening", name) for name, value in (("a", "yes"), ("b", "yes"), ("c", "no"))
    ]
    design = made_up_design(screening=(ADULT,), allocation=Allocation(**allocation))
    return made_up_data(sessions, answers=answers, design=design)


def test_who_took_part_by_arm_without_those_who_were_left_out():
    table = screening_table(given())
    assert table.head == ("Question", "Answer", "plain", "coached")
    assert table.rows == (("Adult?", "Yes", 1, 1), ("Adult?", "No", 0, 0))


def test_scores_after_several_tasks_are_one_a_participant():
    answers = [answer("seq", value, "seq", "a", task=task) for task, value in (("arm_spot", 3), ("hand", 6))]
    data = made_up_data([made_up_session("a")], answers=answers)
    [row] = scores_table(data).rows
    assert row[1:5] == ("coached", "1–7", 1, 1)
    assert row[5].value == 4.5
    assert "coached: 1 people, median 4.5" in score_plot(data, "seq").desc


def test_within_subjects_there_is_one_column_and_without_questions_no_table():
    assert screening_table(given(kind="latin_square")).rows[0] == ("Adult?", "Yes", 2)
    assert screening_table(made_up_data([made_up_session()])) is None
