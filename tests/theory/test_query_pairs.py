"""Which queries are safe: laws against full matrices, optimisers and integrals by scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from reports.record import InputError
from theory.noise import missing, query_pairs, safe_queries

NOISES = [(0.01, 0.5), (0.2, 0.5), (1e-3, 0.05)]


def gap(q: np.ndarray, noise: float, spread: float, key: int, seed: int = 1) -> tuple[float, float]:
    """Mean and variance of (k_0 − k_key)ᵀq by full matrices, in a random orthonormal basis.

    q: coordinates along the means
    """
    size = len(q)
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((size + 2, size + 2)))[0]
    means = basis[:size]
    query = q @ means
    sigma = noise * np.eye(size + 2)
    sigma_a = sigma + spread * np.outer(means[0], means[0])
    mean = (means[0] - means[key]) @ query
    return float(mean), float(query @ sigma_a @ query + query @ sigma @ query)


def loses(q: np.ndarray, noise: float, spread: float, key: int) -> float:
    """Probability that this key scores higher than k_a."""
    mean, variance = gap(q, noise, spread, key)
    return float(stats.norm.cdf(-mean / math.sqrt(variance)))


@pytest.mark.parametrize(("noise", "spread"), NOISES)
@pytest.mark.parametrize(("x", "y"), [(1, 0), (1, -1), (2, 1), (1, 1), (-1, 2), (0, -3)])
def test_two_keys_by_full_matrices(noise: float, spread: float, x: float, y: float) -> None:
    law = query_pairs.pair_miss(x, y, noise, spread)
    assert law == pytest.approx(loses(np.array([x, y]), noise, spread, 1), rel=1e-10)


def test_a_tie_is_a_fair_coin_and_the_practicals_query_is_head_1() -> None:
    assert query_pairs.pair_miss(3, 3, 0.01, 0.5) == 0.5
    practical = query_pairs.pair_miss(1, 0, 0.01, 0.5)
    assert practical == pytest.approx(missing.miss(0.01, 2, 0.5), rel=1e-10)


@pytest.mark.parametrize(("noise", "spread"), NOISES)
@pytest.mark.parametrize("size", [2, 3, 9])
def test_no_direction_loses_to_a_key_less_often(noise: float, spread: float, size: int) -> None:
    """Over all angles between μ_a and the sum of the other means, by scipy's optimiser."""

    def lost(angle: float) -> float:
        q = np.full(size, math.sin(angle))
        q[0] = math.cos(angle)
        return -gap(q, noise, spread, 1)[0] / math.sqrt(gap(q, noise, spread, 1)[1])

    starts = np.linspace(-math.pi, math.pi, 200)
    start = min(starts, key=lost)
    bracket = (start - 0.05, start + 0.05)
    found = optimize.minimize_scalar(lost, bounds=bracket, options={"xatol": 1e-12})
    law = safe_queries.least_miss(noise, size, spread)
    assert law == pytest.approx((size - 1) * stats.norm.cdf(found.fun), rel=1e-9)


@pytest.mark.parametrize("size", [2, 3, 16])
def test_the_best_query_misses_at_most_as_often_as_claimed(size: int) -> None:
    """Its scores are independent: P(k_a wins) is an integral over the score of k_a."""
    noise, spread = 0.01, 0.5
    up, down = 2 * noise * (size - 1), -(spread + 2 * noise)
    length = math.sqrt(up**2 + (size - 1) * down**2)
    own = math.sqrt(noise * length**2 + spread * up**2)
    other = math.sqrt(noise) * length

    def wins(t: float) -> float:
        below = special.ndtr((up + own * t - down) / other)
        return float(stats.norm.pdf(t) * below ** (size - 1))

    exact = 1 - integrate.quad(wins, -12, 12, epsabs=1e-14, limit=200)[0]
    law = safe_queries.least_miss(noise, size, spread)
    assert exact == pytest.approx(law, rel=1e-9) if size == 2 else exact < law
    assert exact < missing.miss(noise, size, spread)


def test_the_best_query_leaves_no_floor() -> None:
    assert safe_queries.least_miss(1e-4, 16, 0.5) < 1e-70
    assert missing.miss(1e-4, 16, 0.5) > stats.norm.cdf(-math.sqrt(2))


def test_no_query_of_the_plane_falls_below_the_floor_and_one_attains_it() -> None:
    """Losing to a third key alone is already as likely as the floor."""
    noise, spread = 0.01, 0.5
    floor = query_pairs.plane_miss(noise, spread)
    angles = np.linspace(-math.pi, math.pi, 721)
    lost = [loses(np.array([math.cos(t), math.sin(t), 0]), noise, spread, 2) for t in angles]
    assert min(lost) == pytest.approx(floor, rel=1e-9)
    assert angles[int(np.argmin(lost))] == pytest.approx(0, abs=1e-9)
    assert loses(np.array([1, -1, -1]), noise, spread, 2) < floor / 10


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 2.0), (1.0, 3.0, 0.5, 8.0)])
@pytest.mark.parametrize("beta", [8.0, 40.0])
def test_heads_that_tie_by_integrating_over_their_common_logit(
    scales: tuple[float, ...], beta: float
) -> None:
    noise, spread = 0.01, 0.5
    deviation = beta * math.sqrt(4 * noise + spread)
    grid = np.linspace(-10, 10, 200_001)
    share = np.mean([special.expit(k * deviation * grid) for k in scales], axis=0)
    variance = integrate.trapezoid((share - 0.5) ** 2 * stats.norm.pdf(grid), grid)
    bound = query_pairs.tie_variance(min(scales), noise, beta, spread)
    assert bound <= variance < 0.25
    assert variance - bound < 1.2 / (min(scales) * deviation)


@pytest.mark.parametrize(("noise", "beta"), [(1e-4, 5.0), (1e-3, 6.0), (1e-6, 12.0)])
def test_a_query_that_is_blind_to_the_radial_noise_averages(noise: float, beta: float) -> None:
    """Three keys, a product rule over their scores; values on a line, all but v_a at one end."""
    points = np.linspace(-7, 7, 101)
    weights = stats.norm.pdf(points)
    weights /= weights.sum()
    q = np.array([0, 0, -beta])
    assert gap(q, noise, 0.5, 1) == pytest.approx(gap(q, noise, 0.0, 1), abs=1e-12)
    noises = np.meshgrid(*[beta * math.sqrt(noise) * points] * 3, indexing="ij")
    scores = np.stack(noises) + q[:, None, None, None]
    off = abs(special.softmax(scores, axis=0)[0] - 0.5)
    mean = float(np.einsum("i,j,k,ijk->", weights, weights, weights, off))
    bound = safe_queries.blind_error(noise, beta, 3, 1.0)
    assert mean <= bound
    assert mean > bound / 4, "the bound is near"


def test_the_practicals_degenerate_pair_is_not_blind() -> None:
    """q_1 = q_2 = β(μ_a + μ_b) at a noise where the blind query is within one per cent."""
    noise, beta = 1e-6, 12.0
    deviation = math.sqrt(gap(np.array([beta, beta, 0]), noise, 0.5, 1)[1])
    points = np.linspace(-9, 9, 20_001)
    off = abs(special.expit(deviation * points) - 0.5) * stats.norm.pdf(points)
    assert integrate.trapezoid(off, points) > 0.4
    assert safe_queries.blind_error(noise, beta, 3, 1.0) < 0.01


def test_the_public_queries_in_any_basis() -> None:
    """The best query loses to each key as claimed, its twin with a sign changed more often."""
    noise, spread, size = 0.02, 0.5, 5
    basis = np.linalg.qr(np.random.default_rng(8).standard_normal((7, 7)))[0]
    means = basis[:size]
    query = safe_queries.best_query(means, noise, spread)
    claimed = safe_queries.least_miss(noise, size, spread) / (size - 1)
    for key in range(1, size):
        assert loses(means @ query, noise, spread, key) == pytest.approx(claimed, rel=1e-9)
    twin = query - 2 * (query @ means[0]) * means[0]
    assert loses(means @ twin, noise, spread, 1) > 2 * claimed
    blind = means @ safe_queries.blind_query(means, 3.0)
    assert blind == pytest.approx([0, 0, -3, -3, -3], abs=1e-12)


def test_all_violated_assumptions_come_in_one_line() -> None:
    with pytest.raises(InputError) as found:
        safe_queries.best_query(np.array([[1.0, 1.0]]), -1, -2)
    assert str(found.value) == (
        "means must have at least 2 rows, got 1; means must be orthonormal, got "
        "means[0]ᵀmeans[0] = 2; alpha must be a number above 0, got -1; radial must be a number "
        "of at least 0, got -2"
    )
    with pytest.raises(InputError, match=r"at least 3 rows, got 2; beta must be .* above 0, got 0"):
        safe_queries.blind_query(np.eye(2), 0)
    with pytest.raises(InputError, match=r"means must be an array of shape \(n, d\), got shape"):
        safe_queries.blind_query(np.zeros(3), 1)
    with pytest.raises(InputError, match=r"x\*\*2|along_a\*\*2 \+ along_b\*\*2 > 0 must hold"):
        query_pairs.pair_miss(0, 0, 0.1, 0.5)
