"""How far random-feature estimates stray: second and fourth moments of their deviation.

The second moment is the mean squared error that theory derives, found here another way; the fourth
says how far squared errors themselves stray, which their check has to know.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

    from simulate.ensembles.features import Kind

NODES = 120
"""Nodes of the quadrature: nothing but rounding is wrong at ‖x + y‖ ≤ 1 and ‖x − y‖ ≤ 3."""

TERMS = 80
"""Terms of the power series: the others are below rounding at ‖x + y‖ ≤ 1."""

PARTITIONS: dict[int, dict[tuple[int, ...], int]] = {
    1: {(1,): 1},
    2: {(2,): 1, (1, 1): 1},
    3: {(3,): 1, (2, 1): 3, (1, 1, 1): 1},
    4: {(4,): 1, (3, 1): 4, (2, 2): 3, (2, 1, 1): 6, (1, 1, 1, 1): 1},
}
"""How many ways there are to split a set of so many elements into parts of these sizes."""


@dataclass(frozen=True)
class Spread:
    """Second and fourth moment of the deviation of a random number from its mean."""

    second: float
    fourth: float

    def __add__(self, other: Spread) -> Spread:
        """Of the sum of two independent numbers."""
        mixed = 6 * self.second * other.second
        return Spread(self.second + other.second, self.fourth + other.fourth + mixed)

    def times(self, factor: float) -> Spread:
        """Of the number times a constant."""
        return Spread(factor**2 * self.second, factor**4 * self.fourth)

    def mean_of(self, count: int) -> Spread:
        """Of the mean of so many independent numbers of this kind."""
        return sum([self] * (count - 1), self).times(1 / count)

    @property
    def of_square(self) -> float:
        """Variance of the squared deviation."""
        return self.fourth - self.second**2


def one_draw(kind: Kind, total: float, apart: float) -> Spread:
    """Of what one Gaussian direction estimates, by Gauss-Hermite quadrature."""
    nodes, chances = np.polynomial.hermite_e.hermegauss(NODES)
    chances = chances / chances.sum()
    values = kind.value(nodes, total, apart)
    deviation = values - chances @ values
    return Spread(float(chances @ deviation**2), float(chances @ deviation**4))


def orthogonal_draws(total: float, apart: float, draws: int, d: int) -> Spread:
    """Of the mean over directions that are orthogonal in independent blocks of d, by series."""
    blocks = [orthogonal_sum(total, min(d, draws - start), d) for start in range(0, draws, d)]
    kernel = math.exp((total**2 - apart**2) / 4)
    return sum(blocks[1:], blocks[0]).times(kernel / draws)


def orthogonal_sum(total: float, draws: int, d: int) -> Spread:
    """Of the sum of draws ≤ d positive products of orthogonal directions, each of mean 1.

    E[S^p] is a sum over the ways in which p factors fall on different directions.
    """
    raw = {0: 1.0}
    for power, partitions in PARTITIONS.items():
        raw[power] = sum(
            ways * math.perm(draws, len(sizes)) * mixed_moment(sizes, total, d)
            for sizes, ways in partitions.items()
        )
    return Spread(_central(raw, 2, draws), _central(raw, 4, draws))


def orthogonal_pair(
    total: float, apart: float, d: int, paired: bool = False
) -> tuple[float, float]:
    """Mean and variance of the product of two orthogonal directions' deviations, by series.

    paired: of each direction with its opposite, as in hyperbolic features. As each of the two may
    be turned round alone, E[cosh(ax) cosh(by)] = E[e^(ax + by)] and the mean is the same.
    """
    signs: dict[int, float] = {0: 1, 1: -2, 2: 1}
    if paired:  # cosh² x = (1 + cosh 2x)/2
        signs = {0: 1 + math.exp(-(total**2)) / 2, 1: -2, 2: 1 / 2}
    square = sum(signs[i] * signs[j] * mixed_moment((i, j), total, d) for i in signs for j in signs)
    mean = mixed_moment((1, 1), total, d) - 1
    squared = math.exp((total**2 - apart**2) / 2)
    return mean * squared, (square - mean**2) * squared**2


def mixed_moment(powers: tuple[int, ...], total: float, d: int) -> float:
    """E[X_1^a X_2^b ...] for X_i = exp(ω_iᵀz − ‖z‖²/2) of orthogonal directions in R^d.

    Given the lengths r_i, the exponent Σ a_i ω_iᵀz has the law of ρt with ρ² = ‖z‖² Σ a_i² r_i² and
    t a coordinate of a uniform unit vector, so the mean is Σ_k (ρ²/4)^k/(k! (d/2)_k); and
    E[(Σ a_i² r_i²)^k]/k! is the coefficient of s^k in Π (1 − 2a_i² s)^(−d/2).
    """
    series = np.eye(1, TERMS)[0]
    for power in powers:
        series = np.convolve(series, _negative_binomial(2 * power**2, d / 2))[:TERMS]
    k = np.arange(1, TERMS)
    shares = np.cumprod(np.append(1.0, (total**2 / 4) / (d / 2 + k - 1)))
    return float(shares @ series) * math.exp(-sum(powers) * total**2 / 2)


def _negative_binomial(ratio: float, exponent: float) -> Float[np.ndarray, " terms"]:
    """Coefficients of (1 − ratio·s)^(−exponent)."""
    k = np.arange(1, TERMS)
    return np.cumprod(np.append(1.0, ratio * (exponent + k - 1) / k))


def _central(raw: dict[int, float], power: int, mean: float) -> float:
    return sum(math.comb(power, p) * (-mean) ** (power - p) * raw[p] for p in range(power + 1))
