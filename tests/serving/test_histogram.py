"""Quantiles of counted buckets, as PromQL's histogram_quantile gives them."""

import math

import pytest

from core.serving.histogram import quantile

# Upper bound: observations of at most that.
BUCKETS = {0.01: 10.0, 0.05: 40.0, 0.1: 90.0, 1.0: 98.0, math.inf: 100.0}


@pytest.mark.parametrize(
    ("share", "value"),
    [
        (0.1, 0.01),
        (0.05, 0.005),  # the lowest bucket begins at 0
        (0.25, 0.01 + 0.04 * 15 / 30),
        (0.5, 0.05 + 0.05 * 10 / 50),
        (0.95, 0.1 + 0.9 * 5 / 8),
        (0.99, 1.0),  # in the bucket without an end: the end of the one before
        (1.0, 1.0),
        (0.0, 0.0),
        (-0.1, -math.inf),
        (1.1, math.inf),
    ],
)
def test_a_quantile_is_interpolated_in_its_bucket(share, value):
    assert quantile(share, BUCKETS) == pytest.approx(value)


def test_the_order_of_the_buckets_does_not_matter():
    assert quantile(0.5, dict(reversed(BUCKETS.items()))) == quantile(0.5, BUCKETS)


def test_a_lowest_bucket_that_ends_at_or_below_zero_is_its_bound():
    assert quantile(0.2, {-1.0: 5.0, 2.0: 10.0, math.inf: 10.0}) == -1.0
    assert quantile(0.75, {-1.0: 5.0, 2.0: 10.0, math.inf: 10.0}) == 0.5


@pytest.mark.parametrize(
    "buckets",
    [{}, {math.inf: 3.0}, {0.1: 3.0, 1.0: 4.0}, {0.1: 0.0, math.inf: 0.0}],
    ids=["none", "one", "no infinity", "no observation"],
)
def test_what_has_no_quantile_has_none(buckets):
    assert math.isnan(quantile(0.5, buckets))


def test_a_share_that_is_no_number_has_none():
    assert math.isnan(quantile(math.nan, BUCKETS))


def test_all_in_the_bucket_without_an_end():
    assert quantile(0.5, {0.1: 0.0, 5.0: 0.0, math.inf: 7.0}) == 5.0
