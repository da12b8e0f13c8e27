"""Thresholds, intervals and distances against scipy; verdicts, and what is called detectable."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from simulate.statistics import (
    MISS,
    ROUNDING,
    Bound,
    Check,
    CramerVonMises,
    Distribution,
    Identity,
    Judgement,
    Mean,
    Probability,
)
from simulate.statistics.binomial import acceptance, clopper_pearson
from simulate.statistics.bounded_mean import divergence, furthest
from simulate.statistics.kolmogorov_smirnov import dkw
from simulate.tallies import Count, Greatest, Moments

ALARMS = [0.2, 1e-2, 1e-5, 1e-9]


def exact(value: float) -> tuple[float, float]:
    return value, value


@pytest.mark.parametrize("miss", ALARMS)
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_interval_is_scipys(n: int, miss: float) -> None:
    for hits in {0, 1, n // 3, n}:
        reference = stats.binomtest(hits, n).proportion_ci(1 - miss, method="exact")
        assert clopper_pearson(hits, n, miss) == pytest.approx(
            tuple(reference), rel=1e-6, abs=1e-12
        )


@pytest.mark.parametrize("alarm", ALARMS)
@pytest.mark.parametrize(("n", "p"), [(50, 0.5), (1000, 0.01), (1000, 0.93), (3000, 0.3)])
def test_accepted_counts_are_those_whose_tails_are_likely_enough(
    n: int, p: float, alarm: float
) -> None:
    low, high = acceptance(n, p, alarm)

    def tail(hits: int, side: str) -> float:
        return float(stats.binomtest(hits, n, p, alternative=side).pvalue)

    if low > 0:
        assert tail(low - 1, "less") < alarm / 2 <= tail(low, "less")
    if high < n:
        assert tail(high + 1, "greater") <= alarm / 2 < tail(high, "greater")


@pytest.mark.parametrize("alarm", ALARMS)
@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
def test_mean_threshold_holds_for_coins_whose_law_is_known(p: float, alarm: float) -> None:
    n = 2000
    budget = math.log(2 / alarm) / n
    high = furthest(lambda x: divergence(x, p), p, 1.0, budget)
    low = furthest(lambda x: divergence(x, p), p, 0.0, budget)
    coins = stats.binom(n, p)
    assert coins.sf(math.ceil(n * high - 1e-9) - 1) <= alarm / 2
    assert coins.cdf(math.floor(n * low + 1e-9)) <= alarm / 2
    assert max(high - p, p - low) <= dkw(n, alarm) * (1 + 1e-9)


def test_distance_is_scipys_up_to_the_space_between_edges() -> None:
    sample = np.random.default_rng(3).normal(0.02, 1.0, 20_000)
    check = Distribution(special.ndtr, grid=np.linspace(-8, 8, 4001))
    reference = stats.kstest(sample, "norm").statistic
    found = check.judge(check.tally(sample), len(sample), 1e-3)
    between = float(np.diff(check.law_at_edges).max())
    assert between < 1e-3
    assert reference - between - 1e-9 <= found.distance <= reference + 1e-9


@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
def test_a_detectable_discrepancy_is_missed_as_rarely_as_promised(p: float) -> None:
    n, alarm = 10_000, 1e-6
    judgement = Probability(lambda: exact(p)).compare(Count(n, 0, round(n * p)), alarm)
    assert judgement.detectable is not None
    low, high = acceptance(n, p, alarm)

    def missed(true: float) -> float:
        return float(stats.binom.cdf(high, n, true) - stats.binom.cdf(low - 1, n, true))

    sides = [missed(p + judgement.detectable), missed(p - judgement.detectable)]
    assert all(m <= MISS * (1 + 1e-6) for m in sides if not math.isnan(m))
    smaller = [missed(p + 0.97 * judgement.detectable), missed(p - 0.97 * judgement.detectable)]
    assert max(smaller) > MISS


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.03, 0.5, 0.99, 1.0])
def test_for_few_trials_too_what_is_called_detectable_is_detected(p: float) -> None:
    """From one trial to a thousand, by the exact binomial law; below some n nothing is detected."""
    for n in np.unique(np.geomspace(1, 1000, 60).astype(int)).tolist():
        found = Probability(lambda: exact(p)).compare(Count(n, 0, round(n * p)), 1e-6)
        low, high = acceptance(n, p, 1e-6)
        if found.detectable is None:
            assert high == n or low == 0
            continue
        for true in (p + found.detectable, p - found.detectable):
            if 0 <= true <= 1:
                passed = stats.binom.cdf(high, n, true) - stats.binom.cdf(low - 1, n, true)
                assert passed <= MISS * (1 + 1e-6), (n, true)


@pytest.mark.parametrize("p", [1e-9, 0.03, 0.5, 0.99])
def test_a_single_trial_detects_nothing(p: float) -> None:
    checks: list[Check[Any]] = [
        Probability(lambda: exact(p)),
        Mean(lambda: exact(p), width=1.0),
        Distribution(lambda u: u, grid=np.linspace(0, 1, 2)),
    ]
    for check in checks:
        assert check.judge(check.tally(np.ones(1)), 1, 1e-12).detectable is None


def test_a_bound_that_excludes_nothing_detects_nothing() -> None:
    found = Mean(lambda: (0.0, 1.3), width=1.0).compare(Moments(10**6, 0, 0.5, 0.0), 1e-9)
    assert (found.verdict, found.threshold, found.detectable) == ("consistent", 0.0, None)


def test_a_negative_bound_on_values_that_are_not_is_contradicted() -> None:
    found = Mean(lambda: (0.0, -0.2), width=1.0).compare(Moments(1000, 0, 0.01, 0.0), 1e-9)
    assert found.verdict == "contradicted"


@pytest.mark.parametrize("n", [1, 1000, 10**6])
@pytest.mark.parametrize("check", [Bound(reach=0.0), Identity()])
def test_an_exact_check_says_how_rare_a_violation_it_would_have_met(
    check: Bound | Identity, n: int
) -> None:
    """In its unit, a share p of trials: all n of them keep clear of it with probability MISS."""
    share = check.judge(Greatest(n, 0, 0.0), n, 0.0).detectable
    assert share is not None
    assert n * math.log1p(-share) == pytest.approx(math.log(MISS))


def test_a_violation_in_a_detectable_share_of_trials_is_met() -> None:
    """200 times out of 200; each missed with probability 1e-6."""
    check, n, rng = Bound(reach=0.5), 5000, np.random.default_rng(37)
    share = check.judge(Greatest(n, 0, 1.0), n, 0.0).detectable
    assert share is not None
    for _ in range(200):
        tally = check.tally(np.where(rng.random(n) < share, 1.01, 0.9))
        assert check.judge(tally, n, 0.0).verdict == "contradicted"


@pytest.mark.parametrize(
    ("greatest", "verdict"),
    [(1.0, "consistent"), (1 + 2 * ROUNDING, "contradicted"), (0.9, "inconclusive")],
)
def test_bound_is_neither_crossed_nor_idle(greatest: float, verdict: str) -> None:
    check = Bound(reach=0.99)
    tally = check.tally(np.array([0.2, greatest]))
    assert check.judge(tally, 2, 0.0).verdict == verdict


def test_bounds_on_a_probability_and_on_a_mean() -> None:
    def probability(hits: int) -> Judgement:
        return Probability(lambda: (0.4, 0.6)).compare(Count(1000, 0, hits), 1e-6)

    assert [probability(h).verdict for h in (250, 400, 600, 750)] == [
        "contradicted", "consistent", "consistent", "contradicted",
    ]  # fmt: skip
    assert probability(500).distance == 0
    assert probability(750).distance > probability(750).threshold

    def mean(value: float) -> Judgement:
        return Mean(lambda: (0.0, 0.4), width=2.0, reach=0.5).compare(
            Moments(1000, 0, value, 0.0), 1e-6
        )

    assert [mean(v).verdict for v in (0.1, 0.3, 0.41, 0.9)] == [
        "inconclusive", "consistent", "consistent", "contradicted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "scale"),
    [
        (Distribution(lambda u: u, grid=np.linspace(0, 1, 2)), 1.0),
        (CramerVonMises(lambda u: u, grid=np.linspace(0, 1, 2)), 1.0),
        (Mean(lambda: exact(0.5), width=1.0), 1.0),
        (Identity(), 1e-12),
        (Bound(reach=0.5), 1.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_missing_and_invalid_trials_never_pass(check: Check[Any], scale: float) -> None:
    sample = scale * np.random.default_rng(29).random(1000)
    spoilt = np.append(sample[:-1], np.nan)
    assert check.judge(check.tally(sample), 1000, 1e-6).verdict == "consistent"
    assert check.judge(check.tally(sample), 1001, 1e-6).verdict == "inconclusive"
    assert check.judge(check.tally(spoilt), 1000, 1e-6).verdict == "inconclusive"
    assert check.judge(check.tally(sample[:0]), 1000, 1e-6).verdict == "inconclusive"


def test_a_mean_takes_no_values_outside_its_interval() -> None:
    mean = Mean(lambda: exact(0.5), width=1.0)
    assert mean.tally(np.array([0.5, -0.1, 1.1, 0.5])).invalid == 2


def test_a_selection_of_trials_contradicts_no_law_but_breaks_a_bound() -> None:
    skewed = np.append(np.zeros(999), np.nan)
    mean = Mean(lambda: exact(0.5), width=1.0)
    assert mean.judge(mean.tally(skewed), 1000, 1e-6).verdict == "inconclusive"
    bound = Bound(reach=0.5)
    assert bound.judge(bound.tally(np.array([2.0, np.nan])), 2, 0.0).verdict == "contradicted"
