"""Noisy scores of question 2a against integrals, fractions and two-dimensional normal laws."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, stats

from reports.record import InputError
from theory import copying
from theory.noise import noisy_scores


@pytest.mark.parametrize("n", [2, 3, 16, 1000])
def test_without_a_margin_every_key_is_as_likely_to_be_largest(n: int) -> None:
    assert noisy_scores.lost(0, 0.7, n) == pytest.approx(float(1 - Fraction(1, n)), rel=1e-9)


@pytest.mark.parametrize(("margin", "sigma"), [(0.5, 1.0), (3.0, 1.5), (-1.0, 0.4)])
def test_two_leads_are_a_bivariate_normal(margin: float, sigma: float) -> None:
    """Both leads over two other keys share the noise of key j: correlation one half."""
    covariance = sigma**2 * np.array([[2.0, 1.0], [1.0, 2.0]])
    both = stats.multivariate_normal([-margin, -margin], covariance).cdf([0.0, 0.0])
    assert noisy_scores.lost(margin, sigma, 3) == pytest.approx(1 - both, abs=1e-7)


@pytest.mark.parametrize("margin", [0.3, 2.0, 6.0])
@pytest.mark.parametrize("n", [2, 5, 40])
def test_losing_lies_between_one_comparison_and_all(margin: float, n: int) -> None:
    one = float(stats.norm.sf(margin / math.sqrt(2)))
    found = noisy_scores.lost(margin, 1, n)
    assert one * (1 - 1e-9) <= found <= (n - 1) * one * (1 + 1e-9)
    assert noisy_scores.lost(3 * margin, 3, n) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize(("w", "margin", "sigma"), [(0.5, 1, 1), (0.9, 4, 0.5), (0.01, 0, 2)])
def test_the_weight_of_two_keys_by_an_integral_in_the_plane(
    w: float, margin: float, sigma: float
) -> None:
    """For each score of key i, all scores of key j that give it a weight of at most w."""

    def below(noise: float) -> float:
        highest = sigma * noise + math.log(w / (1 - w))
        return float(stats.norm.pdf(noise) * stats.norm.cdf(highest, margin, sigma))

    found, _ = integrate.quad(below, -12, 12, epsabs=1e-12)
    assert noisy_scores.distribution(w, margin, sigma) == pytest.approx(found, abs=1e-10)


@pytest.mark.parametrize(("margin", "sigma"), [(4, 0.5), (4, 1), (4, 2), (1, 3)])
def test_the_mean_rest_of_two_keys_is_below_its_bound_for_every_power(
    margin: float, sigma: float
) -> None:
    spread = math.sqrt(2) * sigma

    def rest(z: float) -> float:
        return float(stats.norm.pdf(z)) / (1 + math.exp(margin + spread * z))

    exact, _ = integrate.quad(rest, -30, 30, points=[-margin / spread], limit=200)
    bounds = [noisy_scores.rest(theta, margin, sigma, 2) for theta in np.linspace(0, 1, 41)]
    assert exact <= min(bounds)
    best = min(1.0, margin / (2 * sigma**2))
    assert noisy_scores.rest(best, margin, sigma, 2) <= min(bounds) * (1 + 1e-12)
    assert exact > 0.1 * min(bounds)  # so the bound is about right, and not idle


@pytest.mark.parametrize("delta", [0.4, 1e-2, 1e-6])
@pytest.mark.parametrize("epsilon", [0.5, 1e-3])
def test_the_margin_suffices_for_two_keys(epsilon: float, delta: float) -> None:
    sigma = 0.8
    margin = noisy_scores.margin(epsilon, delta, sigma, 2)
    failing = noisy_scores.distribution(1 - epsilon, margin, sigma)
    assert 0.01 * delta < failing <= delta


def test_without_noise_the_margin_is_that_of_copying() -> None:
    found = noisy_scores.margin(1e-3, 1e-6, 1e-12, 16)
    assert found == pytest.approx(copying.margin(1e-3, 16), abs=1e-9)


def test_all_that_is_wrong_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"epsilon must .*; delta must .*; sigma must .*; n must"):
        noisy_scores.margin(2, 0.5, 0, 1)
    with pytest.raises(InputError, match=r"theta must be a number between 0 and 1, got 1\.5"):
        noisy_scores.rest(1.5, 1, 1, 4)
