import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.study.measures import Time
from core.study.statistics import (
    compare,
    compare_all,
    exact_interval,
    holm,
    kaplan_meier,
    log_rank,
    p_value,
    power_from_pilot,
    power_of_times,
    rate,
    summary,
    warning,
)


def times(*values):
    """Times; a negative one was not reached by then."""
    return [Time(abs(value), value > 0) for value in values]


def test_kaplan_meier_by_hand():
    curve = kaplan_meier(times(1, 2, -3, 4, 5, -6))
    assert curve.times_ms == (0, 1, 2, 3, 4, 5, 6)
    assert curve.survival == pytest.approx((1, 5 / 6, 4 / 6, 4 / 6, 4 / 9, 2 / 9, 2 / 9))
    assert curve.at_risk == (6, 6, 5, 4, 3, 2, 1)
    assert (curve.median_ms, curve.censored_ms) == (4, (3, 6))
    assert [curve.at(t) for t in (0, 3.9, 4)] == pytest.approx([1, 4 / 6, 4 / 9])


def test_the_band_of_a_curve_by_hand():
    """Greenwood's sum at the first step is 1 / (6 * 5)."""
    curve = kaplan_meier(times(1, 2, -3, 4, 5, -6))
    share, z = 5 / 6, 1.959963984540054
    half = z * math.sqrt(1 / 30) / abs(math.log(share))
    assert (curve.low[1], curve.high[1]) == pytest.approx((share ** math.exp(half), share ** math.exp(-half)))
    assert (curve.low[0], curve.high[0]) == (1, 1)


def test_a_curve_that_ends_at_nobody_has_a_band_to_its_end():
    curve = kaplan_meier(times(1, 2))
    assert (curve.survival[-1], curve.low[-1], curve.high[-1]) == (0, 0, curve.high[-2])
    assert kaplan_meier(times(-5, -6)).median_ms is None
    with pytest.raises(ValueError, match="needs a time"):
        kaplan_meier([])


def test_log_rank_by_hand():
    """Expected in the first arm 1/2 + 1/3, observed 1; variance 1/4 + 2/9."""
    statistic, p = log_rank(times(1, -3), times(2, 4))
    assert abs(statistic) == pytest.approx((1 / 6) / math.sqrt(1 / 4 + 2 / 9))
    assert p == pytest.approx(2 * stats.norm.sf(abs(statistic)))
    assert log_rank(times(1, 2, 3), times(7, 8, 9))[0] > 0


def test_the_permuted_log_rank_agrees_with_the_normal_one_for_many():
    rng = np.random.default_rng(1)
    a = [Time(min(t, 60), t <= 60) for t in rng.lognormal(3.3, 0.6, 60)]
    b = [Time(min(t, 60), t <= 60) for t in rng.lognormal(3.6, 0.6, 60)]
    assert p_value(a, b) == pytest.approx(log_rank(a, b)[1], abs=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_rank_tests_are_the_textbooks_exact_ones(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=6), rng.normal(0.8, size=5)
    assert compare(a, b).p == pytest.approx(stats.mannwhitneyu(a, b, method="exact").pvalue)
    pairs = compare(a[:5], b, paired=True)
    assert pairs.p == pytest.approx(stats.wilcoxon(a[:5], b, method="exact").pvalue)
    assert (pairs.exact, pairs.test) == (True, "signed_rank")


def test_ties_and_random_arrangements():
    a, b = [1, 2, 2, 3, 3, 3, 4, 4, 4, 5] * 2, [2, 3, 3, 4, 4, 4, 5, 5, 5, 5] * 2
    found = compare(a, b)
    assert not found.exact
    assert found.p == pytest.approx(stats.mannwhitneyu(a, b, method="asymptotic").pvalue, abs=0.01)
    assert compare(a, b) == found
    assert compare([3, 3, 3], [3, 3, 3]).p == 1


def test_fishers_tea_and_mcnemar():
    tea = compare([1, 1, 1, 0], [0, 0, 0, 1], yes_no=True)
    assert (tea.p, tea.difference) == (pytest.approx(34 / 70), -0.5)
    pairs = compare([0] * 5 + [1], [1] * 6, yes_no=True, paired=True)
    assert pairs.p == pytest.approx(2 / 32)
    assert compare([1, 0], [1, 0], yes_no=True, paired=True).p == 1
    with pytest.raises(ValueError, match="1 or 0"):
        compare([0.5], [1], yes_no=True)


def test_cliffs_delta_by_hand():
    assert compare([1, 2, 3], [2, 3, 4]).delta == pytest.approx(5 / 9)
    assert compare([1, 2, 3], [2, 3, 3], paired=True).delta == pytest.approx(2 / 3)
    assert compare(times(5), times(-3)).delta == 0
    assert compare(times(5), times(-5)).delta == 1
    assert compare(times(-5), times(5)).delta == -1


def test_differences_of_medians():
    assert compare(times(10, 20, 30), times(20, 40, -50)).difference == 20
    assert compare(times(10, 20, 30), times(-20, -40, -50)).difference is None
    assert compare([1, 2, 9], [2, 5, 10], paired=True).difference == 1
    assert compare(times(10, 20), times(20, -30), paired=True).difference is None


def test_an_interval_lies_about_its_figure_and_is_the_same_each_time():
    a, b = list(range(20)), list(range(5, 25))
    found = compare(a, b)
    low, high = found.difference_interval
    assert low <= found.difference <= high
    low, high = found.delta_interval
    assert low <= found.delta <= high
    assert compare(a, b) == found


def test_summary_of_numbers_and_of_times():
    plain = summary([1.0, 2.0, 3.0, 10.0])
    assert (plain.n, plain.median, plain.mean, plain.geometric_mean) == (4, 2.5, 4.0, None)
    whole = summary(times(10, 20, 40))
    assert (whole.median, whole.geometric_mean) == (20, pytest.approx(20))
    low, high = whole.geometric_mean_interval
    assert 10 <= low <= 20 <= high <= 40
    part = summary(times(10, 20, -40, -50))
    assert (part.censored, part.median, part.mean, part.geometric_mean) == (2, 20, None, None)
    assert part.median_interval == (10, math.inf)
    assert summary([4.0, 4.0, 4.0]).mean_interval == (4, 4)
    assert summary([]).n == summary([1.0]).n - 1 == 0
    assert summary([1.0, 2.0]).mean_interval is None


def test_adjusted_wald_by_hand():
    """7 of 10 with 1.96: (7 + 1.92) / 13.84 plus or minus 1.96 * 0.1287."""
    found = rate(7, 10)
    assert found.interval == pytest.approx((0.3923, 0.8967), abs=5e-4)
    assert rate(0, 5).interval[0] == 0
    assert rate(0, 0).share is None
    with pytest.raises(ValueError, match="no rate"):
        rate(3, 2)


def test_clopper_and_pearson():
    assert exact_interval(0, 10) == pytest.approx((0, 1 - 0.025**0.1))


def test_holm_by_hand():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1, "b": 1}
    assert holm({}) == {}


def test_several_arms_are_compared_two_by_two():
    found = compare_all({"a": [1, 2, 3, 4], "b": [5, 6, 7, 8], "c": []})
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    comparison, adjusted = found["a", "b"]
    assert (comparison.p, adjusted) == (pytest.approx(2 / 70), comparison.p)
    assert found["a", "c"] == (compare([1, 2, 3, 4], []), None)


def test_warnings_fit_the_size_of_the_samples():
    assert warning(compare([1, 2], [3, 4])).startswith("Too few")
    assert "0.1" in warning(compare([1, 2, 3], [4, 5, 6]))
    assert "8 participants" in warning(compare(list(range(8)), list(range(8))))
    assert warning(compare(list(range(20)), list(range(20)))) == ""


def test_pairs_come_in_pairs():
    with pytest.raises(ValueError, match="pairs"):
        compare([1], [1, 2], paired=True)


def test_power_is_the_level_without_a_difference_and_grows_with_it():
    assert power_of_times(8, (30, 30), 0.5, studies=200) == pytest.approx(0.05, abs=0.04)
    small, large = (power_of_times(8, (30, 30 * ratio), 0.5, studies=60) for ratio in (1.5, 4))
    assert small < large
    assert power_of_times(8, (30, 60), 0.5, limit_ms=10, studies=60) <= small
    assert power_from_pilot((times(1, 2, 3), times(7, 8, 9)), 8, studies=20) == 1


NUMBERS = st.lists(st.floats(0, 1e6), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(NUMBERS, NUMBERS, st.randoms(use_true_random=False))
def test_which_arm_is_first_changes_only_the_sign(a, b, random_):
    one, other = ([Time(value, random_.random() < 0.7) for value in values] for values in (a, b))
    assert p_value(one, other) == pytest.approx(p_value(other, one))
    assert compare(one[:2], other[:2]).delta == -compare(other[:2], one[:2]).delta


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), min_size=1, max_size=12))
def test_a_curve_falls_within_its_band(values):
    curve = kaplan_meier([Time(ms, reached) for ms, reached in values])
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    for low, share, high in zip(curve.low, curve.survival, curve.high, strict=True):
        assert 0 <= low <= share + 1e-9
        assert share - 1e-9 <= high <= 1
