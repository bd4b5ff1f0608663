import json
import math

import numpy as np
import pytest

from core.load import bench as load_bench
from core.load.figures import Seen, Step, capacity, delay_s, ramp, read_seen, slope, step, table, trend


def seen(stream, count, begin=100.0, rate=5.0, delay=0.1, epoch=0.0):
    """Verdicts of one stream at an even pace, each of the frame that was shown ``delay`` before."""
    made = []
    for turn in range(count):
        at = begin + turn / rate
        made.append(Seen(stream, round((at - delay - epoch) * 24) % 120, at))
    return made


def measured(verdicts, streams, window=(100.0, 110.0)):
    return step(
        verdicts,
        streams=streams,
        window=window,
        delay=lambda one: delay_s(one, epoch=0.0, frames=120, rate=24),
        cores=1.5,
        memory_mb=400.0,
    )


def made(streams, holds):
    rate = 5.0 if holds else 2.0
    return Step(streams, streams, rate, rate, 0.1, 0.2, 0.3, 1.0, 400.0)


def test_a_verdict_belongs_to_the_frame_that_it_read_in_a_film_that_loops():
    assert delay_s(Seen("a", 23, 2.0), epoch=1.0, frames=120, rate=24) == pytest.approx(1 - 23 / 24)
    assert delay_s(Seen("a", 119, 5.1), epoch=0.0, frames=120, rate=24) == pytest.approx(5.1 - 119 / 24)
    assert delay_s(Seen("a", 119, 10.2), epoch=0.0, frames=120, rate=24) == pytest.approx(10.2 - 239 / 24)


def test_rates_and_delays_are_of_the_window_alone():
    found = measured(seen("a", 100) + seen("b", 30, rate=3.0) + seen("a", 5, begin=95.0), 2)
    assert (found.served, found.streams) == (2, 2)
    assert (found.rate, found.least_rate) == (pytest.approx(4.0), pytest.approx(3.0))
    assert found.p50_s == pytest.approx(0.1, abs=1 / 24)
    assert found.holds


def test_a_stream_that_saw_nothing_counts_as_nothing():
    found = measured(seen("a", 100), 2)
    assert (found.served, found.least_rate, found.holds) == (1, 0.0, False)
    nothing = measured([], 1)
    assert math.isnan(nothing.p95_s)
    assert not nothing.holds
    assert nothing.as_dict()["p95_s"] is None
    json.dumps(nothing.as_dict(), allow_nan=False)


def test_too_seldom_or_too_late_does_not_hold():
    assert not measured(seen("a", 29, rate=2.9), 1).holds
    assert not measured(seen("a", 50, delay=0.6), 1).holds


def test_the_ramp_doubles_and_ends_where_it_was_told():
    assert list(ramp(1)) == [1]
    assert list(ramp(8)) == [1, 2, 4, 8]
    assert list(ramp(11)) == [1, 2, 4, 8, 11]


def test_capacity_is_the_last_number_before_the_first_that_fails():
    assert capacity([made(1, True), made(2, True), made(4, False)]) == 2
    assert capacity([made(1, False), made(2, True)]) == 0
    assert capacity([]) == 0


def test_the_steps_stand_in_a_table_and_as_plain_values():
    steps = [made(1, True), made(2, True), made(4, False)]
    assert [line.split()[0] for line in table(steps).splitlines()] == ["streams", "1", "2", "4"]
    found = load_bench.figures(steps)
    assert found["capacity_streams"] == 2
    assert [one["holds"] for one in found["steps"]] == [True, True, False]


def test_lines_are_read_up_to_the_last_whole_one():
    assert read_seen("7 12 3.5000\n8 13 3.6000\n9 1") == [Seen("7", 12, 3.5), Seen("8", 13, 3.6)]
    assert read_seen("") == []


def test_a_slope_has_its_interval():
    times = list(range(50))
    found, reach = slope(times, [3.0 + 0.5 * at for at in times])
    assert (found, reach) == (pytest.approx(0.5), pytest.approx(0.0, abs=1e-9))


def test_a_slope_of_what_wanders_is_not_taken_for_one():
    rng, wrong = np.random.default_rng(0), 0
    for _turn in range(200):
        flat = [0.0]
        for step_by in rng.normal(size=239):
            flat.append(0.8 * flat[-1] + step_by)  # each value is close to the one before
        found, reach = slope(range(240), flat)
        wrong += abs(found) > reach
    assert wrong < 25, "about 5 in 100; 1 in 2 where each point counts by itself"


def test_a_trend_is_that_of_the_second_half_a_minute():
    times = [6.0 * turn for turn in range(40)]
    filling = [(at, 400 + 5 * at) for at in times[:20]]  # caches: 300 MiB a minute
    found = trend([*filling, *((at, 900 + at / 10) for at in times[20:])])
    assert (found.a_minute, found.reach) == (pytest.approx(6), pytest.approx(0, abs=1e-6))
    assert found.line == (pytest.approx((120, 912)), pytest.approx((234, 923.4)))
    noisy = [(at, mb + (-1) ** turn) for turn, (at, mb) in enumerate(zip(times, [900.0] * 40, strict=True))]
    a_second, reach = slope(times[20:], [mb for _at, mb in noisy[20:]])
    assert trend(noisy).a_minute == pytest.approx(60 * a_second)
    assert trend(noisy).reach == pytest.approx(60 * reach)


def test_beside_the_app_to_compare_with_stand_ratios():
    naive = [made(1, holds=False)]
    found = load_bench.figures([made(1, holds=True), made(2, holds=False)], naive)
    assert (found["capacity_streams"], found["naive"]["capacity_streams"]) == (1, 0)
    assert found["one_stream_over_naive"] == {"rate": 2.5, "p95_s": 1.0, "cores": 1.0}
    silent = [measured([], 1)]
    assert load_bench.figures(naive, silent)["one_stream_over_naive"]["rate"] is None
    json.dumps(load_bench.figures(naive, silent), allow_nan=False)
