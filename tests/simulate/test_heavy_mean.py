"""The mean of unbounded values: false alarms, misses and intervals against exact probabilities.

Numbers with two outcomes make T a function of a binomial count, so that all of this is exact.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.statistics import MISS, Judgement, UnboundedMean
from simulate.tallies import Moments

ALARM = 1e-3
CASES = [(n, p) for n in (1, 30, 1000, 5_000) for p in (1e-4, 0.02, 0.5, 0.98)]


def check_of(low: float, high: float, variance: float = 1.0) -> UnboundedMean:
    return UnboundedMean(lambda: (low, high), lambda: variance)


def outcomes(p: float) -> tuple[float, float]:
    """Values with probabilities 1 − p and p, of mean 0 and variance 1."""
    return -math.sqrt(p / (1 - p)), math.sqrt((1 - p) / p)


def judged(check: UnboundedMean, n: int, p: float, shift: float) -> list[Judgement]:
    """For every possible count of the second outcome, the mean being moved from 0 to `shift`."""
    low, high = (check.tally(np.array([value + shift])).mean for value in outcomes(p))
    means = [low + (high - low) * count / n for count in range(n + 1)]
    return [check.compare(Moments(n, 0, mean, 0.0), ALARM) for mean in means]


def chance(n: int, p: float, happened: list[bool]) -> float:
    """Probability of the counts at which it happened."""
    return float(stats.binom.pmf(np.arange(n + 1), n, p)[happened].sum())


def rejected(judgement: Judgement) -> bool:
    return judgement.verdict == "contradicted"


def p_value(judgement: Judgement) -> float:
    assert judgement.p_value is not None
    return judgement.p_value


def holds(judgement: Judgement, mean: float) -> bool:
    """Without an interval everything is held."""
    return judgement.interval is None or judgement.interval[0] <= mean <= judgement.interval[1]


@pytest.mark.parametrize(("n", "p"), CASES)
def test_a_true_law_is_contradicted_as_rarely_as_promised(n: int, p: float) -> None:
    found = judged(check_of(0.0, 0.0), n, p, 0.0)
    assert chance(n, p, [rejected(j) for j in found]) <= ALARM
    for level in (0.5, 0.1, ALARM, 1e-6):
        assert chance(n, p, [p_value(j) <= level for j in found]) <= level
    assert [p_value(j) <= ALARM for j in found] == [rejected(j) for j in found]


@pytest.mark.parametrize(("n", "p"), CASES)
def test_the_interval_holds_the_mean_as_often_as_promised(n: int, p: float) -> None:
    """Also when the law that is tested is wrong."""
    for shift in (0.0, 0.3, -2.0):
        found = judged(check_of(0.0, 0.0), n, p, shift)
        assert chance(n, p, [not holds(j, shift) for j in found]) <= ALARM


@pytest.mark.parametrize("p", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("side", [1, -1])
def test_a_detectable_discrepancy_is_missed_as_rarely_as_promised(p: float, side: int) -> None:
    n, check = 5_000, check_of(0.0, 0.0)
    detectable = check.compare(Moments(n, 0, 0.0, 0.0), ALARM).detectable
    assert detectable is not None
    for shift in (1.0, 1.5, 30.0):
        found = judged(check, n, p, side * shift * detectable)
        assert chance(n, p, [rejected(j) for j in found]) >= 1 - MISS


def test_without_hope_nothing_is_called_detectable() -> None:
    found = check_of(0.0, 0.0).compare(Moments(5, 0, 0.0, 0.0), 1e-6)
    assert found.detectable is None
    assert found.interval is None
    assert found.verdict == "consistent"


def test_the_threshold_is_nearly_that_of_normal_numbers() -> None:
    """At a million trials and a false alarm of 1e-8: within 10 %."""
    found = check_of(0.0, 0.0, variance=9.0).compare(Moments(10**6, 0, 0.0, 0.0), 1e-8)
    normal = stats.norm.isf(1e-8 / 2) * 3.0 / 1e3
    assert normal < found.threshold < 1.1 * normal
    assert found.detectable is not None
    assert found.detectable < 1.1 * (normal + stats.norm.isf(MISS) * 3.0 / 1e3)


def test_the_damping_lies_between_the_two_logarithms() -> None:
    check = check_of(0.0, 0.0)
    x = np.concatenate([-np.logspace(-4, 3, 200), [0.0], np.logspace(-4, 3, 200)])
    damped = np.array([check.tally(np.array([value / check.scale])).mean for value in x])
    psi = damped * check.scale
    assert np.all(psi <= np.log(1 + x + x * x / 2) + 1e-12)
    assert np.all(psi >= -np.log(1 - x + x * x / 2) - 1e-12)


@pytest.mark.parametrize(
    ("low", "high", "verdicts"),
    [
        (-math.inf, 1.0, ["consistent", "consistent", "contradicted"]),
        (1.0, math.inf, ["contradicted", "consistent", "consistent"]),
        (0.9, 1.1, ["contradicted", "consistent", "contradicted"]),
    ],
)
def test_bounds_on_a_mean(low: float, high: float, verdicts: list[str]) -> None:
    check, n = check_of(low, high), 10_000
    found = [check.compare(Moments(n, 0, mean, 0.0), 1e-6) for mean in (0.0, 1.0, 2.0)]
    assert [j.verdict for j in found] == verdicts
    assert [j.distance > j.threshold for j in found] == [v == "contradicted" for v in verdicts]
    for j in found:
        assert j.expected in (low, high)


def test_heavy_tails_at_the_default_size() -> None:
    """Log-normal numbers of kurtosis 114: the truth, and a mean wrong by 1.5 %; chance 1e-8."""
    s, n = 1.0, 1_000_000
    mean, relative = math.exp(s**2 / 2), math.expm1(s**2)
    sample = np.exp(np.random.default_rng(31).standard_normal(n))
    for assumed, verdict in ((mean, "consistent"), (1.015 * mean, "contradicted")):
        check = check_of(assumed, assumed, mean**2 * relative)
        assert check.judge(check.tally(sample), n, 1e-8).verdict == verdict


def test_parts_merge_and_trials_without_a_number_are_no_evidence() -> None:
    check = check_of(0.0, 0.0)
    sample = np.random.default_rng(37).standard_normal(1000)
    whole = check.tally(sample)
    parts = check.tally(sample[:300]) + check.tally(sample[300:])
    assert math.isclose(parts.mean, whole.mean, rel_tol=1e-12)
    for spoilt in (np.nan, np.inf, -np.inf):
        tally = check.tally(np.append(sample, spoilt))
        assert tally.invalid == 1
        assert check.judge(tally, 1001, 1e-6).verdict == "inconclusive"
