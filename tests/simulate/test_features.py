"""Directions have the law they are said to have, and estimates are what the definition says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    Kind,
    estimates,
    independent,
    on_sphere,
    orthogonal,
    pair,
    products,
)

KINDS = [POSITIVE, HYPERBOLIC, TRIGONOMETRIC]
TRIALS = 20_000
ALARM = 1e-9
"""Probability at most that one of the random checks below fails though all is right."""


@pytest.mark.parametrize("d", [2, 4, 8])
def test_a_pair_has_the_lengths_asked_for(d: int) -> None:
    x, y = pair(0.75, 1.5, d)
    assert math.isclose(float(np.linalg.norm(x + y)), 0.75)
    assert math.isclose(float(np.linalg.norm(x - y)), 1.5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_estimates_against_a_loop(kind: Kind) -> None:
    """The features written out once more, one direction at a time."""
    x, y = rows = pair(0.75, 1.5)
    directions = independent(np.random.default_rng(0), 5, 3)
    found = estimates(kind.features, rows, directions)
    for estimate, of_trial in zip(found, directions, strict=True):
        expected = 0.0
        for omega in of_trial:
            if kind is TRIGONOMETRIC:
                angles = math.cos(omega @ x) * math.cos(omega @ y)
                angles += math.sin(omega @ x) * math.sin(omega @ y)
                expected += math.exp((x @ x + y @ y) / 2) * angles / 3
                continue
            one = math.exp(omega @ x - x @ x / 2) * math.exp(omega @ y - y @ y / 2)
            back = math.exp(-omega @ x - x @ x / 2) * math.exp(-omega @ y - y @ y / 2)
            expected += (one if kind is POSITIVE else (one + back) / 2) / 3
        assert math.isclose(estimate, expected, rel_tol=1e-12)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_value_of_a_normal_number_is_that_of_a_direction(kind: Kind) -> None:
    """x + y and x − y lie along two axes that are turned into each other by 45°."""
    total, apart, g = 0.75, 1.5, np.array([-1.0, 0.3, 2.0])
    rows = pair(total, apart, 2)
    axis = (rows[0] - rows[1]) / apart if kind is TRIGONOMETRIC else (rows[0] + rows[1]) / total
    found = products(kind.features, rows, g[:, None, None] * axis)
    assert np.allclose(found[:, 0], kind.value(g, total, apart), rtol=1e-12)


@pytest.mark.parametrize(("draws", "d"), [(2, 2), (3, 4), (4, 4), (10, 4)])
def test_directions_of_a_block_are_orthogonal(draws: int, d: int) -> None:
    """But for rounding, which nearly parallel Gaussian vectors make larger."""
    drawn = orthogonal(np.random.default_rng(1), 1000, draws, d)
    gram = drawn @ drawn.swapaxes(1, 2)
    for i in range(draws):
        for j in range(i):
            same = i // d == j // d
            assert bool(np.all(np.abs(gram[:, i, j]) < 1e-9)) == same


def test_orthogonal_directions_are_the_q_of_qr_times_the_lengths() -> None:
    rng = np.random.default_rng(2)
    drawn = orthogonal(rng, 7, 3, 5)
    gaussian = np.random.default_rng(2).standard_normal((5 * 3 * 7,))
    columns = gaussian.reshape(3, 5, 7).transpose(2, 1, 0)
    q, r = np.linalg.qr(columns)
    q = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]
    expected = q * np.linalg.norm(columns, axis=1, keepdims=True)
    assert np.allclose(drawn, expected.swapaxes(1, 2), rtol=1e-10, atol=1e-10)


def test_each_orthogonal_direction_alone_is_gaussian_and_its_length_of_no_influence() -> None:
    """Every direction along a line, its length, and the lengths against the other's position."""
    d = 3
    drawn = orthogonal(np.random.default_rng(3), TRIALS, d, d)
    along = np.array([0.6, 0.0, 0.8])
    lengths = np.linalg.norm(drawn, axis=2)
    checks = [stats.kstest(drawn[:, i] @ along, "norm").pvalue for i in range(d)]
    checks += [stats.kstest(lengths[:, i], stats.chi(d).cdf).pvalue for i in range(d)]
    place = drawn[:, 1] @ along / lengths[:, 1]
    checks += [
        stats.kstest(np.sign(place) * (drawn[:, 0] @ along), "norm").pvalue,
        stats.ks_2samp(lengths[place**2 < 1 / 3, 0], lengths[place**2 >= 1 / 3, 0]).pvalue,
        stats.ks_2samp(lengths[place**2 < 1 / 3, 1], lengths[place**2 >= 1 / 3, 1]).pvalue,
    ]
    assert min(checks) > ALARM / (2 * len(checks))


def test_directions_on_the_sphere() -> None:
    """A coordinate of a uniform unit vector in R^4 has a beta law."""
    drawn = on_sphere(np.random.default_rng(4), TRIALS, 1)[:, 0]
    assert np.allclose(np.linalg.norm(drawn, axis=1), 2.0, rtol=1e-12)
    coordinate = (1 + drawn @ np.array([0.6, 0.0, 0.0, 0.8]) / 2) / 2
    assert stats.kstest(coordinate, stats.beta(1.5, 1.5).cdf).pvalue > ALARM / 2
