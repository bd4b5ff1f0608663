"""Figures for a results page: intervals, effects, tests and survival, fit for small samples.

Which methods and why: docs/decisions/studies-statistics.md. Everything is deterministic: random draws are
seeded. SciPy is loaded at the first use, and by this module alone of those that serve.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np

from core.i18n import _, ngettext
from core.study.measures import Time

LEVEL: Final = 0.95
_BOOTSTRAP: Final = 4999
_PERMUTATIONS: Final = 9999
_FEWEST_FOR_AN_INTERVAL: Final = 3
_CLEARLY_SMALL: Final = 20

Interval = tuple[float, float]
Test = Literal["log_rank", "rank_sum", "signed_rank", "fisher", "mcnemar"]


@dataclass(frozen=True)
class Summary:
    """One arm on one measure.

    Attributes:
        n: participants with a value; ``censored`` of them are times that were not reached.
        median, mean: None where undefined; the median of times is read off the survival curve, and neither a
            mean nor a geometric mean is given where any time is censored.
        median_interval, mean_interval, geometric_mean_interval: 95 % intervals; None with fewer than 3 values
            or where they cannot be had.
    """

    n: int
    censored: int
    median: float | None
    median_interval: Interval | None
    mean: float | None
    mean_interval: Interval | None
    geometric_mean: float | None = None
    geometric_mean_interval: Interval | None = None


@dataclass(frozen=True)
class Rate:
    """How many of how many.

    Attributes:
        share: 0-1; None of no people.
        interval: adjusted Wald (Agresti and Coull), 95 %.
    """

    count: int
    n: int
    share: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Two arms on one measure; positive differences and deltas say that the second arm's values are higher.

    Attributes:
        paired: each participant had both arms; else different participants had them.
        n: values of each arm; pairs, twice, where paired.
        p: of a two-sided test; None where too few values are there for any.
        exact: whether the test counted every arrangement, and not a random sample of them.
        smallest_p: the smallest p that samples of this size can give at all.
        delta: Cliff's delta, -1 to 1: the chance that a value of the second arm is higher than one of the
            first, less the chance that it is lower; within participants where paired. Pairs of times of
            which neither is known to be longer count as equal.
        difference: of the medians, second less first; of the shares for yes or no. Where paired, the median
            of the differences within participants.
    """

    paired: bool
    n: tuple[int, int]
    test: Test
    p: float | None
    exact: bool
    smallest_p: float | None
    delta: float | None
    delta_interval: Interval | None
    difference: float | None
    difference_interval: Interval | None


@dataclass(frozen=True)
class Curve:
    """A survival curve by Kaplan and Meier: a staircase that falls at each time.

    Attributes:
        times_ms: where it changes or a time is censored, from 0.
        survival: the share (0-1) that has not reached it yet, from that time on.
        low, high: the 95 % band, by the log of the log (Kalbfleisch and Prentice).
        at_risk: how many were still under observation just before.
        censored_ms: when times were censored.
    """

    times_ms: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]
    censored_ms: tuple[float, ...]

    def at(self, ms: float) -> float:
        """The share (0-1) that has not reached it by then."""
        place = int(np.searchsorted(self.times_ms, ms, side="right")) - 1
        return self.survival[max(place, 0)]

    @property
    def median_ms(self) -> float | None:
        """The first time at which at most half have not reached it; None where more than half never did."""
        return next(
            (t for t, share in zip(self.times_ms, self.survival, strict=True) if share <= 0.5 + 1e-12), None
        )


def summary(values: Sequence[Time | float], seed: int = 0) -> Summary:
    """An arm's figures.

    Args:
        values: times (``Time``), or plain numbers; not both.
        seed: of the bootstrap.
    """
    if values and isinstance(values[0], Time):
        return _summary_of_times([one for one in values if isinstance(one, Time)], seed)
    numbers = np.array([float(one) for one in values if not isinstance(one, Time)])
    if not len(numbers):
        return Summary(0, 0, None, None, None, None)
    return Summary(
        n=len(numbers),
        censored=0,
        median=float(np.median(numbers)),
        median_interval=_bootstrap(np.median, (numbers,), "percentile", seed),
        mean=float(np.mean(numbers)),
        mean_interval=_bootstrap(np.mean, (numbers,), "BCa", seed),
    )


def rate(count: int, n: int) -> Rate:
    """A share with its adjusted Wald interval (Agresti and Coull 1998; Sauro and Lewis 2005 for usability).

    Raises:
        ValueError: more than there are, or fewer than none.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no rate")
    if n == 0:
        return Rate(0, 0, None, None)
    z = _normal_quantile((1 + LEVEL) / 2)
    adjusted_n = n + z**2
    middle = (count + z**2 / 2) / adjusted_n
    half = z * math.sqrt(middle * (1 - middle) / adjusted_n)
    return Rate(count, n, count / n, (max(0.0, middle - half), min(1.0, middle + half)))


def exact_interval(count: int, n: int) -> Interval:
    """The 95 % interval of a share by Clopper and Pearson: for checking a promised rate."""
    from scipy import stats

    found = stats.binomtest(count, n).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)


def kaplan_meier(times: Sequence[Time]) -> Curve:
    """The survival curve of at least one time.

    Raises:
        ValueError: there is no time.
    """
    if not times:
        raise ValueError("a survival curve needs a time")
    from scipy import stats

    ms, reached = _arrays(times)
    found = stats.ecdf(stats.CensoredData.right_censored(ms, ~reached)).sf
    at, survival = found.quantiles, np.clip(found.probabilities, 0.0, 1.0)
    at_risk = np.array([(ms >= t).sum() for t in at])
    fallen = np.array([((ms == t) & reached).sum() for t in at])
    low, high = _band(survival, at_risk, fallen)
    if at[0] > 0:
        at, at_risk = np.insert(at, 0, 0.0), np.insert(at_risk, 0, len(ms))
        survival, low, high = (np.insert(share, 0, 1.0) for share in (survival, low, high))
    return Curve(
        times_ms=tuple(map(float, at)),
        survival=tuple(map(float, survival)),
        low=tuple(map(float, low)),
        high=tuple(map(float, high)),
        at_risk=tuple(map(int, at_risk)),
        censored_ms=tuple(sorted(map(float, ms[~reached]))),
    )


def _band(survival: np.ndarray, at_risk: np.ndarray, fallen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The band by Greenwood's variance on the scale of the log of the log.

    SciPy's own warns where the scale is undefined, which is at the end of every curve that reaches zero.
    There the band goes from 0 to where it was; before anybody fell it is at 1.
    """
    low, high = np.ones_like(survival), np.ones_like(survival)
    z, greenwood = _normal_quantile((1 + LEVEL) / 2), 0.0
    for place, (share, n, d) in enumerate(zip(survival, at_risk, fallen, strict=True)):
        if share <= 0.0 or n == d:
            low[place], high[place] = 0.0, high[place - 1] if place else 1.0
            continue
        greenwood += d / (n * (n - d))
        if share < 1.0:
            half = z * math.sqrt(greenwood) / abs(math.log(share))
            low[place], high[place] = share ** math.exp(half), share ** math.exp(-half)
    return low, high


def compare(
    first: Sequence[Time | float],
    second: Sequence[Time | float],
    *,
    paired: bool = False,
    yes_no: bool = False,
    seed: int = 0,
) -> Comparison:
    """Two arms on one measure. The test follows from the design and the kind of measure, not from the values.

    Times: the log-rank test; other numbers: Wilcoxon's rank sum, or signed rank where paired; both as
    permutation tests, exact where all arrangements can be counted. Yes or no: Fisher's exact test, or
    McNemar's exact test where paired.

    Args:
        first, second: values of the two arms; of the same participants in the same order where paired.
        yes_no: the values are 0 and 1.

    Raises:
        ValueError: paired values of different number, or of yes or no another than 0 and 1.
    """
    if paired and len(first) != len(second):
        raise ValueError("paired values come in pairs")
    if yes_no:
        if any(one not in (0, 1) for one in (*first, *second)):
            raise ValueError("yes or no is 1 or 0")
        return _compare_yes_no(first, second, paired)
    timed = any(isinstance(one, Time) for one in (*first, *second))
    if not (len(first) and len(second)):
        test: Test = "log_rank" if timed else "signed_rank" if paired else "rank_sum"
        return Comparison(paired, (len(first), len(second)), test, None, False, None, *[None] * 4)
    a, a_known = _numbers(first)
    b, b_known = _numbers(second)
    if timed:
        scores = _log_rank_scores(np.concatenate([a, b]), np.concatenate([a_known, b_known]))
        test = "log_rank"
    elif paired:
        scores, test = np.empty(0), "signed_rank"
    else:
        scores, test = _ranks(np.concatenate([a, b])), "rank_sum"
    if paired:
        ranks = scores[len(a) :] - scores[: len(a)] if timed else _signed_ranks(b - a)
        p, exact = _sign_permutation(ranks, seed)
        smallest = 2.0 ** (1 - len(a))
    else:
        p, exact = _permutation(scores[: len(a)], scores[len(a) :], seed)
        smallest = 2.0 / math.comb(len(a) + len(b), len(a))
    middle: Callable[..., float] = _median_difference if not paired else _paired_median
    if timed and paired and not (a_known.all() and b_known.all()):
        difference: float | None = None
    else:
        difference = _finite(middle(a, a_known, b, b_known))
    return Comparison(
        paired=paired,
        n=(len(a), len(b)),
        test=test,
        p=p,
        exact=exact,
        smallest_p=min(1.0, smallest),
        delta=_delta(a, a_known, b, b_known, paired),
        delta_interval=_resampled(partial(_delta, paired=paired), a, a_known, b, b_known, paired, seed),
        difference=difference,
        difference_interval=None
        if difference is None
        else _resampled(middle, a, a_known, b, b_known, paired, seed),
    )


def log_rank(first: Sequence[Time], second: Sequence[Time]) -> tuple[float, float]:
    """The log-rank statistic (normal with mean 0 and SD 1 for large samples) and its p in that approximation.

    For large samples and for the literature; :func:`compare` permutes instead. A positive statistic says
    that the first arm reached it sooner.
    """
    from scipy import stats

    data = []
    for times in (first, second):
        ms, reached = _arrays(times)
        data.append(stats.CensoredData.right_censored(ms, ~reached))
    found = stats.logrank(*data)
    return float(found.statistic), float(found.pvalue)


def holm(ps: Mapping[Any, float]) -> dict[Any, float]:
    """p-values of several comparisons, adjusted by Holm so that all of them together err at most so often."""
    ordered = sorted(ps, key=lambda name: ps[name])
    highest, adjusted = 0.0, {}
    for place, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ps) - place) * ps[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in ps}


def compare_all(
    arms: Mapping[str, Sequence[Time | float]], *, paired: bool = False, yes_no: bool = False, seed: int = 0
) -> dict[tuple[str, str], tuple[Comparison, float | None]]:
    """Every two arms, each with its comparison and its p adjusted by Holm for as many as have one."""
    found = {
        (a, b): compare(arms[a], arms[b], paired=paired, yes_no=yes_no, seed=seed)
        for a, b in itertools.combinations(arms, 2)
    }
    adjusted = holm({pair: one.p for pair, one in found.items() if one.p is not None})
    return {pair: (one, adjusted.get(pair)) for pair, one in found.items()}


def warning(comparison: Comparison) -> str:
    """The sentence about the size of the samples that belongs beside a comparison; empty for large ones."""
    fewest = min(comparison.n)
    if comparison.p is None or comparison.smallest_p is None or fewest < _FEWEST_FOR_AN_INTERVAL:
        return _("Too few participants to compare: read the single sessions instead.")
    if comparison.smallest_p > 1 - LEVEL:
        return _(
            "With so few participants no result could have been significant: the smallest possible p is {p}."
        ).format(p=f"{comparison.smallest_p:.2g}")
    if fewest < _CLEARLY_SMALL:
        words = ngettext(
            "With one participant in the smaller arm only large differences can be found. "
            "That none was found does not show that there is none: look at the interval.",
            "With {n} participants in the smaller arm only large differences can be found. "
            "That none was found does not show that there is none: look at the interval.",
            fewest,
        )
        return words.format(n=fewest)
    return ""


def power(
    draw: Callable[[np.random.Generator], tuple[Sequence[Time | float], Sequence[Time | float]]],
    *,
    paired: bool = False,
    studies: int = 1000,
    level: float = 1 - LEVEL,
    seed: int = 0,
    test: Callable[[Sequence[Any], Sequence[Any]], float | None] | None = None,
) -> float:
    """How often (0-1) a test finds a difference, over simulated studies.

    Args:
        draw: one study's values of both arms.
        level: a p at or below it counts as found.
        test: the p of both arms' values; that of :func:`compare` by default.
    """
    rng = np.random.default_rng(seed)
    found = 0
    for place in range(studies):
        arms = draw(rng)
        p = p_value(*arms, paired=paired, seed=seed + place) if test is None else test(*arms)
        found += p is not None and p <= level
    return found / studies


def power_of_times(
    n: int,
    medians_ms: tuple[float, float],
    log_sd: float,
    *,
    limit_ms: float = math.inf,
    studies: int = 1000,
    seed: int = 0,
) -> float:
    """The power (0-1) of a comparison of log-normal times between participants: for planning.

    The log-rank test's normal approximation stands in for its permutation: some 20 times as fast, and from 10
    participants an arm on as good as the guesses that go in.

    Args:
        n: participants an arm.
        medians_ms: expected median of each arm.
        log_sd: standard deviation of the times' natural logarithm; about 0.5 is usual for times on task.
        limit_ms: when a task is ended; longer times are censored.
    """

    def draw(rng: np.random.Generator) -> tuple[list[Time], list[Time]]:
        arms = []
        for median in medians_ms:
            whole = rng.lognormal(math.log(median), log_sd, n)
            arms.append([Time(min(float(ms), limit_ms), bool(ms <= limit_ms)) for ms in whole])
        return arms[0], arms[1]

    def test(first: Sequence[Time], second: Sequence[Time]) -> float | None:
        reached = any(time.reached for time in (*first, *second))
        return log_rank(first, second)[1] if reached else None

    return power(draw, studies=studies, seed=seed, test=test)


def power_from_pilot(
    pilot: tuple[Sequence[Time | float], Sequence[Time | float]],
    n: int,
    *,
    studies: int = 1000,
    seed: int = 0,
) -> float:
    """The power (0-1) between participants, with arms of ``n`` drawn from a pilot's values."""

    def draw(rng: np.random.Generator) -> tuple[list[Time | float], list[Time | float]]:
        drawn = [[arm[place] for place in rng.integers(len(arm), size=n)] for arm in pilot]
        return drawn[0], drawn[1]

    return power(draw, studies=studies, seed=seed)


def p_value(
    first: Sequence[Time | float], second: Sequence[Time | float], *, paired: bool = False, seed: int = 0
) -> float | None:
    """The p of :func:`compare`, without its intervals; None where an arm is empty."""
    if not (len(first) and len(second)):
        return None
    a, a_known = _numbers(first)
    b, b_known = _numbers(second)
    timed = any(isinstance(one, Time) for one in (*first, *second))
    if paired and not timed:
        return _sign_permutation(_signed_ranks(b - a), seed)[0]
    whole, known = np.concatenate([a, b]), np.concatenate([a_known, b_known])
    scores = _log_rank_scores(whole, known) if timed else _ranks(whole)
    if paired:
        return _sign_permutation(scores[len(a) :] - scores[: len(a)], seed)[0]
    return _permutation(scores[: len(a)], scores[len(a) :], seed)[0]


def _summary_of_times(times: Sequence[Time], seed: int) -> Summary:
    ms, reached = _arrays(times)
    whole = bool(reached.all())
    spread = whole and bool((ms > 0).all())

    def geometric(sample: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.exp(np.mean(np.log(sample), axis=axis))

    return Summary(
        n=len(ms),
        censored=int((~reached).sum()),
        median=_finite(_survival_median(ms, reached)),
        median_interval=_median_interval(times),
        mean=float(ms.mean()) if whole else None,
        mean_interval=_bootstrap(np.mean, (ms,), "BCa", seed) if whole else None,
        geometric_mean=float(geometric(ms)) if spread else None,
        geometric_mean_interval=_bootstrap(geometric, (ms,), "BCa", seed) if spread else None,
    )


def _median_interval(times: Sequence[Time]) -> Interval | None:
    """By Brookmeyer and Crowley: the times at which half is within the band of the curve."""
    if len(times) < _FEWEST_FOR_AN_INTERVAL:
        return None
    curve = kaplan_meier(times)
    steps = list(zip(curve.times_ms, curve.low, curve.high, strict=True))
    low = next((t for t, bottom, _top in steps if bottom <= 0.5), None)
    high = next((t for t, _bottom, top in steps if top <= 0.5), None)
    return None if low is None else (low, math.inf if high is None else high)


def _bootstrap(
    statistic: Callable[..., Any],
    data: tuple[np.ndarray, ...],
    method: Literal["BCa", "percentile"],
    seed: int,
) -> Interval | None:
    if min(map(len, data)) < _FEWEST_FOR_AN_INTERVAL:
        return None
    if all(np.ptp(sample) == 0 for sample in data):  # every draw is the same
        value = float(statistic(*data))
        return value, value
    from scipy import stats

    found = stats.bootstrap(
        data,
        statistic,
        n_resamples=_BOOTSTRAP,
        confidence_level=LEVEL,
        method=method,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    ends = float(found.low), float(found.high)
    return ends if all(map(math.isfinite, ends)) else None


def _resampled(
    statistic: Callable[..., float],
    a: np.ndarray,
    a_known: np.ndarray,
    b: np.ndarray,
    b_known: np.ndarray,
    paired: bool,
    seed: int,
    draws: int = 999,
) -> Interval | None:
    """A percentile interval of what needs values and whether they are known: participants are drawn whole.

    None where it is undefined in more than one draw of twenty.
    """
    if min(len(a), len(b)) < _FEWEST_FOR_AN_INTERVAL:
        return None
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for place in range(draws):
        one = rng.integers(len(a), size=len(a))
        other = one if paired else rng.integers(len(b), size=len(b))
        found[place] = statistic(a[one], a_known[one], b[other], b_known[other])
    defined = found[np.isfinite(found)]
    if len(defined) < 0.95 * draws:
        return None
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _permutation(a: np.ndarray, b: np.ndarray, seed: int) -> tuple[float, bool]:
    """p of a difference in mean scores between participants, two-sided, and whether it is exact."""
    whole = np.concatenate([a, b])
    if np.ptp(whole) == 0:
        return 1.0, True
    exact = math.comb(len(whole), len(a)) <= _PERMUTATIONS
    if exact:
        chosen = np.array(list(itertools.combinations(range(len(whole)), len(a))))
        totals = whole[chosen].sum(axis=1)
    else:
        rng = np.random.default_rng(seed)
        totals = rng.permuted(np.tile(whole, (_PERMUTATIONS, 1)), axis=1)[:, : len(a)].sum(axis=1)
    return _two_sided(totals, float(a.sum()), exact), exact


def _sign_permutation(differences: np.ndarray, seed: int) -> tuple[float, bool]:
    """p of a mean of differences within participants: each may as well have had the other sign."""
    if not np.any(differences):
        return 1.0, True
    n = len(differences)
    exact = 2**n <= _PERMUTATIONS
    if exact:
        signs = np.array(list(itertools.product((-1.0, 1.0), repeat=n)))
    else:
        signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(_PERMUTATIONS, n))
    return _two_sided(signs @ differences, float(differences.sum()), exact), exact


def _two_sided(totals: np.ndarray, seen: float, exact: bool) -> float:
    """Twice the smaller tail; of random arrangements what was seen is one, so that p is never 0."""
    slack = 1e-9 * max(1.0, abs(seen))  # equal totals are equal whatever order they were summed in
    extra = 0 if exact else 1
    tails = (np.sum(totals <= seen + slack), np.sum(totals >= seen - slack))
    return min(1.0, 2 * (float(min(tails)) + extra) / (len(totals) + extra))


def _log_rank_scores(ms: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """Log-rank scores: reached or not, less the cumulative hazard (Nelson and Aalen) up to then.

    Their sum over an arm is the observed less the expected number of that arm: the log-rank numerator.
    """
    hazard = 0.0
    by_time: dict[float, float] = {}
    for t in np.unique(ms):
        at = ms == t
        hazard += float((at & reached).sum()) / float((ms >= t).sum())
        by_time[float(t)] = hazard
    return reached.astype(float) - np.array([by_time[float(t)] for t in ms])


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy import stats

    return np.asarray(stats.rankdata(values), dtype=float)


def _signed_ranks(differences: np.ndarray) -> np.ndarray:
    """Wilcoxon's signed ranks; differences of nothing are left out."""
    moved = differences[differences != 0]
    return np.sign(moved) * _ranks(np.abs(moved)) if len(moved) else np.zeros(0)


def _delta(a: np.ndarray, a_known: np.ndarray, b: np.ndarray, b_known: np.ndarray, paired: bool) -> float:
    if not paired:
        a, a_known = a[:, None], a_known[:, None]
    # A time that was not reached is known to be longer than any that was reached by then.
    higher = a_known & ((b > a) | ((b == a) & ~b_known))
    lower = b_known & ((a > b) | ((a == b) & ~a_known))
    return float(np.mean(higher) - np.mean(lower))


def _median_difference(a: np.ndarray, a_known: np.ndarray, b: np.ndarray, b_known: np.ndarray) -> float:
    return _survival_median(b, b_known) - _survival_median(a, a_known)


def _paired_median(a: np.ndarray, _a_known: np.ndarray, b: np.ndarray, _b_known: np.ndarray) -> float:
    return float(np.median(b - a))


def _survival_median(values: np.ndarray, known: np.ndarray) -> float:
    """The usual median, or the survival curve's where values are censored; NaN where that is not met."""
    if known.all():
        return float(np.median(values))
    share = 1.0
    for t in np.unique(values):
        at_risk = float((values >= t).sum())
        share *= 1 - float(((values == t) & known).sum()) / at_risk
        if share <= 0.5 + 1e-12:
            return float(t)
    return math.nan


def _compare_yes_no(first: Sequence[Any], second: Sequence[Any], paired: bool) -> Comparison:
    from scipy import stats

    a, b = np.array(first, dtype=float), np.array(second, dtype=float)
    if not (len(a) and len(b)):
        return Comparison(
            paired, (len(a), len(b)), "mcnemar" if paired else "fisher", None, True, None, *[None] * 4
        )
    known_a, known_b = np.ones(len(a), bool), np.ones(len(b), bool)
    if paired:
        up, down = int((b > a).sum()), int((a > b).sum())
        p = float(stats.binomtest(up, up + down).pvalue) if up + down else 1.0
        smallest = 2.0 ** (1 - len(a))
    else:
        table = [[int(a.sum()), len(a) - int(a.sum())], [int(b.sum()), len(b) - int(b.sum())]]
        p = float(stats.fisher_exact(table).pvalue)
        smallest = 2.0 / math.comb(len(a) + len(b), len(a))

    def shares(a: np.ndarray, _a_known: np.ndarray, b: np.ndarray, _b_known: np.ndarray) -> float:
        return float(b.mean() - a.mean())

    return Comparison(
        paired=paired,
        n=(len(a), len(b)),
        test="mcnemar" if paired else "fisher",
        p=min(1.0, p),
        exact=True,
        smallest_p=min(1.0, smallest),
        delta=_delta(a, known_a, b, known_b, paired),
        delta_interval=_resampled(partial(_delta, paired=paired), a, known_a, b, known_b, paired, 0),
        difference=shares(a, known_a, b, known_b),
        difference_interval=_resampled(shares, a, known_a, b, known_b, paired, 0),
    )


def _numbers(values: Sequence[Time | float]) -> tuple[np.ndarray, np.ndarray]:
    numbers = [one.ms if isinstance(one, Time) else float(one) for one in values]
    known = [one.reached if isinstance(one, Time) else True for one in values]
    return np.array(numbers, dtype=float), np.array(known, dtype=bool)


def _arrays(times: Sequence[Time]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one.ms for one in times], dtype=float), np.array(
        [one.reached for one in times], dtype=bool
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
