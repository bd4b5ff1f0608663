import json
from argparse import Namespace
from collections import Counter
from itertools import groupby

import pytest

from core.study import simulate
from core.study.demo import demo_study
from core.study.measures import Time, task_runs, values
from core.study.questionnaires import scores_of
from core.study.statistics import compare


def test_the_demo_has_something_of_everything_and_is_the_same_each_time():
    data = demo_study()
    assert data == demo_study()
    assert all(session.simulated for session in data.sessions)
    assert Counter(session.status for session in data.sessions) == {
        "completed": 39,
        "ended": 1,
        "declined": 2,
        "withdrawn": 1,
    }
    runs = task_runs(data)
    endings = Counter(run.ending for run in runs)
    assert endings["abandoned"] >= 2
    assert endings["unfinished"] >= 1
    assert sum(run.overrides for run in runs) > 0
    assert sum(run.retakes for run in runs) > 0
    assert sum(len(run.reported_wrong) for run in runs) > 0
    assert any(score.value is None for score in scores_of(data))
    [note] = data.notes
    assert any(run.session_id == note.session_id and run.start_ms < note.at_ms < run.end_ms for run in runs)


def test_who_declined_or_withdrew_leaves_no_rows():
    data = demo_study()
    silent = {one.session_id for one in data.sessions if one.status in ("declined", "withdrawn")}
    assert silent.isdisjoint(event.session_id for event in data.events)
    assert silent.isdisjoint(answer.session_id for answer in data.answers)


def test_rows_of_a_session_stand_together_in_order():
    for _session, rows in groupby(demo_study().events, key=lambda event: event.session_id):
        listed = list(rows)
        assert [event.seq for event in listed] == list(range(len(listed)))
        assert [event.t_ms for event in listed] == sorted(event.t_ms for event in listed)


def test_the_arms_of_the_demo_differ():
    found = values(demo_study(), "time_to_accepted_photo_ms")
    plain, coached = ([one.value for one in found if one.arm == arm] for arm in ("plain", "coached"))
    comparison = compare(plain, coached)
    assert comparison.delta < 0
    assert comparison.p < 0.05


def test_an_arm_that_follows_prompts_faster_is_faster_and_equal_arms_are_not():
    slow, fast = simulate._arms(simulate.study(60, 1))
    assert all(isinstance(one, Time) for one in (*slow, *fast))
    assert compare(slow, fast).delta < -0.1
    assert abs(compare(*simulate._arms(simulate.study(200, 1, effect=1.0))).delta) < 0.2


def test_a_small_report(capsys, monkeypatch):
    monkeypatch.setattr(simulate, "_PILOT", 30)
    monkeypatch.setattr(simulate, "_PILOT_STUDIES", 100)
    status = simulate.run(Namespace(participants=12, seeds=4))
    told = json.loads(capsys.readouterr().out)
    assert (told["participants"], told["seeds"]) == (12, 4)
    assert 0 < told["stated_power"] < 1
    for version in ("difference", "null"):
        low, high = told[version]["interval"]
        assert low <= told[version]["share"] <= high
    assert status == (0 if told["difference"]["as_stated"] and told["null"]["as_stated"] else 1)
    with pytest.raises(ValueError, match="at least 4"):
        simulate.report(3, 1)
