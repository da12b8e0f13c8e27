"""Orthogonal directions against exact fractions, Kummer's function and samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats

from reports.record import InputError
from theory.features.feature_variance import positive_error
from theory.features.orthogonal_features import block_error, measured, orthogonal_error
from theory.features.orthogonal_frames import frame_mean, orthogonal_directions
from theory.features.orthogonal_limits import plane_error, share
from theory.features.orthogonal_series import covariance, largest_overlap, pair_covariance
from theory.features.regularised_kernel import regularised, sphere_mean
from theory.performer import positive_features

GRID = list(itertools.product((0.1, 0.7, 1.6, 3.0), (0.0, 1.1, 2.5)))


def rising(x: Fraction, count: int) -> Fraction:
    return math.prod((x + i for i in range(count)), start=Fraction(1))


def kummer(width: int, length: float) -> float:
    """E of e^((ω₁ + ω₂)ᵀz): the sum of two orthogonal Gaussian directions has a uniform direction
    and the squared length of a Gaussian vector in 2d dimensions, hence M(d, d/2, ‖z‖²/2)."""
    return float(special.hyp1f1(width, width / 2, length**2 / 2))


def exact(total: float, apart: float, draws: int, width: int, pairs: int) -> float:
    """Mean squared error of draws of which this many ordered pairs are orthogonal."""
    factor = math.exp(-(total**2 + apart**2) / 2)
    variance = factor * (math.exp(2 * total**2) - math.exp(total**2))
    together = factor * (kummer(width, total) - math.exp(total**2))
    return variance / draws + pairs * together / draws**2


@pytest.mark.parametrize("width", [2, 3, 5, 8])
def test_series_of_the_proof_is_that_of_the_sum_of_two_directions(width: int) -> None:
    """Σ over a + b = n of (d/2)_a (d/2)_b/((d/2)_n a! b!) is (d)_n/((d/2)_n n!), in fractions."""
    half = Fraction(width, 2)
    for n in range(12):
        pairs = sum(
            rising(half, a) * rising(half, n - a) / rising(half, n)
            / (math.factorial(a) * math.factorial(n - a))
            for a in range(n + 1)
        )  # fmt: skip
        assert pairs == rising(Fraction(width), n) / (rising(half, n) * math.factorial(n))


def test_moments_of_coordinates_of_a_unit_vector_in_fractions() -> None:
    """On the circle E[cos^(2a) sin^(2b)] is a binomial sum of E[cos^(2k)] = C(2k, k)/4^k."""
    half = Fraction(1, 2)
    for a, b in itertools.product(range(5), repeat=2):
        circle = sum(
            (-1) ** i * math.comb(b, i) * Fraction(math.comb(2 * (a + i), a + i), 4 ** (a + i))
            for i in range(b + 1)
        )
        assert circle == rising(half, a) * rising(half, b) / rising(Fraction(1), a + b)


def test_bounds_of_the_overlap_by_enumeration() -> None:
    for width, a, b in itertools.product((2, 3, 7, 64), range(1, 9), range(1, 9)):
        half = Fraction(width, 2)
        overlap = rising(half, a) * rising(half, b) / rising(half, a + b)
        assert 1 - Fraction(2 * a * b, width + 2) <= overlap <= Fraction(width, width + 2)


@pytest.mark.parametrize("width", [2, 3, 4, 9, 64])
def test_quadrature_over_frames_is_kummers_function(width: int) -> None:
    for length in (0.0, 0.5, 2.0, 5.0):

        def even(x: np.ndarray, length: float = length) -> np.ndarray:
            return np.asarray(np.cosh(length * x))

        assert frame_mean(even, width) == pytest.approx(kummer(width, length), rel=1e-11)
    assert frame_mean(np.square, width) == pytest.approx(largest_overlap(width), rel=1e-11)


@pytest.mark.parametrize("width", [2, 5, 16])
def test_error_lies_between_the_bounds(width: int) -> None:
    for (total, apart), draws in itertools.product(GRID, (1, 2, width)):
        error = exact(total, apart, draws, width, draws * (draws - 1))
        independent = positive_error(total, apart, draws)
        assert error <= orthogonal_error(total, apart, draws, width) * (1 + 1e-12)
        assert share(total, draws, width) * independent <= error * (1 + 1e-12)
        assert draws == 1 or 2 / 3 < error / independent < 1
        found = measured(total, apart, width, draws, draws * (draws - 1))
        assert found.orthogonal == pytest.approx(error, rel=1e-8)


@pytest.mark.parametrize("width", [2, 5, 16])
def test_covariance_and_its_constant(width: int) -> None:
    for total, apart in GRID:
        factor = math.exp(-(total**2 + apart**2) / 2)
        known = factor * (kummer(width, total) - math.exp(total**2))
        assert pair_covariance(total, apart, width) == pytest.approx(known, rel=1e-6, abs=1e-13)
        assert known <= covariance(total, apart, width) * (1 - 1e-9)
    leading = pair_covariance(0.05, 0.0, width) / covariance(0.05, 0.0, width)
    assert 1 < leading < 1.01  # any larger constant would be violated here


def test_exact_error_in_the_plane() -> None:
    for total, apart in GRID:
        error = exact(total, apart, 2, 2, 2)
        assert plane_error(total, apart) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize(("blocks", "rest"), [(1, 0), (3, 0), (2, 3), (1, 5)])
def test_blocks_and_the_formula_that_is_wrong_for_them(blocks: int, rest: int) -> None:
    width = 5
    draws, pairs = blocks * width + rest, blocks * width * (width - 1) + rest * (rest - 1)
    for total, apart in GRID:
        error = exact(total, apart, draws, width, pairs)
        assert error <= block_error(total, apart, blocks, rest, width) * (1 + 1e-12)
    total, apart = 0.1, 0.0
    gap = math.exp((total**2 - apart**2) / 4) - math.exp(-(total**2 + apart**2) / 4)
    printed = positive_error(total, apart, draws)
    printed -= 2 * (draws - 1) / (draws * (width + 2)) * gap**2
    assert (exact(total, apart, draws, width, pairs) > printed) == (draws > width)
    if draws == width:
        assert block_error(0.7, 1.1, 1, 0, width) == pytest.approx(
            orthogonal_error(0.7, 1.1, width, width)
        )


def estimates(directions: np.ndarray, draws: int) -> Iterator[float]:
    x, y = np.array([[0.5, 0.2, 0.0]]), np.array([[0.3, -0.4, 0.6]])
    products = positive_features(x, directions)[0] * positive_features(y, directions)[0]
    return iter((products * len(directions)).reshape(-1, draws).mean(axis=1))


def test_directions_are_gaussian_and_orthogonal_in_blocks() -> None:
    """Each coordinate and each squared length has its law (Kolmogorov-Smirnov at 1e-6)."""
    frames = np.array([orthogonal_directions(5, 3, seed) for seed in range(2000)])
    gram = frames @ frames.transpose(0, 2, 1)
    inside = [(0, 1), (0, 2), (1, 2), (3, 4)]
    assert all(np.abs(gram[:, i, j]).max() < 1e-12 for i, j in inside)
    assert np.abs(gram[:, 0, 3]).min() > 1e-9
    for i, k in itertools.product(range(5), range(3)):
        assert stats.kstest(frames[:, i, k], "norm").pvalue > 1e-7
    assert stats.kstest(gram[:, 1, 1], stats.chi2(3).cdf).pvalue > 1e-7


def test_sampled_error_of_blocks() -> None:
    """m = 6 in 3 dimensions: the bound holds with room of 10 standard errors.

    The mean lies 6 standard errors off with probability below 1e-6.
    """
    x, y = np.array([0.5, 0.2, 0.0]), np.array([0.3, -0.4, 0.6])
    total, apart = float(np.linalg.norm(x + y)), float(np.linalg.norm(x - y))
    frames = [orthogonal_directions(6, 3, seed) for seed in range(4000)]
    values = np.array(list(estimates(np.concatenate(frames), 6)))
    error = exact(total, apart, 6, 3, 12)
    assert abs(values.mean() - math.exp(x @ y)) < 6 * math.sqrt(error / len(values))
    squares = (values - math.exp(x @ y)) ** 2
    assert abs(squares.mean() - error) < 6 * squares.std() / math.sqrt(len(values))


def test_bad_numbers_of_directions_are_named_at_once() -> None:
    with pytest.raises(InputError, match=r"count must be .*, got 0; width must be .*, got -1"):
        orthogonal_directions(0, -1, seed=0)
    with pytest.raises(InputError, match=r"draws <= dimension must hold, got .*, draws = 9"):
        orthogonal_error(1, 1, 9, 8)


@pytest.mark.parametrize("width", [1, 2, 3, 8, 64])
def test_regularised_kernel_lies_between_its_bounds(width: int) -> None:
    """The mean over the sphere is 0F1(d/2; d‖z‖²/4), a Bessel function."""
    for total, apart in GRID:
        mean = float(special.hyp0f1(width / 2, width * total**2 / 4))
        assert sphere_mean(total, width) == pytest.approx(mean, rel=1e-10)
        found = math.exp(-(total**2 + apart**2) / 4) * mean
        kernel = math.exp((total**2 - apart**2) / 4)
        assert regularised(total, apart, width) <= found <= kernel
    mean = float(special.hyp0f1(width / 2, width * 0.1**2 / 4))
    lost = 1 - mean / math.exp(0.1**2 / 2)
    assert lost == pytest.approx(0.1**4 / (4 * (width + 2)), rel=0.01)
