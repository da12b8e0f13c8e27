"""The logistic-normal law against scipy, mpmath and rigorous balls; its rule of quadrature too."""

from __future__ import annotations

import math

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
import sympy as sp
from flint import arb
from scipy import integrate, stats

from reports.record import InputError
from theory.noise import logistic_normal, normal_quadrature, regimes, share_variance
from theory.proof import rigorous

SPREADS = (0.05, 0.5, 1.4, 2.0, 5.0, 30.0, 90.0)


def by_mpmath(m: float, tau: float) -> tuple[float, float]:
    """Mean and variance with 30 digits; the kink at z = −m/τ splits the line."""
    with mpmath.workdps(30):
        cuts = [-12, *sorted({float(np.clip(-m / tau + k / tau, -12, 12)) for k in (-9, 0, 9)}), 12]

        def moment(power: int) -> mpmath.mpf:
            return mpmath.quad(
                lambda z: mpmath.npdf(z) / (1 + mpmath.exp(-m - tau * z)) ** power, cuts
            )

        first = moment(1)
        return float(first), float(moment(2) - first**2)


@pytest.mark.parametrize(
    ("m", "tau"), [(0.0, 0.3), (0.0, 4.0), (2.0, 1.5), (-7.0, 3.0), (1.0, 40.0)]
)
def test_moments_by_mpmath(m: float, tau: float) -> None:
    found, (mean, variance) = logistic_normal.moments(m, tau), by_mpmath(m, tau)
    assert found.mean == pytest.approx(mean, abs=2e-15 + found.error)
    assert found.variance == pytest.approx(variance, abs=2e-15 + found.error)
    assert found.error < 3e-16


@pytest.mark.parametrize("tau", SPREADS)
def test_variance_lies_within_the_rigorous_ball(tau: float) -> None:
    """The law's quadrature, the trapezoidal rule and Arb: three computations of one integral."""
    ball = rigorous.enclose(
        logistic_normal.variance.expression, {logistic_normal.tau: sp.Rational(tau)}
    ).value
    found = logistic_normal.moments(0.0, tau)
    assert found.mean == pytest.approx(0.5, abs=1e-15)
    assert abs(ball - arb(found.variance)) < arb(found.error + 1e-15)
    assert abs(ball - arb(logistic_normal.variance(tau))) < arb("1e-12")


@pytest.mark.parametrize("tau", SPREADS)
def test_variance_lies_between_its_bounds(tau: float) -> None:
    found = logistic_normal.moments(0.0, tau).variance
    assert share_variance.variance_below(tau) <= found <= share_variance.variance_above(tau)
    assert share_variance.variance_above(tau) <= tau**2 / 16
    assert share_variance.variance_bound(0.01, tau / math.sqrt(0.54), 0.5) <= found


def test_the_bounds_are_no_looser_than_they_need_be() -> None:
    """The wrong twins cross the truth: 64 for 32 at small τ, τ²/4 for τ²/2 at τ = 1."""
    assert logistic_normal.moments(0.0, 0.5).variance < 0.5**2 / 16 - 0.5**4 / 64
    assert logistic_normal.moments(0.0, 1.0).variance > 0.25 - 1 / (4 * math.sqrt(1.25))
    assert logistic_normal.moments(0.0, 50).variance < 0.25 - 1 / (2 * math.sqrt(2 * math.pi) * 50)


@pytest.mark.parametrize(("m", "tau"), [(0.0, 0.4), (0.0, 3.0), (-1.0, 2.0)])
def test_density_by_scipy(m: float, tau: float) -> None:
    def density(s: float) -> float:
        return logistic_normal.density(s, m, tau)

    for s in (0.01, 0.3, 0.5, 0.95):
        reference = stats.norm.pdf(math.log(s / (1 - s)), m, tau) / (s * (1 - s))
        assert density(s) == pytest.approx(reference, rel=1e-12)
        below = stats.norm.cdf(math.log(s / (1 - s)), m, tau)
        assert logistic_normal.distribution(s, m, tau) == pytest.approx(below, rel=1e-11)
    whole = integrate.quad(density, 1e-12, 1 - 1e-12, points=[0.01, 0.5, 0.99], limit=400)[0]
    assert whole == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("squared", "peaks"), [(0.5, 1), (1.98, 1), (2.02, 2), (9.0, 2)])
def test_peaks_by_counting(squared: float, peaks: int) -> None:
    s = 1 / (1 + np.exp(-np.linspace(-3 * squared - 3, 3 * squared + 3, 20001)))
    height = logistic_normal.density(s[1:-1], 0.0, math.sqrt(squared))
    inner = height[1:-1]
    assert np.sum((inner > height[:-2]) & (inner > height[2:])) == peaks
    assert (logistic_normal.curvature(math.sqrt(squared)) > 0) == (peaks == 2)


def trapezoidal(step: float, count: int, frequency: float) -> float:
    points = step * np.arange(-count, count + 1)
    return float(step * np.sum(stats.norm.pdf(points) * np.cos(frequency * points)))


@pytest.mark.parametrize("step", [0.2, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("frequency", [0.5, 3.0, 8.0])
def test_the_error_of_the_rule_is_within_its_bound(step: float, frequency: float) -> None:
    """cos(cz)/cosh(ca) is at most 1 in the strip; its mean is e^(−c²/2)/cosh(ca)."""
    count = math.ceil(9 / step)
    for strip in (0.5, 1.0, 2.0):
        off = abs(trapezoidal(step, count, frequency) - math.exp(-(frequency**2) / 2))
        off /= math.cosh(frequency * strip)
        assert off <= normal_quadrature.error(strip, step, count * step) + 1e-16


def test_the_bound_of_the_rule_with_half_the_exponential_is_crossed() -> None:
    """At c = 2π/h all points see cos = 1: nothing much smaller can be a bound."""
    step, strip = 0.5, 0.3
    off = (trapezoidal(step, 20, 2 * math.pi / step)) / math.cosh(2 * math.pi * strip / step)
    bound = normal_quadrature.error(strip, step, 10)
    assert 0.9 * bound < off <= bound


def test_means_of_known_functions() -> None:
    for c in (0.3, 1.0, 2.0):

        def cosine(z: np.ndarray, c: float = c) -> np.ndarray:
            return np.asarray(np.cos(c * z))

        value, error = normal_quadrature.normal_mean(cosine, strip=1.0, bound=math.cosh(c))
        assert value == pytest.approx(math.exp(-(c**2) / 2), abs=error + 1e-15)


@pytest.mark.parametrize("v", [1e-6, 0.1, 1.0, 4.0])
def test_the_bounds_of_the_regimes(v: float) -> None:
    """√(2/π) v e^(−v²/2) ≤ P ≤ √(2/π) v for an undecided split, v = L/τ; and for a split near ½."""
    delta, radial, alpha = 0.1, 0.5, 0.01
    beta = math.log(9) / (v * math.sqrt(4 * alpha + radial))
    undecided = regimes.undecided(delta, alpha, beta, radial)
    factor = math.sqrt(2 / math.pi)
    assert factor * v * math.exp(-(v**2) / 2) <= undecided * (1 + 1e-9)
    assert undecided <= factor * v * (1 + 1e-9)
    near = regimes.near_half(0.4, alpha, beta * math.sqrt((4 * alpha + radial) / (4 * alpha)))
    assert near == pytest.approx(undecided, rel=1e-9)  # 0.4 off one half is 0.1 off the ends
    assert 1 - math.exp(-(v**2) / 2) <= near * (1 + 1e-9)


def test_the_regimes_in_numbers() -> None:
    """αI: one half as αβ² → 0, a coin at fixed α as β → ∞; Σ_a: a coin however small α is."""
    assert regimes.near_half(0.01, 1e-8, 10) > 0.99
    assert regimes.near_half(0.49, 1e-8, 1e8) < 1e-3
    assert regimes.undecided(0.01, 1e-12, 1e5, 0.5) < 1e-4
    assert regimes.undecided(0.01, 1e-12, 1e5, 0.0) == pytest.approx(1)


def test_what_is_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match=r"tau must be .* 15000, got -1; m must be .*, got inf"):
        logistic_normal.moments(math.inf, -1)
    with pytest.raises(InputError, match=r"strip must be a number above 0.0001"):
        normal_quadrature.normal_mean(np.cos, strip=0.0)
    with pytest.raises(InputError, match="tau must be a number strictly between 0 and 100"):
        logistic_normal.variance(200)
