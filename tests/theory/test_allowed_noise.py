"""How much noise is allowed: scipy's quantile, fractions, arbitrary scores and drawn keys."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from reports.record import InputError
from theory.noise import allowed_noise, near_average, regimes
from theory.noise.noisy_keys import drawn_weights

WANTED = [(0.1, 0.01, 8.0), (0.3, 0.5, 1.0), (0.01, 1e-6, 30.0)]


@pytest.mark.parametrize(("delta", "eta", "beta"), WANTED)
def test_the_largest_noise_has_exactly_the_probability(
    delta: float, eta: float, beta: float
) -> None:
    noise = allowed_noise.largest_noise(delta, eta, beta)
    edge = math.log((0.5 + delta) / (0.5 - delta))
    deviation = edge / stats.norm.isf(eta / 2)
    assert noise == pytest.approx(deviation**2 / (4 * beta**2), rel=1e-9)
    assert regimes.near_half(delta, noise, beta) == pytest.approx(1 - eta, rel=1e-9)
    assert regimes.near_half(delta, noise * 1.01, beta) < 1 - eta
    assert regimes.near_half(delta, noise / 1.01, beta) > 1 - eta


@pytest.mark.parametrize(("delta", "eta", "beta"), WANTED)
def test_the_sufficient_noise_suffices(delta: float, eta: float, beta: float) -> None:
    noise = allowed_noise.sufficient(delta, eta, beta)
    assert 0 < noise <= allowed_noise.largest_noise(delta, eta, beta)
    assert regimes.near_half(delta, noise, beta) >= 1 - eta
    tail = 2 * stats.norm.sf(math.log((0.5 + delta) / (0.5 - delta)) / (2 * beta * noise**0.5))
    assert tail <= eta
    assert eta > 0.1 or regimes.near_half(delta, 2 * noise, beta) < 1 - eta  # the wrong twin


@pytest.mark.parametrize(
    ("epsilon", "n", "theta"),
    [(Fraction(1, 10), 16, Fraction(1, 8)), (Fraction(1, 3), 4, Fraction(1, 2))],
)
def test_the_margin_in_fractions(epsilon: Fraction, n: int, theta: Fraction) -> None:
    """e^M = (n − 2)(1 − θε)/(θε) leaves exactly θε off b; the wrong twin, without n − 2, more."""
    power = (n - 2) * (1 - theta * epsilon) / (theta * epsilon)
    found = near_average.margin(float(epsilon), n, float(theta))
    assert found == pytest.approx(math.log(power), rel=1e-14)
    ratio = (n - 2) / power
    assert ratio / (1 + ratio) == theta * epsilon
    wrong = (n - 2) / ((1 - theta * epsilon) / (theta * epsilon))
    assert wrong / (1 + wrong) > theta * epsilon


def output_error(scores: np.ndarray, values: np.ndarray) -> float:
    """‖c − ½(v_a + v_b)‖ over the diameter of the values."""
    powers = np.exp(scores - scores.max())
    output = powers @ values / powers.sum()
    diameter = max(np.linalg.norm(v - w) for v in values for w in values)
    return float(np.linalg.norm(output - values[:2].mean(axis=0)) / diameter)


@pytest.mark.parametrize("seed", range(20))
def test_scores_within_the_margins_give_an_output_near_the_average(seed: int) -> None:
    """Random scores within the margins, half of them on the edges; random values in R^3."""
    random = np.random.default_rng(seed)
    n, epsilon = int(random.integers(3, 12)), float(random.uniform(0.01, 0.49))
    theta = float(random.uniform(0.05, 0.95))
    delta, margin = (1 - theta) * epsilon, near_average.margin(epsilon, n, theta)
    room = math.log((0.5 + delta) / (0.5 - delta))
    scores = np.empty(n)
    scores[1] = random.normal(0, 5)
    scores[0] = scores[1] + room * random.choice([-1, 1, random.uniform(-1, 1)])
    scores[2:] = scores[1] - margin - random.exponential(1) * random.integers(0, 2, n - 2)
    assert output_error(scores, random.standard_normal((n, 3))) <= epsilon * (1 + 1e-12)


def test_a_margin_that_is_too_small_would_not_do() -> None:
    """v_a = −1, all others 1, s_a at the lower edge: nearly all of ε is used, and then too much."""
    epsilon, n, theta = 0.1, 5, 0.9
    delta, margin = (1 - theta) * epsilon, near_average.margin(epsilon, n, theta)
    room = math.log((0.5 + delta) / (0.5 - delta))
    values = np.array([[-1.0], [1.0], [1.0], [1.0], [1.0]])
    near = output_error(np.array([-room, 0, *[-margin] * 3]), values)
    assert 0.3 * epsilon < near <= epsilon
    assert output_error(np.array([-room, 0, *[-margin + 2] * 3]), values) > epsilon


@pytest.mark.parametrize(
    ("epsilon", "eta", "n", "theta"), [(0.1, 0.05, 16, 0.125), (0.2, 0.2, 4, 0.0625)]
)
def test_gain_and_noise_by_scipy_and_by_samples(
    epsilon: float, eta: float, n: int, theta: float
) -> None:
    """12 500 samples or more; 0.04 too many failures by chance: at most e^(−40) (Hoeffding)."""
    beta, alpha = near_average.gain_and_noise(epsilon, eta, n, theta)
    margin, deviation = near_average.margin(epsilon, n, theta), 2 * beta * math.sqrt(alpha)
    delta = (1 - theta) * epsilon
    split = 2 * stats.norm.sf(math.log((0.5 + delta) / (0.5 - delta)) / deviation)
    others = (n - 2) * stats.norm.sf((beta - margin) / deviation)
    failure = near_average.failure(epsilon, alpha, beta, n, theta)
    assert failure == pytest.approx(split + others, rel=1e-9)
    assert split <= eta / 2
    assert others <= eta / 2
    assert 0.2 * eta / 2 < split  # no more cautious than the tail bound
    assert alpha == pytest.approx(allowed_noise.sufficient(delta, eta / 2, beta), rel=1e-12)

    def failures(noise: float) -> float:
        weights = drawn_weights(n, noise, 0.0, beta, draws=200_000 // n)
        weights[:, :2] -= 0.5
        return float((np.linalg.norm(weights, axis=1) > epsilon * math.sqrt(2)).mean())

    assert failures(alpha) <= failure + 0.04
    assert failures(10 * alpha) > eta


def test_all_that_is_out_of_range_is_named() -> None:
    with pytest.raises(InputError, match=r"delta .* got 0.5; eta .* got 0; beta .* got -1"):
        allowed_noise.largest_noise(0.5, 0, -1)
    with pytest.raises(InputError, match=r"epsilon .* got 1; eta .* got 1; n .* 2; theta .* 0"):
        near_average.gain_and_noise(1, 1, 2, 0)
