from xml.etree import ElementTree

import pytest

from core.reports import study_plots
from core.reports.study_plots import Ruler, SurvivalLine
from core.study import views
from core.study.demo import demo_study
from tests.study.made_up_study import made_up_data, made_up_events, made_up_session


@pytest.fixture(scope="module")
def data():
    return demo_study()


def session(data):
    name = data.sessions[4].session_id
    return [event for event in data.events if event.session_id == name]


def test_every_plot_is_well_formed_and_described(data):
    plots = [
        views.survival_plot(data),
        views.score_plot(data),
        views.score_plot(data, "nasa_tlx"),
        views.funnel_plot(data),
        views.transition_plot(data),
        views.transition_plot(data, "plain"),
        views.session_plot(session(data), "forearm"),
    ]
    for plot in plots:
        root = ElementTree.fromstring(plot.file())
        assert root.tag.endswith("svg")
        assert len(plot.desc) > 40
        assert "nan" not in plot.body
    assert len({plot.name for plot in plots}) == len(plots)


def test_a_study_without_anybody_has_plots():
    nobody = made_up_data([])
    for plot in (
        views.survival_plot(nobody),
        views.score_plot(nobody),
        views.funnel_plot(nobody),
        views.transition_plot(nobody),
        views.session_plot([]),
    ):
        ElementTree.fromstring(plot.file())


def test_a_staircase_stays_level_until_it_falls():
    assert study_plots._stairs([0, 2, 5], [1, 0.5, 0]) == [(0, 1), (2, 1), (2, 0.5), (5, 0.5), (5, 0)]
    arm = SurvivalLine("a", [0, 2, 5], [1, 0.5, 0], [1, 0.2, 0], [1, 0.8, 0.4], [3], 2)
    assert [arm.at(moment) for moment in (0, 1.9, 2, 9)] == [1, 1, 0.5, 0]
    plot = study_plots.survival("s", "Time", [arm], "seconds", "left")
    assert plot.desc == "a: half by 2 s, 0% left at 5 s."


def test_a_strip_tells_quartiles():
    plot = study_plots.strip(
        "s", "SUS", [("a", [10, 20, 30, 40, 50]), ("b", [])], low=0, high=100, rulers=[Ruler(50.9, "OK")]
    )
    assert plot.desc == ("a: 5 people, median 30, middle half 20 to 40, all 10 to 50. b: no scores.")


def test_equal_scores_do_not_lie_on_each_other():
    assert len(set(study_plots._swarm([10.0] * 5))) == 5


def test_the_funnel_counts_each_arm():
    sessions = [made_up_session("a"), made_up_session("b", arms=("plain",), status="declined")]
    rows = [
        (0, "task_started"),
        (5, "camera_started", {}, {"source": "live", "attempt": 1}),
        (9, "gate_opened"),
        (20, "task_abandoned"),
    ]
    plot = views.funnel_plot(made_up_data(sessions, made_up_events(rows, "a")))
    assert plot.desc == (
        "Consented: plain 0, coached 1. Began a task: plain 0, coached 1. First pass: plain 0, coached 1. "
        "Photo accepted: plain 0, coached 0. Completed all tasks: plain 0, coached 0."
    )


def test_transitions_start_with_the_camera_and_end_with_the_photo():
    live = {"source": "live", "attempt": 1}
    rows = [
        (0, "task_started"),
        (1, "camera_started", {}, live),
        (2, "prompt_shown", {"key": "too_dark"}, live),
        (3, "prompt_shown", {"key": "bad_light"}, live),
        (4, "prompt_shown", {"key": "counting"}, live),
        (5, "photo_accepted", {}, live),
        (6, "task_completed"),
    ]
    data = made_up_data([made_up_session()], made_up_events(rows))
    assert views._transitions(data, None) == {
        ("start", "bad_light"): 1,
        ("bad_light", "ready"): 1,
        ("ready", "accepted"): 1,
    }
    assert views._transitions(data, "plain") == {}


def test_a_sessions_prompts_in_seconds_of_the_task(data):
    rows = [
        (1000, "task_started"),
        (2000, "prompt_shown", {"key": "blurry"}),
        (2500, "frame_assessed", {"flagged": ["blurry"]}),
        (5000, "prompt_cleared", {"key": "blurry"}),
        (9000, "task_completed"),
    ]
    plot = views.session_plot(made_up_events(rows), "arm_spot")
    assert "shown 1.0 to 4.0 s" in plot.desc
