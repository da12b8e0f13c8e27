"""Moments of random-feature estimates, against closed forms, quadrature and brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from simulate.ensembles import feature_moments as moments
from simulate.ensembles.feature_moments import Spread
from simulate.ensembles.features import HYPERBOLIC, POSITIVE, TRIGONOMETRIC, Kind
from theory import law
from theory.features.orthogonal_series import pair_covariance

LENGTHS = [(0.5, 0.0), (0.75, 1.5), (1.0, 3.0)]


def raw(kind: Kind, power: int, total: float, apart: float) -> float:
    """E[X^p] by E[e^(tg)] = e^(t²/2), of every term of the expanded power."""
    scale = math.exp(power * (total**2 + apart**2) / 4)
    if kind is POSITIVE:
        return math.exp(power**2 * total**2 / 2) / scale
    signs = [sum(s) for s in itertools.product((1, -1), repeat=power)]
    if kind is HYPERBOLIC:
        return float(np.mean([math.exp((s * total) ** 2 / 2) for s in signs])) / scale
    return float(np.mean([math.exp(-((s * apart) ** 2) / 2) for s in signs])) * scale


@pytest.mark.parametrize("kind", [POSITIVE, HYPERBOLIC, TRIGONOMETRIC], ids=lambda k: k.name)
@pytest.mark.parametrize(("total", "apart"), LENGTHS)
def test_quadrature_agrees_with_closed_forms(kind: Kind, total: float, apart: float) -> None:
    found = moments.one_draw(kind, total, apart)
    mean = raw(kind, 1, total, apart)
    for power, central in ((2, found.second), (4, found.fourth)):
        terms = [
            math.comb(power, p) * (-mean) ** (power - p) * raw(kind, p, total, apart)
            for p in range(power + 1)
        ]
        largest = max(map(abs, terms))
        assert math.isclose(central, sum(terms), rel_tol=1e-11, abs_tol=1e-13 * largest)
    error = law(f"feature_variance.{kind.name}_error")(total, apart, 1)
    assert math.isclose(found.second, error, rel_tol=1e-10, abs_tol=1e-13 * mean**2)


def test_spreads_of_sums_agree_with_all_outcomes() -> None:
    """A die that shows 0, 1 or 5 and one that shows -1 or 2 twice as often, thrown 3 + 1 times."""

    def spread(outcomes: list[float]) -> Spread:
        deviations = np.array(outcomes) - np.mean(outcomes)
        return Spread(float(np.mean(deviations**2)), float(np.mean(deviations**4)))

    one, other = [0.0, 1.0, 5.0], [-1.0, 2.0, 2.0]
    throws = [sum(t[:3]) / 3 + t[3] for t in itertools.product(one, one, one, other)]
    found = spread(one).mean_of(3) + spread(other)
    assert math.isclose(found.second, spread(throws).second, rel_tol=1e-12)
    assert math.isclose(found.fourth, spread(throws).fourth, rel_tol=1e-12)
    squares = (np.array(one) - 2) ** 2
    assert math.isclose(spread(one).of_square, float(np.var(squares)), rel_tol=1e-12)


@pytest.mark.parametrize("d", [2, 3, 4, 16])
@pytest.mark.parametrize("total", [0.5, 1.0])
def test_the_covariance_is_that_of_theorys_quadrature(total: float, d: int) -> None:
    found, _ = moments.orthogonal_pair(total, 1.5, d)
    assert math.isclose(found, pair_covariance(total, 1.5, d), rel_tol=1e-10)


def test_the_series_is_exact_for_one_and_for_many_directions() -> None:
    """One direction is Gaussian; in very many dimensions orthogonal ones are independent."""
    total = 0.75
    for power in (1, 2, 3, 4):
        exact = math.exp((power**2 - power) * total**2 / 2)
        assert math.isclose(moments.mixed_moment((power,), total, 3), exact, rel_tol=1e-13)
    pair = moments.mixed_moment((2, 2), total, 1000)
    assert math.isclose(pair, math.exp(2 * total**2), rel_tol=0.005)


def plane_moment(power: int, total: float) -> float:
    """E[(X_1 + X_2 − 2)^p] in the plane, over the angle and both lengths, by quadrature."""
    squares, chances = np.polynomial.laguerre.laggauss(64)
    r = np.sqrt(2 * squares)
    angles = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    along = r[:, None] * np.cos(angles), r[:, None] * np.sin(angles)
    x, y = (np.exp(total * t - total**2 / 2) for t in along)
    values = (x[:, None] + y[None] - 2) ** power
    return float(np.einsum("i,j,ija->", chances, chances, values)) / len(angles)


def test_moments_of_two_directions_in_the_plane() -> None:
    found = moments.orthogonal_sum(0.75, 2, 2)
    assert math.isclose(found.second, plane_moment(2, 0.75), rel_tol=1e-9)
    assert math.isclose(found.fourth, plane_moment(4, 0.75), rel_tol=1e-9)
    exact = law("orthogonal_limits.plane_error")(0.75, 1.5)
    assert math.isclose(moments.orthogonal_draws(0.75, 1.5, 2, 2).second, exact, rel_tol=1e-12)


@pytest.mark.parametrize("paired", [False, True])
def test_the_variance_of_a_product_in_the_plane(paired: bool) -> None:
    """Over the angle and both lengths, as above."""
    value = np.cosh if paired else np.exp
    total = 1.0
    squares, chances = np.polynomial.laguerre.laggauss(64)
    r = np.sqrt(2 * squares)
    angles = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    along = r[:, None] * np.cos(angles), r[:, None] * np.sin(angles)
    x, y = (value(total * t) * np.exp(-(total**2) / 2) - 1 for t in along)
    products = x[:, None] * y[None]
    mean, square = (
        float(np.einsum("i,j,ija->", chances, chances, products**p)) / len(angles) for p in (1, 2)
    )
    found = moments.orthogonal_pair(total, total, 2, paired)
    assert math.isclose(found[0], mean, rel_tol=1e-9)
    assert math.isclose(found[1], square - mean**2, rel_tol=1e-8)


def test_blocks_and_complete_blocks_agree_where_they_meet() -> None:
    """Two blocks of one direction in one dimension are two independent draws."""
    free = moments.one_draw(POSITIVE, 0.75, 1.5).mean_of(2)
    blocks = moments.orthogonal_draws(0.75, 1.5, 2, 1)
    assert math.isclose(blocks.second, free.second, rel_tol=1e-12)
    assert math.isclose(blocks.fourth, free.fourth, rel_tol=1e-11)
