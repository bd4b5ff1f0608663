from hypothesis import given
from hypothesis import strategies as st

from core.guidance.best_frame import BestFrame

offers = st.lists(st.tuples(st.floats(0, 0.7), st.integers(0, 20)), min_size=1, max_size=60)


@given(offers, st.integers(1, 5))
def test_few_are_held_none_too_old_and_each_is_let_go_once(steps, most):
    gone = []
    best = BestFrame(1.0, most, gone.append)
    now, came = 0.0, {}
    for number, (step, score) in enumerate(steps):
        now += step
        came[number] = now
        best.offer(number, score, now)
        assert len(best) <= most
        assert now - came[best.best(now)] <= 1.0
    taken = best.take(now)
    assert len(best) == 0
    assert sorted([*gone, taken]) == list(range(len(steps)))


@given(offers)
def test_with_room_enough_it_is_the_best_of_the_window_and_of_equals_the_newest(steps):
    best = BestFrame(1.0, most=100)
    now, frames = 0.0, []
    for number, (step, score) in enumerate(steps):
        now += step
        frames.append((score, number, now))
        best.offer(number, score, now)
        wanted = max(frame for frame in frames if frame[2] >= now - 1.0)
        assert best.best(now) == wanted[1]


def test_the_best_is_never_lost_for_want_of_room():
    best = BestFrame(10.0, most=2)
    for number, score in enumerate((9, 7, 5, 3, 1)):
        best.offer(number, score, number * 0.1)
    assert best.best(1.0) == 0
    assert best.best(10.1) == 4, "the newest outlives the others"
    assert best.best(20.0) is None
    assert best.take(20.0) is None
