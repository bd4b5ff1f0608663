import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.study.design import Arm
from core.study.measures import MEASURES, Time, prompt_figures, session_runs, task_runs, values
from tests.study.made_up_study import made_up_data, made_up_design, made_up_events, made_up_session

LIVE = {"source": "live", "attempt": 1}
SECOND = {"source": "live", "attempt": 2}


def shown(t, key, **more):
    return (t, "prompt_shown", {"key": key, "raw_key": key} | more, LIVE)


def cleared(t, key, shown_ms):
    return (t, "prompt_cleared", {"key": key, "shown_ms": shown_ms}, LIVE)


def frame(t, *flagged, label="poor_quality"):
    return (t, "frame_assessed", {"flagged": list(flagged), "label": label, "passes": not flagged}, LIVE)


WHOLE = [
    (0, "session_started"),
    (1000, "task_started", {"arm": "coached"}),
    (3000, "camera_started", {}, LIVE),
    shown(3500, "too_far_away"),
    cleared(6500, "too_far_away", 3000),
    shown(6500, "too_dark"),
    cleared(7500, "too_dark", 1000),
    shown(7500, "bad_light"),
    (8000, "hint_reported_wrong", {"key": "bad_light"}, LIVE),
    cleared(9500, "bad_light", 2000),
    (9500, "gate_opened", {}, LIVE),
    shown(9500, "ready"),
    (10000, "capture_attempted", {}, LIVE),
    (10000, "photo_captured", {}, LIVE),
    (10000, "capture_blocked", {"reason": "refused", "key": "blurry"}, LIVE),
    (12000, "capture_attempted", {}, LIVE),
    (12000, "photo_captured", {}, LIVE),
    (12000, "photo_accepted", {"overridden": False}, LIVE),
    cleared(12100, "ready", 2600),
    (13000, "photo_retaken", {}, LIVE),
    (14000, "camera_started", {}, SECOND),
    (15000, "gate_opened", {}, SECOND),
    (16000, "photo_accepted", {"overridden": False}, SECOND),
    (20000, "task_completed"),
    (21000, "session_ended"),
]


def only(rows, **changes):
    [run] = session_runs(made_up_session(**changes), made_up_events(rows), made_up_design())
    return run


def test_a_whole_task():
    run = only(WHOLE)
    assert (run.task, run.arm, run.ending) == ("arm_spot", "coached", "completed")
    assert run.first_pass == Time(6500)
    assert (run.accepted, run.accepted_by_override) == (Time(11000), False)
    assert run.duration == Time(19000)
    assert (run.attempts, run.presses, run.refusals, run.retakes, run.overrides) == (2, 2, 1, 1, 0)
    assert dict(run.reported_wrong) == {"bad_light": 1}


def test_refined_prompts_of_one_condition_are_one_episode():
    far, light = only(WHOLE).episodes
    assert (far.key, far.at_ms, far.dwell_ms, far.to_fix) == ("too_far_away", 3500, 3000, Time(3000))
    assert (light.key, light.at_ms, light.dwell_ms, light.to_fix) == ("bad_light", 6500, 3000, Time(3000))


def test_what_was_never_reached_is_censored_with_the_time_under_observation():
    run = only([(1000, "task_started"), (2000, "camera_started", {}, LIVE), (61000, "task_abandoned")])
    assert (run.ending, run.first_pass, run.accepted) == ("abandoned", Time(59000, False), Time(60000, False))
    assert only([(1000, "task_started"), (5000, "help_opened")]).accepted == Time(4000, False)


def test_without_a_camera_there_is_no_time_to_first_pass():
    run = only([(0, "task_started"), (5000, "upload_assessed"), (6000, "task_completed")])
    assert (run.first_pass, run.uploads, run.attempts) == (None, 1, 0)


def test_a_prompt_that_another_displaces_was_not_followed_while_frames_still_show_its_fault():
    rows = [(0, "task_started"), shown(0, "blurry"), cleared(2000, "blurry", 2000), shown(2000, "no_skin")]
    assert only([*rows, frame(2100, "blurry")]).episodes[0].to_fix == Time(2000, False)
    assert only([*rows, frame(2100)]).episodes[0].to_fix == Time(2000)
    rows = [(0, "task_started"), shown(0, "no_skin"), cleared(900, "no_skin", 900), shown(900, "blurry")]
    assert only([*rows, frame(950, "blurry", label="no_skin")]).episodes[0].to_fix == Time(900, False)


@pytest.mark.parametrize(
    "event",
    [
        (4000, "gate_overridden", {}, LIVE),
        (4000, "camera_failed", {"reason": "camera_black"}, LIVE),
        (4000, "task_completed"),
    ],
)
def test_a_prompt_that_stands_when_the_photo_is_used_or_the_camera_stops_was_not_followed(event):
    [episode] = only([(0, "task_started"), shown(1000, "blurry"), event]).episodes
    assert (episode.dwell_ms, episode.to_fix) == (3000, Time(3000, False))


def test_a_lost_clearing_does_not_lengthen_a_prompt():
    rows = [(0, "task_started"), shown(0, "blurry"), shown(700, "ready"), (9000, "task_completed")]
    assert only(rows).episodes[0].to_fix == Time(700)


def test_a_browsers_acceptance_counts_unless_the_server_finds_otherwise():
    accepted = (5000, "photo_accepted", {"overridden": False, "on_device": True}, LIVE)
    judged = (6000, "note_added", {"note": "judged_on_server", "passes": False})
    start, end = (1000, "task_started"), (30000, "task_completed")
    assert only([start, accepted, end]).accepted == Time(4000)
    assert only([start, accepted, (*judged[:2], {**judged[2], "passes": True}), end]).accepted == Time(4000)
    assert only([start, accepted, judged, end]).accepted == Time(29000, False)
    overridden = only([start, accepted, judged, (8000, "gate_overridden"), end])
    assert (overridden.accepted, overridden.accepted_by_override) == (Time(7000), True)
    again = (9000, "photo_accepted", {"overridden": False, "on_device": True}, SECOND)
    assert only([start, accepted, judged, again, end]).accepted == Time(8000)
    anyway = (5000, "photo_accepted", {"overridden": True, "on_device": True}, LIVE)
    assert only([start, anyway, judged, end]).accepted == Time(4000)


def test_a_task_that_is_started_again_goes_on():
    rows = [(0, "task_started"), (9000, "task_started"), (12000, "task_completed")]
    assert only(rows).duration == Time(12000)


def test_within_subjects_each_arm_is_a_run_of_its_own():
    session = made_up_session(arms=("coached", "plain"))
    rows = [(0, "task_started"), (10, "task_completed"), (20, "task_started"), (50, "task_completed")]
    runs = session_runs(session, made_up_events(rows))
    assert [(run.arm, run.end_ms - run.start_ms) for run in runs] == [("coached", 10), ("plain", 30)]
    named = [(0, "task_started", {"arm": "plain"}), (10, "task_completed")]
    assert session_runs(session, made_up_events(named))[0].arm == "plain"
    preset = made_up_events(rows[:2], variant="quiet")
    assert session_runs(session, preset, made_up_design())[0].arm == "plain"
    same = made_up_design(arms=(Arm(name="coached", preset="quiet"), Arm(name="plain", preset="quiet")))
    assert session_runs(session, preset, same)[0].arm == "coached"


def test_events_of_other_tasks_and_of_before_do_not_count():
    rows = [
        (0, "help_opened"),
        (10, "task_started"),
        (20, "help_opened", {}, {"task_id": "other"}),
        (30, "help_opened", {}, {"task_id": "arm_spot"}),
        (40, "task_completed"),
        (50, "help_opened"),
    ]
    assert only(rows).help_opened == 1


def test_prompt_figures_over_tasks():
    figures = prompt_figures([only(WHOLE), only(WHOLE)])
    assert [(one.key, one.shown, one.fix_rate, one.dwell_ms, one.wrong) for one in figures] == [
        ("bad_light", 2, 1.0, 6000, 2),
        ("too_far_away", 2, 1.0, 6000, 0),
    ]


def test_values_are_summed_over_tasks_and_leave_out_who_did_not_take_part():
    sessions = [
        made_up_session("a"),
        made_up_session("b", status="withdrawn"),
        made_up_session("c", arms=("plain",)),
    ]
    two = [
        (0, "task_started"),
        (100, "photo_accepted", {"overridden": False}),
        (200, "task_completed"),
        (300, "task_started", {}, {"task_id": "second"}),
        (900, "task_abandoned", {}, {"task_id": "second"}),
    ]
    events = [event for name in "abc" for event in made_up_events(two, name)]
    data = made_up_data(sessions, events)
    found = values(data, "time_to_accepted_photo_ms")
    assert [(one.arm, one.value) for one in found] == [
        ("coached", Time(700, False)),
        ("plain", Time(700, False)),
    ]
    assert [one.value for one in values(data, "completed")] == [0.5, 0.5]
    assert [one.value for one in values(data, "time_to_accepted_photo_ms", task="arm_spot")] == [
        Time(100)
    ] * 2
    assert values(data, "time_to_first_pass_ms") == ()
    with pytest.raises(KeyError):
        values(data, "beauty")


def test_a_device_that_could_not_do_what_its_arm_says_is_marked():
    rows = [(0, "task_started"), (1, "note_added", {"note": "way_changed"}), (2, "task_completed")]
    assert [only(part).way_changed for part in (rows, rows[::2])] == [True, False]


def test_how_prompts_were_followed_is_one_value_a_participant():
    def said(*episodes):
        rows, t_ms = [(0, "task_started")], 0
        for key, lasts in episodes:
            rows.append((t_ms, "prompt_shown", {"key": key}))
            t_ms += lasts
            rows.append((t_ms, "prompt_cleared", {"key": key, "shown_ms": lasts}))
        return [*rows, (t_ms + 10, "prompt_shown", {"key": "ready"}), (t_ms + 20, "task_completed")]

    two = said(("bad_light", 1000), ("blurry", 3000), ("too_far_away", 2000))
    ignored = [(0, "task_started"), (0, "prompt_shown", {"key": "blurry"}), (700, "task_abandoned")]
    events = [*made_up_events(two, "a"), *made_up_events(ignored, "b"), *made_up_events(said(), "c")]
    data = made_up_data([made_up_session(name) for name in "abc"], events)

    def read(name):
        return [one.value for one in values(data, name)]

    assert read("prompts_followed") == [1.0, 0.0]
    assert read("prompt_to_fix_ms") == [Time(2000), Time(700, False)]
    assert read("prompt_dwell_ms") == [Time(6000), Time(700), Time(0)]


def test_the_designs_default_outcome_is_a_measure():
    assert made_up_design().outcome in MEASURES
    assert all(measure.title() for measure in MEASURES.values())


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_rows_arrive_changes_nothing(random_: random.Random):
    events = list(made_up_events(WHOLE))
    moved = events.copy()
    random_.shuffle(moved)
    session = made_up_session()
    assert session_runs(session, moved) == session_runs(session, events)


NAMES = (
    "task_started",
    "prompt_shown",
    "prompt_cleared",
    "camera_started",
    "gate_opened",
    "photo_accepted",
    "task_completed",
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(("blurry", "too_dark", "bad_light", "ready")),
        st.integers(0, 500),
    )
)


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_times_fit_into_their_task_whatever_the_log_says(steps):
    now, rows = 0, []
    for name, key, later in steps:
        now += later
        rows.append((now, name, {"key": key}, LIVE))
    for run in task_runs(made_up_data([made_up_session()], made_up_events(rows))):
        whole = run.end_ms - run.start_ms
        assert 0 <= run.accepted.ms <= whole
        assert run.first_pass is None or 0 <= run.first_pass.ms <= whole
        assert sum(one.dwell_ms for one in run.episodes) <= whole
        for one in run.episodes:
            assert one.dwell_ms >= 0
            assert one.dwell_ms <= one.to_fix.ms <= whole
