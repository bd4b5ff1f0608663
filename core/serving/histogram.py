"""Quantiles of a histogram that Prometheus' clients count, as PromQL's ``histogram_quantile`` finds them."""

import math
from collections.abc import Mapping


def quantile(share: float, buckets: Mapping[float, float]) -> float:
    """The value below which that share of all observations lies, by linear interpolation in its bucket.

    As PromQL documents it for classic histograms: the lowest bucket begins at 0 where its upper bound is
    above 0; a quantile in the highest bucket, which ends at infinity, is the upper bound of the second
    highest; one in a lowest bucket that ends at or below 0 is that bound.

    Args:
        share: 0-1; below 0 gives minus infinity, above 1 infinity.
        buckets: by upper bound (``le``), how many observations are at most that; with one of infinity.

    Returns:
        In the observations' unit; nan without observations, without a bucket of infinity, with fewer than two
        buckets or for a share that is nan.
    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or not math.isinf(bounds[-1]) or not buckets[bounds[-1]] or math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    rank = share * buckets[bounds[-1]]
    place = next((n for n, bound in enumerate(bounds[:-1]) if buckets[bound] >= rank), len(bounds) - 1)
    if place == len(bounds) - 1:
        return bounds[-2]
    end = bounds[place]
    if place == 0 and end <= 0:
        return end
    start, before = (bounds[place - 1], buckets[bounds[place - 1]]) if place else (0.0, 0.0)
    inside = buckets[end] - before
    # A share of 0 whose bucket is empty: its beginning.
    return start + (end - start) * (rank - before) / inside if inside else start
