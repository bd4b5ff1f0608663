import pytest

from core.study.demo import demo_study
from core.study.design import Allocation
from core.study.measures import Time, values
from core.study.results import result_of
from core.study.statistics import Rate, Summary
from tests.study.made_up_study import answer, made_up_data, made_up_design, made_up_events, made_up_session


@pytest.fixture(scope="module")
def data():
    return demo_study()


def test_a_time_of_the_demo(data):
    found = result_of(data, "time_to_accepted_photo_ms", task="forearm")
    assert list(found.arms) == ["plain", "coached"]
    assert [one.n for one in found.arms.values()] == [20, 20]
    comparison, adjusted = found.comparisons["plain", "coached"]
    assert (comparison.test, comparison.p, found.paired) == ("log_rank", adjusted, False)
    assert found.warnings["plain", "coached"] == ""


def test_yes_or_no_is_a_rate_in_one_task_and_a_number_over_several(data):
    assert all(isinstance(one, Rate) for one in result_of(data, "completed", task="forearm").arms.values())
    assert all(isinstance(one, Summary) for one in result_of(data, "completed").arms.values())


def test_scores_leave_out_who_left_an_item_out(data):
    sus = result_of(data, "sus")
    # One person of the second arm left an item out, and one left before the questionnaires.
    assert [one.n for one in sus.arms.values()] == [20, 18]
    assert result_of(data, "seq", task="drawing").comparisons["plain", "coached"][0].test == "rank_sum"
    with pytest.raises(KeyError):
        result_of(data, "beauty")


def test_within_subjects_participants_with_both_arms_are_paired():
    design = made_up_design(allocation=Allocation(kind="latin_square"))
    sessions, events = [], []
    for name, order in (
        ("a", ("plain", "coached")),
        ("b", ("coached", "plain")),
        ("c", ("plain", "coached")),
    ):
        sessions.append(made_up_session(name, arms=order))
        rows = [
            (0, "task_started", {"arm": order[0]}),
            (40 if order[0] == "plain" else 10, "task_completed"),
            (100, "task_started", {"arm": order[1]}),
            (140 if order[1] == "plain" else 110, "task_completed"),
        ]
        events += made_up_events(rows[:2] if name == "c" else rows, name)
    found = result_of(made_up_data(sessions, events, design=design), "time_on_task_ms")
    [(comparison, _adjusted)] = found.comparisons.values()
    assert (found.paired, comparison.n, comparison.difference) == (True, (2, 2), -30)
    assert found.arms["plain"].n == 3


def test_of_who_begins_anew_the_last_session_counts():
    first = made_up_session("a", participant_id="p", status="ended")
    again = made_up_session("b", participant_id="p")
    rows = [(0, "task_started"), (10, "task_completed")]
    events = [*made_up_events(rows[:1], "a"), *made_up_events(rows, "b")]
    answers = [
        answer(f"umux_lite_{item}", value, "umux_lite", session)
        for session, value in (("a", 1), ("b", 7))
        for item in (1, 2)
    ]
    data = made_up_data([first, again], events, answers)
    assert [one.value for one in values(data, "time_on_task_ms")] == [Time(10)]
    assert result_of(data, "umux_lite").arms["coached"].median == 100


def test_nobody_has_no_result():
    found = result_of(made_up_data([]), "attempts")
    assert found.comparisons["plain", "coached"][0].p is None
