"""The Performer's random features against Gauss-Hermite sums, scipy and samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize

from reports.record import InputError
from theory.features.feature_comparison import (
    crossing,
    crossing_of_numbers,
    paired_ratio,
    pairing_gain,
)
from theory.features.feature_variance import hyperbolic_error, positive_error, trigonometric_error
from theory.features.random_features import positive_mean, trigonometric_mean
from theory.features.relative_error import (
    hyperbolic_relative,
    positive_relative,
    trigonometric_relative,
)
from theory.performer import (
    hyperbolic_features,
    moments,
    positive_features,
    trigonometric_features,
)

Features = Callable[[np.ndarray, np.ndarray], np.ndarray]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
SHARES = WEIGHTS / WEIGHTS.sum()
PAIRS = [
    ([0.3, -0.2], [0.5, 0.1]),
    ([1.0, 0.0], [-1.0, 0.2]),
    ([0.9, 0.4], [0.9, 0.4]),
    ([1.2, -0.5], [-1.2, 0.5]),
]
KINDS: list[Features] = [positive_features, hyperbolic_features, trigonometric_features]
ERRORS = [positive_error, hyperbolic_error, trigonometric_error]


def lengths(x: list[float], y: list[float]) -> tuple[float, float]:
    return math.dist(x, [-v for v in y]), math.dist(x, y)


def draw(features: Features, x: list[float], y: list[float]) -> tuple[float, float]:
    """Mean and variance of one draw by Gauss-Hermite nodes in the plane, one call for each node."""
    first = second = 0.0
    for (one, p), (other, q) in itertools.product(zip(NODES, SHARES, strict=True), repeat=2):
        omega = np.array([[one, other]])
        estimate = float(features(np.array([x]), omega)[0] @ features(np.array([y]), omega)[0])
        first += p * q * estimate
        second += p * q * estimate**2
    return first, second - first**2


@pytest.mark.parametrize(("features", "law"), list(zip(KINDS, ERRORS, strict=True)))
@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_mean_and_error_by_gauss_hermite(
    features: Features, law: Callable[..., float], x: list[float], y: list[float]
) -> None:
    mean, variance = draw(features, x, y)
    assert mean == pytest.approx(math.exp(np.dot(x, y)), rel=1e-9)
    assert law(*lengths(x, y), 5) == pytest.approx(variance / 5, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_both_means_are_the_kernel(x: list[float], y: list[float]) -> None:
    for law in (positive_mean, trigonometric_mean):
        assert law(*lengths(x, y)) == pytest.approx(math.exp(np.dot(x, y)), rel=1e-13)


@pytest.mark.parametrize("features", KINDS)
def test_the_grid_and_gauss_hermite_agree(features: Features) -> None:
    """x = (together, difference)/2, y = (together, −difference)/2."""
    mean, variance = moments(features, 1.6, 1.2)
    assert (mean, variance) == pytest.approx(draw(features, [0.8, 0.6], [0.8, -0.6]), rel=1e-8)


def test_many_draws_in_many_dimensions() -> None:
    """Estimates with m = 8 in 5 dimensions, 20,000 times, against the laws.

    False alarms: a mean lies 6 standard errors off with probability below 1e-6. The variance is
    asked of cosines alone, which are bounded: its standard error is about 1 %, so it is 10 % off
    with probability below 1e-9.
    """
    random = np.random.default_rng(1)
    x, y = random.normal(0, 0.3, (2, 5))
    z = lengths(list(x), list(y))
    directions = random.standard_normal((20_000 * 8, 5))
    for features, law in zip(KINDS, ERRORS, strict=True):
        pairs = features(np.array([x, y]), directions)
        products = pairs[0] * pairs[1] * len(directions)
        estimates = products.reshape(-1, 20_000, 8).sum(axis=0).mean(axis=1)
        error = law(*z, 8)
        assert abs(estimates.mean() - math.exp(x @ y)) < 6 * math.sqrt(error / 20_000)
        if features is trigonometric_features:
            assert estimates.var() == pytest.approx(error, rel=0.1)


def test_products_of_features_are_estimates_of_all_pairs_at_once() -> None:
    random = np.random.default_rng(2)
    queries, keys, omega = (random.normal(0, 0.4, (n, 3)) for n in (4, 6, 7))
    for features in KINDS:
        table = features(queries, omega) @ features(keys, omega).T
        single = [
            [np.mean([features(q, w) @ features(k, w).T for w in omega[:, None]]) for k in rows]
            for q, rows in zip(queries[:, None], [keys[:, None]] * len(queries), strict=True)
        ]
        assert table == pytest.approx(np.array(single), rel=1e-12)


def test_positive_estimates_are_positive_and_trigonometric_ones_are_not() -> None:
    random = np.random.default_rng(3)
    x, omega = random.normal(0, 2, (20, 2)), random.standard_normal((4, 2))
    assert (positive_features(x, omega) @ positive_features(x, omega).T > 0).all()
    assert (hyperbolic_features(x, omega) @ hyperbolic_features(x, omega).T > 0).all()
    waves = trigonometric_features(x, omega)
    assert (waves @ waves.T < 0).any()


def test_features_without_their_factor_are_biased() -> None:
    """Wrong twins: the sign of ‖x‖²/2 exchanged between the kinds."""

    def shifted(features: Features, sign: float) -> Features:
        def wrong(x: np.ndarray, omega: np.ndarray) -> np.ndarray:
            factor: np.ndarray = np.exp(sign * np.sum(x**2, axis=1, keepdims=True))
            return factor * features(x, omega)

        return wrong

    for features, sign in zip(KINDS, (1, 1, -1), strict=True):
        mean, _ = draw(shifted(features, sign), *PAIRS[0])
        assert mean != pytest.approx(math.exp(np.dot(*PAIRS[0])), rel=0.05)


@pytest.mark.parametrize("apart", [0.4, 1.0, 3.0])
def test_crossings_by_root_finding(apart: float) -> None:
    def excess(draws: int) -> Callable[[float], float]:
        return lambda total: (
            positive_error(total, apart, 2) - trigonometric_error(total, apart, draws)
        )

    same_draws = optimize.brentq(excess(2), 1e-3, apart, xtol=1e-13)
    assert crossing(apart) == pytest.approx(same_draws**2, rel=1e-8)
    same_numbers = optimize.brentq(excess(1), 1e-3, 2 * apart, xtol=1e-13)
    assert crossing_of_numbers(apart) == pytest.approx(same_numbers**2, rel=1e-8)
    kernel = math.exp((crossing(apart) - apart**2) / 4)
    assert 2**-0.25 < 1.0001 * kernel < 1.0001


def test_ratios_are_quotients_of_errors() -> None:
    for total, apart in itertools.product((0.2, 1.0, 2.5), repeat=2):
        hyperbolic, waves = hyperbolic_error(total, apart, 3), trigonometric_error(total, apart, 3)
        assert paired_ratio(total, apart) == pytest.approx(hyperbolic / waves, rel=1e-9)
        assert (paired_ratio(total, apart) <= 1 + 1e-12) == (total <= apart)
        twice = positive_error(total, apart, 6)
        assert pairing_gain(total) == pytest.approx(hyperbolic / twice, rel=1e-9)
        square = math.exp((total**2 - apart**2) / 2)
        assert trigonometric_relative(apart, 3) == pytest.approx(waves / square, rel=1e-9)
        assert hyperbolic_relative(total, 3) == pytest.approx(hyperbolic / square, rel=1e-9)
        assert positive_relative(total, 6) == pytest.approx(twice / square, rel=1e-9)


def test_as_the_kernel_vanishes_one_error_grows_and_the_other_falls() -> None:
    kernels = [math.exp((1 - apart**2) / 4) for apart in (2.0, 3.0, 4.0)]
    waves = [trigonometric_error(1, apart, 1) for apart in (2.0, 3.0, 4.0)]
    positive = [positive_error(1, apart, 1) for apart in (2.0, 3.0, 4.0)]
    assert kernels == sorted(kernels, reverse=True)
    assert waves == sorted(waves)
    assert positive == sorted(positive, reverse=True)
    for kernel, error in zip(kernels, waves, strict=True):
        assert error >= (math.e / kernel**4 / 2 - 1) * kernel**2
    along = [positive_error(total, math.sqrt(2) * total, 1) for total in (1.0, 3.0, 5.0)]
    assert along == sorted(along)  # here the kernel vanishes and the error grows


@pytest.mark.parametrize("features", KINDS)
def test_bad_input_is_named_at_once(features: Features) -> None:
    with pytest.raises(InputError, match=r"x must be an array of shape \(n, d\), got shape \(2,\)"):
        features(np.zeros(2), np.zeros((1, 2)))
    with pytest.raises(InputError, match=r"at least 1 row and 2 columns .*, got shape \(1, 3\)"):
        features(np.zeros((1, 2)), np.zeros((1, 3)))
    with pytest.raises(InputError, match=r"directions must be finite, got nan"):
        features(np.zeros((1, 2)), np.array([[1.0, math.nan]]))
    with pytest.raises(InputError, match=r"x must be .*; directions must be an array"):
        features(np.zeros(2), np.zeros(2))


def test_lengths_must_be_numbers_that_are_not_negative() -> None:
    with pytest.raises(InputError, match=r"total must be .*; apart must be .*; draws must be"):
        positive_error(-1, -1, 0.5)
    with pytest.raises(InputError, match="apart must be a number strictly between 0 and 18"):
        crossing(0)
