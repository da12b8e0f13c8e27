"""p-values against scipy from 1 to 1e-12, and the promise P(p ≤ x) ≤ x by enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

from simulate.statistics import (
    Bound,
    Distribution,
    Identity,
    Mean,
    Probability,
    binomial,
    bounded_mean,
    kolmogorov_smirnov,
)
from simulate.statistics.binomial import acceptance
from simulate.statistics.kolmogorov_smirnov import dkw, dkw_tail
from simulate.tallies import Count, Moments

COINS = [(1, 0.5), (20, 0.1), (300, 0.5), (1000, 0.003), (1000, 0.93)]
PROBABILITIES = [1.0, 0.9, 0.5, 0.1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12]


def exact_p(hits: int, n: int, p: float) -> float:
    return binomial.two_sided(hits, n, p, p)


def hoeffding_p(hits: int, n: int, p: float) -> float:
    return bounded_mean.hoeffding(n, hits / n, p, p)


def assert_no_p_value_is_smaller_too_often(p_value: Callable[[int, int, float], float]) -> None:
    """P(p ≤ x) ≤ x for every x, by summing the binomial law: no chance is involved."""
    for n, p in COINS:
        found = np.array([p_value(hits, n, p) for hits in range(n + 1)])
        law = stats.binom.pmf(np.arange(n + 1), n, p)
        for x in found:
            assert law[found <= x].sum() <= x * (1 + 1e-9) + 1e-300
        assert found.max() == 1


@pytest.mark.parametrize("p_value", [exact_p, hoeffding_p])
def test_p_values_promise_no_more_than_they_keep(
    p_value: Callable[[int, int, float], float],
) -> None:
    assert_no_p_value_is_smaller_too_often(p_value)


def test_one_tail_for_two_promises_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_sided(hits: int, n: int, lower: float, upper: float) -> float:
        tails = stats.binom.sf(hits - 1, n, upper), stats.binom.cdf(hits, n, lower)
        return float(min(1.0, *tails))

    monkeypatch.setattr(binomial, "two_sided", one_sided)
    with pytest.raises(AssertionError):
        assert_no_p_value_is_smaller_too_often(exact_p)


def test_a_flipped_inequality_promises_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    def flipped(hits: int, n: int, lower: float, upper: float) -> float:
        tails = stats.binom.sf(hits, n, upper), stats.binom.cdf(hits - 1, n, lower)
        return float(min(1.0, 2 * tails[0], 2 * tails[1]))  # P(X > hits) for P(X ≥ hits)

    monkeypatch.setattr(binomial, "two_sided", flipped)
    with pytest.raises(AssertionError):
        assert_no_p_value_is_smaller_too_often(exact_p)


def test_a_divergence_of_twice_the_size_promises_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    right = bounded_mean.divergence
    monkeypatch.setattr(bounded_mean, "divergence", lambda m, e: 2 * right(m, e))
    with pytest.raises(AssertionError):
        assert_no_p_value_is_smaller_too_often(hoeffding_p)


@pytest.mark.parametrize(("n", "p"), [*COINS, (10**6, 0.25), (10**6, 1e-5)])
def test_binomial_p_value_is_twice_scipys_smaller_tail(n: int, p: float) -> None:
    """Over all counts whose p-value is from 1 to 1e-12, or forty of them."""
    low, high = acceptance(n, p, 1e-12)
    for hits in np.unique(np.linspace(low, high, 40).astype(int)).tolist():
        tails = [
            float(stats.binomtest(hits, n, p, alternative=side).pvalue)
            for side in ("less", "greater")
        ]
        assert exact_p(hits, n, p) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9)


@pytest.mark.parametrize(("n", "p"), COINS)
@pytest.mark.parametrize("alarm", [0.2, 1e-2, 1e-6])
def test_the_law_is_contradicted_exactly_where_the_p_value_is_small(
    n: int, p: float, alarm: float
) -> None:
    """At the counts on either side of both thresholds."""
    exact, mean = Probability(lambda: (p, p)), Mean(lambda: (p, p), width=1.0)
    seen = set()
    room = 2 + round(0.1 * math.sqrt(n))
    for limit in acceptance(n, p, alarm):
        for hits in range(max(0, limit - room), min(n, limit + room) + 1):
            for judgement in (
                exact.compare(Count(n, 0, hits), alarm),
                mean.compare(Moments(n, 0, hits / n, 0.0), alarm),
            ):
                assert judgement.p_value is not None
                contradicted = judgement.verdict == "contradicted"
                assert contradicted == (judgement.p_value <= alarm)
                seen.add(judgement.verdict)
    assert n == 1 or seen == {"contradicted", "consistent"}


@pytest.mark.parametrize(("n", "p"), [(300, 0.5), (1000, 0.93), (1000, 0.03)])
def test_hoeffdings_p_value_exceeds_the_exact_one_by_a_power_of_n_alone(n: int, p: float) -> None:
    """By at most √(2n) · (what Bahadur and Rao divide by), down to 1e-12."""
    low, high = acceptance(n, p, 1e-12)
    for hits in range(low, high + 1):
        ratio = hoeffding_p(hits, n, p) / exact_p(hits, n, p)
        assert 1 - 1e-9 <= ratio <= math.sqrt(2 * math.pi * n)


@pytest.mark.parametrize("n", [20, 1000, 30_000])
def test_the_p_value_of_dkw_is_a_near_bound_on_the_exact_one(n: int) -> None:
    """Against the exact law of the statistic: never below it; where it is below a tenth, above it
    by no more than 60 % for a thousand trials and 8 % for thirty thousand."""
    for p in PROBABILITIES[1:]:
        distance = float(stats.kstwo.isf(p, n))
        found = dkw_tail(n, distance)
        assert found >= p * (1 - 1e-6)
        if n >= 1000 and p <= 0.1:
            assert found <= (1.6 if n == 1000 else 1.08) * p


def test_ks_p_value_is_scipys_up_to_the_bound_and_the_edges() -> None:
    n = 20_000
    check = Distribution(special.ndtr, grid=np.linspace(-8, 8, 4001))
    for shift in (0.0, 0.01, 0.02, 0.05, 0.08):
        sample = special.ndtri((np.arange(n) + 0.5) / n) + shift
        found = check.judge(check.tally(sample), n, 1e-6).p_value
        reference = stats.kstest(sample, "norm", method="exact")
        assert found is not None
        distance = reference.statistic
        assert dkw_tail(n, distance) <= found <= dkw_tail(n, max(0.0, distance - 6e-4))
        assert found >= reference.pvalue


def assert_dkw_is_a_bound_on_the_exact_law_and_a_near_one() -> None:
    for n in (20, 30_000):
        for alarm in (0.2, 1e-2, 1e-5, 1e-9):
            probability = float(stats.kstwo.sf(kolmogorov_smirnov.dkw(n, alarm), n))
            assert probability <= alarm
            assert probability >= 0.8 * alarm or n == 20


def test_dkw_is_an_upper_bound_on_the_exact_law_and_a_near_one() -> None:
    assert_dkw_is_a_bound_on_the_exact_law_and_a_near_one()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda n, alarm: math.sqrt(math.log(2 / alarm) / (4 * n)),
        lambda n, alarm: math.sqrt(math.log(2 / alarm) / n),
        lambda n, alarm: math.sqrt(math.log(1 / alarm) / (2 * n)),
        lambda n, alarm: math.sqrt(math.log(4 / alarm) / (2 * n)),
        lambda n, alarm: 1.358 / math.sqrt(n),
    ],
    ids=["4n", "n", "one-sided", "union of two one-sided", "a table's 5 %"],
)
def test_a_wrong_constant_of_dkw_is_noticed(
    wrong: Callable[[int, float], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kolmogorov_smirnov, "dkw", wrong)
    with pytest.raises(AssertionError):
        assert_dkw_is_a_bound_on_the_exact_law_and_a_near_one()


def test_the_p_value_and_the_threshold_are_inverse() -> None:
    for n in (20, 10**6):
        for p in PROBABILITIES:
            assert dkw_tail(n, dkw(n, p)) == pytest.approx(p, rel=1e-9)


def test_bounds_of_a_range_each_have_their_own_tail() -> None:
    check = Probability(lambda: (0.4, 0.6))
    p = [check.compare(Count(1000, 0, hits), 1e-6).p_value for hits in (300, 500, 700)]
    assert p[1] == 1
    assert p[0] == pytest.approx(2 * stats.binom.cdf(300, 1000, 0.4), rel=1e-9)
    assert p[2] == pytest.approx(2 * stats.binom.sf(699, 1000, 0.6), rel=1e-9)


def test_a_bound_from_one_side_is_the_law_however_far_below_it_the_sample_lies() -> None:
    check = Probability(lambda: (0.0, 0.8))
    sequence = check.sequence(1e-6, 0.1).after(Count(1000, 0, 200))
    sampled = check.compare(Count(1000, 0, 200), 1e-6), check.judge_sequence(sequence, 1000)
    assert [(j.expected, j.distance, j.p_value) for j in sampled] == [(0.8, 0.0, 1.0)] * 2


def test_hoeffding_allows_every_mean_of_the_range() -> None:
    check = Mean(lambda: (0.0, 0.4), width=2.0)
    inside, outside = (check.compare(Moments(9, 0, m, 0.0), 1e-6).p_value for m in (0.2, 0.9))
    divergence = bounded_mean.divergence(0.45, 0.2)
    assert inside == 1
    assert outside == pytest.approx(2 * math.exp(-9 * divergence))


@pytest.mark.parametrize("check", [Bound(reach=0.0), Identity()])
def test_what_is_exact_has_no_p_value(check: Bound | Identity) -> None:
    assert check.judge(check.tally(np.zeros(3)), 3, 0.0).p_value is None
