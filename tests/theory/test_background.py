"""What one head leaves on the other keys: fractions, scipy's multivariate normal, samples."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import pytest
from scipy import integrate, stats

from reports.record import InputError
from theory.noise import background, outranked
from theory.noise.noisy_keys import drawn_weights

SETTINGS = list(itertools.product((0.01, 0.1, 1.0), (0.0, 0.5)))


def test_the_threshold_of_the_tail_in_fractions() -> None:
    """If e^(s_b − s_i) is at least (n − 2)(1 − ε)/ε for all i, at most ε is left over, exactly."""
    n, epsilon = 5, Fraction(1, 10)
    ratio = (n - 2) * (1 - epsilon) / epsilon
    pairs = [(Fraction(1, 1000), Fraction(1)), (Fraction(1), Fraction(1, 2))]
    for a, near in pairs:
        others = [1 / ratio * near] * (n - 2)
        left = sum(others) / (a + 1 + sum(others))
        assert left <= epsilon
    closer = [1 / (ratio * Fraction(9, 10))] * (n - 2)
    assert sum(closer) / (Fraction(1, 10**6) + 1 + sum(closer)) > epsilon


def of_three_keys(alpha: float, radial: float) -> float:
    """P(k_i above k_a and k_b): (k_a − k_i, k_b − k_i) is bivariate normal with covariance 2α."""
    shared = [[4 * alpha + radial, 2 * alpha], [2 * alpha, 4 * alpha]]
    return float(stats.multivariate_normal([1, 1], shared).cdf([0, 0]))


@pytest.mark.parametrize(("alpha", "radial"), SETTINGS)
def test_three_keys_by_the_bivariate_normal(alpha: float, radial: float) -> None:
    found = outranked.outranked(alpha, 3, radial)
    assert found == pytest.approx(of_three_keys(alpha, radial), abs=1e-8)
    wrong = outranked.outranked(alpha, 4, radial)  # the wrong twin: one key more
    assert alpha < 0.1 or abs(wrong - of_three_keys(alpha, radial)) > 1e-3


def integrated(alpha: float, n: int, radial: float) -> float:
    """1 − P(the largest of a and b is above all others), by scipy over that largest score."""
    a, b = stats.norm(1, math.sqrt(2 * alpha + radial)), stats.norm(1, math.sqrt(2 * alpha))
    other = stats.norm(0, math.sqrt(2 * alpha))

    def wins(x: float) -> float:
        density = a.pdf(x) * b.cdf(x) + a.cdf(x) * b.pdf(x)
        return float(density * other.cdf(x) ** (n - 2))

    return 1 - float(integrate.quad(wins, -10, 12, points=[0, 0.5, 1, 2], epsabs=1e-11)[0])


@pytest.mark.parametrize(("alpha", "radial"), SETTINGS)
@pytest.mark.parametrize("n", [3, 4, 16])
def test_outranked_by_the_other_order_and_between_its_bounds(
    alpha: float, radial: float, n: int
) -> None:
    found = outranked.outranked(alpha, n, radial)
    assert found == pytest.approx(integrated(alpha, n, radial), abs=1e-8)
    assert found == pytest.approx(outranked.by_other_order(n, alpha, radial), rel=1e-7, abs=1e-12)
    assert 0 < outranked.below(alpha, radial) <= found * (1 + 1e-9)
    assert found <= outranked.above(alpha, n, radial)
    assert found <= (n - 2) * stats.norm.cdf(-1 / math.sqrt(4 * alpha))


def test_the_bounds_with_a_wrong_constant_are_crossed() -> None:
    """2α for 3α in the bound from above; one factor of the bound from below left out."""
    assert outranked.outranked(0.02, 3, 0.0) > stats.norm.cdf(-1 / math.sqrt(0.04))
    assert outranked.outranked(0.02, 3, 0.0) < stats.norm.cdf(-1 / math.sqrt(0.08))


@pytest.mark.parametrize("beta", [5.0, 50.0, 500.0])
def test_the_weight_left_over_tends_to_the_probability_and_not_to_0(beta: float) -> None:
    """10⁵ samples; off by more than 0.01 by chance with probability below 2e^(−20) (Hoeffding)."""
    alpha, n = 0.1, 5
    left = drawn_weights(n, alpha, 0.0, beta, draws=100_000)[:, 2:].sum(axis=1)
    limit = outranked.outranked(alpha, n, 0.0)
    rate = outranked.rate(alpha, beta, n, 0.0)
    assert abs(left.mean() - limit) <= rate + 0.01
    if beta == 500:
        assert rate < 0.01 < outranked.below(alpha, 0.0) + limit / 2 < left.mean()


@pytest.mark.parametrize(("alpha", "beta"), [(0.001, 12.0), (0.02, 60.0), (0.02, 1000.0)])
def test_the_tail_bound_holds_where_the_mean_bound_is_useless(alpha: float, beta: float) -> None:
    """10⁵ samples; a share 0.015 too large by chance has probability below e^(−45) (Hoeffding)."""
    n, epsilon = 8, 0.1
    left = drawn_weights(n, alpha, 0.0, beta, draws=100_000)[:, 2:].sum(axis=1)
    bound = background.tail_bound(epsilon, alpha, beta, n)
    assert (left > epsilon).mean() <= bound + 0.015
    assert bound < 0.5
    if beta > 50:
        assert background.mean_bound(alpha, beta, n) > 1
        assert bound < 0.02


def test_the_tail_bound_tends_to_the_bound_on_being_outranked() -> None:
    limit = 14 * stats.norm.cdf(-1 / math.sqrt(4 * 0.05))
    assert background.tail_bound(0.1, 0.05, 1e6, 16) == pytest.approx(limit, rel=1e-4)
    assert background.tail_bound(0.1, 0.05, 1e3, 16) > limit


def test_all_that_is_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match=r"alpha must be .* above 0, got -1; n must .*, got 2;"):
        outranked.outranked(-1, 2, -0.5)
    with pytest.raises(InputError, match=r"epsilon must be .* 0 and 1, got 1; alpha must .* got 0"):
        background.tail_bound(1, 0, 1, 3)
