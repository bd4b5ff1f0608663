from types import SimpleNamespace

import pytest

from core.live import capacity
from core.live.capacity import Cost, Plan, Video, measured, plan_for, typical


def test_capacity_is_what_the_cores_bear_at_the_least_useful_rate():
    cost = Cost(0.020, 0.005)  # 1.7 x (3 x 0.020 + 24 x 0.005) = 0.306 of a core for a stream
    assert plan_for(cost, cores=2) == Plan(threads=2, streams=3)
    assert plan_for(cost, cores=4) == Plan(threads=4, streams=7)
    assert plan_for(Cost(2.0, 0.1), cores=1) == Plan(threads=1, streams=1), "one is always let in"


def test_more_cores_than_one_python_process_can_use_let_no_more_streams_in():
    cost = Cost(0.020, 0.005)
    assert plan_for(cost, cores=64) == Plan(threads=64, streams=plan_for(cost, cores=4).streams)


def test_no_more_are_let_in_than_the_load_bench_found_held():
    """On the two cores where four held and six did not; an assessment of 20.0 ms and a frame of 3.7 ms
    were measured there."""
    assert plan_for(Cost(0.0205, 0.0039), cores=2).streams <= 4
    assert plan_for(Cost(0.0196, 0.0036), cores=2).streams <= 4


def test_a_network_gets_more_threads_only_where_one_is_too_slow():
    assert plan_for(Cost(0.09, 0.01), cores=8).threads == 8
    assert plan_for(Cost(0.15, 0.01), cores=8).threads == 4
    assert plan_for(Cost(5.0, 0.01), cores=8).threads == 1


def test_what_was_set_goes_before_what_was_measured():
    assert plan_for(Cost(0.03, 0.01), cores=4, threads=2, streams=50) == Plan(threads=2, streams=50)


def test_the_typical_call_is_the_median_and_the_first_does_not_count():
    now, costs = [0.0], iter([9.0, 1.0, 5.0, 2.0])

    def run():
        now[0] += next(costs)

    assert typical(run, rounds=3, clock=lambda: now[0]) == 2.0


def test_video_of_480_lines_is_decoded_and_sent_back():
    video = Video()
    for _turn in range(4):
        video.pass_on()
    with pytest.raises(StopIteration):
        video.pass_on()


class Counting:
    """An assessor that counts."""

    def __init__(self, told, name):
        self.name, self.told, self.threads = name, told, []

    def rule(self, healthy_skin_passes=False, point="balanced"):
        return None

    def assess(self, rgb, rule):
        self.told.append(rgb.shape)
        if self.name == "breaks":
            raise RuntimeError("a broken network")

    def use_threads(self, threads):
        self.threads.append(threads)


@pytest.fixture
def plans(monkeypatch):
    monkeypatch.setattr(capacity, "_plans", {})
    for name in ("RETAKE_STREAMS", "RETAKE_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(capacity, "Video", lambda: SimpleNamespace(pass_on=lambda: None))
    monkeypatch.setattr(capacity, "typical", lambda run: run() or 0.01)
    return monkeypatch


def test_an_assessor_is_measured_once_on_one_thread(plans):
    told = []
    assessor = Counting(told, "counting")
    assert measured(assessor) == measured(assessor)
    assert told == [(480, 640, 3)]
    assert assessor.threads == [1, 1]


def test_settings_are_read(plans):
    plans.setenv("RETAKE_STREAMS", "12")
    plans.setenv("RETAKE_THREADS", "1")
    assessor = Counting([], "counting")
    assert measured(assessor).streams == 12
    assert assessor.threads == [], "who sets the threads is not overruled"
    plans.setenv("RETAKE_STREAMS", "many")
    assert measured(Counting([], "another")).streams != 12


def test_an_assessor_that_breaks_is_let_in_to_say_so(plans):
    assert measured(Counting([], "breaks")) == Plan(threads=1, streams=1)
