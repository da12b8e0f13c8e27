"""Random keys k_i ~ N(μ_i, Σ_i) of questions 2c and 2d, and the law of their scores.

Every covariance is kept as Σ_i = a_i I + F_i F_iᵀ with a factor F_i of any number of columns, from
none (isotropic) to d (any covariance at all, with F_i its Cholesky factor). No d x d matrix is
formed unless the factor is one.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

A, B = 0, 1
"""Positions of the keys k_a and k_b among the n."""


@dataclass(frozen=True, eq=False)
class Covariance:
    """Σ = isotropic · I + factor factorᵀ; without a factor the first term alone."""

    isotropic: float
    factor: Float[np.ndarray, "d rank"] | None = None

    @classmethod
    def of(cls, matrix: Float[np.ndarray, "d d"]) -> Covariance:
        """Any positive definite matrix, by its Cholesky factor.

        Raises: numpy.linalg.LinAlgError if the matrix is not positive definite.
        """
        return cls(0.0, np.linalg.cholesky(matrix))

    def between(self, queries: Float[np.ndarray, "heads d"]) -> Float[np.ndarray, "heads heads"]:
        """Covariance q_gᵀΣq_h of the scores of one key under the queries."""
        found = self.isotropic * (queries @ queries.T)
        if self.factor is not None:
            seen = queries @ self.factor
            found = found + seen @ seen.T
        return found


@dataclass(frozen=True, eq=False)
class RandomKeys:
    """Independent keys k_i ~ N(means[i], covariances[i]), those of a and b first."""

    means: Float[np.ndarray, "n d"]
    covariances: tuple[Covariance, ...]

    @classmethod
    def of(cls, n: int, alpha: float, radial: float, d: int | None = None) -> RandomKeys:
        """n keys about the first unit vectors of R^d: Σ_a = αI + radial·μ_aμ_aᵀ, others αI.

        d: n where it is not given; the scores of 2c and 2d have the same law for any d ≥ n
        """
        means = np.eye(n, n if d is None else d)
        others = Covariance(alpha)
        first = Covariance(alpha, np.sqrt(radial) * means[A][:, None]) if radial else others
        return cls(means, (first, *[others] * (n - 1)))


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores q_gᵀk_i of random keys under H fixed queries, as a random matrix.

    Independent over keys; over heads jointly Gaussian with mean q_gᵀμ_i and covariance q_gᵀΣ_iq_h.
    """

    keys: RandomKeys
    queries: Float[np.ndarray, "heads d"]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of heads and of keys."""
        return len(self.queries), len(self.keys.means)

    @cached_property
    def means(self) -> Float[np.ndarray, "heads n"]:
        return self.queries @ self.keys.means.T

    @cached_property
    def roots(self) -> Float[np.ndarray, "n heads heads"]:
        """Symmetric square roots of the covariances; by eigenvalues, as some may be singular."""
        covariances = np.stack([c.between(self.queries) for c in self.keys.covariances])
        values, vectors = np.linalg.eigh(covariances)
        return (vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]) @ vectors.swapaxes(1, 2)

    @cached_property
    def deviations(self) -> Float[np.ndarray, "heads n"] | None:
        """Standard deviations of scores that are independent over heads too; None if they are not.

        Zeros of the covariances decide, exactly: queries along different means give zeros.
        """
        diagonal = np.diagonal(self.roots, axis1=1, axis2=2)
        heads = len(self.queries)
        if np.any(self.roots * (1 - np.eye(heads))):
            return None
        return diagonal.T.copy()
