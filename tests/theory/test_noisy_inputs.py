"""Noisy inputs of question 2e against determinants and traces of quadratic forms of normals.

For z ~ N(μ, αI) and a symmetric M, Var(zᵀMz) = 2α² tr M² + 4α ‖Mμ‖² and
E[e^(zᵀMz)] = det(I − 2αM)^(−1/2) exp(μᵀM(I − 2αM)⁻¹μ), of complex M too.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from reports.record import InputError
from theory import key_query_value
from theory.noise import filtered_inputs, noisy_inputs

D = 6
MEANS = np.zeros((3, D))  # over β
MEANS[0, [1, 3]] = MEANS[1, 0] = MEANS[2, [1, 2]] = 1


def form(*terms: tuple[int, int, float]) -> np.ndarray:
    """The matrix of the sum of factor · x̃_iᵀx̃_j, on the three inputs one after the other."""
    found = np.zeros((3, 3))
    for i, j, factor in terms:
        found[i, j] += factor / 2
        found[j, i] += factor / 2
    return np.kron(found, np.eye(D))


def mean_of_exponential(matrix: np.ndarray, means: np.ndarray, alpha: float) -> complex:
    narrowed = np.eye(len(matrix)) - 2 * alpha * matrix
    power = means @ matrix @ np.linalg.solve(narrowed, means)
    return complex(np.exp(power) / np.prod(np.sqrt(np.linalg.eigvals(narrowed).astype(complex))))


@pytest.mark.parametrize(("alpha", "beta"), [(Fraction(1, 4), 3), (Fraction(9, 10), 1)])
def test_the_variance_of_the_lead_in_fractions(alpha: Fraction, beta: int) -> None:
    """2α² tr M² + 4α ‖Mμ‖² of zᵀMz = ‖x̃₂‖² − x̃₁ᵀx̃₂, multiplied out by loops."""
    half = Fraction(1, 2)
    matrix = [[Fraction(0), -half], [-half, Fraction(1)]]
    trace = D * sum(matrix[i][j] * matrix[j][i] for i in range(2) for j in range(2))
    moved = Fraction(0)
    for coordinate in range(D):
        mu = [beta * Fraction(int(MEANS[i, coordinate])) for i in range(2)]
        moved += sum((row[0] * mu[0] + row[1] * mu[1]) ** 2 for row in matrix)
    exact = 2 * alpha**2 * trace + 4 * alpha * moved
    found = noisy_inputs.lead_variance(float(alpha), beta, D)
    assert found == pytest.approx(float(exact), rel=1e-14)
    mean = beta**2 + D * alpha
    bound = noisy_inputs.outdone(float(alpha), beta, D)
    assert bound == pytest.approx(float(exact / (exact + mean**2)), rel=1e-14)


@pytest.mark.parametrize("t", [0.3, 1.0, 5.0])
@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 2.0), (0.9, 0.5)])
def test_the_characteristic_function_by_a_determinant(t: float, alpha: float, beta: float) -> None:
    exact = mean_of_exponential(1j * t * form((0, 1, 1.0)), beta * MEANS.ravel(), alpha)
    assert abs(exact.imag) < 1e-12
    found = noisy_inputs.characteristic(t, alpha, beta, D)
    assert found == pytest.approx(exact.real, rel=1e-10)


@pytest.mark.parametrize("other", [0, 2])
@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 2.0), (0.5, 1.0), (0.95, 0.5)])
def test_the_odds_by_a_determinant(other: int, alpha: float, beta: float) -> None:
    """Positions 1 and 3 have the same mean."""
    matrix = form((other, 1, 1.0), (1, 1, -1.0))
    exact = mean_of_exponential(matrix, beta * MEANS.ravel(), alpha)
    assert noisy_inputs.odds(alpha, beta, D) == pytest.approx(exact.real, rel=1e-12)


def test_without_noise_the_odds_are_those_of_the_practical() -> None:
    assert noisy_inputs.odds(1e-12, 2, 100) == pytest.approx(math.exp(-4), rel=1e-9)


@pytest.mark.parametrize(("t", "ratio"), [(0.05, 4.0), (0.25, 30.0), (0.45, 9.0)])
def test_the_weight_that_is_lost_by_determinants(t: float, ratio: float) -> None:
    """The forms −t(lead over 3) and −t(lead over 2) in A, C, D of positions 1, 2 and 3."""
    means = math.sqrt(ratio) * np.array([0, 0, 1, 1, 0, 0, 0, 1, 0])  # A, C, D of x₁, x₂, x₃
    total = 0.0
    for other in (2, 1):
        matrix = np.zeros((9, 9))
        for query, key in ((3, 2), (5, 1)):  # A of x₂ meets D of the key, D of x₂ meets C
            matrix[query, key] -= t / 2
            matrix[key, query] -= t / 2
            matrix[query, 3 * other + key] += t / 2
            matrix[3 * other + key, query] += t / 2
        total += mean_of_exponential(matrix, means, 1.0).real
    assert filtered_inputs.lost(t, ratio) == pytest.approx(total, rel=1e-10)


@pytest.mark.parametrize(("along", "astray"), [(3.0, 0.0), (2.0, -1.0), (0.5, 2.0)])
def test_the_lead_is_linear_in_the_other_inputs(along: float, astray: float) -> None:
    alpha, beta = 0.7, 1.5
    u, inputs, _ = key_query_value.arranged(beta)
    K, Q, _ = key_query_value.matrices(*u, gain=4.0)
    row = K.T @ Q @ (along * u[0] + astray * u[3]) / beta
    mean, deviation = (inputs[0] - inputs[2]) @ row, math.sqrt(2 * alpha * row @ row)
    found = filtered_inputs.misled(along, astray, alpha, beta)
    assert found == pytest.approx(float(stats.norm.cdf(0, mean, deviation)), rel=1e-12)


def test_all_that_is_wrong_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"alpha must .*; beta must .*; d must"):
        noisy_inputs.odds(1.0, 0, 3)
    with pytest.raises(InputError, match=r"t must .*; ratio must"):
        filtered_inputs.lost(0.5, -1)
