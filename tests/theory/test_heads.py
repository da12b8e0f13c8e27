"""Any number of heads: variances by enumeration, by scipy's integrals and against a single head."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy import integrate, special, stats

from reports.record import InputError
from theory import multi_head
from theory.noise import heads, missing
from theory.proof.typeset import latex

SHARES = (0.0, 0.25, 0.5, 0.9, 1.0)
NOISES = [(0.01, 0.5), (0.1, 0.5), (0.02, 0.0)]


@pytest.mark.parametrize("share", SHARES)
def test_limit_by_enumerating_what_the_heads_pick(share: float) -> None:
    hit = 1 - missing.miss(0.05, 4, 0.5)
    stray = missing.miss(0.05, 4, 0.0) / 3
    outcomes = [
        ((hit if i else 1 - hit) * (stray if j else 1 - stray), share * i + (1 - share) * j)
        for i, j in itertools.product((0, 1), repeat=2)
    ]
    mean = sum(p * w for p, w in outcomes)
    variance = sum(p * (w - mean) ** 2 for p, w in outcomes)
    assert heads.share_variance(0.05, 4, 0.5, share) == pytest.approx(variance, rel=1e-9)


def test_two_heads_are_the_practicals() -> None:
    two = heads.share_variance(0.01, 16, 0.5, 0.5)
    assert two == pytest.approx(multi_head.limit_variance(0.01, 16, 0.5), rel=1e-12)


def test_half_of_the_heads_for_each_value_is_best_in_exact_fractions() -> None:
    """E(W_a − ½)² for heads that are 0 or 1 with any joint law, dependent or not."""
    joint = [Fraction(k, 29) for k in (3, 1, 20, 5)]  # of (w_1, w_2) = (0,0), (0,1), (1,0), (1,1)

    def off(share: Fraction) -> Fraction:
        outcomes = itertools.product((0, 1), repeat=2)
        return sum(
            (p * (share * i + (1 - share) * j - Fraction(1, 2)) ** 2
             for p, (i, j) in zip(joint, outcomes, strict=True)),
            Fraction(0),
        )  # fmt: skip

    shares = [Fraction(k, 12) for k in range(13)]
    assert min(shares, key=off) == Fraction(1, 2)


def test_heads_with_one_query_are_one_head() -> None:
    """Five of eight heads ask for v_a: the mean weight of v_a by attention, head by head."""
    random = np.random.default_rng(4)
    keys = np.eye(6) + 0.3 * random.standard_normal((6, 6))
    queries = 3.0 * np.eye(6)[[0] * 5 + [1] * 3]
    weights = special.softmax(queries @ keys.T, axis=1)
    mean = weights[:, 0].mean()
    assert mean == pytest.approx(5 / 8 * weights[0, 0] + 3 / 8 * weights[-1, 0], rel=1e-12)


def variance_of_logistic(centre: float, deviation: float) -> float:
    """By scipy, with the step of the logistic function marked."""
    step = np.clip([(k - centre) / deviation for k in (-30, -3, 0, 3, 30)], -11, 11)

    def moment(power: int) -> float:
        def integrand(t: float) -> float:
            return float(special.expit(centre + deviation * t) ** power * stats.norm.pdf(t))

        found = integrate.quad(integrand, -12, 12, points=step, limit=500, epsabs=1e-14)[0]
        return float(found)

    return moment(2) - moment(1) ** 2


@pytest.mark.parametrize("beta", [0.3, 3.0, 30.0, 110.0])
@pytest.mark.parametrize(("noise", "spread"), NOISES)
def test_finite_gain_by_scipy(noise: float, spread: float, beta: float) -> None:
    first = variance_of_logistic(beta, beta * math.sqrt(spread + 2 * noise))
    second = variance_of_logistic(-beta, beta * math.sqrt(2 * noise))
    for share in (0.5, 0.8):
        exact = share**2 * first + (1 - share) ** 2 * second
        law = heads.finite_variance(noise, beta, spread, share)
        assert law == pytest.approx(exact, rel=1e-8, abs=1e-12)
        assert law <= heads.variance_bound(noise, beta, 2, spread, share)


@pytest.mark.parametrize("beta", [5.0, 30.0, 130.0])
@pytest.mark.parametrize("share", SHARES)
def test_ratio_to_a_single_head_of_two_keys(beta: float, share: float) -> None:
    noise, spread = 0.01, 0.5
    single = variance_of_logistic(0, beta * math.sqrt(4 * noise + spread))
    ratio = heads.finite_variance(noise, beta, spread, share) / single
    assert ratio <= heads.ratio(noise, beta, spread, share)


def test_the_ratio_tends_to_the_sum_of_squared_shares() -> None:
    assert heads.ratio(0.01, 1e9, 0.5, 0.5) == pytest.approx(0.5, rel=1e-8)
    assert heads.ratio(0.01, 1e9, 0.5, 0.75) == pytest.approx(0.625, rel=1e-8)


def test_the_finite_gain_tends_to_the_limit() -> None:
    limit = heads.share_variance(0.01, 2, 0.5, 0.5)
    gaps = [abs(heads.finite_variance(0.01, b, 0.5, 0.5) - limit) for b in (10, 30, 100)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 2e-3


def test_parameters_out_of_range_are_refused_at_once() -> None:
    with pytest.raises(InputError, match=r"alpha must be .* above 0, got -1; h must be .* got 2"):
        heads.share_variance(-1, 4, 0.5, 2)
    with pytest.raises(InputError, match=r"<= 10000 must hold, got alpha = 1, beta = 1000"):
        heads.finite_variance(1, 1000, 0.5, 0.5)
    with pytest.raises(InputError, match=r"> 16 must hold, got alpha = 0.01, beta = 1"):
        heads.ratio(0.01, 1, 0.5, 0.5)


def test_a_power_of_an_abbreviation_is_printed() -> None:
    variance = heads.LogisticVariance(sp.Symbol("x"), sp.Symbol("y"))
    assert latex(variance**2) == "v^{2}(x, y)"
    assert latex(variance) == "v(x, y)"
