"""Samples whose score is not negative: the laws against scipy, and in the other order."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from flint import arb
from scipy import integrate, special, stats

from theory import multi_head
from theory.gaussian import phi
from theory.noise import both_heads, kept_samples, missing
from theory.proof import rigorous
from theory.proof.law import Law, Parameter
from theory.symbols import alpha, n, radial

CASES = [(0.01, 0.5), (0.2, 0.5), (1e-3, 0.1), (0.05, 0.0)]
SIZES = (2, 3, 16, 200)


def first_score(noise: float, spread: float) -> stats.rv_continuous:
    """q_1ᵀk_a/β."""
    return stats.norm(1, math.sqrt(spread + noise))


@pytest.mark.parametrize(("noise", "spread"), CASES)
@pytest.mark.parametrize("x", [-3.0, 0.0, 2.0, 9.0])
def test_density_of_the_logit_by_integrating_over_the_first_score(
    noise: float, spread: float, x: float
) -> None:
    beta, score = 4.0, first_score(noise, spread)

    def joint(t: float) -> float:
        return float(score.pdf(t) * stats.norm.pdf(t - x / beta, scale=math.sqrt(noise)))

    near = [max(x / beta + k * math.sqrt(noise), 0) for k in (-8, -2, 0, 2, 8)]
    mass = integrate.quad(joint, 0, max(near[-1], 1), points=near[:-1], limit=200)[0]
    law = kept_samples.kept_density(x, noise, beta, spread)
    assert law == pytest.approx(mass / beta / score.sf(0), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("noise", "spread"), CASES)
def test_density_has_total_one_and_the_mean_of_a_truncated_normal(
    noise: float, spread: float
) -> None:
    beta = 4.0
    grid = np.linspace(-40, 60, 200_001)
    density = kept_samples.kept_density(grid, noise, beta, spread)
    deviation = math.sqrt(spread + noise)
    truncated = stats.truncnorm(-1 / deviation, math.inf, loc=1, scale=deviation)
    assert integrate.trapezoid(density, grid) == pytest.approx(1, abs=1e-9)
    mean = integrate.trapezoid(grid * density, grid)
    assert mean == pytest.approx(beta * truncated.mean(), rel=1e-6)


def missed_from(lower: float, upper: float, noise: float, keys: int, spread: float) -> float:
    """P(lower ≤ X < upper and another key wins), by integrating over X."""
    score = first_score(noise, spread)

    def loses(t: float) -> float:
        below = float(special.ndtr(t / math.sqrt(noise)))
        return float(score.pdf(t)) * (1 - below ** (keys - 1))

    points = [p for p in (-6 * math.sqrt(noise), 6 * math.sqrt(noise)) if lower < p < upper]
    return float(integrate.quad(loses, lower, upper, points=points, limit=200, epsabs=1e-13)[0])


@pytest.mark.parametrize(("noise", "spread"), CASES)
@pytest.mark.parametrize("keys", SIZES)
def test_kept_misses_by_the_other_order_of_integration(
    noise: float, spread: float, keys: int
) -> None:
    law = kept_samples.kept_miss(noise, keys, spread)
    positive = missed_from(0, 9, noise, keys, spread)
    kept = 1 - multi_head.negative_score(noise, spread)
    assert law == pytest.approx(positive / kept, abs=1e-9)
    negative = missed_from(-9, 0, noise, keys, spread)
    assert missing.miss(noise, keys, spread) == pytest.approx(kept * law + negative, abs=1e-9)
    assert law <= kept_samples.kept_loss(noise, 1e9, keys, spread)


@pytest.mark.parametrize("keys", [2, 5, 40])
def test_quadrature_of_kept_misses_lies_within_the_ball(keys: int) -> None:
    at = {alpha: sp.Rational(1, 50), n: sp.Integer(keys), radial: sp.Rational(1, 2)}
    enclosed = rigorous.enclose(kept_samples.kept_miss.expression, at).value
    assert abs(enclosed - arb(kept_samples.kept_miss(0.02, keys, 0.5))) < arb("1e-12")


def test_leaving_negative_scores_out_removes_what_no_noise_can() -> None:
    assert kept_samples.kept_loss(1e-10, 1e6, 16, 0.5) < 3e-5
    assert missing.miss(1e-10, 16, 0.5) > stats.norm.cdf(-math.sqrt(2)) - 1e-9


def normal_grid(size: int = 4001) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of a fine rule for expectations over a standard normal."""
    points = np.linspace(-9, 9, size)
    weights = stats.norm.pdf(points)
    return points, weights / weights.sum()


@pytest.mark.parametrize("beta", [1.0, 5.0, 40.0])
@pytest.mark.parametrize(("noise", "spread"), CASES)
def test_the_mean_losses_of_two_keys_are_below_their_bounds(
    noise: float, spread: float, beta: float
) -> None:
    """With two keys the logits have known densities: the means are integrals over a line."""
    grid = np.linspace(beta - 12 * beta, beta + 12 * beta, 100_001)
    density = kept_samples.kept_density(grid, noise, beta, spread)
    first = integrate.trapezoid(density * special.expit(-grid), grid)
    assert first <= kept_samples.kept_loss(noise, beta, 2, spread)
    points, weights = normal_grid()
    second = float(weights @ special.expit(-beta - beta * math.sqrt(2 * noise) * points))
    assert second <= both_heads.second_loss(noise, beta, 2)
    pair = abs(special.expit(grid)[:, None] - special.expit(beta + points[::100] * beta
               * math.sqrt(2 * noise))) / 2  # fmt: skip
    rough = weights[::100] / weights[::100].sum()
    error = integrate.trapezoid(density * (pair @ rough), grid)
    assert error <= both_heads.kept_error(noise, beta, 2, spread, 1.0)


def test_the_sign_of_the_second_score_does_no_harm() -> None:
    """Three keys: 1 − w_2 is smaller in the mean where q_2ᵀk_a < 0, by a product rule."""
    beta, noise = 3.0, 0.3
    points, weights = normal_grid(121)
    s_a, s_b, s_i = np.meshgrid(*[beta * math.sqrt(noise) * points] * 3, indexing="ij")
    scores = np.stack([s_a, s_b + beta, s_i])
    lost = 1 - special.softmax(scores, axis=0)[1]
    mass = np.einsum("i,j,k->ijk", weights, weights, weights)
    negative = s_a < 0
    whole = float((mass * lost).sum())
    assert float((mass * lost)[negative].sum() / mass[negative].sum()) < whole
    assert float((mass * lost)[~negative].sum() / mass[~negative].sum()) > whole
    assert whole <= both_heads.second_loss(noise, beta, 3)


def test_the_error_scales_with_the_diameter_and_tends_to_0() -> None:
    one = both_heads.kept_error(1e-3, 50, 16, 0.5, 1)
    assert both_heads.kept_error(1e-3, 50, 16, 0.5, 3) == pytest.approx(3 * one)
    assert both_heads.kept_error(1e-12, 1e6, 16, 0.5, 1) < 1e-5


def test_integrals_from_a_whole_number_on() -> None:
    """Of the normal density from 0 and from 1 on, by balls and by quadrature."""
    m = sp.Symbol("m", real=True)
    scale = sp.Symbol("scale", positive=True)
    for start, tail in ((0, 0.5), (1, float(stats.norm.sf(1))), (-2, float(stats.norm.sf(-2)))):
        integral = scale * sp.Integral(phi(m), (m, start, sp.oo))
        ball = rigorous.enclose(integral, {scale: sp.Integer(3)}).value
        assert abs(ball - arb(3 * tail)) < arb("1e-14")
        assert Law("I", integral, (Parameter("scale", scale),))(3) == pytest.approx(3 * tail)
    with pytest.raises(TypeError, match="only integrals from a whole number"):
        rigorous.enclose(sp.Integral(phi(m), (m, 0, 1)), {})
